"""The app under the probe behaves as without it, and is left as it was found."""

from __future__ import annotations

import asyncio
import copy
import sys
import threading
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar

import pytest
import trio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import mwviz
from tests.collect import behaviours as kinds


async def call(app: Any, path: str = "/", **scope: Any) -> tuple[int, bytes]:
    """Call an app as a server would, without mwviz; return status and body."""
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    base: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
    }
    base |= {"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": []}
    await app({**base, "client": None, "server": None, **scope}, receive, send)
    return messages[0]["status"], b"".join(message.get("body", b"") for message in messages[1:])


def found(app: Any) -> tuple[Any, ...]:
    """What must be as it was: the very objects."""
    return (app.user_middleware, *app.user_middleware, app.middleware_stack, app.router, *vars(app))


@pytest.mark.parametrize("layer", [kinds.Layer, kinds.RaisesBefore, kinds.Hangs, kinds.Spins, kinds.Silent])
def test_the_app_is_left_as_it_was_found(layer: Any) -> None:
    app = kinds.app_of(kinds.Outer, layer, kinds.hidden)
    before, limit = found(app), sys.getrecursionlimit()
    mwviz.trace(app, timeout=0.2)
    after = found(app)
    assert len(before) == len(after)
    assert all(old is new for old, new in zip(before, after, strict=True))
    assert sys.getrecursionlimit() == limit


def test_a_stack_that_stood_already_stands_again() -> None:
    app = kinds.app_of(kinds.Stamps)
    asyncio.run(call(app))
    stack = app.middleware_stack
    trace = mwviz.trace(app)
    assert app.middleware_stack is stack
    assert trace.request_order == tuple(range(len(trace.layers)))


class Once:
    """A layer whose constructor fails when it runs again, as metrics that are registered once do."""

    made = 0

    def __init__(self, app: Any) -> None:
        type(self).made += 1
        if self.made > 1:
            raise ValueError("registered already")
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def test_a_stack_that_cannot_be_built_again_is_traced_as_it_stands() -> None:
    Once.made = 0
    app = kinds.app_of(kinds.Outer, Once, kinds.Inner)
    if app.middleware_stack is None:
        asyncio.run(call(app))
    stack, links = app.middleware_stack, vars(app.middleware_stack)["app"]
    trace = mwviz.trace(app)
    assert [layer.name for layer in trace.layers if layer.origin == "user"] == ["Outer", "Once", "Inner"]
    assert trace.request_order == tuple(range(len(trace.layers)))
    assert "building it again raised ValueError" in trace.notes[0]
    assert app.middleware_stack is stack
    assert vars(stack)["app"] is links


def test_a_stack_that_was_replaced_by_hand_is_the_one_that_is_traced() -> None:
    app = kinds.app_of(kinds.Inner)
    app.middleware_stack = kinds.Stamps(app.build_middleware_stack())
    trace = mwviz.trace(app)
    assert trace.layers[0].name == "Stamps"
    assert trace.layers[0].origin == "injected"
    assert trace.request_order == tuple(range(len(trace.layers)))


