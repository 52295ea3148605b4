"""Random stacks whose layers look for themselves what they can see: what mwviz tells must be the same."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware, base

import mwviz
from tests.collect.loops import usable_trio

VARIABLES: tuple[ContextVar[object], ...] = tuple(ContextVar(f"variable_{number}") for number in range(3))
KEYS = ("first", "second")

#: What was seen, by the number of the layer: names of variables and keys, on the way in and on the way out.
Reports = dict[int, dict[str, set[str]]]


def visible(scope: Any) -> set[str]:
    held = {each.name for each in VARIABLES if each.get(None) is not None}
    return held | {key for key in KEYS if key in scope} | {f"state.{key}" for key in scope.get("state", {})}


class Reporting:
    """What both kinds of layers do: report, set, and report."""

    number: int
    sets: tuple[str, ...]
    reports: Reports
    tokens: list[Any]

    def begin(self, scope: Any) -> None:
        self.reports.setdefault(self.number, {})["in"] = visible(scope)
        for name in self.sets:
            if name in KEYS:
                scope[name] = object()
            elif name.startswith("state."):
                scope.setdefault("state", {})[name.partition(".")[2]] = object()
            else:
                next(each for each in VARIABLES if each.name == name).set(object())

    def answer(self, scope: Any) -> None:
        self.reports[self.number]["out"] = visible(scope)


class Pure(Reporting):
    def __init__(self, app: Any, number: int, sets: Any, reports: Reports, copies: bool) -> None:
        self.app, self.number, self.sets, self.reports, self.copies = app, number, sets, reports, copies

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.begin(scope)

        async def reporting(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.answer(scope)
            await send(message)

        inner = dict(scope) if self.copies else scope
        await self.app(inner, receive, reporting)


class Base(base.BaseHTTPMiddleware, Reporting):
    def __init__(self, app: Any, number: int, sets: Any, reports: Reports, copies: bool) -> None:
        super().__init__(app)
        self.number, self.sets, self.reports = number, sets, reports

    async def dispatch(self, request: Any, call_next: Any) -> Any:
        self.begin(request.scope)
        response = await call_next(request)
        self.answer(request.scope)
        return response


NAMES = [*(each.name for each in VARIABLES), *KEYS, "state.user"]
LAYERS = st.lists(
    st.tuples(st.sampled_from([Pure, Pure, Base]), st.sets(st.sampled_from(NAMES), max_size=2), st.booleans()),
    min_size=1, max_size=6,
)  # fmt: skip


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
@settings(max_examples=60, deadline=None)
@given(layers=LAYERS)
def test_layers_see_what_mwviz_tells(loop: str, layers: list[tuple[Any, set[str], bool]]) -> None:
    reports: Reports = {}
    middleware = [
        Middleware(cls, number=number, sets=tuple(sorted(sets)), reports=reports, copies=copies)
        for number, (cls, sets, copies) in enumerate(layers)
    ]
    trace = traced(Starlette(middleware=middleware), loop)
    users = {layer.index: number for number, layer in enumerate(each for each in trace.layers if each.origin == "user")}
    told: Reports = {number: {"in": set(), "out": set()} for number in users.values()}
    setters: dict[str, list[int]] = {}
    for item in trace.state or ():
        setters[item.name] = [users[place] for place in item.set_by if isinstance(place, int)]
        for way, places in (("in", item.seen_in), ("out", item.seen_out)):
            for place in places:
                if place in users:
                    told[users[place]][way].add(item.name)
    assert told == reports
    assert setters == {
        name: [number for number, (_, sets, _) in enumerate(layers) if name in sets]
        for name in NAMES
        if any(name in sets for _, sets, _ in layers)
    }


def traced(app: Any, loop: str) -> Any:
    if loop == "asyncio":
        return mwviz.trace(app, state=True)
    if not hasattr(base, "anyio"):
        pytest.skip("this Starlette knows asyncio alone")
    trio = usable_trio()

    async def call() -> Any:
        return await mwviz.trace_async(app, state=True)

    return trio.run(call)
