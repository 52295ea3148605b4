"""A middleware without a class: a function that returns a function, with the inner app hidden in the closure."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def cache_control(app: ASGIApp, max_age: int) -> ASGIApp:
    """Let clients keep every response for `max_age` seconds."""

    async def with_cache_control(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Cache-Control"] = f"max-age={max_age}"
            await send(message)

        await app(scope, receive, send_with_header)

    return with_cache_control


app = FastAPI(title="Closure")
app.add_middleware(GZipMiddleware)
app.add_middleware(cache_control, max_age=60)


@app.get("/")
async def home() -> dict[str, str]:
    """Say hello."""
    return {"message": "Hello, for a minute"}
