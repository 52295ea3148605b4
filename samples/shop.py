"""A small shop behind eight layers in an order that works: what guards and explains lies outside, what costs inside.

`mwviz lint` finds nothing in it, except on an older Starlette, whose GZipMiddleware holds server-sent events back in
any order. `shop_misordered.py` has the same layers in another one.
"""

from __future__ import annotations

import logging
import os
import time
import uuid
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECRET = os.environ.get("SHOP_SECRET", "only for the demo")
HOSTS = ["shop.example", "localhost"]
ORIGINS = ["https://shop.example"]
EXPOSED = ["X-Request-ID", "X-Process-Time"]
#: Where the server writes its own errors; without a server nobody listens.
LOG = logging.getLogger("uvicorn.error.shop")
LOG.addHandler(logging.NullHandler())
PRODUCTS = {1: "Teapot", 2: "Kettle", 3: "Cup"}


class RequestIdMiddleware:
    """Gives every request an id, the caller's own if it sent one, and returns it in a response header."""

    def __init__(self, app: ASGIApp, header: str = "X-Request-ID") -> None:
        self.app = app
        self.header = header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the id in `scope["state"]` and add it to the start of the response."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = Headers(scope=scope).get(self.header) or uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[self.header] = request_id
            await send(message)

        await self.app(scope, receive, send_with_id)


class SecurityHeadersMiddleware:
    """Adds the headers that tell a browser to be careful."""

    def __init__(self, app: ASGIApp, max_age: int = 31_536_000) -> None:
        self.app = app
        self.headers = {
            "Strict-Transport-Security": f"max-age={max_age}",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add them where the response itself has said nothing."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class AuthMiddleware(BaseHTTPMiddleware):
    """Answers 401 to everybody who has neither a token nor signed in, except below the public first parts of a path."""

    def __init__(self, app: ASGIApp, token: str, public: tuple[str, ...] = ()) -> None:
        super().__init__(app)
        self.token = token
        self.public = public

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Let the request pass or answer it here."""
        by_token = request.headers.get("authorization") == f"Bearer {self.token}"
        user = "machine" if by_token else request.scope.get("session", {}).get("user")
        if user is None and request.url.path.split("/")[1] not in self.public:
            return JSONResponse({"detail": "Not authenticated"}, 401, {"WWW-Authenticate": "Bearer"})
        request.state.user = user
        return await call_next(request)


async def process_time(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Tell how long the endpoint took, in seconds, and answer for it if it raises.

    The answer of ServerErrorMiddleware, which stands outside of all middleware, would have no header of any layer here.
    """
    start = time.perf_counter()
    try:
        response = await call_next(request)
    except Exception:
        LOG.exception("%s %s failed", request.method, request.url.path)
        response = JSONResponse({"detail": "Internal Server Error"}, 500)
    response.headers["X-Process-Time"] = f"{time.perf_counter() - start:.6f}"
    return response


router = APIRouter()


@router.get("/")
async def home() -> dict[str, str]:
    """Greet the customer."""
    return {"message": "Welcome to the shop"}


@router.get("/products")
async def products() -> list[str]:
    """Everything that is for sale."""
    return list(PRODUCTS.values())


@router.get("/products/{number}")
async def product(number: int) -> dict[str, Any]:
    """One article by its number."""
    if number not in PRODUCTS:
        raise HTTPException(404, "No such product")
    return {"number": number, "name": PRODUCTS[number]}


@router.post("/login")
async def login(request: Request, name: str) -> dict[str, str]:
    """Sign in; the session cookie remembers it."""
    request.session["user"] = name
    return {"user": name}


@router.get("/orders")
async def orders(request: Request) -> dict[str, Any]:
    """The orders of whoever asks."""
    return {"user": request.state.user, "orders": []}


app = FastAPI(title="Shop")
app.include_router(router)

# Each call wraps what is there already: the last one added is the outermost.
app.add_middleware(GZipMiddleware, minimum_size=500)
app.middleware("http")(process_time)
app.add_middleware(AuthMiddleware, token=SECRET, public=("", "products", "login"))
app.add_middleware(SessionMiddleware, secret_key=SECRET)
app.add_middleware(CORSMiddleware, allow_origins=ORIGINS, allow_credentials=True, expose_headers=EXPOSED)
app.add_middleware(SecurityHeadersMiddleware)
app.add_middleware(RequestIdMiddleware)
app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)
