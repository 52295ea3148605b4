"""The way of the probe through routes that are not what they look like, and past apps that are no part of it."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, Router

import mwviz
from tests.collect import behaviours as kinds


async def handler(request: Request) -> PlainTextResponse:
    return PlainTextResponse("real")


def sub(*layers: Any, **options: Any) -> Starlette:
    return kinds.app_of(*layers, routes=[Route("/x", handler)], **options)


class AnyMethod(Route):
    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class Polite(Router):
    async def not_found(self, scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("real")(scope, receive, send)


class Service:
    """A mounted app that knows the app it is mounted in."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("real")(scope, receive, send)


class OwnRouter:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("real")(scope, receive, send)


OwnRouter.__module__, OwnRouter.__name__ = "shop.routing", "Router"


def serving() -> Starlette:
    app = Starlette()
    app.router.routes.append(Mount("/m", app=Service(app)))
    return app


def serving_a_method() -> Starlette:
    app = Starlette()
    app.router.routes.append(Mount("/m", app=Service(app).__call__))
    return app


#: Makers of apps that would answer the probe of this path themselves, were there no stand-in.
UNCALLED: dict[str, tuple[Callable[[], Starlette], str]] = {
    "a route that takes any method": (lambda: Starlette(routes=[AnyMethod("/m", handler, methods=["POST"])]), "/m"),
    "a 404 of the user's": (lambda: Starlette(routes=[Mount("/m", app=Polite([]))]), "/m/x"),
    "a mounted app that knows where it is": (serving, "/m/x"),
    "a method of such an app": (serving_a_method, "/m/x"),
    "a router that is not Starlette's": (lambda: Starlette(routes=[Mount("/m", app=OwnRouter())]), "/m/x"),
}


@pytest.mark.parametrize("case", UNCALLED)
def test_the_stand_in_calls_nothing_of_the_users(case: str) -> None:
    make, path = UNCALLED[case]
    real, trace = mwviz.trace(make(), path), mwviz.trace(make(), path, endpoint="stand-in")
    assert real.response is not None
    assert real.response.body_bytes == len(b"real")
    assert trace.response is not None
    assert (trace.response.status, trace.response.body_bytes) == (200, len(b'{"mwviz":"probe"}'))
    assert trace.answered_by == "endpoint"


def test_a_router_of_the_users_own_class_takes_no_stand_in() -> None:
    class Own(Router):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await PlainTextResponse("real")(scope, receive, send)

    Own.__module__ = "shop.routing"
    with pytest.raises(mwviz.MwvizError, match=r"Own\.__call__"):
        mwviz.trace(Starlette(routes=[Mount("/m", app=Own([]))]), "/m/x", endpoint="stand-in")


class Asking:
    """A layer that asks another app of its own, as a gateway does."""

    def __init__(self, app: Any, other: Any) -> None:
        self.app = app
        self.other = other

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        answer = await asked(self.other) if scope["type"] == "http" else b""

        async def with_answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-answer", answer)]
            await send(message)

        await self.app(scope, receive, with_answer)


async def asked(app: Any) -> bytes:
    """What an app says to a request that has nothing to do with the one that is being answered."""
    bodies: list[bytes] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        bodies.append(message.get("body", b""))

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/x"}
    await app({**scope, "root_path": "", "scheme": "http", "query_string": b"", "headers": []}, receive, send)
    return b"".join(bodies)


@pytest.mark.parametrize("endpoint", ["real", "stand-in"])
def test_another_app_that_a_layer_asks_is_no_part_of_the_way(endpoint: Any) -> None:
    app = kinds.app_of(Middleware(Asking, other=sub(kinds.Inner)), routes=[Route("/y", handler)])
    trace = mwviz.trace(app, "/y", endpoint=endpoint)
    assert trace.response is not None
    assert dict(trace.response.headers)["x-answer"] == "real"
    assert [event.of for event in trace.timeline if event.event == "enter"].count("endpoint") == 1
    assert [layer.name for layer in trace.layers if layer.origin != "framework"] == ["Asking"]


def test_another_app_that_a_handler_asks_is_no_part_of_the_way() -> None:
    async def asking(request: Request) -> PlainTextResponse:
        return PlainTextResponse(await asked(sub(kinds.Inner)))

    trace = mwviz.trace(Starlette(routes=[Route("/y", asking)]), "/y")
    assert trace.endpoint is not None
    assert trace.endpoint.name == "asking"
    assert [event.of for event in trace.timeline if event.event == "enter"].count("endpoint") == 1
    assert trace.response is not None
    assert trace.response.body_bytes == len(b"real")