class Looks(kinds.Layer):
    """Looks at its inner app as instrumentation libraries do."""

    seen: ClassVar[list[Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        inner = self.app
        self.seen.append((isinstance(inner, kinds.Inner), getattr(inner, "note", None), hasattr(inner, "app")))
        inner.note = "seen"  # type: ignore[attr-defined]
        await self.app(scope, receive, send)


def test_a_boundary_looks_like_the_layer_inside_it() -> None:
    Looks.seen.clear()
    mwviz.trace(kinds.app_of(Looks, kinds.Inner))
    assert Looks.seen == [(True, None, True)]


class Records(kinds.Layer):
    """Keeps what it was called with."""

    seen: ClassVar[list[Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append({**scope, "asgi": dict(scope["asgi"])})
        await self.app(scope, receive, send)


def test_the_scope_is_what_a_server_would_send() -> None:
    Records.seen.clear()
    app = kinds.app_of(Records)
    mwviz.trace(app)
    (scope,) = Records.seen
    scope.pop("app")
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("testserver", 80),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": "GET",
        "root_path": "",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"testserver")],
        "state": {},
    }
    assert copy.deepcopy(scope) == scope


class CallsItself:
    """A layer that sends another request through the whole app before it hands its own on."""

    app: Any
    whole: Any = None

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/health":
            await call(type(self).whole, "/health")
        await self.app(scope, receive, send)


def test_another_request_in_the_meantime_is_not_the_probes() -> None:
    app = CallsItself.whole = kinds.app_of(CallsItself, kinds.Inner)
    trace = mwviz.trace(app)
    entered = [event.of for event in trace.timeline if event.event == "enter"]
    assert entered == [*range(len(trace.layers)), "endpoint"]


def test_two_probes_of_one_app_at_once_are_refused() -> None:
    app = kinds.app_of(kinds.Hangs)

    async def twice() -> None:
        first = asyncio.ensure_future(mwviz.trace_async(app, timeout=0.5))
        await asyncio.sleep(0.1)
        with pytest.raises(mwviz.MwvizError, match="Another probe of this app is running"):
            await mwviz.trace_async(app)
        await first

    asyncio.run(twice())
    assert mwviz.trace(kinds.app_of(kinds.Layer)).error is None


async def state(request: Request) -> Response:
    """Tell where it runs."""
    return JSONResponse({"thread": threading.current_thread().name})


@pytest.mark.parametrize("run", [asyncio.run, trio.run], ids=["asyncio", "trio"])
def test_a_probe_runs_on_the_loop_that_is_there(run: Callable[..., Any]) -> None:
    async def probe() -> mwviz.Trace:
        return await mwviz.trace_async(kinds.app_of(kinds.Outer, kinds.Base, kinds.Inner))

    if run is trio.run and not _knows_trio():
        pytest.skip("this Starlette, or its anyio, does not run on this trio")
    trace = run(probe) if run is trio.run else run(probe())
    assert trace.error is None
    assert trace.response_order == trace.request_order[::-1]
    (base,) = (layer.index for layer in trace.layers if layer.name == "Base")
    assert "other_task" in trace.steps[base].observed


def _knows_trio() -> bool:
    # Starlette before 0.15 has no anyio, and anyio 3 looks for what trio has no more.
    try:
        return int(version("anyio").partition(".")[0]) >= 4
    except PackageNotFoundError:
        return False


def test_a_test_that_anyio_runs_on_trio_may_hold_an_order() -> None:
    if not _knows_trio():
        pytest.skip("this Starlette, or its anyio, does not run on this trio")
    import anyio

    async def test() -> None:
        mwviz.assert_order(kinds.app_of(kinds.Outer, kinds.Base), "Outer > Base")
        await anyio.sleep(0)

    anyio.run(test, backend="trio")


def test_a_hanging_layer_is_named_on_trio_too() -> None:
    class HangsOnTrio(kinds.Layer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await trio.sleep_forever()

    async def probe() -> mwviz.Trace:
        return await mwviz.trace_async(kinds.app_of(kinds.Outer, HangsOnTrio), timeout=0.1)

    trace = trio.run(probe)
    assert trace.error is not None
    assert trace.error.type == "Timeout"
    assert trace.layers[trace.error.raised_by].name == "HangsOnTrio"  # type: ignore[index]


def test_trace_works_inside_a_running_loop() -> None:
    async def inside() -> mwviz.Trace:
        return mwviz.trace(kinds.app_of(kinds.Layer))

    assert asyncio.run(inside()).error is None


def test_classes_of_the_framework_are_as_they_were() -> None:
    handle, init = vars(Route)["handle"], vars(Middleware)["__init__"]
    mwviz.trace(Starlette(routes=[Route("/", state)]), "/")
    assert vars(Route)["handle"] is handle
    assert vars(Middleware)["__init__"] is init


def test_a_thousand_layers_are_traced() -> None:
    trace = mwviz.trace(kinds.app_of(*[kinds.Layer] * 1000))
    assert trace.error is None
    assert trace.request_order == tuple(range(len(trace.layers)))
    assert trace.response_order == trace.request_order[::-1]
