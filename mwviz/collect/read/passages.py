"""Arranges the notes of a probe: one `Passage` per call through a boundary, each knowing the calls further in."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mwviz.collect.read.messages import (
    ACCEPT,
    CLOSE,
    FILES,
    PARTS,
    SEND,
    STARTS,
    TRAILERS,
    body_bytes,
    content,
    ends,
    message_type,
)
from mwviz.collect.stack.crossing import Crossing, Happening, Note


@dataclass(slots=True, eq=False, repr=False)
class Sent:
    """A message that a layer let out or took in: `at` when it crossed, `through` when its `send` came back, if ever."""

    at: int
    message: Any
    through: int | None = None


@dataclass(slots=True, eq=False, repr=False)
class Passage:
    """One call of one layer. `rank` counts from outside: the layers, then the router, then the endpoint.

    `starts` begin an answer; `bodies` are all that it goes on with, of a websocket its messages and a later close.
    """

    crossing: Crossing
    rank: int
    entered: int
    parent: Passage | None
    left: int | None = None
    error: BaseException | None = None
    sent: list[Sent] = field(default_factory=list)
    starts: list[Sent] = field(default_factory=list)
    bodies: list[Sent] = field(default_factory=list)
    refusals: list[BaseException] = field(default_factory=list)
    trailers: list[Sent] = field(default_factory=list)
    inner: list[Passage] = field(default_factory=list)
    received: list[Sent] = field(default_factory=list)

    @property
    def responded(self) -> int | None:
        """When the start of the response left it first."""
        return self.starts[0].at if self.starts else None

    @property
    def body_ended(self) -> bool:
        """Whether the last message of a body left it, or the close of a websocket."""
        return ends(self.bodies[-1].message) if self.bodies else self.closing is not None

    @property
    def closing(self) -> Sent | None:
        """The close of a websocket that left it."""
        ending = self.bodies[-1:] or self.starts[:1]
        return next((sent for sent in ending if message_type(sent.message) == CLOSE), None)

    @property
    def is_websocket(self) -> bool:
        """Whether it was called for a websocket."""
        return self.crossing.seen.get("type") == "websocket"

    @property
    def refused(self) -> bool:
        """Whether the exception that left it was raised by one of its calls of `send`."""
        return any(same_error(self.error, each) for each in self.refusals)

    def refuses(self, sender: Passage) -> bool:
        """Whether it raised what `send` raised in `sender`, further in: no `send` of its own had raised it before."""
        return sender.refused and not any(same_error(sender.error, each) for each in self.refusals)

    def body(self) -> tuple[object, ...] | None:
        """The whole body that left it, or the websocket's messages; None where it was too long to be kept."""
        parts = [content(sent.message) for sent in self.bodies if message_type(sent.message) != CLOSE]
        if self.crossing.skipped or any(part is None for part in parts):
            return None
        whole = b"".join(part for part in parts if type(part) is bytes)
        return (*([whole] if whole else []), *(part for part in parts if type(part) is not bytes))

    def body_length(self) -> int | None:
        """The length of the body that left it, in bytes; of an accepted websocket, the number of its messages.

        None where a part of it is a file that the server sends.
        """
        kinds = [message_type(sent.message) for sent in self.bodies]
        if self.starts and message_type(self.starts[0].message) == ACCEPT:
            return kinds.count(SEND) + self.crossing.skipped
        if FILES.intersection(kinds):
            return None
        return sum(body_bytes(sent.message) for sent in self.bodies) + self.crossing.skipped

    def first_answer_from_inside(self) -> int | None:
        """When the first thing came back from further in: a start, an exception or the end of the call."""
        times = [time for each in self.inner for time in (each.responded, each.left) if time is not None]
        return min(times, default=None)


