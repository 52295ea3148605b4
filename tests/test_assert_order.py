"""`mwviz.assert_order`: which orders hold, and what is told of one that does not."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

import mwviz

APP = """\
from starlette.applications import Starlette
from starlette.middleware import Middleware


class Passing:
    def __init__(self, app, *rest):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


class Edge(Passing): ...


class Refusing(Passing):
    async def __call__(self, scope, receive, send):
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class Gzip(Passing): ...


class Auth(Passing): ...


added = Starlette()
added.add_middleware(Gzip)
added.add_middleware(Auth)
added.add_middleware(Edge)
added.add_middleware(Gzip)

listed = Starlette(
    middleware=[
        Middleware(Edge),
        Middleware(Auth),
        Middleware(Gzip),
    ]
)
refusing = Starlette()
refusing.add_middleware(Auth)
refusing.add_middleware(Refusing)
"""
ADDED_LINE = APP[: APP.index("added.add_middleware")].count("\n") + 1
LISTED_LINE = APP[: APP.index("        Middleware(Edge),")].count("\n") + 1
REFUSING_LINE = APP[: APP.index("refusing.add_middleware")].count("\n") + 1


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "ordered.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    yield
    sys.modules.pop("ordered", None)


@pytest.mark.parametrize(
    "order",
    [
        "Gzip > Edge > Auth > Gzip#2",
        "Edge > Auth",
        "ServerErrorMiddleware > Edge > ExceptionMiddleware",
        "Edge > (Missing) > Auth",
        "(Missing | AlsoMissing) > Edge",
        "Auth | Edge > Gzip#2",
        "Gzip > A* | E* > Gzip#2",
        "ordered.Edge > ordered.Auth",
        "*.Edge > *.Auth",
        "Edge",
        "E* > A* > G*#2",
        "Gzip > * ",
    ],
)
def test_an_order_that_holds_raises_nothing(order: str) -> None:
    mwviz.assert_order("ordered:added", order)


@pytest.mark.parametrize(
    "order",
    ["Auth > Edge", "Edge > ServerErrorMiddleware", "Edge > Gzip", "Gzip#2 > Auth", "A* > E*", "*.Auth > *.Edge"],
)
def test_an_order_that_does_not_hold_raises(order: str) -> None:
    with pytest.raises(AssertionError, match="ought to stand inside"):
        mwviz.assert_order("ordered:added", order)


def test_the_two_layers_and_the_lines_to_swap_are_told() -> None:
    with pytest.raises(AssertionError) as caught:
        mwviz.assert_order("ordered:added", "Auth > Edge")
    told = str(caught.value).splitlines()
    auth, edge = ADDED_LINE + 1, ADDED_LINE + 2
    assert told[:3] == [
        "The order of ordered:added is another one.",
        "expected  Auth > Edge",
        "observed  GET / → 200 OK, answered by the stand-in endpoint",
    ]
    rows = [row.split() for row in told if row.startswith("  ")]
    assert [row[:3] for row in rows if row[0] == "✗"] == [["✗", "↓", "3"], ["✗", "↓", "4"]]
    assert [row[-1] for row in rows if row[0] == "✗"] == [f"ordered.py:{edge}", f"ordered.py:{auth}"]
    assert told[-2:] == [
        f"Edge (ordered.py:{edge}) stands outside of Auth (ordered.py:{auth}), and ought to stand inside of it.",
        f"To mend it: move line {auth} of ordered.py below line {edge} (the last one added is the outermost).",
    ]


@pytest.mark.parametrize(
    ("app", "order", "change"),
    [
        (
            "listed",
            "Gzip > Edge > Auth",
            f"move line {LISTED_LINE + 2} of ordered.py above line {LISTED_LINE} (the first one of a list is the",
        ),
        (
            "listed",
            "Auth > Gzip > Edge",
            f"move line {LISTED_LINE} of ordered.py below line {LISTED_LINE + 2} (the first one of a list is the",
        ),
        (
            "added",
            "Gzip#2 > Edge > Auth",
            f"move line {ADDED_LINE} of ordered.py below line {ADDED_LINE + 2} (the last one added is the outermost)",
        ),
        (
            "added",
            "Gzip#2 > Auth > Edge > Gzip",
            "register them in this order, outermost first: Gzip#2, Auth, Edge, Gzip (the last",
        ),
    ],
)
def test_the_smallest_change_is_told(app: str, order: str, change: str) -> None:
    with pytest.raises(AssertionError) as caught:
        mwviz.assert_order(f"ordered:{app}", order)
    assert str(caught.value).splitlines()[-1].startswith(f"To mend it: {change}")


def test_a_layer_that_was_not_reached_is_judged_by_the_stack_and_told() -> None:
    mwviz.assert_order("ordered:refusing", "Refusing > Auth")
    with pytest.raises(AssertionError) as caught:
        mwviz.assert_order("ordered:refusing", "Auth > Refusing")
    told = str(caught.value)
    assert "observed  GET / → 401 Unauthorized, answered by Refusing" in told
    unmet = next(line for line in told.splitlines() if f"ordered.py:{REFUSING_LINE} " in line)
    assert unmet.split()[:2] == ["✗", "-"]
    assert unmet.endswith("not reached: the built stack has it here")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Auht", "did you mean Auth?"),
        ("gzip", "did you mean Gzip?"),
        ("RateLimit", "it has Gzip, Edge, Auth, Gzip#2."),
        ("Gzip#3", "did you mean Gzip#2?"),
        ("Server*", "it has Gzip, Edge, Auth, Gzip#2."),  # a glob never means a layer of the framework's
    ],
)
def test_a_name_that_matches_nothing_breaks_the_order(name: str, hint: str) -> None:
    with pytest.raises(AssertionError) as caught:
        mwviz.assert_order("ordered:added", f"{name} > Auth")
    assert str(caught.value).endswith(f"No layer of the app is called '{name}': {hint}")


@pytest.mark.parametrize("order", ["", " > A", "A >", "A | > B", "(A > B", "A) > B", "()"])
def test_what_is_no_order_is_the_callers_mistake(order: str) -> None:
    with pytest.raises(mwviz.MwvizError, match="names with '>' between them"):
        mwviz.assert_order("ordered:added", order)


@pytest.mark.skipif(Starlette().middleware_stack is not None, reason="this Starlette builds a stack at once")
def test_an_app_that_cannot_be_built_has_no_order() -> None:
    def broken(app: object) -> Any:
        raise LookupError("as ever")

    with pytest.raises(AssertionError, match=r"could not build its stack\. LookupError: as ever"):
        mwviz.assert_order(Starlette(middleware=[Middleware(broken)]), "broken")


def test_an_object_and_the_options_of_a_probe_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path.cwd())
    ordered: Any = importlib.import_module("ordered")
    app = Starlette(middleware=[Middleware(ordered.Edge), Middleware(ordered.Auth)])
    mwviz.assert_order(app, "Edge > Auth")
    mwviz.assert_order(app, "Auth > Edge", order="Auth > Edge")
    with pytest.raises(AssertionError, match="observed  POST /missing → 404") as caught:
        mwviz.assert_order(app, "Auth > Edge", "/missing", method="POST")
    # nobody watched where they were registered
    assert str(caught.value).splitlines()[-1] == (
        "To mend it: add Auth after Edge (the last one added is the outermost), "
        "or name it before that in a list `middleware=[...]`."
    )


def test_hostile_names_do_not_become_escape_codes() -> None:
    with pytest.raises(AssertionError) as caught:
        mwviz.assert_order("ordered:added", "\x1b[31mred > Auth")
    assert "\x1b" not in str(caught.value)


def test_no_line_of_several_layers_is_to_be_moved(tmp_path: Path) -> None:
    at_once = "at_once = Starlette(middleware=[Middleware(Gzip), Middleware(Auth)])\nat_once.add_middleware(Edge)\n"
    (tmp_path / "ordered.py").write_text(APP + at_once)
    with pytest.raises(AssertionError, match="ought to stand inside") as caught:
        mwviz.assert_order("ordered:at_once", "Auth > Edge")
    assert "To mend it: " in str(caught.value)
    assert "move line" not in str(caught.value)
