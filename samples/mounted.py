"""A shop of several apps: what a request passes depends on its route, not only on the app's own middleware."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, WebSocket
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send


class AccessLogMiddleware:
    """Notes who asked for what."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        await self.app(scope, receive, send)


class StaffOnlyMiddleware(BaseHTTPMiddleware):
    """Answers 401 to everybody without the staff's token. No websocket meets it, as no BaseHTTPMiddleware."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Let the request pass or answer it here."""
        if request.headers.get("authorization") != "Bearer staff":
            return PlainTextResponse("Staff only", 401)
        return await call_next(request)


def get_db() -> Iterator[dict[str, Any]]:
    """Stand for a database session."""
    yield {}


def current_user(request: Request, db: dict[str, Any] = Depends(get_db)) -> str:
    """Return who asks, by the token of the request."""
    user = db.get(request.headers.get("authorization", ""))
    if user is None:
        raise HTTPException(401)
    return str(user)


orders = APIRouter(prefix="/orders", dependencies=[Depends(current_user)])


@orders.get("")
def list_orders(user: str = Depends(current_user)) -> dict[str, str]:
    """The orders of whoever asks."""
    return {"user": user}


@orders.get("/{number}")
def show_order(number: int, db: dict[str, Any] = Depends(get_db)) -> dict[str, Any]:
    """One order."""
    return {"number": number, "order": db.get(str(number))}


@orders.delete("/{number}")
def cancel_order(number: int) -> dict[str, int]:
    """Cancel it."""
    return {"number": number}


admin = FastAPI(title="Administration", docs_url=None, redoc_url=None, openapi_url=None)
admin.add_middleware(StaffOnlyMiddleware)


@admin.get("/users")
def users() -> list[str]:
    """Everybody."""
    return []


@admin.websocket("/live")
async def live(websocket: WebSocket) -> None:
    """Tell of every order as it comes."""
    await websocket.accept()
    await websocket.close()


async def report(_: Request) -> Response:
    """Everything that was ever sold: long, so that this route alone compresses."""
    return PlainTextResponse("number,name\n" * 1_000)


async def pictures(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve what another program has drawn: an ASGI app that is not Starlette's."""
    await PlainTextResponse("a picture")(scope, receive, send)


app = FastAPI(title="Shops", redoc_url=None)
app.add_middleware(AccessLogMiddleware)
app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])


@app.get("/")
def home() -> dict[str, str]:
    """Greet the customer."""
    return {"message": "Welcome"}


app.include_router(orders, prefix="/v1")
app.include_router(orders, prefix="/v2", dependencies=[Depends(get_db)])
app.router.routes.append(Route("/report.csv", report, middleware=[Middleware(GZipMiddleware, minimum_size=500)]))
app.mount("/admin", admin)
app.mount("/pictures", pictures)