def arrange(notes: Iterable[Note], ranks: int, escaped: BaseException | None = None) -> list[Passage]:
    """The passages in the order in which they were entered; `ranks` is the number of places.

    A cancellation is no error of a layer's, unless it is the exception that `escaped` from the app.
    """
    passages: dict[int, Passage] = {}
    calls = _Calls(ranks)
    for at, happening, crossing, payload in notes:
        if happening == "enter":
            rank = crossing.station.rank
            passage = Passage(crossing, rank, at, calls.parent(crossing.task, rank))
            passages[id(crossing)] = passage
            calls.begin(passage)
            if passage.parent is not None:
                passage.parent.inner.append(passage)
        elif (known := passages.get(id(crossing))) is not None:
            _add(known, at, happening, payload)
            if happening in ("leave", "raise"):
                calls.end(known)
            if payload is escaped and happening == "raise":
                known.error = payload
    return list(passages.values())


class _Calls:
    """The calls that are open: in one task they lie one inside the other; a new task was begun by the layer outside."""

    def __init__(self, ranks: int) -> None:
        self._by_task: dict[int, list[Passage]] = {}
        self._latest: list[Passage | None] = [None] * ranks

    def begin(self, passage: Passage) -> None:
        """A call has begun."""
        self._by_task.setdefault(id(passage.crossing.task), []).append(passage)
        self._latest[passage.rank] = passage

    def end(self, passage: Passage) -> None:
        """A call is over."""
        calls = self._by_task[id(passage.crossing.task)]
        if calls and calls[-1] is passage:
            calls.pop()
        elif passage in calls:
            del calls[calls.index(passage) :]

    def parent(self, task: object, rank: int) -> Passage | None:
        """The call that a new one of `rank` in `task` is made in."""
        if calls := self._by_task.get(id(task)):
            return calls[-1]
        outer = [each for each in reversed(self._latest[:rank]) if each is not None]
        return next((each for each in outer if each.left is None), outer[0] if outer else None)


def first_by_rank(passages: Iterable[Passage]) -> dict[int, Passage]:
    """The first passage of each place that was entered."""
    first: dict[int, Passage] = {}
    for passage in passages:
        first.setdefault(passage.rank, passage)
    return first


def is_cancellation(error: BaseException | None) -> bool:
    """Whether the exception is the loop's way to end a task, which is nobody's error."""
    trio = sys.modules.get("trio")
    return isinstance(error, (asyncio.CancelledError, GeneratorExit, *((trio.Cancelled,) if trio is not None else ())))


def same_error(outer: BaseException | None, inner: BaseException | None) -> bool:
    """Whether the exception that left a layer is the one that came from further in.

    Either may be a group of tasks that failed with the other: anyio packs and splits groups, Starlette unpacks them.
    """
    if outer is None or inner is None or outer is inner:
        return outer is not None and outer is inner
    held = {id(error) for error in _members(inner)}
    return any(id(error) in held for error in _members(outer))


def _members(error: BaseException) -> Iterator[BaseException]:
    """The exceptions of a group, of its groups, and so on; of any other exception that one alone."""
    members = getattr(error, "exceptions", None)
    if not isinstance(members, (tuple, list)):  # anyio 3 has groups of its own, with lists
        yield error
        return
    for each in members:
        if isinstance(each, BaseException):
            yield from _members(each)


def _add(passage: Passage, at: int, happening: Happening, payload: Any) -> None:
    match happening:
        case "leave" | "raise":
            passage.left = at
            passage.error = None if is_cancellation(payload) else payload
        case "send":
            sent = Sent(at, payload)
            passage.sent.append(sent)
            kind = message_type(payload)
            if kind in STARTS or (kind == CLOSE and not passage.starts):
                passage.starts.append(sent)
            elif kind in PARTS and not passage.body_ended:  # what comes after the end belongs to no response
                passage.bodies.append(sent)
            elif kind == TRAILERS:
                passage.trailers.append(sent)
        case "sent":
            # Nearly always the very last.
            through = next((sent for sent in reversed(passage.sent) if sent.message is payload), None)
            if through is not None:
                through.through = at
        case "receive":
            passage.received.append(Sent(at, payload))
        case "refused":
            passage.refusals.append(payload)
        case "enter":
            pass
