"""Layers and endpoints of every kind of behaviour that a websocket can meet, each as small as it can be."""

from __future__ import annotations

from typing import Any

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.websockets import WebSocket

from tests.collect.behaviours import Layer, Message, Receive, Scope, Send

ACCEPT: Message = {"type": "websocket.accept"}


def close(code: int = 1000, reason: str = "") -> Message:
    return {"type": "websocket.close", "code": code, "reason": reason}


def text(said: str) -> Message:
    return {"type": "websocket.send", "text": said}


class Closes(Layer):
    """Closes before an accept."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(close(1008, "no token"))


class Denies(Layer):
    """Denies with an HTTP response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b"who?"})


class DeniesHalf(Layer):
    """Begins a denial and never ends it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.http.response.start", "status": 401, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"who", "more_body": True})


class Accepts(Layer):
    """Accepts, answers and closes itself."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for message in (ACCEPT, text("mine"), close(1001)):
            await send(dict(message))


class AcceptsFirst(Layer):
    """Accepts before it calls inward, and lets everything out but the second accept."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def rest(message: Message) -> None:
            if message["type"] != "websocket.accept":
                await send(message)

        await send(dict(ACCEPT))
        await self.app(scope, receive, rest)


class ClosesInstead(Layer):
    """Lets no accept out: closes instead, once the inner app is through."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def swallow(message: Message) -> None:
            pass

        await self.app(scope, receive, swallow)
        await send(close(1013))


class ClosesLate(Layer):
    """Lets everything out but the close, and closes with a code of its own."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def but_close(message: Message) -> None:
            if message["type"] != "websocket.close":
                await send(message)

        await self.app(scope, receive, but_close)
        await send(close(1012))


class ChangesCode(Layer):
    """Changes the code of a close, and the chosen subprotocol."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def changed(message: Message) -> None:
            if message["type"] == "websocket.close":
                message["code"] = 4000
            if message["type"] == "websocket.accept":
                message["subprotocol"] = "chat"
            await send(message)

        await self.app(scope, receive, changed)


class DropsMessages(Layer):
    """Lets no message out, but the accept and the close."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def fewer(message: Message) -> None:
            if message["type"] != "websocket.send":
                await send(message)

        await self.app(scope, receive, fewer)


class Shouts(Layer):
    """Changes every message."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def louder(message: Message) -> None:
            await send({**message, "text": message["text"].upper()} if "text" in message else message)

        await self.app(scope, receive, louder)


class Holds(Layer):
    """Holds the accept back until there is a message."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held: list[Message] = []

        async def later(message: Message) -> None:
            held.append(message)
            if message["type"] != "websocket.accept":
                while held:
                    await send(held.pop(0))

        await self.app(scope, receive, later)


class RescuesClosing(Layer):
    """Turns any exception into a close."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception:  # noqa: BLE001 - what it is for
            await send(close(1011))


class AcceptsTwice(Layer):
    """Accepts again once the inner app is through."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
        await send(dict(ACCEPT))


class Stays(BaseHTTPMiddleware):
    """A helper that is skipped."""

    async def dispatch(self, request: Any, call_next: Any) -> Any:
        raise AssertionError("never for a websocket")


class OwnCall(BaseHTTPMiddleware):
    """A helper with a `__call__` that does look at websockets."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def seen(message: Message) -> None:
            await send(message)

        await self.app(scope, receive, seen)


async def echo(websocket: WebSocket) -> None:
    """Greets, and echoes until the client leaves."""
    await websocket.accept()
    await websocket.send_text("hello")
    async for said in websocket.iter_text():
        await websocket.send_text(f"echo {said}")


async def closing(websocket: WebSocket) -> None:
    """Says two things and closes."""
    await websocket.accept()
    await websocket.send_text("one")
    await websocket.send_bytes(b"two")
    await websocket.close(1001)


async def leaving_open(websocket: WebSocket) -> None:
    """Accepts and returns."""
    await websocket.accept()


async def raising(websocket: WebSocket) -> None:
    """Raises before the accept."""
    raise ValueError("before")


async def raising_late(websocket: WebSocket) -> None:
    """Raises after the accept."""
    await websocket.accept()
    raise ValueError("late")


async def refusing(websocket: WebSocket) -> None:
    """Closes before an accept."""
    await websocket.close(1008)


async def silent(websocket: WebSocket) -> None:
    """Never answers."""


async def waiting(websocket: WebSocket) -> None:
    """Wants a message before it has accepted."""
    await websocket.receive()
    await websocket.receive()
