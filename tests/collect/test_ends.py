"""Where requests end: a stand-in calls no handler, whatever the routes are like, and odd endings are told."""

from __future__ import annotations

import asyncio
import copy
import weakref
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, Router

import mwviz
from tests.collect import behaviours as kinds

called: list[str] = []


@pytest.fixture(autouse=True)
def nothing_called_yet() -> None:
    called.clear()


async def handler(request: Request) -> Response:
    """A handler that must not run."""
    called.append("handler")
    return PlainTextResponse("real")


async def foreign(scope: Any, receive: Any, send: Any) -> None:
    """A mounted app of no framework."""
    called.append("foreign")
    await PlainTextResponse("foreign")(scope, receive, send)


class Foreign:
    """A mounted app that has routes, but is none of the framework's."""

    routes: tuple[Any, ...] = ()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await foreign(scope, receive, send)


class AddsRoutes(kinds.Layer):
    """Adds a route with the first request."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["app"].router.routes.append(Route("/late", handler))
        await self.app(scope, receive, send)


ROUTED: dict[str, tuple[Callable[[], Starlette], str]] = {
    "a route": (lambda: Starlette(routes=[Route("/x", handler)]), "/x"),
    "a mounted router": (lambda: Starlette(routes=[Mount("/m", Router([Route("/x", handler)]))]), "/m/x"),
    "a mounted app": (lambda: Starlette(routes=[Mount("/m", kinds.app_of(routes=[Route("/x", handler)]))]), "/m/x"),
    "a layer around a mounted app": (
        lambda: Starlette(routes=[Mount("/m", kinds.Layer(kinds.app_of(routes=[Route("/x", handler)])))]),
        "/m/x",
    ),
    "a mounted function": (lambda: Starlette(routes=[Mount("/m", foreign)]), "/m/x"),
    "a mounted object with routes": (lambda: Starlette(routes=[Mount("/m", Foreign())]), "/m/x"),
    "a route that comes late": (lambda: kinds.app_of(AddsRoutes), "/late"),
    "a second try": (lambda: kinds.app_of(kinds.Retries, routes=[Route("/x", handler)]), "/x"),
}


@pytest.mark.parametrize("case", ROUTED)
def test_a_stand_in_calls_no_handler(case: str) -> None:
    make, path = ROUTED[case]
    trace = mwviz.trace(make(), path, endpoint="stand-in")
    assert called == []
    assert trace.answered_by == "endpoint"
    assert trace.response is not None
    assert trace.response.status == 200


class OwnCall(Router):
    """A router that does without `Route.handle`."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await foreign(scope, receive, send)


def with_router(router: Any) -> Starlette:
    """An app with another router than its own."""
    app = Starlette(routes=[Route("/x", handler)])
    if app.middleware_stack is not None:
        pytest.skip("this Starlette has put its own router into the stack already")
    app.router = router
    return app


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: with_router(OwnCall()), "OwnCall.__call__, which is not the framework's"),
        (lambda: with_router(Foreign()), "a router of class Foreign"),
    ],
    ids=["own call", "foreign"],
)
def test_a_stand_in_that_could_not_stand_in_is_refused(make: Callable[[], Starlette], what: str) -> None:
    with pytest.raises(mwviz.MwvizError, match="No stand-in endpoint can stand in for") as refused:
        mwviz.trace(make(), "/x", endpoint="stand-in")
    assert what in str(refused.value)
    assert called == []


@pytest.mark.parametrize("endpoint", ["stand-in", "real"])
def test_what_a_router_falls_back_to_is_an_end(endpoint: Any) -> None:
    app = Starlette()
    app.router.default = foreign
    trace = mwviz.trace(app, "/nowhere", endpoint=endpoint)
    assert trace.answered_by == "endpoint"
    assert trace.endpoint is not None
    assert (trace.endpoint.name, called) == (("stand-in", []) if endpoint == "stand-in" else ("foreign", ["foreign"]))
    assert app.router.default is foreign


