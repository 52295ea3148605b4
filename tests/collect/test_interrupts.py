"""Code that never awaits is interrupted: whatever layers make of that, the probe ends as one that took too long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import mwviz
from mwviz.collect.probe.watchdog import Watchdog
from mwviz.model import Trace
from tests.collect.loops import usable_trio


def spin() -> None:
    """Keep the loop for longer than any test, but let an interrupt through."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        time.sleep(0.01)


def translate() -> None:
    """Make another exception of every one."""
    try:
        spin()
    except BaseException:  # noqa: BLE001 - as careless as layers are
        raise ValueError("translated") from None


def swallow() -> None:
    """Let no exception out."""
    with suppress(BaseException):
        spin()


class Passes(BaseHTTPMiddleware):
    """Runs what is inside of it in a group of tasks, so that exceptions leave it in a group."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        """Pass the request on."""
        response: Response = await call_next(request)
        return response


def on_trio(app: Any, **options: Any) -> Trace:
    """Trace from within a loop of trio's."""
    trace: Trace = usable_trio().run(lambda: mwviz.trace_async(app, "/", **options))
    return trace


def on_asyncio(app: Any, **options: Any) -> Trace:
    """Trace from within a loop of asyncio's."""
    return asyncio.run(mwviz.trace_async(app, "/", **options))


def alone(app: Any, **options: Any) -> Trace:
    """Trace on a loop of mwviz's own."""
    return mwviz.trace(app, "/", **options)


RUNS = pytest.mark.parametrize("run", [alone, on_asyncio, on_trio])


@RUNS
@pytest.mark.parametrize("layers", [0, 2])
@pytest.mark.parametrize("held", [spin, translate, swallow])
def test_a_handler_that_never_awaits(held: Callable[[], None], layers: int, run: Callable[..., Trace]) -> None:
    async def handler(request: Request) -> Response:
        held()
        return PlainTextResponse("late")

    app = Starlette(routes=[Route("/", handler)], middleware=[Middleware(Passes)] * layers)
    trace = run(app, timeout=0.3)

    assert trace.error is not None
    assert trace.error.type == "Timeout"
    assert not any("Shutdown" in note for note in trace.notes)
    assert {step.outcome for step in trace.steps} == {"passed"}  # it is the handler that hung
    assert trace.response is None


@RUNS
@pytest.mark.parametrize(
    ("when", "told"),
    [("startup", ("timeout", "not_run")), ("shutdown", ("complete", "timeout"))],
)
def test_a_lifespan_that_never_awaits(when: str, told: tuple[str, str], run: Callable[..., Trace]) -> None:
    class Spins:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            for due in ("startup", "shutdown") if scope["type"] == "lifespan" else ():
                await receive()
                if due == when:
                    spin()
                await send({"type": f"lifespan.{due}.complete"})
            if scope["type"] != "lifespan":
                await self.app(scope, receive, send)

    async def handler(request: Request) -> Response:
        return PlainTextResponse("ok")

    trace = run(Starlette(routes=[Route("/", handler)], middleware=[Middleware(Spins)]), timeout=1.0, lifespan=True)

    assert trace.error is None
    assert trace.response is not None
    assert trace.lifespan is not None
    assert (trace.lifespan.startup, trace.lifespan.shutdown) == told


def test_the_watchdog_is_told_when_the_code_of_the_app_has_been_left(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    @contextmanager
    def inside(_: Watchdog) -> Iterator[None]:
        told.append("entered")
        yield
        told.append("left")

    monkeypatch.setattr(Watchdog, "inside", inside)
    mwviz.trace(Starlette(), "/", lifespan=True)

    # the lifespan's call goes on around the request's
    assert told == ["entered", "entered", "left", "left"]
