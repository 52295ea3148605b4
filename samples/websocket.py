"""A chat room over a websocket: pages of other origins are closed out, and a token in the query names the member.

`log_requests` is an HTTP middleware like most: it never hears of the websocket.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response, WebSocket
from starlette.middleware.base import RequestResponseEndpoint

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

ORIGINS = {"https://chat.example"}
TOKENS = {"s3cret": "ada"}
POLICY_VIOLATION, UNAUTHORIZED = 1008, 4401


class OriginMiddleware:
    """Closes websockets that a page of another origin opens: browsers do not keep them from doing so."""

    def __init__(self, app: ASGIApp, origins: set[str]) -> None:
        self.app = app
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close, or hand on."""
        origin = dict(scope.get("headers", ())).get(b"origin", b"").decode("latin-1")
        if scope["type"] == "websocket" and origin and origin not in self.origins:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "origin not allowed"})
        else:
            await self.app(scope, receive, send)


class TokenMiddleware:
    """Sets `member` by the token in the query; without one a websocket is accepted, told so and closed.

    A close before the accept would reach a browser as a bare 403, without code and reason.
    """

    def __init__(self, app: ASGIApp, tokens: dict[str, str]) -> None:
        self.app = app
        self.tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close, or hand on."""
        if scope["type"] == "websocket":
            token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            scope["member"] = self.tokens.get(token)
            if scope["member"] is None:
                await send({"type": "websocket.accept"})
                await send({"type": "websocket.close", "code": UNAUTHORIZED, "reason": "no valid token"})
                return
        await self.app(scope, receive, send)


async def log_requests(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Log every request, as its author believes."""
    response = await call_next(request)
    print(f"{request.url.path} {response.status_code}")  # noqa: T201 - a log
    return response


app = FastAPI(title="Chat")
app.add_middleware(TokenMiddleware, tokens=TOKENS)
app.middleware("http")(log_requests)
app.add_middleware(OriginMiddleware, origins=ORIGINS)


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Greet the member and echo what they say."""
    await websocket.accept()
    await websocket.send_text(f"Welcome, {websocket.scope['member']}!")
    async for said in websocket.iter_text():
        await websocket.send_text(f"You said: {said}")
