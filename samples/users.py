"""A request's id and its user in context variables: the layer between them never sees the user."""

from __future__ import annotations

import logging
import uuid
from contextvars import ContextVar

from fastapi import FastAPI, Request, Response
from starlette.middleware.base import RequestResponseEndpoint
from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger("audit")
request_id: ContextVar[str] = ContextVar("request_id", default="-")
current_user: ContextVar[str] = ContextVar("current_user", default="nobody")


class RequestIdMiddleware:
    """Gives every request an id, for as long as it lasts."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set it for all that is further in."""
        token = request_id.set(uuid.uuid4().hex)
        try:
            await self.app(scope, receive, send)
        finally:
            request_id.reset(token)


class UserMiddleware:
    """Knows who asks."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell it to all that is further in."""
        if scope["type"] == "http":
            current_user.set("somebody")
            scope.setdefault("state", {})["user"] = "somebody"
        await self.app(scope, receive, send)


async def audit(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Log who did what: `nobody`, as what is set further in stays in the task that runs there."""
    response = await call_next(request)
    log.info("%s %s by %s", request_id.get(), request.url.path, current_user.get())
    return response


app = FastAPI()
app.add_middleware(UserMiddleware)
app.middleware("http")(audit)
app.add_middleware(RequestIdMiddleware)


@app.get("/me")
async def me() -> dict[str, str]:
    """Say who asks."""
    return {"user": current_user.get(), "request": request_id.get()}
