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
from starlette.routing import Mount

import mwviz
from mwviz.analysis import chains
from mwviz.analysis.contracts import hold
from mwviz.model.contracts import Contract, Name

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
ENTRY, FIRST = "the entry of line", "the first of a list stands outermost."
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
    with pytest.raises(AssertionError, match="must stand outside of"):
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
    assert told[-3:] == [
        "",
        "Auth must stand outside of Edge, but stands inside of it.",
        f"→ In ordered.py, move line {auth} (Auth) below line {edge} (Edge): what is added last stands outermost.",
    ]


@pytest.mark.parametrize(
    ("app", "order", "changes"),
    [
        (
            "listed",
            "Gzip > Edge > Auth",
            [f"{ENTRY} {LISTED_LINE + 2} (Gzip) before {ENTRY} {LISTED_LINE} (Edge): {FIRST}"],
        ),
        (
            "listed",
            "Auth > Gzip > Edge",
            [
                f"{ENTRY} {LISTED_LINE} (Edge) behind {ENTRY} {LISTED_LINE + 2} (Gzip): {FIRST}",
            ],
        ),
        (
            "added",
            "Gzip#2 > Edge > Auth",
            [f"line {ADDED_LINE} (Gzip#2) below line {ADDED_LINE + 2} (Edge): what is added last stands outermost."],
        ),
        (
            "added",
            "Gzip#2 > Auth > Edge > Gzip",
            [
                f"line {line} ({name}) below line {ADDED_LINE + 3} (Gzip): what is added last stands outermost."
                for line, name in enumerate(("Gzip#2", "Auth", "Edge"), start=ADDED_LINE)
            ],
        ),
    ],
)
def test_the_smallest_change_is_told(app: str, order: str, changes: list[str]) -> None:
    with pytest.raises(AssertionError) as caught:
        mwviz.assert_order(f"ordered:{app}", order)
    arrow = "→ In ordered.py, move "
    assert [line.removeprefix(arrow) for line in str(caught.value).splitlines() if line.startswith(arrow)] == changes


def test_the_judgement_is_that_of_contracts() -> None:
    with pytest.raises(AssertionError) as caught:
        mwviz.assert_order("ordered:added", "Auth > Edge > Gone > (Away)")
    held = Contract("c", "the order", layers=tuple((Name(text),) for text in ("Auth", "Edge", "Gone")))
    trace = mwviz.trace("ordered:added")
    findings = hold(held, [chains.of_trace(trace)], trace.layers, "ordered:added").findings
    told = [line for finding in findings for line in ("", finding.message, f"→ {finding.remedy}")]
    assert len(findings) == 2
    assert str(caught.value).splitlines()[-6:] == told


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
        ("RateLimit", "there are Gzip, Edge, Auth, Gzip#2."),
        ("Gzip#3", "did you mean Gzip#2?"),
        ("Server*", "there are Gzip, Edge, Auth, Gzip#2."),  # a glob never means a layer of the framework's
    ],
)
def test_a_name_that_matches_nothing_breaks_the_order(name: str, hint: str) -> None:
    with pytest.raises(AssertionError) as caught:
        mwviz.assert_order("ordered:added", f"{name} > Auth")
    assert str(caught.value).splitlines()[-2:] == [
        f"No layer of the app fits '{name}': {hint}",
        f"→ Correct the name in the order, or add the layer; '({name})' may be absent.",
    ]


@pytest.mark.parametrize("order", ["", " > A", "A >", "A | > B", "(A > B", "A) > B", "()", "A > B > A"])
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
    either = "what add_middleware adds last stands outermost, and so does the first of a list"
    assert str(caught.value).splitlines()[-3:] == [
        f"→ Register Auth so that it stands outside of Edge: {either}.",
        "",
        "Nobody saw in which lines they were registered, before the test: `pytest --mwviz` sees it, and `mwviz check`.",
    ]
    with pytest.raises(AssertionError) as caught:
        mwviz.assert_order(app, "Edge > Auth", order="Auth > Edge")
    assert str(caught.value).splitlines()[-3] == "→ This is the order that `order` gives: correct it there."


def test_hostile_names_do_not_become_escape_codes() -> None:
    with pytest.raises(AssertionError) as caught:
        mwviz.assert_order("ordered:added", "\x1b[31mred > Auth")
    assert "\x1b" not in str(caught.value)


def test_no_line_of_several_layers_is_to_be_moved(tmp_path: Path) -> None:
    at_once = "at_once = Starlette(middleware=[Middleware(Gzip), Middleware(Auth)])\nat_once.add_middleware(Edge)\n"
    (tmp_path / "ordered.py").write_text(APP + at_once)
    with pytest.raises(AssertionError, match="must stand outside of") as caught:
        mwviz.assert_order("ordered:at_once", "Auth > Edge")
    assert "→ Register Auth " in str(caught.value)
    assert "move line" not in str(caught.value)


def test_layers_of_mounts_on_the_way_have_their_place() -> None:
    class Passing:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await self.app(scope, receive, send)

    class Inside(Passing): ...

    class Outside(Passing): ...

    mounted = Starlette(middleware=[Middleware(Inside)])
    app = Starlette(routes=[Mount("/m", mounted)], middleware=[Middleware(Outside)])
    mwviz.assert_order(app, "Outside > Inside", "/m/x")
    with pytest.raises(AssertionError) as caught:
        mwviz.assert_order(app, "Inside > Outside", "/m/x")
    assert (
        str(caught.value)
        .splitlines()[-3]
        .endswith("what belongs to mount /m lies inside of all of the app's own layers.")
    )
