"""The example of FastAPI's page on middleware: A is added first, B second, and a request meets B first."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint


class MiddlewareA(BaseHTTPMiddleware):
    """Signs every response with `X-A`."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Sign what comes back from further in."""
        response = await call_next(request)
        response.headers["X-A"] = "seen"
        return response


class MiddlewareB(BaseHTTPMiddleware):
    """Signs every response with `X-B`."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Sign what comes back from further in."""
        response = await call_next(request)
        response.headers["X-B"] = "seen"
        return response


app = FastAPI()
app.add_middleware(MiddlewareA)
app.add_middleware(MiddlewareB)


@app.get("/")
async def home() -> dict[str, str]:
    """Say hello."""
    return {"message": "Hello World"}
