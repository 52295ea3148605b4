"""The boundary between two layers, and what crosses it.

A boundary stands directly outside one layer. It is a transparent stand-in for that layer: attributes, `isinstance` and
calls go through, and a request that is not the probe's passes without a note.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter_ns
from typing import Any, Literal, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[Any]]
ASGIApp: TypeAlias = Callable[[Any, Receive, Send], Awaitable[Any]]

#: `sent` notes that an awaited `send` came back: only then is it sure that the message got through.
Happening: TypeAlias = Literal["enter", "leave", "raise", "receive", "send", "sent"]

#: Bytes of a response's body kept per boundary; of longer bodies only the length is compared.
KEPT_BODY = 1 << 20

_following: ContextVar[Recorder | None] = ContextVar("mwviz_following", default=None)


class Mark(dict[str, str]):
    """The probe's `scope["asgi"]`: an ordinary dict whose identity survives a copy of the scope, even a deep one."""

    def __deepcopy__(self, memo: object) -> Mark:
        return self


class Crossing:
    """One call through one boundary. `scope` is the very object, `seen` what it held on entry."""

    __slots__ = ("boundary", "handed_receive", "handed_send", "kept", "receive", "scope", "seen", "send", "task")

    def __init__(self, boundary: Boundary, scope: Scope, receive: Receive, send: Send, task: object) -> None:
        self.boundary = boundary
        self.scope = scope
        self.receive = receive
        self.send = send
        self.task = task
        self.kept = 0
        # Set in the call, which makes them: two attributes less to write twice.
        self.handed_receive: Receive
        self.handed_send: Send
        self.seen = seen = dict(scope)
        headers = seen.get("headers")
        if headers.__class__ is list:
            seen["headers"] = headers[:]


Note: TypeAlias = tuple[int, Happening, Crossing, Any]


class Recorder:
    """What crossed the boundaries of one probe, in the order observed. Times are `perf_counter_ns` readings."""

    def __init__(self) -> None:
        self.mark = Mark({"version": "3.0", "spec_version": "2.3"})
        self.notes: list[Note] = []
        self.cutoff: int | None = None
        self.current_task: Callable[[], object] = lambda: None

    def adopts(self, boundary: Boundary) -> bool:
        """Whether a scope without the mark is the probe's all the same: a layer made a new one in the same context."""
        return self.is_followed() and not boundary.outermost

    def is_followed(self) -> bool:
        """Whether the running code was called by the probe, as far as its context tells."""
        return _following.get() is self

    @contextmanager
    def following(self) -> Iterator[None]:
        """For the time of the probe's call, scopes made anew further in count as the probe's."""
        token = _following.set(self)
        try:
            yield
        finally:
            _following.reset(token)

    def close(self, at: int | None = None) -> None:
        """What is noted after `at` (default: now) happened only because the probe is being taken down."""
        if self.cutoff is None:
            self.cutoff = perf_counter_ns() if at is None else at

    def observed(self) -> list[Note]:
        """The notes up to the end of the probe; may be called from another thread while the probe is still stuck."""
        notes = list(self.notes)
        return notes if self.cutoff is None else [note for note in notes if note[0] <= self.cutoff]


def kept_message(message: Any, crossing: Crossing) -> Any:
    """A message as it is now: outer layers may change it, or the list of its headers, in place."""
    if message.__class__ is not dict:
        return message
    kept = message.copy()
    if "headers" in kept:
        headers = kept["headers"]
        if headers.__class__ is list:
            kept["headers"] = headers[:]
    elif "body" in kept:
        body = kept["body"]
        crossing.kept += len(body)
        if crossing.kept > KEPT_BODY or body.__class__ is not bytes:
            kept["body"] = None
            kept["body_bytes"] = len(body)
    return kept


class Boundary:
    """Stands directly outside `layer` and notes what crosses. `rank` is the layer's once the stack is known."""

    __slots__ = ("_layer", "_outermost", "_rank", "_recorder")

    def __init__(self, layer: ASGIApp, recorder: Recorder, rank: int = -1) -> None:
        for name, value in zip(Boundary.__slots__, (layer, False, rank, recorder), strict=True):
            object.__setattr__(self, name, value)

    @property
    def rank(self) -> int:
        """How far in it stands: 0 is the outermost layer."""
        return self._rank  # type: ignore[no-any-return]

    def stand(self, rank: int) -> None:
        """Take the place that the finished stack gives it."""
        object.__setattr__(self, "_rank", rank)

    def guard(self, guards: bool = True) -> None:
        """Be the one where requests enter: a scope without the mark is another request's."""
        object.__setattr__(self, "_outermost", guards)

    def become(self, layer: ASGIApp, rank: int) -> None:
        """Stand outside another layer, in another place."""
        object.__setattr__(self, "_layer", layer)
        object.__setattr__(self, "_rank", rank)

    @property
    def outermost(self) -> bool:
        """Whether a new request enters here: one without the mark is another request, made while the probe runs."""
        return self._outermost  # type: ignore[no-any-return]

    @property
    def layer(self) -> ASGIApp:
        """The layer that stands inside."""
        return self._layer  # type: ignore[no-any-return]

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        # Code that looks for a class in the stack (OpenTelemetry, layers that collapse) finds the layer's.
        return self._layer.__class__  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._layer, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._layer, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        """Call the layer, noting what crosses if the request is the probe's."""
        recorder: Recorder = self._recorder
        if scope.get("asgi") is not recorder.mark and not recorder.adopts(self):
            token = _following.set(None) if self._outermost else None
            try:
                return await self._layer(scope, receive, send)
            finally:
                if token is not None:
                    _following.reset(token)
        crossing = Crossing(self, scope, receive, send, recorder.current_task())
        note, now = recorder.notes.append, perf_counter_ns

        async def receive_noted() -> Any:
            message = await receive()
            note((now(), "receive", crossing, kept_message(message, crossing)))
            return message

        async def send_noted(message: Any) -> Any:
            kept = kept_message(message, crossing)
            note((now(), "send", crossing, kept))
            result = await send(message)
            note((now(), "sent", crossing, kept))
            return result

        crossing.handed_receive, crossing.handed_send = receive_noted, send_noted
        note((now(), "enter", crossing, None))
        try:
            result = await self._layer(scope, receive_noted, send_noted)
        except BaseException as error:
            note((now(), "raise", crossing, error))
            raise
        note((now(), "leave", crossing, None))
        return result
