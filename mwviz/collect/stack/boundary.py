"""The boundary between two layers, and what crosses it.

A boundary stands directly outside one layer. It is a transparent stand-in for that layer: attributes, `isinstance` and
calls go through, and a request that is not the probe's passes without a note.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from operator import itemgetter
from time import perf_counter_ns
from typing import Any, Literal, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[Any]]
ASGIApp: TypeAlias = Callable[[Any, Receive, Send], Awaitable[Any]]

#: `sent` notes that an awaited `send` came back: only then is it sure that the message got through.
Happening: TypeAlias = Literal["enter", "leave", "raise", "receive", "send", "sent"]

SENT: Literal["sent"] = "sent"
#: Under this key the kept message tells when its `send` came back. A note of its own would cost twice as much.
THROUGH = "mwviz.through"

#: Bytes of a response's body kept per boundary; of longer bodies only the length is compared.
KEPT_BODY = 1 << 20
#: What a chunk counts for besides its bytes, so that the number of chunks is bounded, too.
_PER_CHUNK = 256

_following: ContextVar[Recorder | None] = ContextVar("mwviz_following", default=None)


class Mark(dict[str, str]):
    """The probe's `scope["asgi"]`: an ordinary dict whose identity survives a copy of the scope, even a deep one."""

    def __deepcopy__(self, memo: object) -> Mark:
        return self


class Crossing:
    """One call through one boundary. `scope` is the very object, `seen` what it held on entry.

    `receive` and `send` are what the boundary was called with, `handed_*` what it called the layer with; `kept`
    and `skipped` count bytes of bodies. The call sets all: a constructor would cost every layer a quarter of a
    microsecond.
    """

    __slots__ = (
        "handed_receive",
        "handed_send",
        "kept",
        "receive",
        "scope",
        "seen",
        "send",
        "skipped",
        "station",
        "task",
    )

    handed_receive: Receive
    handed_send: Send
    kept: int
    skipped: int
    receive: Receive
    scope: Scope
    seen: dict[str, Any]
    send: Send
    station: Station
    task: object


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

    def is_followed(self) -> bool:
        """Whether the running code was called by the probe, as far as its context tells."""
        return _following.get() is self

    @contextmanager
    def following(self) -> Iterator[None]:
        """For the time of the probe's call, scopes made anew further in count as the probe's."""
        before = _following.get()
        _following.set(self)
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


def kept_message(message: Any, crossing: Crossing) -> dict[str, Any] | None:
    """A message as it is now: outer layers may change it, or the list of its headers, in place.

    None for a chunk of a body that has had too many: a stream may never end.
    """
    kept: dict[str, Any] = message.copy() if message.__class__ is dict else _as_dict(message)
    if "headers" in kept:
        headers = kept["headers"]
        if headers.__class__ is list:
            kept["headers"] = headers[:]
    elif "body" in kept:
        body = kept["body"]
        if body.__class__ is bytes:
            crossing.kept += len(body) + _PER_CHUNK
            if crossing.kept <= KEPT_BODY:
                return kept
        length = len(body) if isinstance(body, (bytes, bytearray, memoryview, str)) else 0
        if crossing.kept > KEPT_BODY and kept.get("more_body", False):
            crossing.skipped += length
            return None
        kept["body"] = None
        kept["body_bytes"] = length
    elif kept.get("type") in ("websocket.send", "websocket.receive"):
        return _kept_frame(kept, crossing)
    return kept


def _kept_frame(kept: dict[str, Any], crossing: Crossing) -> dict[str, Any] | None:
    # A ticker may never end, either: of such a crossing `skipped` counts messages that went out.
    content = kept.get("bytes") if kept.get("text") is None else kept["text"]
    size = len(content) if isinstance(content, (bytes, str)) else 0
    if crossing.kept + size + _PER_CHUNK <= KEPT_BODY:
        crossing.kept += size + _PER_CHUNK
        return kept
    crossing.kept += _PER_CHUNK
    if crossing.kept > KEPT_BODY and kept["type"] == "websocket.send":
        crossing.skipped += 1
        return None
    return {"type": kept["type"], "length": size}


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
        note, now = recorder.notes.append, recorder.now

        async def receive_noted() -> Any:
            message = await receive()
            if (kept := kept_message(message, crossing)) is not None:
                note((now(), "receive", crossing, kept))
            return message

        async def send_noted(message: Any) -> Any:
            if (kept := kept_message(message, crossing)) is None:
                return await send(message)
            note((now(), "send", crossing, kept))
            result = await send(message)
            kept[THROUGH] = now()
            return result

        crossing = Crossing()
        crossing.station = station
        crossing.scope = scope
        crossing.receive = receive
        crossing.send = send
        crossing.handed_receive = receive_noted
        crossing.handed_send = send_noted
        crossing.task = recorder.current_task()
        crossing.kept = crossing.skipped = 0
        crossing.seen = seen = dict(scope)
        if (headers := seen.get("headers")).__class__ is list:
            seen["headers"] = headers[:]
        note((now(), "enter", crossing, None))
        try:
            result = await station.layer(scope, receive_noted, send_noted)
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
