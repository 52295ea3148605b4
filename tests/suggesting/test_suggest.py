"""The order that is suggested for apps whose best one is known, and for random ones, whose best one all orders tell."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import Response

from mwviz import suggesting
from mwviz.analysis.suggest.judged import compared, weight
from mwviz.model.contracts import Contract, Name
from mwviz.render.suggest import SuggestFormat, render
from tests.linting.layered import (
    CORS,
    GZIP,
    LIVE,
    REDIRECT,
    Auth,
    Forwarded,
    KindAuth,
    NeedsTenant,
    Options,
    Passing,
    Plain,
    PureAuth,
    ReadsSession,
    Refusing,
    Session,
    Tenant,
    adding,
    app,
)
from tests.suggesting.brute import better, linted, suggested


async def handed_on(request: Any, call_next: Any) -> Any:
    return await call_next(request)


class Other(Plain):
    """A second layer that does nothing."""


class Third(Plain):
    """A third one."""


ID, SECURITY = adding("x-request-id"), adding("strict-transport-security")
#: layers outermost first, rules, the order that is suggested, codes that are gone, codes that are left with the reason
CASES: list[tuple[str, tuple[Any, ...], tuple[str, ...], str | None, list[str], list[str]]] = [
    ("CORS goes out", (PureAuth, CORS), ("MW00",), "CORSMiddleware > PureAuth", ["MW001", "MW002"], []),
    ("one move past others", (Plain, PureAuth, Other, CORS), ("MW001", "MW002"),
     "Plain > Other > CORSMiddleware > PureAuth", ["MW001", "MW002"], []),
    ("two pairs, two moves", (ReadsSession, Session, GZIP, Passing), ("MW004", "MW006"),
     "Session > ReadsSession > Passing > GZipMiddleware", ["MW004"], []),
    ("proxies", (REDIRECT, Forwarded), ("MW012",), "Forwarded > HTTPSRedirectMiddleware", ["MW012"], []),
    ("what another brings", (NeedsTenant, Plain, Tenant), ("MW005",), "Plain > Tenant > NeedsTenant", ["MW005"], []),
    ("best already", (CORS, PureAuth, Session, ReadsSession), ("MW001", "MW002", "MW004"), None, [], []),
    ("nothing to order", (), ("MW",), None, [], []),
    ("no order helps a 500", (ID, CORS), ("MW003", "MW009"), None, [], ["MW003 fixed", "MW009 fixed"]),
    ("no order helps a raised 401", (Refusing, Plain), ("MW010",), None, [], ["MW010 fixed"]),
    ("some helps, some does not", (PureAuth, CORS, Refusing), ("MW001", "MW002", "MW010"),
     "CORSMiddleware > PureAuth > Refusing", ["MW001", "MW002"], ["MW010 fixed"]),
    ("the same twice", (CORS, Plain, CORS), ("MW014",), None, [], ["MW014 fixed"]),
    ("two of one class, one in the way", (Passing, GZIP, Passing), ("MW006",),
     "Passing > Passing#2 > GZipMiddleware", ["MW006"], []),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "rules", "order", "gone", "left"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_the_order_is_the_known_best_one(
    layers: tuple[Any, ...], rules: tuple[str, ...], order: str | None, gone: list[str], left: list[str]
) -> None:
    found = suggested(app(*layers), select=rules)
    assert (None if found.order is None else " > ".join(found.order)) == order
    assert [each.code for each in found.gone] == gone
    assert [f"{each.finding.code} {each.reason}" for each in found.left] == left
    assert not found.cut


def test_one_that_merely_hides_a_finding_is_not_suggested() -> None:
    """Inside of Auth nobody sees that GZip compresses what Passing divides."""
    made = app(GZIP, Passing, Auth)
    change = compared(linted(made, None), linted(made, (1, 2, 0)))
    assert ([each.code for each in change.unseen], change.gone) == (["MW006"], ())
    found = suggested(made, select=("MW006",))
    assert found.order is not None
    assert found.order.index("Passing") < found.order.index("GZipMiddleware") < found.order.index("Auth")


def test_what_was_hidden_and_no_order_causes_comes_to_light() -> None:
    found = suggested(app(ID, PureAuth, CORS), select=("MW001", "MW002", "MW026"))
    assert found.order == ("Adding", "CORSMiddleware", "PureAuth")
    assert [each.code for each in found.revealed] == ["MW026"]
    everything = suggested(app(ReadsSession, Session, ID, CORS))  # each request raised in the outermost layer
    assert everything.order == ("Session", "ReadsSession", "Adding", "CORSMiddleware")
    assert ([each.code for each in everything.gone], [each.code for each in everything.revealed]) == (
        ["MW004"],
        ["MW003", "MW009", "MW026"],
    )


class Guard(BaseHTTPMiddleware):
    """Refuses preflights, and adds a header of security to everything."""

    async def dispatch(self, request: Any, call_next: Any) -> Response:
        response: Response = Response(status_code=403) if request.method == "OPTIONS" else await call_next(request)
        response.headers["strict-transport-security"] = "max-age=1"
        return response


def test_an_error_is_worth_a_finding_of_less_weight() -> None:
    """No page gets anything while Guard refuses preflights; inside of CORS only the preflight lacks its header."""
    found = suggested(app(Guard, CORS), select=("MW001", "MW015"))
    assert found.order == ("CORSMiddleware", "Guard")
    assert [[each.code for each in part] for part in (found.gone, found.new, found.revealed)] == [
        ["MW001"], ["MW015"], [],
    ]  # fmt: skip
    assert [each.remedy for each in found.new] == [""]  # it would be to go back
    assert suggested(app(CORS, Guard), select=("MW001", "MW015")).order is None


def names(*layers: str) -> tuple[tuple[Name], ...]:
    return tuple((Name(layer),) for layer in layers)


CONTRACTS: list[tuple[str, Contract, tuple[str, ...] | None, tuple[str, ...]]] = [
    ("it is free", Contract("free", "", names("Plain", "Other")), ("Plain", "CORSMiddleware", "PureAuth", "Other"), ()),
    ("the other layer moves", Contract("edge", "", names("Plain", "CORSMiddleware", "Other")),
     ("Plain", "CORSMiddleware", "PureAuth", "Other"), ()),
    ("it forbids", Contract("never", "", names("PureAuth", "CORSMiddleware")), None, ("never",)),
    ("an end is taken", Contract("end", "", innermost=(Name("Other"),), outermost=(Name("Plain"),)),
     ("Plain", "CORSMiddleware", "PureAuth", "Other"), ()),
    ("the end forbids", Contract("end", "", innermost=(Name("CORSMiddleware"),)), None, ()),
    ("of routes", Contract("routes", "", names("PureAuth", "CORSMiddleware"), paths=("/",)), None, ("routes",)),
]  # fmt: skip


@pytest.mark.parametrize(("contract", "order", "against"), [case[1:] for case in CONTRACTS],
                         ids=[case[0] for case in CONTRACTS])  # fmt: skip
def test_no_contract_breaks_newly(contract: Contract, order: tuple[str, ...] | None, against: tuple[str, ...]) -> None:
    found = suggested(app(Plain, PureAuth, CORS, Other), contract, select=("MW001", "MW002"))
    if contract.name == "end" and order is None:  # it is broken today: it may stay so
        assert found.broken == ("end",)
        assert found.order is not None
        return
    assert (found.order, found.against, found.broken) == (order, against, ())


def test_of_two_best_orders_the_one_is_told_that_keeps_more_contracts() -> None:
    layers = (PureAuth, Plain, CORS)
    assert suggested(app(*layers), select=("MW001",)).order == ("Plain", "CORSMiddleware", "PureAuth")
    broken = Contract("mine", "", names("CORSMiddleware", "Plain"))
    found = suggested(app(*layers), broken, select=("MW001",))
    assert (found.order, found.mended) == (("CORSMiddleware", "PureAuth", "Plain"), ("mine",))
    assert "This order mends the contract 'mine', broken today." in render(found, SuggestFormat.TEXT)


def test_a_contract_is_kept_before_moves_are_spared() -> None:
    """Other and Third may stay where they are for lint, but not for the contract, which is broken today."""
    broken = Contract("mine", "", names("Third", "Other"))
    absent = Contract("absent", "", names("Nobody"))
    found = suggested(app(PureAuth, CORS, Other, Third), broken, absent, select=("MW001",))
    assert found.order == ("CORSMiddleware", "PureAuth", "Third", "Other")
    assert (len(found.moves), found.broken, found.mended, found.cut) == (2, ("absent", "mine"), ("mine",), False)
    told = " ".join(render(found, SuggestFormat.TEXT).split())
    assert "Broken today and in this order, too: the contract 'absent'. `mwviz check` tells what mends that." in told


def test_of_two_best_orders_always_the_same_is_told() -> None:
    told = {suggested(app(PureAuth, CORS, ReadsSession, Session)).order for _ in range(3)}
    assert len(told) == 1


def test_an_order_that_cannot_be_tried_is_told() -> None:
    class Once(Plain):
        """Cannot be made for another order: lint has made it twice, to list the routes and to send its requests."""

        made = 0

        def __init__(self, app: Any) -> None:
            super().__init__(app)
            type(self).made += 1
            if self.made > 2:
                raise RuntimeError("made already")

    found = suggested(app(Once, PureAuth, CORS), select=("MW001",))
    assert found.order is None
    assert any("could not be tried" in note and "made already" in note for note in found.notes)
    assert (found.tried, found.cut) == (2, True)
    assert render(found, SuggestFormat.TEXT).splitlines()[2] == "No better order was found: 1 finding, 2 orders tried."


def test_the_search_ends_in_time_with_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    made = app(ReadsSession, Session, GZIP, Passing)
    assert (suggested(made).tried, suggested(made).cut) == (2, False)
    monkeypatch.setattr(suggesting, "MOST_SECONDS", -1.0)
    found = suggested(made)
    assert (found.tried, found.cut, found.order) == (1, True, ("Session", "ReadsSession", "GZipMiddleware", "Passing"))


POOL = (
    CORS, GZIP, REDIRECT, ID, SECURITY, Auth, Forwarded, KindAuth, NeedsTenant, Options, Passing, PureAuth,
    ReadsSession, Session, Tenant,
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(st.sampled_from(range(1, len(POOL))), max_size=3, unique=True), st.integers(0, 3))
def test_no_order_is_better_than_the_one_that_is_suggested(picked: list[int], at: int) -> None:
    layers = [POOL[number] for number in picked]
    layers.insert(at, CORS)
    made = app(*layers, routes=[LIVE])
    found = suggested(made)
    best = min(better(made), default=None)
    if best is None:
        assert found.order is None
        return
    assert found.order is not None
    mendable = [each for each in found.revealed if each.code in ("MW006", "MW015")]
    there = weight([*(each.finding for each in found.left), *mendable, *found.new])
    assert (there, len(found.new), len(found.moves)) == best[:3]
    again = linted(made, tuple(found.today.index(name) for name in found.order))
    stay = [each for each in found.left if each.reason != "unseen"]
    assert len(again.findings) == len([*stay, *found.new, *found.revealed])


def test_the_app_is_left_as_it_was() -> None:
    made = app(PureAuth, CORS, Middleware(BaseHTTPMiddleware, dispatch=handed_on))
    before = list(made.user_middleware), made.middleware_stack  # old Starlette builds the stack at once
    suggested(made)
    assert (made.user_middleware, made.middleware_stack) == before
