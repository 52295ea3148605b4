"""The boundary between two layers, and what crosses it.

A boundary stands directly outside one layer. It is a transparent stand-in for that layer: attributes, `isinstance` and
calls go through, and a request that is not the probe's passes without a note.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from operator import itemgetter
from time import perf_counter_ns
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

_following: ContextVar[Mark | None] = ContextVar("mwviz_following", default=None)


class Mark(dict[str, str]):
    """The probe's `scope["asgi"]`: an ordinary dict whose identity survives a copy of the scope, even a deep one."""

    def __deepcopy__(self, memo: object) -> Mark:
        return self


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
    station: Station
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


class Recorder:
    """What crossed the boundaries of one probe, in the order observed. Times are `perf_counter_ns` readings."""

    #: Bound here: tests that freeze the time replace the names of clocks in modules.
    now = staticmethod(perf_counter_ns)

    def __init__(self) -> None:
        self.mark = Mark({"version": "3.0", "spec_version": "2.3"})
        self.notes: list[Note] = []
        self.cutoff: int | None = None
        self._closed_at: int | None = None
        self.current_task: Callable[[], object] = lambda: None

    def adopts(self, station: Station) -> bool:
        """Whether a scope without the mark is the probe's all the same: a layer made a new one in the same context."""
        return self.is_followed() and not station.entrance

    def begin(self, spec_version: str = "2.3") -> Recorder:
        """Start anew, with another mark and no notes. The answer holds what was noted, and what belongs to it yet."""
        before = copy.copy(self)
        self.mark, self.notes = Mark(version="3.0", spec_version=spec_version), []
        self.cutoff = self._closed_at = None
        return before

    def owns(self, scope: Scope) -> bool:
        """Whether a request further in is the probe's."""
        return scope.get("asgi") is self.mark or self.is_followed()

    def is_followed(self) -> bool:
        """Whether the running code was called by the probe, as far as its context tells."""
        return _following.get() is self.mark

    @contextmanager
    def following(self) -> Iterator[None]:
        """For the time of the probe's call, scopes made anew further in count as the probe's."""
        before = _following.get()
        _following.set(self.mark)
        try:
            yield
        finally:
            _following.set(before)  # by a token it could not be: a call may end in another context than it began in

    def close(self) -> None:
        """What is noted from now on happens only because the probe is being taken down."""
        if self.cutoff is None:
            self.cutoff = self.now()
            self._closed_at = len(self.notes)

    def observed(self) -> list[Note]:
        """The notes up to the end of the probe; may be called from another thread while the probe is still stuck."""
        notes = list(_in_strict_order(self.notes[: self._closed_at]))
        ended = self.cutoff if self.cutoff is not None else self.now()
        through = [
            (max(at, kept[THROUGH]), SENT, crossing, kept)
            for at, happening, crossing, kept in notes
            if happening == "send" and kept.get(THROUGH, ended + 1) <= ended
        ]
        return sorted((*notes, *through), key=itemgetter(0))


def _in_strict_order(notes: Iterable[Note]) -> Iterator[Note]:
    # The order of the notes is what happened; a coarse clock (Windows) tells several the same time.
    before = 0
    for at, *rest in notes:
        before = max(at, before + 1)
        yield before, *rest


def _as_dict(message: Any) -> dict[str, Any]:
    return dict(message) if isinstance(message, Mapping) else {}


class Station:
    """Where a boundary stands: outside `layer`, `rank` layers further in than the outermost one.

    At the `entrance` a scope without the mark is another request's, made while the probe runs.
    """

    __slots__ = ("entrance", "layer", "rank", "recorder")

    def __init__(self, layer: ASGIApp, recorder: Recorder, rank: int) -> None:
        self.layer = layer
        self.recorder = recorder
        self.rank = rank
        self.entrance = False


class Boundary:
    """Stands directly outside one layer and notes what crosses. It has one attribute of its own, `mwviz`."""

    __slots__ = ("__weakref__", "mwviz")

    mwviz: Station

    def __init__(self, layer: ASGIApp, recorder: Recorder, rank: int = -1) -> None:
        object.__setattr__(self, "mwviz", Station(layer, recorder, rank))

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        # Code that looks for a class in the stack (OpenTelemetry, layers that collapse) finds the layer's.
        return self.mwviz.layer.__class__

    def __copy__(self) -> Boundary:
        return Boundary(copy.copy(self.mwviz.layer), self.mwviz.recorder, self.mwviz.rank)

    def __deepcopy__(self, memo: dict[int, Any]) -> Boundary:
        return Boundary(copy.deepcopy(self.mwviz.layer, memo), self.mwviz.recorder, self.mwviz.rank)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.mwviz.layer, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.mwviz.layer, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.mwviz.layer, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        """Call the layer, noting what crosses if the request is the probe's."""
        recorder = (station := self.mwviz).recorder
        if scope.get("asgi") is not recorder.mark and not recorder.adopts(station):
            return await _unnoted(station, scope, receive, send)
        crossing = Crossing()
        crossing.station = station
        crossing.note = note = recorder.notes.append
        crossing.now = now = recorder.now
        crossing.scope = scope
        crossing.outer_receive = receive
        crossing.outer_send = send
        crossing.task = recorder.current_task()
        crossing.kept = crossing.skipped = 0
        crossing.seen = seen = dict(scope)
        if (headers := seen.get("headers")).__class__ is list:
            seen["headers"] = headers[:]
        if (state := seen.get("state")).__class__ is dict:
            seen["state"] = state.copy()  # `request.state.user = ...` changes it in place
        note((now(), "enter", crossing, None))
        try:
            result = await station.layer(scope, crossing.receive, crossing.send)
        except BaseException as error:
            note((now(), "raise", crossing, error))
            raise
        note((now(), "leave", crossing, None))
        return result


async def _unnoted(station: Station, scope: Scope, receive: Receive, send: Send) -> Any:
    before = _following.get()
    if station.entrance:
        _following.set(None)
    try:
        return await station.layer(scope, receive, send)
    finally:
        if station.entrance:
            _following.set(before)
