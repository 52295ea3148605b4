"""What answers in a handler's or a layer's place, so that the rules have something to judge."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from mwviz.collect.probe.loops import Loop
from mwviz.collect.stack.asgi import ASGIApp, Receive, Scope, Send

#: Shorter than any sensible least size to compress.
SMALL = b"A teapot"
EVENTS = (b"data: first\n\n", b"data: second\n\n")
#: Seconds between two events: what is not held back has long left by then.
_PAUSE = 0.02
#: Seconds for which an endpoint goes on when it has answered.
_LINGER = 0.005


async def small(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer with a short text in one message."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(SMALL)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": SMALL})


def streaming(loop: Loop) -> ASGIApp:
    """An app that answers with server-sent events, and with pauses between them."""

    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for event in EVENTS:
            await send({"type": "http.response.body", "body": event, "more_body": True})
            await loop.within(_PAUSE, loop.event().wait, lambda: None)
        await send({"type": "http.response.body", "body": b""})

    return stream


def lingering(loop: Loop) -> ASGIApp:
    """An app that answers at once, and then goes on for a while, as with a background task."""

    async def linger(scope: Scope, receive: Receive, send: Send) -> None:
        await small(scope, receive, send)
        await loop.within(_LINGER, loop.event().wait, lambda: None)

    return linger


def supplied(layer: ASGIApp, values: Mapping[str, Any], variables: Mapping[ContextVar[Any], Any]) -> ASGIApp:
    """The layer, called with these in the scope (`state.x`: in its state), as if another had put them there before.

    The same goes for context `variables`.
    """

    async def supply(scope: Scope, receive: Receive, send: Send) -> None:
        for key, value in values.items():
            name, dot, inner = key.partition(".")
            if dot:
                scope.setdefault(name, {})[inner] = value
            else:
                scope[name] = value
        for variable, given in variables.items():
            variable.set(given)  # the probe's task ends with the probe, and this context with it
        await layer(scope, receive, send)

    return supply
