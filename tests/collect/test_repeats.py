"""Repeated probes, the normal probe beside `--raise`, and the lifespan on its way through the stack."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import mwviz
from mwviz.model import LostHeader
from tests.collect import behaviours as kinds


class Counts(kinds.Layer):
    """Counts the requests, and what else it is called for."""

    seen: list[str]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope["type"])
        await self.app(scope, receive, send)


class SlowOnce(kinds.Layer):
    """One request of many takes long."""

    calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        type(self).calls += 1
        if self.calls == 3:
            await asyncio.sleep(0.1)
        await self.app(scope, receive, send)


class Limits(kinds.Layer):
    """Answers 429 from the third request on."""

    calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        type(self).calls += 1
        if self.calls < 3:
            await self.app(scope, receive, send)
        else:
            await PlainTextResponse("no", 429)(scope, receive, send)


@pytest.mark.parametrize(("repeat", "sent"), [(None, 1), (1, 2), (5, 6)])
def test_probes_are_repeated_after_one_to_warm_up(repeat: int | None, sent: int) -> None:
    Counts.seen = []
    trace = mwviz.trace(kinds.app_of(Counts, kinds.Inner), repeat=repeat)
    assert Counts.seen == ["http"] * sent
    assert trace.probe.repeat == repeat
    assert trace.request_order == (0, 1, 2, 3)
    assert len([event for event in trace.timeline if event.event == "enter"]) == 5


def test_an_outlier_does_not_move_the_median() -> None:
    SlowOnce.calls = 0
    trace = mwviz.trace(kinds.app_of(SlowOnce), repeat=7)
    step = trace.steps[1]
    assert SlowOnce.calls == 8
    assert step.self_request_ns is not None
    assert trace.duration_ns is not None
    assert step.self_request_ns < trace.duration_ns < 50_000_000


def test_probes_that_went_another_way_are_counted() -> None:
    Limits.calls = 0
    trace = mwviz.trace(kinds.app_of(Limits), repeat=4)
    assert trace.response is not None
    assert trace.response.status == 429
    told = "1 of 4 probes went another way than the last one, which is shown; its times leave it out."
    assert trace.notes == (told,)
    times = [(step.outcome, step.self_request_ns, step.self_response_ns) for step in trace.steps]
    assert times[2] == ("not_reached", None, None)
    assert times[1][0] == "answered"
    assert times[1][1] is not None


def test_a_probe_that_hangs_is_the_last() -> None:
    class HangsLater(kinds.Layer):
        calls = 0

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            type(self).calls += 1
            if self.calls == 3:
                await asyncio.Event().wait()
            await self.app(scope, receive, send)

    trace = mwviz.trace(kinds.app_of(HangsLater), repeat=10, timeout=1.0)
    assert HangsLater.calls == 3
    assert trace.error is not None
    assert (trace.error.type, trace.error.raised_by) == ("Timeout", 1)


def test_what_a_late_task_of_one_probe_sends_is_not_noted_in_the_next() -> None:
    class CallsLate(kinds.Layer):
        tasks: list[Any]

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def nowhere(message: Any) -> None:
                pass

            async def late() -> None:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                await self.app(scope, receive, nowhere)

            await self.app(scope, receive, send)
            self.tasks.append(asyncio.ensure_future(late()))

    CallsLate.tasks = []
    trace = mwviz.trace(kinds.app_of(CallsLate, kinds.Inner), repeat=3)
    assert len(CallsLate.tasks) == 4
    assert [event.of for event in trace.timeline if event.event == "enter"] == [0, 1, 2, 3, "endpoint"]


@pytest.mark.parametrize("repeat", [0, -1])
def test_nothing_is_no_measurement(repeat: int) -> None:
    with pytest.raises(mwviz.MwvizError, match="--repeat takes 1 or more"):
        mwviz.trace(kinds.app_of(), repeat=repeat)


def test_headers_that_an_exception_loses_are_told_with_who_adds_them() -> None:
    trace = mwviz.trace(kinds.app_of(kinds.Stamps, (GZipMiddleware)), raises=True)
    assert trace.lost_headers is not None
    assert LostHeader("x-stamp", 1) in trace.lost_headers
    assert mwviz.trace(kinds.app_of(kinds.Stamps)).lost_headers is None


def test_a_lost_header_may_be_written_in_any_case() -> None:
    class Shouts(kinds.Layer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def stamped(message: Any) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [*message["headers"], (b"X-Stamp", b"1")]
                await send(message)

            await self.app(scope, receive, stamped)

    trace = mwviz.trace(kinds.app_of(Shouts), raises=True)
    assert trace.lost_headers == (LostHeader("x-stamp", 1),)


def test_a_lost_header_of_a_layer_that_answers_itself_is_no_header_of_the_endpoint() -> None:
    class Replaces(kinds.Layer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def drop(message: Any) -> None:
                pass

            await self.app(scope, receive, drop)
            await PlainTextResponse("own", 202, {"x-own": "1"})(scope, receive, send)

    trace = mwviz.trace(kinds.app_of(kinds.Outer, Replaces), raises=True)
    assert trace.lost_headers == (LostHeader("x-own", 2),)


def test_a_layer_that_turns_the_exception_into_a_response_loses_nothing_further_out() -> None:
    trace = mwviz.trace(kinds.app_of(kinds.Stamps, kinds.Rescues), raises=True)
    assert trace.lost_headers == ()
    assert trace.handled_by == 2


class KeepsLifespan(kinds.Layer):
    """Answers the lifespan itself."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


