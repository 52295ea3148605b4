"""What lies behind mounts and routes is traced like the app's own stack, and left as it was found."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router

import mwviz
from mwviz.render.terminal import end_happened
from tests.collect import behaviours as kinds


async def handler(request: Request) -> PlainTextResponse:
    return PlainTextResponse("real")


class Handler(HTTPEndpoint):
    async def get(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse("real")


class Hidden:
    """A wrapper that keeps what it wraps under a name of its own."""

    def __init__(self, wrapped: Any) -> None:
        self._application = wrapped

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._application(scope, receive, send)


class Custom(Starlette):
    """A sub-app whose own `__call__` is a layer."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await super().__call__(scope, receive, send)


async def foreign(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("real")(scope, receive, send)


def takes_middleware(cls: Any) -> bool:
    return "middleware" in inspect.signature(cls).parameters


def sub(*layers: Any, **options: Any) -> Starlette:
    return kinds.app_of(*layers, routes=[Route("/x", handler)], **options)


def mounting(*routes: Any) -> Starlette:
    return kinds.app_of(kinds.Outer, routes=list(routes))


def with_middleware(cls: Any, *args: Any, **kwargs: Any) -> Any:
    """A mount, route or router with one layer of its own."""
    if not takes_middleware(cls):
        pytest.skip(f"{cls.__name__} takes no middleware here")
    return cls(*args, middleware=[Middleware(kinds.Inner)], **kwargs)


#: App and path, and the layers that a request passes besides the framework's: name, origin and home.
PASSED: dict[str, tuple[Callable[[], Starlette], str, list[tuple[str, str, str]]]] = {
    "an app": (lambda: mounting(Mount("/m", sub(kinds.Inner))), "/m/x", [("Inner", "mount", "mount /m")]),
    "an app in an app": (
        lambda: mounting(Mount("/m", kinds.app_of(kinds.Stamps, routes=[Mount("/n", sub(kinds.Inner))]))),
        "/m/n/x",
        [("Stamps", "mount", "mount /m"), ("Inner", "mount", "mount /m/n")],
    ),
    "a wrapped app": (
        lambda: mounting(Mount("/m", Hidden(kinds.Stamps(sub(kinds.Inner))))),
        "/m/x",
        [("Hidden", "mount", "mount /m"), ("Stamps", "mount", "mount /m"), ("Inner", "mount", "mount /m")],
    ),
    "an app that is a layer": (
        lambda: mounting(Mount("/m", Custom(routes=[Route("/x", handler)]))),
        "/m/x",
        [("Custom", "mount", "mount /m")],
    ),
    "an app at a host": (
        lambda: mounting(Host("testserver", sub(kinds.Inner))),
        "/x",
        [("Inner", "mount", "mount //testserver")],
    ),
    "a parameter": (
        lambda: mounting(Mount("/m/{tenant}", sub(kinds.Inner))),
        "/m/7/x",
        [("Inner", "mount", "mount /m/{tenant}")],
    ),
    "layers of a mount": (
        lambda: mounting(with_middleware(Mount, "/m", routes=[Route("/x", handler)])),
        "/m/x",
        [("Inner", "mount", "mount /m")],
    ),
    "layers of a mount of a foreign app": (
        lambda: mounting(with_middleware(Mount, "/m", foreign)),
        "/m/x",
        [("Inner", "mount", "mount /m")],
    ),
    "a mounted router": (lambda: mounting(Mount("/m", Router([Route("/x", handler)]))), "/m/x", []),
    "layers of a mounted router": (
        lambda: mounting(Mount("/m", with_middleware(Router, [Route("/x", handler)]))),
        "/m/x",
        [("Inner", "mount", "mount /m")],
    ),
    "layers of a route": (
        lambda: mounting(with_middleware(Route, "/x", handler)),
        "/x",
        [("Inner", "route", "route /x")],
    ),
    "layers of a class endpoint": (
        lambda: mounting(with_middleware(Route, "/x", Handler)),
        "/x",
        [("Inner", "route", "route /x")],
    ),
    "layers of a route in a mount": (
        lambda: mounting(Mount("/m", routes=[with_middleware(Route, "/x", handler)])),
        "/m/x",
        [("Inner", "route", "route /m/x")],
    ),
    "a foreign app": (lambda: mounting(Mount("/m", foreign)), "/m/x", []),
}


@pytest.mark.parametrize("endpoint", ["real", "stand-in"])
@pytest.mark.parametrize("case", PASSED)
def test_what_a_request_passes(case: str, endpoint: Any) -> None:
    make, path, expected = PASSED[case]
    trace = mwviz.trace(make(), path, endpoint=endpoint)
    own = [layer for layer in trace.layers if layer.origin != "framework"]
    assert [(layer.name, layer.origin, layer.within) for layer in own] == [("Outer", "user", "app"), *expected]
    assert trace.request_order == tuple(range(len(trace.layers)))
    assert trace.response_order == trace.request_order[::-1]
    assert trace.answered_by == "endpoint"
    assert {step.outcome for step in trace.steps} == {"passed"}
    assert trace.response is not None
    assert trace.response.body_bytes == (len(b"real") if endpoint == "real" else len(b'{"mwviz":"probe"}'))


@pytest.mark.parametrize("case", PASSED)
def test_what_is_mounted_is_left_as_it_was(case: str) -> None:
    make, path, _ = PASSED[case]
    app = make()
    before = held(app)
    mwviz.trace(app, path)
    mwviz.trace(app, path, endpoint="stand-in")
    assert held(app) == before


def held(value: object, seen: frozenset[int] = frozenset()) -> object:
    """All attributes and items further in, by identity where they are no containers of the framework's."""
    if id(value) in seen:
        return None
    seen |= {id(value)}
    if isinstance(value, list):
        return [held(each, seen) for each in value]
    inner = type(value).__module__.startswith(("starlette", "tests"))
    attributes = dict(vars(value)) if inner and hasattr(value, "__dict__") else {}
    return (id(value), {name: held(each, seen) for name, each in attributes.items()})


def test_a_mount_at_the_root_says_so() -> None:
    inner = mounting(Mount("/deeper", sub(kinds.Inner)), Mount("/", sub(kinds.Outer)))
    trace = mwviz.trace(mounting(Mount("", inner)), "/deeper/x")
    routes = mwviz.routes(mounting(Mount("", inner))).layers

    assert [layer.within for layer in trace.layers if layer.label == "Inner"] == ["mount /deeper"]
    assert {layer.within for layer in trace.layers} == {"app", "mount /", "mount /deeper"}
    assert {layer.within for layer in routes} == {"app", "mount /", "mount /deeper"}


def test_a_layer_that_stands_twice_on_the_way_is_pointed_out() -> None:
    app = kinds.app_of(kinds.Stamps, routes=[Mount("/m", sub(kinds.Stamps)), Route("/x", handler)])
    assert mwviz.trace(app, "/m/x").notes == ("Stamps stands twice on this way, in the app and mount /m.",)
    assert mwviz.trace(app, "/x").notes == ()
    deep = kinds.app_of(kinds.Stamps, routes=[Mount("/n", app)])
    told = "Stamps stands 3 times on this way, in the app, mount /n and mount /n/m."
    assert mwviz.trace(deep, "/n/m/x").notes == (told,)


def test_a_mounted_app_is_built_only_when_it_is_met() -> None:
    made: list[str] = []

    class Counts(kinds.Layer):
        def __init__(self, app: Any) -> None:
            super().__init__(app)
            made.append("made")

    app = mounting(Mount("/m", sub(Counts)), Route("/x", handler))
    made.clear()
    mwviz.trace(app, "/x")
    assert made == []
    mwviz.trace(app, "/m/x")
    assert made == ["made"]


def test_a_mounted_app_that_cannot_be_built_fails_as_it_would() -> None:
    class Fails(kinds.Layer):
        def __init__(self, app: Any) -> None:
            raise RuntimeError("no")

    try:
        app = mounting(Mount("/m", sub(Fails)))
    except RuntimeError:
        pytest.skip("this Starlette builds the stack with the app")
    trace = mwviz.trace(app, "/m/x")
    assert trace.error is not None
    assert (trace.error.type, trace.error.during, trace.error.raised_by) == ("RuntimeError", "probe", "router")


def test_a_mount_that_answers_404_says_so() -> None:
    trace = mwviz.trace(mounting(Mount("/m", sub(kinds.Inner))), "/m/nothing")
    assert trace.response is not None
    assert (trace.response.status, trace.answered_by) == (404, "router")
    assert [layer.name for layer in trace.layers if layer.within == "mount /m" and layer.origin == "mount"] == ["Inner"]


def test_a_layer_of_a_mount_that_answers_is_named() -> None:
    trace = mwviz.trace(mounting(Mount("/m", sub(kinds.Answers, kinds.Inner))), "/m/x")
    assert isinstance(trace.answered_by, int)
    assert trace.layers[trace.answered_by].name == "Answers"
    assert [trace.layers[index].name for index in trace.not_reached if trace.layers[index].origin != "framework"] == [
        "Inner"
    ]
    assert end_happened(trace) == ("not reached", "dim")
    assert "router of app" in {event.of for event in trace.timeline}
    assert {"router", "endpoint"}.isdisjoint(event.of for event in trace.timeline)


@pytest.mark.parametrize("case", ["an app that is mounted twice", "an app that mounts itself"])
def test_an_app_met_again(case: str) -> None:
    if case == "an app that mounts itself":
        app = sub(kinds.Inner)
        app.router.routes.append(Mount("/m", app))
        trace = mwviz.trace(app, "/m/m/x")
    else:
        shared = sub(kinds.Inner)
        app = mounting(Mount("/a", shared), Mount("/b", shared))
        trace = mwviz.trace(app, "/b/x")
    assert trace.answered_by == "endpoint"
    assert [layer.name for layer in trace.layers].count("Inner") == 1


def test_a_stand_in_refuses_where_a_mounted_router_has_a_way_of_its_own() -> None:
    called: list[str] = []

    class Own(Router):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            called.append("own")
            await PlainTextResponse("own")(scope, receive, send)

    app = mounting(Mount("/m", Own([Route("/x", handler)])))
    with pytest.raises(mwviz.MwvizError, match=r"Own.__call__.*--endpoint real"):
        mwviz.trace(app, "/m/x", endpoint="stand-in")
    assert called == []
    assert mwviz.trace(app, "/m/x").response is not None
    assert called == ["own"]


def test_layers_of_the_apps_own_router_run_before_a_stand_in() -> None:
    app = Starlette()
    app.router = with_middleware(Router, [Route("/x", handler)])
    for path in (None, "/x"):
        trace = mwviz.trace(app, path)
        assert [(layer.name, layer.origin, layer.within) for layer in trace.layers if layer.origin != "framework"] == [
            ("Inner", "route", "app")
        ]
        assert trace.request_order == tuple(range(len(trace.layers)))
        assert trace.answered_by == "endpoint"


REGISTERED = """\
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, Router

ROUTE = [Middleware(GZipMiddleware, minimum_size=1)]
MOUNT = [Middleware(GZipMiddleware, minimum_size=2)]
ROUTER = [Middleware(GZipMiddleware, minimum_size=3)]
SUB = [Middleware(GZipMiddleware, minimum_size=4)]


async def handler(request):
    return PlainTextResponse("real")


routes = [Route("/x", handler, middleware=ROUTE)]
sub = Starlette(routes=[Mount("/router", app=Router(routes, middleware=ROUTER))], middleware=SUB)
app = Starlette(routes=[Mount("/sub", app=sub, middleware=MOUNT)])
"""


def test_where_layers_of_mounts_and_routes_were_registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not all(map(takes_middleware, (Route, Mount, Router))):
        pytest.skip("routes take no middleware here")
    (tmp_path / "registered_mounts.py").write_text(REGISTERED)
    monkeypatch.chdir(tmp_path)
    before = Mount.__init__
    trace = mwviz.trace("registered_mounts:app", "/sub/router/x")
    own = [layer for layer in trace.layers if layer.origin != "framework"]
    assert [layer.within for layer in own] == ["mount /sub", "mount /sub", "mount /sub/router", "route /sub/router/x"]
    lines = [layer.registered_at.line if layer.registered_at is not None else None for layer in own]
    assert lines == [8, 10, 9, 7]
    assert {layer.registered_by for layer in own} == {"list"}
    assert [layer.arguments["minimum_size"] for layer in own] == ["2", "4", "3", "1"]
    assert Mount.__init__ is before
