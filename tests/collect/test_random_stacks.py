"""Random stacks of random layers: what mwviz tells must be what the layers themselves say they did."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import anyio
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.routing import Route, Router

import mwviz
from mwviz.model import Trace
from tests.collect.certainty import is_plain
from tests.collect.journal import ENDPOINT, Journal
from tests.collect.loops import usable_trio
from tests.collect.random_apps import Design, designs, made
from tests.collect.second_observer import Shape, Truth, truth_of
from tests.collect.self_reporting import Speaker
from tests.collect.self_reporting_base import SpeakingBase
from tests.collect.tiny_client import Client

#: More examples for a long run: `MWVIZ_EXAMPLES=5000 pytest tests/collect/test_random_stacks.py`.
EXAMPLES = int(os.environ.get("MWVIZ_EXAMPLES", "300"))

# Starlette does not close what streams an inner response that a BaseHTTPMiddleware throws away: on 0.27 nowhere, and
# its generators on trio. That happens without mwviz too.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning"),
]


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """What was left open is noticed here, where it is ignored."""
    yield
    gc.collect()


_WATCHED: tuple[type, ...] = (Route, Router, BaseHTTPMiddleware, Speaker, SpeakingBase)


def sampled(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        print_blob=True,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.function_scoped_fixture,
        ],
    )


def requested(app: Any, journal: Journal, design: Design, backend: Literal["asyncio", "trio"] = "asyncio") -> Client:
    """The same request without mwviz."""
    journal.clear()
    client = Client(journal)
    event = asyncio.Event if backend == "asyncio" else sys.modules["trio"].Event
    anyio.run(client.request, app, design.method, design.path, event, backend=backend)
    return client


def options(design: Design) -> dict[str, Any]:
    path = None if design.end == "stand-in" else design.path
    return {"path": path, "method": design.method, "lifespan": False, "timeout": 30}


def said(journal: Journal) -> list[tuple[object, ...]]:
    return [line for line in journal.lines if line[0] != "client"]


def shape(design: Design, trace: Trace) -> Shape:
    """Where the places stand; holds the listed layers against what the design registered."""
    names = [layer.name for layer in trace.layers]
    wrapped, users = len(design.wrappers), [layer.index for layer in trace.layers if layer.origin == "user"]
    assert [layer.origin for layer in trace.layers[:wrapped]] == ["outer"] * wrapped
    assert len(users) == len(design.users)
    for place, (index, plan) in enumerate(zip(users, design.users, strict=True), wrapped):
        assert trace.layers[index].arguments.get("place") == (None if plan.form == "function" else str(place))
    inner = [layer.index for layer in trace.layers if layer.origin in ("mount", "route")]
    homes = ["mount /in"] * design.at_mount + ["route /in/end"] * (len(design.inner) - design.at_mount)
    # A mount or a route that nothing got to is not looked into.
    assert [trace.layers[index].within for index in inner] == homes[: len(inner)]
    assert names[wrapped] == "ServerErrorMiddleware"
    if not design.fastapi:
        assert len(names) == len(design.plans) - len(design.inner) + len(inner) + 2
    indexes = [*range(wrapped), *users, *inner]
    return Shape(
        layers=len(names),
        plans=design.plans,
        indexes=indexes,
        server_error=wrapped,
        exception=names.index("ExceptionMiddleware"),
        end=design.expected_end,
    )


def agrees(trace: Trace, truth: Truth, client: Client) -> None:
    """The trace against the client and the second observer."""
    assert trace.request_order == truth.request_order
    assert trace.response_order == truth.response_order
    assert (trace.answered_by, trace.handled_by) in truth.answers
    assert trace.not_reached == tuple(each.index for each in trace.layers if each.index not in truth.request_order)
    if client.error is not None:
        assert trace.error is not None
        assert (trace.error.type, trace.error.raised_by) == (type(client.error).__name__, truth.raised_by)
    else:
        assert (trace.error.type if trace.error is not None else None) == (None if client.complete else "NoResponse")
    for index, told in truth.steps.items():
        step = trace.steps[index]
        assert (index, step.status) == (index, told.status)
        if told.certain:
            assert (index, step.outcome) == (index, told.outcome)
            assert (index, frozenset(step.observed) - told.hidden) == (index, told.observed - told.hidden)


def answers_as(trace: Trace, client: Client) -> None:
    """The response that mwviz tells is the one that the client got without it."""
    if client.start is None:
        assert trace.response is None
        return
    assert trace.response is not None
    headers = [(name.decode(), value.decode()) for name, value in client.start["headers"]]
    assert trace.response.status == client.start["status"]
    assert list(trace.response.headers) == headers
    assert (trace.response.body_bytes, trace.response.complete) == (len(client.body), client.complete)


def is_sane(trace: Trace) -> None:
    """Times never run backwards, every call ends, and nobody's time is counted twice."""
    times = [event.at_ns for event in trace.timeline]
    assert times == sorted(times)
    places = {event.of for event in trace.timeline}
    for place in places:
        happened = [event.event for event in trace.timeline if event.of == place]
        assert happened.count("enter") == happened.count("leave") + happened.count("raise")
        assert happened[0] == "enter"
    own = [time for step in trace.steps for time in (step.self_request_ns, step.self_response_ns) if time is not None]
    assert all(time >= 0 for time in own)
    assert trace.duration_ns is not None
    assert sum(own) <= trace.duration_ns