class RefusesLifespan(kinds.Layer):
    """Knows nothing but HTTP."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError("http only")
        await self.app(scope, receive, send)


async def handler(request: Any) -> PlainTextResponse:
    return PlainTextResponse("real")


LIFESPANS: dict[str, tuple[Callable[[], Starlette], tuple[str, str], tuple[int, ...], tuple[int, ...], Any]] = {
    "handed on": (
        lambda: kinds.app_of(kinds.Outer, kinds.Inner),
        ("complete", "complete"),
        (0, 1, 2, 3),
        (3, 2, 1, 0),
        None,
    ),
    "kept": (lambda: kinds.app_of(KeepsLifespan, kinds.Inner), ("complete", "complete"), (0, 1), (1, 0), 1),
    "refused": (lambda: kinds.app_of(RefusesLifespan, kinds.Inner), ("raised", "not_run"), (0, 1), (), 1),
    "wrapped from outside": (
        lambda: KeepsLifespan(kinds.app_of(kinds.Inner)),  # type: ignore[dict-item, return-value]
        ("complete", "complete"),
        (0,),
        (0,),
        0,
    ),
}


@pytest.mark.parametrize("path", [None, "/x"])
@pytest.mark.parametrize("case", LIFESPANS)
def test_the_lifespan_is_seen_on_its_way(case: str, path: str | None) -> None:
    make, ended, inward, outward, stopped_at = LIFESPANS[case]
    app: Any = make()
    inner = app if isinstance(app, Starlette) else app.app
    inner.router.routes.append(Route("/x", handler))
    trace = mwviz.trace(app, path, lifespan=True)
    lifespan = trace.lifespan
    assert lifespan is not None
    assert (lifespan.startup, lifespan.shutdown) == ended
    assert lifespan.request_order == inward
    assert lifespan.startup_order == outward
    assert lifespan.shutdown_order == (outward if ended[1] == "complete" else ())
    assert lifespan.stopped_at == stopped_at
    assert lifespan.timeline[0].event == "enter"
    assert {event.message for event in lifespan.timeline if event.event == "send"} <= {
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    }
    # and nothing of it is told of the request
    assert not any((event.message or "").startswith("lifespan") for event in trace.timeline)
    assert trace.request_order == tuple(range(len(trace.layers)))


def test_a_lifespan_of_the_apps_own_runs_behind_the_layers() -> None:
    ran: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Any) -> Any:
        ran.append("startup")
        yield
        ran.append("shutdown")

    if Starlette().middleware_stack is not None:
        pytest.skip("this Starlette takes no such lifespan")
    Counts.seen = []
    trace = mwviz.trace(kinds.app_of(Counts, lifespan=lifespan), lifespan=True)
    assert ran == ["startup", "shutdown"]
    assert Counts.seen == ["lifespan", "http"]
    assert trace.lifespan is not None
    assert trace.lifespan.stopped_at is None


def test_how_long_a_response_was_held_back_and_until_when() -> None:
    trace = mwviz.trace(kinds.app_of(kinds.Outer, GZipMiddleware), headers={"accept-encoding": "gzip"})
    step = trace.steps[2]
    assert step.held_until == "http.response.body"
    assert step.held_ns is not None
    assert 0 < step.held_ns < 1_000_000_000
    assert trace.steps[1].held_ns is None


class Reads(kinds.Layer):
    """Reads the request's body, and hands on what `handed` makes of it."""

    handed: Any

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive()).get("body", b"")
        messages = [{"type": "http.request", "body": type(self).handed(body), "more_body": False}]

        async def replayed() -> Any:
            return messages.pop() if messages else await receive()

        await self.app(scope, replayed, send)


@pytest.mark.parametrize(
    ("handed", "change"),
    [(lambda body: body, ()), (lambda body: b"", ("body consumed",)), (lambda body: body[:3], ("body 8 -> 3 bytes",))],
)
def test_a_body_that_a_layer_reads(handed: Any, change: tuple[str, ...]) -> None:
    Reads.handed = staticmethod(handed)
    trace = mwviz.trace(kinds.app_of(kinds.Outer, Reads, kinds.Inner), data="12345678")
    assert [step.request_changes for step in trace.steps[1:4]] == [(), change, ()]


def test_keys_of_the_state_that_a_layer_sets_in_place() -> None:
    class Knows(kinds.Layer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            scope["state"]["user"] = object()
            scope["state"]["state"] = scope["state"]
            await self.app(scope, receive, send)

    class Renames(kinds.Layer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            changed = {**scope, "state": {**scope["state"], "user": object(), "path": "/"}}
            del changed["state"]["state"]
            await self.app(changed, receive, send)

    trace = mwviz.trace(kinds.app_of(kinds.Outer, Knows, kinds.Inner, Renames))
    assert [step.request_changes for step in trace.steps[1:5]] == [
        (),
        ("+ scope state.user", "+ scope state.state"),
        (),
        ("~ scope state.user", "+ scope state.path", "- scope state.state"),
    ]
