"""MW023: what calls add stands outside of a list, which matters to whoever reads both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from mwviz.collect.find.registration import Registrations, watched
from mwviz.model.findings import Finding
from tests.linting.layered import Auth, Passing, Plain, Session, Tenant, page
from tests.linting.test_rules import judged


def listed(*layers: Any) -> Starlette:
    return Starlette(routes=[Route("/", page)], middleware=[Middleware(each) for each in layers])


def both() -> Starlette:
    app = listed(Plain, Session)
    app.add_middleware(Tenant)
    app.add_middleware(Passing)
    return app


def called() -> Starlette:
    app = listed()
    app.add_middleware(Tenant)
    app.add_middleware(Passing)
    return app


def instrumented() -> Starlette:
    """What a library adds is written nowhere near the list."""
    app = listed(Plain)
    source = "def instrument(app, layer):\n    app.add_middleware(layer)\n"
    names: dict[str, Any] = {}
    exec(compile(source, str(Path.cwd() / "library.py"), "exec"), names)
    names["instrument"](app, Tenant)
    return app


def foreign() -> Starlette:
    """Both are written in a file of a library's."""
    source = "def make(make, entry, layer, other):\n    app = make(middleware=[entry(layer)])\n"
    source += "    app.add_middleware(other)\n    return app\n"
    names: dict[str, Any] = {}
    exec(compile(source, "/venv/lib/python3/site-packages/core/app.py", "exec"), names)
    made = names["make"](Starlette, Middleware, Plain, Tenant)
    assert isinstance(made, Starlette)
    return made


def outermost_by_hand() -> Starlette:
    app = listed()
    app.add_middleware(Tenant)
    app.user_middleware.insert(0, Middleware(Plain))
    return app


def found(made: Callable[[], Any]) -> tuple[Finding, ...]:
    with watched(Registrations(), holders=False):
        subject = made()
    return judged(subject, "MW023").findings


def test_calls_beside_a_list_are_told_with_the_order_that_the_request_met() -> None:
    (finding,) = found(both)
    assert (finding.code, finding.severity) == ("MW023", "info")
    assert finding.layers == ("Passing", "Tenant", "Plain", "Session")
    assert finding.message == (
        "Passing and Tenant, added by calls, stand outside of Plain and Session, which a list of middleware holds."
    )
    assert "it met Passing > Tenant > Plain > Session." in finding.evidence
    assert finding.remedy.endswith("outermost first: Passing > Tenant > Plain > Session.")
    assert all(site.place is not None and site.place.line for site in finding.sites)


def guarded() -> Starlette:
    app = listed(Plain)
    app.add_middleware(Auth)
    return app


def test_a_layer_that_lets_no_request_pass_hides_nothing() -> None:
    (finding,) = found(guarded)
    assert finding.layers == ("Auth", "Plain")
    assert finding.message.startswith("Auth, added by a call, stands outside of Plain")


@pytest.mark.parametrize(
    "made", [listed, called, instrumented, foreign, outermost_by_hand, lambda: listed(Plain, Tenant)]
)
def test_one_way_is_none_and_what_others_register_neither(made: Callable[[], Any]) -> None:
    assert found(made) == ()


def test_what_nobody_saw_being_registered_is_not_judged() -> None:
    assert judged(both(), "MW023").findings == ()
