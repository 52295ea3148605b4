"""Apps of Starlette with routes of every kind, each as small as it can be, with the chains that requests pass."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute

from mwviz.model.routes import RouteChain, Routes
from tests.collect.behaviours import App, Inner, Layer, Outer, Receive, Scope, Send

#: Middleware of routes and mounts came with Starlette 0.24 and 0.28.
MOUNT_MIDDLEWARE = "middleware" in inspect.signature(Mount).parameters
ROUTE_MIDDLEWARE = "middleware" in inspect.signature(Route).parameters
ROUTER_MIDDLEWARE = "middleware" in inspect.signature(Router).parameters


class Guard(BaseHTTPMiddleware):
    """A layer that websockets pass by."""

    async def dispatch(self, request: Request, call_next: Callable[[Request], Any]) -> Response:
        response: Response = await call_next(request)
        return response


class GuardOfBoth(Guard):
    """One that looks at websockets, too, because it overrides the call."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


BOTH = [Middleware(Inner), Middleware(Guard)]


class Deep(Layer):
    """A layer of an app further in."""


async def home(request: Request) -> Response:
    return PlainTextResponse("home")


async def other(request: Request) -> Response:
    return PlainTextResponse("other")


async def socket(websocket: Any) -> None:
    await websocket.accept()
    await websocket.close()


async def foreign(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("foreign")(scope, receive, send)


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"wsgi"]


class Wsgi:
    """What WSGI middleware does: it holds an app that is not ASGI."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("wsgi")(scope, receive, send)


class Page(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return PlainTextResponse("page")

    async def delete(self, request: Request) -> Response:
        return PlainTextResponse("gone")


class Chat(WebSocketEndpoint):
    """A class that a websocket gets to."""


class Handler:
    """Handlers that are methods of an object."""

    async def handle(self, request: Request) -> Response:
        return PlainTextResponse("method")


def app(*routes: Any, middleware: tuple[Any, ...] = (Outer,)) -> Starlette:
    return Starlette(routes=list(routes), middleware=[Middleware(each) for each in middleware])


def told(chain: RouteChain, routes: Routes) -> str:
    """A chain in one line, without the framework's layers: `GET,HEAD //host/path: Outer > Inner > handler`."""
    own = [routes.layers[index] for index in chain.layer_indexes if routes.layers[index].origin != "framework"]
    host = f"//{chain.host}" if chain.host is not None else ""
    kind = "WS" if chain.type == "websocket" else ",".join(chain.methods) or "ANY"
    passed = [f"({layer.label})" if layer.label in chain.skipped else layer.label for layer in own]
    return f"{kind} {host}{chain.path}: {' > '.join([*passed, *chain.dependencies, chain.endpoint.name])}"


def mounted_in_itself() -> Starlette:
    found = app(Route("/", home))
    found.mount("/again", found)
    return found


def shared_app() -> Starlette:
    sub = app(Route("/x", home), middleware=(Deep,))
    return app(Mount("/a", sub), Mount("/b", sub))


