"""Apps for the fault matrix, and what a client gets of each, written down by hand.

A line per row: the fault, where, the status, the headers that are kept, and behind the bar the same for the preflight.
`-` stands for nothing, `~` before a status for a fault that never came about. Headers are told by letters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LETTERS = {"access-control-allow-origin": "C", "x-id": "I", "x-time": "T", "x-frame-options": "F"}
ORIGIN = "https://shop.example"
CALLED: list[str] = []


class Adds:
    """Adds a header to whatever comes out."""

    def __init__(self, app: ASGIApp, name: str = "x-id") -> None:
        self.app = app
        self.name = name.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (self.name, b"1")]
            await send(message)

        await self.app(scope, receive, send_more)


class Times(Adds):
    """The same by another name, for x-time."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, "x-time")


class Guard(Adds):
    """A layer that would turn clients away, and adds nothing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class Refuses(Guard):
    """Turns everybody away."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({"detail": "no"}, 401)(scope, receive, send)


class Rescues(Guard):
    """Makes a 503 of any exception."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception:  # noqa: BLE001 - what it is for
            await PlainTextResponse("later", 503)(scope, receive, send)


class Limits(Guard):
    """Looks at the length that the client tells."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if int(length) > 1_000_000:
            await PlainTextResponse("too much", 413)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class Framed(BaseHTTPMiddleware):
    """A BaseHTTPMiddleware that adds a header."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["x-frame-options"] = "DENY"
        return response


async def home(request: Request) -> Response:
    CALLED.append(request.url.path)
    return PlainTextResponse("home")


async def on_error(request: Request, error: Exception) -> Response:
    return PlainTextResponse("oh", 500, headers={"x-time": "own"})


async def on_missing(request: Request, error: Exception) -> Response:
    return PlainTextResponse("nothing", 410)


CORS = Middleware(CORSMiddleware, allow_origins=[ORIGIN])


def app(*layers: Any, **more: Any) -> Starlette:
    stack = [each if isinstance(each, Middleware) else Middleware(each) for each in layers]
    return Starlette(routes=[Route("/", home)], middleware=stack, **more)


def mounting() -> Starlette:
    inner = app(Times)
    return Starlette(routes=[Mount("/sub", inner)], middleware=[CORS, Middleware(Adds)])


class Case:
    """An app, what is asked of it, and the truth."""

    def __init__(self, make: Callable[[], Any], truth: str, **options: Any) -> None:
        self.make = make
        self.options = options
        self.truth = [line.split() for line in truth.strip().splitlines()]


#: Of a stack where every header is added by registered layers, a 500 made outside of them keeps none.
CASES = {
    # The id is outermost: what CORS answers has it, what the id's own layer answers has nothing.
    "in order": Case(
        lambda: app(Adds, CORS, Guard, Times),
        """
        reject Adds           403 -    | 403 -
        reject CORSMiddleware 403 I    | 403 I
        reject Guard          403 CI   | ~200 CI
        reject Times          403 CI   | ~200 CI
        crash Adds            500 -    | 500 -
        crash CORSMiddleware  500 -    | 500 -
        crash Guard           500 -    | ~200 CI
        crash Times           500 -    | ~200 CI
        crash endpoint              500 -
        http_exception endpoint     400 CIT
        not_found endpoint          404 CIT
        method_not_allowed endpoint 405 CIT
        invalid endpoint            ~- -
        disconnect endpoint         500 -
        too_large endpoint          200 CIT
        """,
    ),
    # Guard and Times are outside of CORS: a browser cannot read what they answer, and they meet its preflight.
    "out of order": Case(
        lambda: app(Guard, Times, CORS, Adds),
        """
        reject Guard          403 -    | 403 -
        reject Times          403 -    | 403 -
        reject CORSMiddleware 403 T    | 403 T
        reject Adds           403 CT   | ~200 CT
        crash Guard           500 -    | 500 -
        crash Times           500 -    | 500 -
        crash CORSMiddleware  500 -    | 500 -
        crash Adds            500 -    | ~200 CT
        crash endpoint              500 -
        http_exception endpoint     400 CIT
        not_found endpoint          404 CIT
        method_not_allowed endpoint 405 CIT
        invalid endpoint            ~- -
        disconnect endpoint         500 -
        too_large endpoint          200 CIT
        """,
    ),
    # What lies outside of the application lies outside of the layer that makes the 500, too.
    "wrapped from outside": Case(
        lambda: CORSMiddleware(app(Adds, Guard), allow_origins=["*"]),
        """
        reject CORSMiddleware 403 -    | 403 -
        reject Adds           403 C    | ~200 C
        reject Guard          403 CI   | ~200 C
        crash CORSMiddleware  - -      | - -
        crash Adds            500 C    | ~200 C
        crash Guard           500 C    | ~200 C
        crash endpoint              500 C
        http_exception endpoint     400 CI
        not_found endpoint          404 CI
        method_not_allowed endpoint 405 CI
        invalid endpoint            ~- -
        disconnect endpoint         500 C
        too_large endpoint          200 CI
        """,
    ),
    # A handler for Exception runs in ServerErrorMiddleware, outside of all: it keeps what it adds itself.
    "a handler for Exception": Case(
        lambda: app(CORS, Times, Guard, exception_handlers={Exception: on_error, 404: on_missing}),
        """
        reject CORSMiddleware 403 -    | 403 -
        reject Times          403 C    | ~200 C
        reject Guard          403 CT   | ~200 C
        crash CORSMiddleware  500 T    | 500 -
        crash Times           500 T    | ~200 C
        crash Guard           500 T    | ~200 C
        crash endpoint              500 T
        http_exception endpoint     400 CT
        not_found endpoint          410 CT
        method_not_allowed endpoint 405 CT
        invalid endpoint            ~- -
        disconnect endpoint         500 T
        too_large endpoint          200 CT
        """,
    ),
    # A layer that rescues exceptions inside of CORS keeps what lies outside of it, and loses what lies inside.
    "a layer that rescues": Case(
        lambda: app(Adds, CORS, Rescues, Times, Guard),
        """
        reject Adds           403 -    | 403 -
        reject CORSMiddleware 403 I    | 403 I
        reject Rescues        403 CI   | ~200 CI
        reject Times          403 CI   | ~200 CI
        reject Guard          403 CIT  | ~200 CI
        crash Adds            500 -    | 500 -
        crash CORSMiddleware  500 -    | 500 -
        crash Rescues         500 -    | ~200 CI
        crash Times           503 CI   | ~200 CI
        crash Guard           503 CI   | ~200 CI
        crash endpoint              503 CI
        http_exception endpoint     400 CIT
        not_found endpoint          404 CIT
        method_not_allowed endpoint 405 CIT
        invalid endpoint            ~- -
        disconnect endpoint         503 CI
        too_large endpoint          200 CIT
        """,
    ),
    "BaseHTTP layers": Case(
        lambda: app(Framed, Adds, Framed),
        """
        reject Framed         403 -
        reject Adds           403 F
        reject Framed#2       403 FI
        crash Framed          500 -
        crash Adds            500 -
        crash Framed#2        500 -
        crash endpoint              500 -
        http_exception endpoint     400 FI
        not_found endpoint          404 FI
        method_not_allowed endpoint 405 FI
        invalid endpoint            ~- -
        disconnect endpoint         500 -
        too_large endpoint          200 FI
        """,
    ),
    # A sub-app makes its own 500, and what lies around it in the app stands outside of that.
    "a mounted app": Case(
        mounting,
        """
        reject CORSMiddleware 403 -    | 403 -
        reject Adds           403 C    | ~200 C
        reject Times          403 CI   | ~200 C
        crash CORSMiddleware  500 -    | 500 -
        crash Adds            500 -    | ~200 C
        crash Times           500 CI   | ~200 C
        crash endpoint              500 CI
        http_exception endpoint     400 CIT
        not_found endpoint          404 CI
        method_not_allowed endpoint 405 CIT
        invalid endpoint            ~- -
        disconnect endpoint         500 CI
        too_large endpoint          200 CIT
        """,
        path="/sub/",
        endpoint="stand-in",
    ),
    # Nothing further in is reached: what comes back is told with who answered, and nothing is guessed.
    "a layer that never calls inward": Case(
        lambda: app(Adds, Refuses, CORS, Guard),
        """
        reject Adds           403 -    | 403 -
        reject Refuses        403 I    | 403 I
        reject CORSMiddleware ~401 I   | ~401 I
        reject Guard          ~401 I   | ~401 I
        crash Adds            500 -    | 500 -
        crash Refuses         500 -    | 500 -
        crash CORSMiddleware  ~401 I   | ~401 I
        crash Guard           ~401 I   | ~401 I
        crash endpoint              ~401 I
        http_exception endpoint     ~401 I
        not_found endpoint          ~401 I
        method_not_allowed endpoint ~401 I
        invalid endpoint            ~- -
        disconnect endpoint         ~401 I
        too_large endpoint          ~401 I
        """,
    ),
    # What it answers is what comes of an oversized body, wherever it stands.
    "a layer that limits bodies": Case(
        lambda: app(CORS, Limits, Adds),
        """
        reject CORSMiddleware 403 -    | 403 -
        reject Limits         403 C    | ~200 C
        reject Adds           403 C    | ~200 C
        crash CORSMiddleware  500 -    | 500 -
        crash Limits          500 -    | ~200 C
        crash Adds            500 -    | ~200 C
        crash endpoint              500 -
        http_exception endpoint     400 CI
        not_found endpoint          404 CI
        method_not_allowed endpoint 405 CI
        invalid endpoint            ~- -
        disconnect endpoint         500 -
        too_large endpoint          413 C
        """,
    ),
}
