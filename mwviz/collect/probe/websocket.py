"""The server's side of one websocket, as uvicorn plays it, and a client that says little: no socket is opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from mwviz.collect.probe.server import Event
from mwviz.collect.stack.asgi import Message

ACCEPT, CLOSE, DENIAL = "websocket.accept", "websocket.close", "websocket.http.response.start"
NORMAL, _ABNORMAL = 1000, 1006
#: How often the app's other tasks, which may have something to send, get their turn before the client leaves.
_PATIENCE = 20


class WebsocketConnection:
    """One websocket. After the accept the client sends its message, if it has one, and leaves when more is wanted."""

    def __init__(self, data: bytes | None, event: Callable[[], Event], give_way: Callable[[], Awaitable[None]]) -> None:
        self._data = data
        self._give_way = give_way
        self._connected = False
        self._decided = event()
        self._over = event()
        self._closed = False
        self.start: Message | None = None
        self.closing: Message | None = None
        self.left_code: int | None = None
        self.headers: list[Any] = []
        self.messages_in = 0
        self.messages_out = 0
        self.body_bytes = 0
        self.complete = False
        self.given_up = False

    async def receive(self) -> dict[str, Any]:
        """`websocket.connect`; the client's message, once the websocket is accepted; `websocket.disconnect`."""
        if not self._connected:
            self._connected = True
            return {"type": "websocket.connect"}
        await self._decided.wait()
        if self.start is not None and self.start["type"] == DENIAL:
            await self._over.wait()
        if self._data is not None and not self._closed:
            data, self._data = self._data, None
            self.messages_in += 1
            return _received(data)
        for _ in range(_PATIENCE):
            if self._closed:
                break
            await self._give_way()
        if not self._closed:
            self._closed, self.left_code = True, NORMAL
        closing, accepted = self.closing or {}, self.start is not None and self.start["type"] == ACCEPT
        code = closing.get("code", NORMAL) if accepted else _ABNORMAL
        return {"type": "websocket.disconnect", "code": code, "reason": closing.get("reason") or ""}

    async def send(self, message: Message) -> None:
        """Take a message of the app's. Raises RuntimeError for one out of turn, in uvicorn's words.

        Of one that was `given_up` nothing is taken any more.
        """
        if self.given_up:
            return
        kind = message["type"]
        if self.start is None:
            self._decide(kind, message)
        elif self.start["type"] == DENIAL and not self.complete:
            _expect(kind, "websocket.http.response.body")
            self.body_bytes += len(message.get("body", b""))
            if not message.get("more_body", False):
                self.complete = True
                self._over.set()
        elif not self._closed and self.start["type"] == ACCEPT:
            _expect(kind, "websocket.send", CLOSE)
            if kind == CLOSE:
                self.closing, self._closed = message, True
            else:
                self.messages_out += 1
        else:
            raise RuntimeError(
                f"Unexpected ASGI message '{kind}', after sending 'websocket.close' or response already completed."
            )

    def _decide(self, kind: str, message: Message) -> None:
        _expect(kind, ACCEPT, CLOSE, DENIAL)
        if kind == DENIAL and not isinstance(message["status"], int):
            raise TypeError(f"The status of a response must be an int, not {type(message['status']).__name__}.")
        self.start = message
        self.headers = [(name, value) for name, value in message.get("headers") or []]
        self.complete = kind != DENIAL
        if kind == CLOSE:
            self.closing, self._closed = message, True
        self._decided.set()

    def finish(self) -> None:
        """The app's call is over: whoever still waits for the client is told that it is gone."""
        self._closed = True
        self._decided.set()
        self._over.set()


def subprotocols(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """What the client offers, as a server reads it from the headers."""
    offered = (value.decode("latin-1").split(",") for name, value in headers if name == b"sec-websocket-protocol")
    return [name.strip() for names in offered for name in names if name.strip()]


def _expect(kind: str, *wanted: str) -> None:
    if kind not in wanted:
        *others, last = (f"'{name}'" for name in wanted)
        named = f"{', '.join(others)} or {last}" if others else last
        raise RuntimeError(f"Expected ASGI message {named}, but got '{kind}'.")


def _received(data: bytes) -> dict[str, Any]:
    try:
        return {"type": "websocket.receive", "text": data.decode()}
    except UnicodeDecodeError:
        return {"type": "websocket.receive", "bytes": data}
