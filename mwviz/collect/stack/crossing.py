"""One call through one boundary, and the messages that cross it: what is noted of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MethodType
from typing import Any, Literal, TypeAlias

from mwviz.collect.stack.asgi import ASGIApp, Receive, Scope, Send

#: `sent` notes that an awaited `send` came back: only then is it sure that the message got through. `refused` notes
#: what it raised instead.
Happening: TypeAlias = Literal["enter", "leave", "raise", "receive", "send", "sent", "refused"]

SENT: Literal["sent"] = "sent"
#: Under this key the kept message tells when its `send` came back. A note of its own would cost twice as much.
THROUGH = "mwviz.through"

#: Bytes of a response's body kept per boundary; of longer bodies only the length is compared.
KEPT_BODY = 1 << 20
#: What a chunk counts for besides its bytes, so that the number of chunks is bounded, too.
_PER_CHUNK = 256


class Spot:
    """Where a boundary stands: outside `layer`, `rank` places further in than the outermost, once they are numbered."""

    __slots__ = ("layer", "rank")

    def __init__(self, layer: ASGIApp, rank: int) -> None:
        self.layer = layer
        self.rank = rank


class Crossing:
    """One call through one boundary; the layer is called with its `receive` and `send`.

    `outer_receive` and `outer_send` are what the boundary was called with, `scope` is the very object, `seen` what it
    held on entry; `kept` and `skipped` count bytes of bodies. The call sets all: a constructor would cost every layer a
    quarter of a microsecond.
    """

    # No reference leads back to the crossing: a request's objects then die with it, as without mwviz. Had they to wait
    # for the garbage collector, every layer would work on memory that is in no cache, for 2 µs more.
    __slots__ = (
        "kept", "note", "now", "outer_receive", "outer_send", "scope",
        "seen", "skipped", "station", "task",
    )  # fmt: skip

    kept: int
    note: Callable[[Note], None]
    now: Callable[[], int]
    outer_receive: Receive
    outer_send: Send
    scope: Scope
    seen: dict[str, Any]
    skipped: int
    station: Spot
    task: object

    def __deepcopy__(self, memo: object) -> Crossing:
        return self  # a layer may deep-copy its `send`, which would not touch a function

    def handed(self, receive: object, send: object) -> bool:
        """Whether these are the very `receive` and `send` that the layer was called with."""
        # Bound methods are made anew each time; to compare two of them calls no foreign code.
        return type(receive) is type(send) is MethodType and receive == self.receive and send == self.send

    async def receive(self) -> Any:
        """Hand a message on inward and note it."""
        message = await self.outer_receive()
        copied = _as_dict(message)
        kept: dict[str, Any] | None = copied
        if "body" in copied:
            kept = self._bounded(copied)
        elif copied.get("type") == "websocket.receive":
            kept = self._bounded_frame(copied)
        if kept is not None:
            self.note((self.now(), "receive", self, kept))
        return message

    async def send(self, message: Any) -> Any:
        """Hand a message on outward; note it as it is now, and when its `send` came back or what that raised."""
        note, now, send = self.note, self.now, self.outer_send
        copied: dict[str, Any] = message.copy() if message.__class__ is dict else _as_dict(message)
        # Outer layers may change the message, or the list of its headers, in place.
        kept: dict[str, Any] | None = copied
        if "headers" in copied:
            if (headers := copied["headers"]).__class__ is list:
                copied["headers"] = headers[:]
        elif "body" in copied:
            body = copied["body"]
            if body.__class__ is bytes and (size := self.kept + len(body) + _PER_CHUNK) <= KEPT_BODY:
                self.kept = size  # as `_bounded` does, but a call would cost a layer half a microsecond
            else:
                kept = self._bounded(copied)
        elif copied.get("type") == "websocket.send":
            kept = self._bounded_frame(copied)
        if kept is not None:
            note((now(), "send", self, kept))
        try:
            result = await send(message)
        except BaseException as error:
            note((now(), "refused", self, error))
            raise
        if kept is not None:
            kept[THROUGH] = now()
        return result

    def _bounded(self, kept: dict[str, Any]) -> dict[str, Any] | None:
        """The message without its body where that is too long; None for a chunk of too many: a stream may never end."""
        body = kept["body"]
        if body.__class__ is bytes:
            self.kept += len(body) + _PER_CHUNK
            if self.kept <= KEPT_BODY:
                return kept
        length = len(body) if isinstance(body, (bytes, bytearray, memoryview, str)) else 0
        if self.kept > KEPT_BODY and kept.get("more_body", False):
            self.skipped += length
            return None
        kept["body"] = None
        kept["body_bytes"] = length
        return kept

    def _bounded_frame(self, kept: dict[str, Any]) -> dict[str, Any] | None:
        # A ticker may never end, either: of such a crossing `skipped` counts messages that went out.
        content = kept.get("bytes") if kept.get("text") is None else kept["text"]
        size = len(content) if isinstance(content, (bytes, str)) else 0
        if self.kept + size + _PER_CHUNK <= KEPT_BODY:
            self.kept += size + _PER_CHUNK
            return kept
        self.kept += _PER_CHUNK
        if self.kept > KEPT_BODY and kept["type"] == "websocket.send":
            self.skipped += 1
            return None
        return {"type": kept["type"], "length": size}


Note: TypeAlias = tuple[int, Happening, Crossing, Any]


def _as_dict(message: Any) -> dict[str, Any]:
    return dict(message) if isinstance(message, Mapping) else {}