def closed_over(app: App) -> App:
    async def around(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return around


#: A name, the app, and its chains.
CASES: list[tuple[str, Callable[[], Any], list[str]]] = [
    ("no route", app, []),
    ("a route", lambda: app(Route("/", home)), ["GET,HEAD /: Outer > home"]),
    (
        "methods",
        lambda: app(Route("/", home, methods=["PATCH", "GET", "BREW"]), Route("/x", other, methods=["POST"])),
        ["GET,HEAD,PATCH,BREW /: Outer > home", "POST /x: Outer > other"],
    ),
    (
        "endpoints that are classes, methods and partials",
        lambda: app(
            Route("/class", Page),
            WebSocketRoute("/chat", Chat),
            Route("/method", Handler().handle),
            Route("/partial", functools.partial(home)),
            Route("/lambda", lambda request: PlainTextResponse("")),
        ),
        [
            "GET,HEAD,DELETE /class: Outer > Page",
            "WS /chat: Outer > Chat",
            "GET,HEAD /method: Outer > handle",
            "GET,HEAD /partial: Outer > home",
            "GET,HEAD /lambda: Outer > <lambda>",
        ],
    ),
    (
        "a websocket, which skips a BaseHTTPMiddleware",
        lambda: app(WebSocketRoute("/ws", socket), Route("/", home), middleware=(Guard, Outer, GuardOfBoth)),
        ["WS /ws: (Guard) > Outer > GuardOfBoth > socket", "GET,HEAD /: Guard > Outer > GuardOfBoth > home"],
    ),
    (
        "mounted twice over",
        lambda: app(
            Mount("/v1", app(Route("/x", home), Mount("/in", app(Route("/", other), middleware=(Deep, Outer))))),
            middleware=(Outer, Inner),
        ),
        [
            "GET,HEAD /v1/x: Outer > Inner > Outer#2 > home",
            "GET,HEAD /v1/in/: Outer > Inner > Outer#2 > Deep > Outer#3 > other",
        ],
    ),
    (
        "one app mounted at two places",
        shared_app,
        ["GET,HEAD /a/x: Outer > Deep > home", "GET,HEAD /b/x: Outer > Deep > home"],
    ),
    ("an app mounted in itself", mounted_in_itself, ["GET,HEAD /: Outer > home", "ANY /again/*: Outer > Starlette"]),
    (
        "routes in a mount, and a mounted router",
        lambda: app(
            Mount("/a", routes=[Route("/x", home)]),
            Mount("/b", Router([Route("/{id:int}", other), Mount("", Router([Route("/y", home)]))])),
        ),
        ["GET,HEAD /a/x: Outer > home", "GET,HEAD /b/{id:int}: Outer > other", "GET,HEAD /b/y: Outer > home"],
    ),
    (
        "layers around a mounted app",
        lambda: app(Mount("/a", Inner(closed_over(app(Route("/x", home), middleware=(Deep,)))))),
        ["GET,HEAD /a/x: Outer > Inner > around > Deep > home"],
    ),
    (
        "hosts",
        lambda: app(
            Host("api.example.com", Router([Route("/x", home)])),
            Host("files.example.com", foreign),
            Host("{tenant}.example.com", app(Mount("/in", Router([Route("/y", other)])), middleware=(Deep,))),
        ),
        [
            "GET,HEAD //api.example.com/x: Outer > home",
            "ANY //files.example.com/*: Outer > foreign",
            "GET,HEAD //{tenant}.example.com/in/y: Outer > Deep > other",
        ],
    ),
    (
        "apps that cannot be looked into",
        lambda: app(Mount("/asgi", foreign), Mount("/wsgi", Wsgi(wsgi)), Mount("/", Layer(foreign))),
        ["ANY /asgi/*: Outer > foreign", "ANY /wsgi/*: Outer > Wsgi", "ANY /*: Outer > Layer"],
    ),
    (
        "an app for whatever no route takes",
        lambda: app(Mount("/in", Router([Route("/x", home)], default=foreign))),
        ["GET,HEAD /in/x: Outer > home", "ANY /in/*: Outer > foreign"],
    ),
    ("an app in a wrapper", lambda: Inner(app(Route("/", home))), ["GET,HEAD /: Inner > Outer > home"]),
]

if MOUNT_MIDDLEWARE:
    CASES += [
        (
            "middleware of a mount",
            lambda: app(
                Mount(
                    "/a", app(Route("/x", home), middleware=(Deep,)), middleware=[Middleware(Inner), Middleware(Guard)]
                ),
                Mount("/b", routes=[Route("/y", other)], middleware=[Middleware(Inner)]),
                Mount("/c", foreign, middleware=[Middleware(closed_over)]),
            ),
            [
                "GET,HEAD /a/x: Outer > Inner > Guard > Deep > home",
                "GET,HEAD /b/y: Outer > Inner > other",
                "ANY /c/*: Outer > around > foreign",
            ],
        )
    ]
if ROUTE_MIDDLEWARE:
    CASES += [
        (
            "middleware of a route",
            lambda: app(
                Route("/a", home, middleware=[Middleware(Inner), Middleware(closed_over)]),
                Route("/b", Page, middleware=[Middleware(Inner), Middleware(Deep)]),
                WebSocketRoute("/ws", socket, middleware=[Middleware(Guard)]),
                Mount("/in", Router([Route("/c", other, middleware=[Middleware(Outer)])])),
            ),
            [
                "GET,HEAD /a: Outer > Inner > around > home",
                "GET,HEAD,DELETE /b: Outer > Inner > Deep > Page",
                "WS /ws: Outer > (Guard) > socket",
                "GET,HEAD /in/c: Outer > Outer#2 > other",
            ],
        )
    ]
if ROUTER_MIDDLEWARE:
    CASES += [
        (
            "middleware of a mounted router",
            lambda: app(Mount("/in", Router([Route("/x", home)], middleware=[Middleware(Inner), Middleware(Deep)]))),
            ["GET,HEAD /in/x: Outer > Inner > Deep > home"],
        )
    ]

needs_route_middleware = pytest.mark.skipif(not ROUTE_MIDDLEWARE, reason="Starlette 0.28 brought middleware of routes")