class Legacy:
    """Tries the path as it is, and below `/old` where nothing was found there."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        answer: list[Any] = []

        async def keep(message: Any) -> None:
            answer.append(message)

        await self.app(dict(scope), receive, keep)
        assert answer[0]["status"] == 404
        await self.app({**scope, "path": f"/old{scope['path']}"}, receive, send)


@pytest.mark.parametrize("concurrent", [False, True])
def test_a_second_way_begins_at_the_app_again(concurrent: bool) -> None:
    class Both(Legacy):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def drop(message: Any) -> None:
                pass

            await asyncio.gather(
                self.app(dict(scope), receive, drop),
                self.app({**scope, "path": f"/old{scope['path']}"}, receive, send),
            )

    new, old = sub(kinds.Inner), kinds.app_of(kinds.Stamps, routes=[Mount("/new", app=sub(kinds.Inner))])
    app = kinds.app_of(Both if concurrent else Legacy, routes=[Mount("/new", app=new), Mount("/old", app=old)])
    trace = mwviz.trace(app, "/new/y", lifespan=False)
    found = {layer.within for layer in trace.layers if layer.origin == "mount"}
    assert found == {"mount /new", "mount /old", "mount /old/new"}


def test_a_layer_that_looks_like_what_it_wraps_is_one() -> None:
    route = Route("/x", handler)
    inner = route.app

    @wraps(inner)
    async def timed(scope: Any, receive: Any, send: Any) -> None:
        await inner(scope, receive, send)

    route.app = timed
    trace = mwviz.trace(Starlette(routes=[route]), "/x", endpoint="stand-in")
    assert [(layer.origin, layer.within) for layer in trace.layers if layer.origin != "framework"] == [
        ("route", "route /x")
    ]


class Wraps(kinds.Layer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def on(message: Any) -> None:
            await send(message)

        await self.app(scope, receive, on)


def test_a_mounted_app_may_be_deep() -> None:
    limit = sys.getrecursionlimit()
    deep = sub(*[Wraps] * (limit * 2 // 5))
    trace = mwviz.trace(Starlette(routes=[Mount("/m", app=deep)]), "/m/x", repeat=2)
    assert trace.response is not None
    assert (trace.error, trace.response.status) == (None, 200)
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize("path", ["/m/x", "/m/nowhere"])
def test_what_two_apps_mount_is_one_probes_at_a_time(path: str) -> None:
    calls: list[str] = []
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        calls.append(scope["path"])
        entered.set()
        await go_on.wait()
        await PlainTextResponse("real")(scope, receive, send)

    route = Route("/x", handler)
    route.app = Wraps(slow)
    shared = Router([route], default=slow)
    found = (vars(shared).copy(), route.app, vars(route.app).copy())

    async def overlapping() -> Any:
        first = asyncio.create_task(mwviz.trace_async(Starlette(routes=[Mount("/m", app=shared)]), path))
        await entered.wait()

        async def hurry() -> None:
            await asyncio.sleep(0.05)
            go_on.set()

        second = kinds.app_of(Waits, routes=[Mount("/m", app=shared)])
        return await asyncio.gather(first, mwviz.trace_async(second, path, endpoint="stand-in"), hurry())

    first, second, _ = asyncio.run(overlapping())
    assert len(calls) == 1
    assert first.notes == ()
    assert second.notes == ("The layers in mount /m are not shown: another probe is using them.",)
    assert second.response.body_bytes == len(b'{"mwviz":"probe"}')
    assert [layer.name for layer in second.layers if layer.origin != "framework"] == ["Waits"]
    assert (vars(shared), route.app, vars(route.app)) == found


@pytest.mark.parametrize("options", [{}, {"max_body_size": 100}])
def test_a_route_that_wraps_its_own_app_and_is_included(options: dict[str, Any]) -> None:
    fastapi = pytest.importorskip("fastapi", exc_type=ImportError)
    if options and "max_body_size" not in inspect.signature(fastapi.FastAPI.include_router).parameters:
        pytest.skip("this FastAPI limits no bodies")
    routing, calls = pytest.importorskip("fastapi.routing"), []

    class Wrapping(routing.APIRoute):  # type: ignore[misc, name-defined]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.app = kinds.Inner(vars(self)["app"])

    router = fastapi.APIRouter(route_class=Wrapping)

    @router.get("/x")  # type: ignore[untyped-decorator]
    def called() -> None:
        calls.append("real")

    app = fastapi.FastAPI()
    app.include_router(router, prefix="/v1", **options)
    trace = mwviz.trace(app, "/v1/x", endpoint="stand-in")
    assert calls == []
    assert trace.answered_by == "endpoint"
    assert trace.not_reached == ()
    assert {layer.within for layer in trace.layers} <= {"app", "route /v1/x"}
    real = mwviz.trace(app, "/v1/x")
    assert calls == ["real"]
    assert (real.answered_by, real.not_reached) == ("endpoint", ())
    assert [layer.name for layer in real.layers] == [layer.name for layer in trace.layers]


def test_what_fastapi_itself_limits_bodies_with_is_the_frameworks() -> None:
    fastapi = pytest.importorskip("fastapi", minversion="0.165")
    inner, app = fastapi.FastAPI(max_body_size=100), fastapi.FastAPI(max_body_size=100)
    app.add_middleware(kinds.Inner)
    app.mount("/m", inner)

    trace = mwviz.trace(app, "/m/", endpoint="stand-in")

    assert [layer.name for layer in trace.layers if layer.origin != "framework"] == ["Inner"]
    assert "_BodyLimitExceptionMiddleware" in [layer.name for layer in trace.layers]
    assert trace.notes == ()


class Waits(kinds.Layer):
    """Is still there when the other probe is over."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
        await asyncio.sleep(0.1)