def test_an_endpoint_that_is_none_is_refused() -> None:
    with pytest.raises(mwviz.MwvizError, match="'standin' is no endpoint"):
        mwviz.trace(Starlette(routes=[Route("/x", handler)]), "/x", endpoint="standin")
    assert called == []


class Cancelled(Exception):
    """An exception of the user's that has the name of trio's."""


async def awaits_a_cancelled_task(request: Request) -> Response:
    """A handler that is cancelled by what it waits for."""
    task = asyncio.ensure_future(asyncio.sleep(10))
    task.cancel()
    await task
    return PlainTextResponse("never")


async def raises_its_own_cancelled(request: Request) -> Response:
    """A handler that raises."""
    raise Cancelled("the order")


@pytest.mark.parametrize(
    ("endpoint", "error"), [(awaits_a_cancelled_task, "CancelledError"), (raises_its_own_cancelled, "Cancelled")]
)
def test_a_cancellation_that_leaves_the_app_is_its_error(
    endpoint: Callable[[Request], Awaitable[Response]], error: str
) -> None:
    trace = mwviz.trace(kinds.app_of(kinds.Outer, routes=[Route("/", endpoint)]), "/")
    assert trace.error is not None
    assert (trace.error.type, trace.error.raised_by) == (error, "endpoint")


def test_the_order_is_that_of_what_happened_even_where_the_clock_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    from mwviz.collect.stack.recorder import Recorder

    monkeypatch.setattr(Recorder, "now", staticmethod(lambda: 1000))
    trace = mwviz.trace(kinds.app_of(kinds.Stamps, kinds.Layer, kinds.Stamps))
    assert trace.request_order == tuple(range(len(trace.layers)))
    assert trace.response_order == trace.request_order[::-1]


class Twice(kinds.Layer):
    """Calls inward twice at once, and lets out what comes from the second call."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def swallow(message: Any) -> None:
            pass

        await asyncio.gather(self.app(dict(scope), receive, swallow), self.app(scope, receive, send))


class Waits(kinds.Layer):
    """Lets others run before it calls inward."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.01)
        await self.app(scope, receive, send)


def test_calls_at_the_same_time_are_told_apart() -> None:
    trace = mwviz.trace(kinds.app_of(Twice, Waits, kinds.Inner))
    assert trace.answered_by == "endpoint"
    by_name = {layer.name: trace.steps[layer.index] for layer in trace.layers}
    assert (by_name["Waits"].outcome, by_name["Inner"].outcome) == ("passed", "passed")
    assert "called_again" in by_name["Twice"].observed


def test_an_app_mounted_in_itself_is_followed() -> None:
    app = Starlette(routes=[Route("/x", handler)])
    app.router.routes.append(Mount("/again", app))
    assert mwviz.trace(app, "/again/x").answered_by == "endpoint"


async def endless(request: Request) -> Response:
    """A stream that never ends."""

    async def chunks() -> Any:
        while True:
            yield b"x"
            await asyncio.sleep(0)

    return StreamingResponse(chunks())


def test_a_stream_that_never_ends_is_cut_at_the_time_limit() -> None:
    trace = mwviz.trace(kinds.app_of(kinds.Stamps, kinds.Layer, routes=[Route("/", endless)]), "/", timeout=1)
    assert trace.error is not None
    assert trace.error.type == "Timeout"
    assert trace.response is not None
    assert not trace.response.complete
    assert len(trace.timeline) < 50_000