def held(application: Any) -> tuple[object, ...]:
    """What a trace must leave as it is."""
    entries = application.user_middleware
    stack = vars(application).get("middleware_stack")
    watched = (type(application), *type(application).__mro__, *_WATCHED)
    # `copy.deepcopy` leaves `__slotnames__` behind where a layer copies a scope that holds the routes.
    classes = [{name: value for name, value in vars(each).items() if name != "__slotnames__"} for each in watched]
    return id(entries), [id(each) for each in entries], id(stack), classes, sorted(vars(application))


@sampled(EXAMPLES)
@given(design=designs(), served_first=st.booleans())
def test_a_random_stack_is_told_as_its_layers_tell_it(design: Design, served_first: bool) -> None:
    journal = Journal()
    app, application = made(design, journal)
    if served_first:
        requested(app, journal, design)
    before = held(application)
    journal.clear()
    trace = mwviz.trace(app, **options(design))
    assert held(application) == before
    traced = said(journal)
    client = requested(app, journal, design)
    assert said(journal) == traced
    answers_as(trace, client)
    assume(is_plain(journal, design.plans, client.error))
    truth = truth_of(journal, client.inward, shape(design, trace), client.error)
    agrees(trace, truth, client)
    is_sane(trace)
    journal.clear()
    again = mwviz.trace(app, **options(design))
    assert (again.request_order, again.response_order) == (trace.request_order, trace.response_order)
    for told in truth.steps.values():
        event(told.outcome)


def test_runs_on_trio_are_told_in_the_same_way() -> None:
    trio = usable_trio()

    @sampled(max(EXAMPLES // 5, 1))
    @given(design=designs(tasks=False, deepest=6))
    def holds(design: Design) -> None:
        journal = Journal()
        app, _ = made(design, journal)

        async def traced() -> Trace:
            return await mwviz.trace_async(app, **options(design))

        trace: Trace = trio.run(traced)
        lines = said(journal)
        client = requested(app, journal, design, "trio")
        # trio shuffles its tasks: who was cancelled may say less the second time.
        assume(sorted(map(repr, said(journal))) == sorted(map(repr, lines)))
        assume(is_plain(journal, design.plans, client.error))
        agrees(trace, truth_of(journal, client.inward, shape(design, trace), client.error), client)
        answers_as(trace, client)
        is_sane(trace)

    holds()


@sampled(max(EXAMPLES // 10, 1))
@given(design=designs(deepest=6))
def test_inside_a_running_loop_both_ways_of_tracing_tell_the_same(design: Design) -> None:
    journal = Journal()
    app, _ = made(design, journal)

    async def both() -> tuple[Trace, Trace]:
        threaded = mwviz.trace(app, **options(design))
        journal.clear()
        return threaded, await mwviz.trace_async(app, **options(design))

    threaded, awaited = anyio.run(both)
    client = requested(app, journal, design)
    assume(is_plain(journal, design.plans, client.error))
    truth = truth_of(journal, client.inward, shape(design, threaded), client.error)
    for trace in (threaded, awaited):
        agrees(trace, truth, client)
        answers_as(trace, client)
        answers_as(trace, client)
        is_sane(trace)


@sampled(max(EXAMPLES // 10, 1))
@given(data=st.data(), design=designs(deepest=5))
def test_another_order_is_told_as_if_the_app_were_written_so(data: st.DataObject, design: Design) -> None:
    assume(design.users)
    app, application = made(design, journal := Journal())
    before = held(application)
    names = [layer.name for layer in mwviz.trace(app, **options(design)).layers if layer.origin == "user"]
    counts = [names[: index + 1].count(name) for index, name in enumerate(names)]
    labels = [name if count == 1 else f"{name}#{count}" for name, count in zip(names, counts, strict=True)]
    order = data.draw(st.permutations(range(len(labels))))
    journal.clear()
    trace = mwviz.trace(app, **options(design), order=" > ".join(labels[index] for index in order))
    assert held(application) == before
    written_so = replace(design, users=tuple(design.users[index] for index in order), added=0)
    other, _ = made(written_so, its_journal := Journal())
    plain = mwviz.trace(other, **options(written_so))
    client = requested(other, its_journal, written_so)
    assume(is_plain(its_journal, written_so.plans, client.error))
    agrees(trace, truth_of(its_journal, client.inward, shape(written_so, plain), client.error), client)
    assert [layer.qualified_name for layer in trace.layers] == [layer.qualified_name for layer in plain.layers]
    users = range(len(design.wrappers), len(design.wrappers) + len(design.users))
    entered = [place for place, what, *_ in said(journal) if what == "entered" and place != ENDPOINT]
    moved = {users[index]: users[turn] for turn, index in enumerate(order)}
    turns = [moved.get(place, place) for place in entered]  # type: ignore[call-overload]
    assert turns == [place for place, what, *_ in said(its_journal) if what == "entered" and place != ENDPOINT]
