"""Small layers, each with one idea, and apps made of them. Starlette alone is enough, of any version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute

PAGE = "https://page.example"


class Plain:
    """Hands everything on."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class Adding(Plain):
    """Adds headers to every response of HTTP."""

    def __init__(self, app: Any, headers: Sequence[tuple[str, str]]) -> None:
        super().__init__(app)
        self.headers = [(name.encode(), value.encode()) for name, value in headers]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def adding(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.headers]
            await send(message)

        await self.app(scope, receive, adding)


class FramesPages(Adding):
    """Adds x-frame-options to what is no OPTIONS."""

    def __init__(self, app: Any) -> None:
        super().__init__(app, [("x-frame-options", "DENY")])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class Auth(BaseHTTPMiddleware):
    """Answers 401 to whoever has no token."""

    async def dispatch(self, request: Any, call_next: Any) -> Response:
        if "authorization" in request.headers:
            return await call_next(request)  # type: ignore[no-any-return]
        return JSONResponse({}, 401)


class LongRefusal(BaseHTTPMiddleware):
    """Answers 403 with a whole page."""

    async def dispatch(self, request: Any, call_next: Any) -> Response:
        return PlainTextResponse("no " * 1000, 403)


class NotHere(BaseHTTPMiddleware):
    """Answers 404 to all HTTP."""

    async def dispatch(self, request: Any, call_next: Any) -> Response:
        return JSONResponse({}, 404)


class KindAuth(Auth):
    """The same, but lets preflights pass."""

    async def dispatch(self, request: Any, call_next: Any) -> Response:
        if request.method == "OPTIONS":
            return await call_next(request)  # type: ignore[no-any-return]
        return await super().dispatch(request, call_next)


class PureAuth(Plain):
    """The same for websockets, too."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await JSONResponse({}, 401)(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self.app(scope, receive, send)


class HttpAuth(Plain):
    """The same for HTTP alone, as it says itself."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await JSONResponse({}, 401)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class Home(Plain):
    """Answers `/` itself, whatever the method is."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/":
            await PlainTextResponse("home")(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class Options(Plain):
    """Answers every OPTIONS with 204, as some gateways do."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            await Response(status_code=204)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class Passing(BaseHTTPMiddleware):
    """Looks and hands on."""

    async def dispatch(self, request: Any, call_next: Any) -> Response:
        return await call_next(request)  # type: ignore[no-any-return]


class Refusing(BaseHTTPMiddleware):
    """Raises what a handler would."""

    async def dispatch(self, request: Any, call_next: Any) -> Response:
        raise HTTPException(403)


class Failing(BaseHTTPMiddleware):
    """Raises what nobody expects."""

    async def dispatch(self, request: Any, call_next: Any) -> Response:
        raise ValueError("a bug")


class Session(Plain):
    """What SessionMiddleware does, without its dependency."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] in ("http", "websocket"):
            scope["session"] = {}
        await self.app(scope, receive, send)


class ReadsSession(Plain):
    """Cannot do without a session."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            assert "session" in scope, "SessionMiddleware must be installed to access request.session"
        await self.app(scope, receive, send)


class MayReadSession(Plain):
    """Does without one."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope.get("session", {}).get("user")
        await self.app(scope, receive, send)


class Tenant(Plain):
    """Sets `request.state.tenant`."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})["tenant"] = "shop"
        await self.app(scope, receive, send)


class NeedsTenant(BaseHTTPMiddleware):
    """Reads it."""

    async def dispatch(self, request: Any, call_next: Any) -> Response:
        if not request.state.tenant:
            raise LookupError("no tenant")
        return await call_next(request)  # type: ignore[no-any-return]


class Forwarded(Plain):
    """Reads what a proxy says of the scheme."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            told = dict(scope["headers"]).get(b"x-forwarded-proto")
            if told is not None:
                scope["scheme"] = told.decode()
        await self.app(scope, receive, send)


class Client(Plain):
    """Reads what a proxy says of the client."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        told = dict(scope.get("headers", ())).get(b"x-forwarded-for")
        if told is not None and scope["client"][0] == "127.0.0.1":
            scope["client"] = (told.decode(), 0)
        await self.app(scope, receive, send)


class RateLimitMiddleware(Plain):
    """Has a name of the trade."""


class Local(Plain):
    """Turns away whoever does not come from this machine."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["client"][0] != "127.0.0.1":
            await PlainTextResponse("not from here", 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class Metrics(Plain):
    """Takes the time when its call ends."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.app(scope, receive, send)
        finally:
            self.app  # noqa: B018 - here a counter would be told


class MetricsOfResponses(BaseHTTPMiddleware):
    """Goes on when the response starts."""

    async def dispatch(self, request: Any, call_next: Any) -> Response:
        return await call_next(request)  # type: ignore[no-any-return]


class ResponseTime(Adding):
    """Tells the time in a header of the response."""

    def __init__(self, app: Any) -> None:
        super().__init__(app, [("x-response-time", "1")])


class Hoarding(Plain):
    """Lets the response go when all of it is there."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        kept: list[Any] = []

        async def keep(message: Any) -> None:
            kept.append(message)

        await self.app(scope, receive, keep)
        for message in kept:
            await send(message)


class Streaming(Plain):
    """Copies the stream, message by message."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def copy(message: Any) -> None:
            await send(dict(message))

        await self.app(scope, receive, copy)


class HttpOnly(Plain):
    """Asserts what it could ask."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await self.app(scope, receive, send)


class Silent(Plain):
    """Forgets to answer."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        return


class LimitsBodies(Plain):
    """Refuses what announces too much."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        size = dict(scope.get("headers", ())).get(b"content-length", b"0")
        if int(size) > 1_000_000:
            await PlainTextResponse("too large", 413)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class OwnHost(Plain):
    """Knows one name of its host alone."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and dict(scope["headers"])[b"host"] != b"localhost":
            await PlainTextResponse("not here", 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class KnownBrowsers(Plain):
    """Turns away who does not say what it is."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and b"user-agent" not in dict(scope["headers"]):
            await PlainTextResponse("who are you?", 400)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class OwnRedirect(Plain):
    """Redirects to HTTPS, as the framework's would."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["scheme"] == "http":
            headers = {"location": "https://testserver/"}
            await Response(status_code=307, headers=headers)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


async def live(websocket: Any) -> None:
    raise AssertionError("no rule calls a handler")


async def page(request: Any) -> None:
    raise AssertionError("no rule calls a handler")


CORS = Middleware(CORSMiddleware, allow_origins=[PAGE])
GZIP = Middleware(GZipMiddleware, minimum_size=500)
REDIRECT = Middleware(HTTPSRedirectMiddleware)
LIVE = WebSocketRoute("/live", live)


def app(*layers: Any, routes: Sequence[Any] = (), **given: Any) -> Starlette:
    """An app with these layers, outermost first."""
    entries = [each if isinstance(each, Middleware) else Middleware(each) for each in layers]
    return Starlette(routes=[Route("/", page), *routes], middleware=entries, **given)


def adding(*names: str) -> Middleware:
    """A layer that adds headers."""
    return Middleware(Adding, headers=[(name, "1") for name in names])


def mounted(*layers: Any) -> Mount:
    """An app with these layers at /admin."""
    return Mount("/admin", app(*layers))