class NeedsALoop(kinds.Layer):
    """A layer that starts a task where it is made."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        asyncio.get_running_loop()


class CopiesInside(kinds.Layer):
    """A layer that does to its inner app what one may do to any object."""

    def __init__(self, app: Any) -> None:
        super().__init__(copy.copy(app))
        self.reference = weakref.ref(app)


def test_a_layer_is_made_in_the_loop_as_a_server_makes_it() -> None:
    if Starlette().middleware_stack is not None:
        pytest.skip("this Starlette builds the stack in the constructor")
    assert mwviz.trace(kinds.app_of(NeedsALoop)).error is None
    assert [layer.name for layer in mwviz.inspect(kinds.app_of(NeedsALoop)).layers if layer.origin == "user"] == [
        "NeedsALoop"
    ]


def test_a_layer_may_copy_and_refer_to_its_inner_app() -> None:
    trace = mwviz.trace(kinds.app_of(CopiesInside, kinds.Inner))
    assert trace.error is None
    assert trace.response_order == trace.request_order[::-1]


class SendsOddly(kinds.Layer):
    """Answers with a start that no server takes."""

    start: dict[str, Any]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", **self.start})
        await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    ("start", "error"),
    [
        ({"status": "200", "headers": []}, "TypeError"),
        ({"headers": []}, "KeyError"),
        ({"status": 200, "headers": [None]}, "TypeError"),
        ({"status": 200, "headers": [(b"a", b"b", b"c")]}, "ValueError"),
    ],
)
def test_what_no_server_takes_is_an_error_of_its_sender(start: dict[str, Any], error: str) -> None:
    odd = type("Odd", (SendsOddly,), {"start": start})
    trace = mwviz.trace(kinds.app_of(kinds.Stamps, odd))
    assert trace.error is not None
    assert trace.error.type == error
    by_name = {layer.name: layer.index for layer in trace.layers}
    assert trace.error.raised_by == by_name["Odd"]


@pytest.mark.parametrize("asks", [True, False], ids=["asks", "builds"])
def test_startup_may_change_the_stack(asks: bool) -> None:
    if Starlette().middleware_stack is not None:
        pytest.skip("this Starlette has no lifespan of one function, and never asks whether there is a stack")

    @asynccontextmanager
    async def lifespan(app: Any) -> Any:
        app.user_middleware.insert(0, Middleware(kinds.Stamps))
        app.middleware_stack = None if asks else app.build_middleware_stack()
        yield

    trace = mwviz.trace(kinds.app_of(kinds.Inner, lifespan=lifespan), "/")
    assert [layer.name for layer in trace.layers if layer.origin == "user"] == ["Stamps", "Inner"]
    assert trace.request_order == tuple(range(len(trace.layers)))
    assert any("Startup changed the stack" in note for note in trace.notes)


def test_two_apps_may_be_probed_at_once() -> None:
    handle = vars(Route)["handle"]

    async def both() -> list[mwviz.Trace]:
        apps = [kinds.app_of(Waits, routes=[Route("/", handler)]) for _ in range(2)]
        return await asyncio.gather(*(mwviz.trace_async(app, "/") for app in apps))

    assert [trace.answered_by for trace in asyncio.run(both())] == ["endpoint", "endpoint"]
    assert vars(Route)["handle"] is handle


def test_what_startup_says_keeps_its_secrets() -> None:
    async def refuses(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.failed", "message": "no postgres://me:hunter2@db"})

    class Refuses(kinds.Layer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await refuses(scope, receive, send)

    trace = mwviz.trace(kinds.app_of(Refuses), "/")
    assert trace.error is not None
    assert "hunter2" not in str(trace)
    assert trace.error.message == "no postgres://me:***@db"


@pytest.mark.parametrize("has_startup", [True, False])
def test_a_startup_that_did_not_run_is_told_only_where_there_is_one(has_startup: bool) -> None:
    @asynccontextmanager
    async def lifespan(app: Any) -> Any:
        yield

    if has_startup and Starlette().middleware_stack is not None:
        pytest.skip("this Starlette takes no such lifespan")
    app = kinds.app_of(kinds.RaisesBefore, **({"lifespan": lifespan} if has_startup else {}))
    told = any("startup did not run" in note for note in mwviz.trace(app).notes)
    assert told is has_startup


@pytest.mark.parametrize("options", [{"data": {"a": 1}}, {"headers": {"a": 1}}, {"headers": [("a",)]}])
def test_options_of_another_type_are_mistakes(options: dict[str, Any]) -> None:
    with pytest.raises(mwviz.MwvizError, match=r"^(data is|headers are)"):
        mwviz.trace(kinds.app_of(), **options)
