"""Middleware of every kind of behaviour, each as small as it can be, and apps made of them."""

from __future__ import annotations

import asyncio
import copy
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Layer:
    """Passes everything on, receive and send included."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class Outer(Layer):
    """A layer to stand outside of the one under test."""


class Inner(Layer):
    """A layer to stand inside of the one under test."""


class Stamps(Layer):
    """Wraps `send`, and adds a header to the response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-stamp", b"1")]
            await send(message)

        await self.app(scope, receive, stamped)


class Answers(Layer):
    """Answers 403 itself."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("no", 403)(scope, receive, send)


class Replaces(Layer):
    """Throws the inner response away and sends another."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def swallow(message: Message) -> None:
            pass

        await self.app(scope, receive, swallow)
        await PlainTextResponse("mine", 418)(scope, receive, send)


class ReplacesKeepingTheStatus(Layer):
    """Throws the inner response away and sends another with the same status."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def swallow(message: Message) -> None:
            pass

        await self.app(scope, receive, swallow)
        await PlainTextResponse("mine")(scope, receive, send)


class Rescues(Layer):
    """Turns any exception into a 503."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception:  # noqa: BLE001 - what it is for
            await PlainTextResponse("sorry", 503)(scope, receive, send)


class Swallows(Layer):
    """Catches any exception and sends nothing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception:  # noqa: BLE001 - what it is for
            return


class RaisesBefore(Layer):
    """Raises before it calls inward."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("before")


class RaisesAfter(Layer):
    """Raises when the response is through."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
        raise ValueError("after")


class Converts(Layer):
    """Raises another exception than the one that came from inside."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except ValueError as error:
            raise KeyError("converted") from error


class Silent(Layer):
    """Returns without an answer and without calling inward."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        return


class Drops(Layer):
    """Calls inward and lets nothing of the response out."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def swallow(message: Message) -> None:
            pass

        await self.app(scope, receive, swallow)


class Hangs(Layer):
    """Never returns, but awaits."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(3600)


class Spins(Layer):
    """Never returns, and never awaits."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            pass


class StartsTwice(Layer):
    """Starts the response a second time once the inner one is through."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
        await send({"type": "http.response.start", "status": 200, "headers": []})


class OtherTask(Layer):
    """Runs the inner app in a task of its own."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.ensure_future(self._inner(scope, receive, send))

    async def _inner(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class OtherThread(Layer):
    """Runs the inner app on a loop in another thread, collecting the response there."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        async def empty() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        thread = threading.Thread(target=lambda: asyncio.run(self._inner(scope, empty, collect)))
        thread.start()
        while thread.is_alive():
            await asyncio.sleep(0.001)
        for message in messages:
            await send(message)

    async def _inner(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class CopiesScope(Layer):
    """Hands a shallow copy of the scope inward."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app({**scope}, receive, send)


class CopiesScopeDeeply(Layer):
    """Hands a deep copy of the scope inward, as hypercorn's ProxyFix does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = scope.pop("app", None)  # a live app cannot be copied
        inner = copy.deepcopy(scope)
        if app is not None:
            scope["app"] = inner["app"] = app
        await self.app(inner, receive, send)


class NewScope(Layer):
    """Makes a scope of its own, with no object of the old one in it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        new = {key: scope[key] for key in ("type", "method", "path", "headers", "query_string", "app", "scheme")}
        await self.app(new, receive, send)


class Buffers(Layer):
    """Keeps the whole response back until its body is complete."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, keep)
        for message in messages:
            await send(message)


class Retries(Layer):
    """Calls the inner app twice and lets the second response out."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def swallow(message: Message) -> None:
            pass

        await self.app(scope, receive, swallow)
        await self.app(scope, receive, send)


class Base(BaseHTTPMiddleware):
    """Passes on, through Starlette's own helper."""

    async def dispatch(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        return await call_next(request)


class BaseAnswers(BaseHTTPMiddleware):
    """Answers 401 through the helper."""

    async def dispatch(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        return PlainTextResponse("who?", 401)


class BaseReplaces(BaseHTTPMiddleware):
    """Calls inward through the helper and answers something else."""

    async def dispatch(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        await call_next(request)
        return PlainTextResponse("mine", 418)


async def dispatched(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """A dispatch function, as `@app.middleware("http")` registers it."""
    return await call_next(request)


def hidden(app: App) -> App:
    """A middleware that keeps its inner app where no attribute tells."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return middleware


def nothing(app: App) -> App:
    """A registration that adds no layer."""
    return app


def app_of(*layers: Any, **options: Any) -> Starlette:
    """A Starlette app with these layers, outermost first."""
    registered = [each if isinstance(each, Middleware) else Middleware(each) for each in layers]
    return Starlette(middleware=registered, **options)
