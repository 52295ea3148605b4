"""Makes the `Trace` of what was noted. Everything here is a function of the notes and of the stack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from mwviz.collect import failure
from mwviz.collect.probe.calls import Calls
from mwviz.collect.probe.noting import CallNote
from mwviz.collect.read import called, changes, messages, verdict
from mwviz.collect.read.accounting import Accounts, account
from mwviz.collect.read.messages import message_type, status_of
from mwviz.collect.read.passages import Passage, arrange, first_by_rank, is_cancellation, same_error
from mwviz.collect.read.websocket import seen_at
from mwviz.collect.stack.crossing import Note
from mwviz.model import Event, Position, Step


class Reading:
    """The notes of one probe, read: `places` names the place of each rank, `bounded` the ranks that have a boundary.

    Times in the results count from `began`; `ended` closes the last one. `expired`: the time limit was reached;
    `escaped` is the exception that left the app. `names` is what places are called in the timeline, `calls` tells whose
    functions are watched, and `noted` what was called of them.
    """

    def __init__(
        self,
        notes: Sequence[Note],
        places: Sequence[Position],
        bounded: frozenset[int],
        began: int,
        ended: int,
        *,
        expired: bool,
        escaped: BaseException | None,
        names: Sequence[int | str] | None = None,
        calls: Calls | None = None,
        noted: Sequence[CallNote] = (),
    ) -> None:
        self.notes = notes
        self.places = places
        self.names = places if names is None else names
        self.calls = calls
        self.called = [note for note in noted if note[0] <= ended]
        self.bounded = bounded
        self.began = began
        self.expired = expired
        self.passages = arrange(notes, len(places), escaped)
        self.first = first_by_rank(self.passages)
        self.accounts: Accounts = account(notes, self.passages, ended)
        self.outermost: Passage | None = self.passages[0] if self.passages else None

    def position(self, rank: int) -> Position | None:
        """A rank as the model tells it; None for the client's side."""
        return None if rank < 0 else self.places[rank]

    def holder(self) -> Position | None:
        """Who had the request when the last thing was noted."""
        return self.position(self.accounts.holder)

    def request_order(self) -> tuple[int, ...]:
        """Layers in the order in which the request first entered them."""
        return self._in_order({rank: passage.entered for rank, passage in self.first.items()})

    def response_order(self) -> tuple[int, ...]:
        """Layers in the order in which the start of a response first left them."""
        first: dict[int, int] = {}
        for passage in self.passages:
            if passage.starts:
                first[passage.rank] = min(passage.starts[0].at, first.get(passage.rank, passage.starts[0].at))
        return self._in_order(first)

    def _in_order(self, times: dict[int, int]) -> tuple[int, ...]:
        places = (self.places[rank] for rank in sorted(times, key=times.__getitem__))
        return tuple(place for place in places if isinstance(place, int))

    def answered(self) -> tuple[Position | None, int | None]:
        """Who answered, and the layer that made the answer of an exception, if one did."""
        emitter = verdict.emitter(self.outermost) if self.outermost is not None else None
        if emitter is None:
            return None, None
        error = verdict.handled_error(emitter)
        if error is None:
            return self.position(emitter.rank), None
        handler = self.position(emitter.rank)
        return self.position(verdict.raiser(emitter, error).rank), handler if isinstance(handler, int) else None

    def status_of_the_end(self) -> int | None:
        """The status that the router or the endpoint answered with, or that the exception asks for that left it."""
        ends = (self.first[rank] for rank in sorted(self.first) if not isinstance(self.places[rank], int))
        end = next(ends, None)
        emitter = verdict.emitter(end) if end is not None else None
        error = end.error if end is not None and end.error is not None else None
        if error is None and emitter is not None:
            error = verdict.handled_error(emitter)
            if error is None:
                return status_of(emitter.starts[0].message)
        asked = getattr(error, "status_code", None)
        return int(asked) if isinstance(asked, int) else None

    def added_headers(self) -> dict[str, Position | None]:
        """By name the headers of the response, and the outermost place that each was seen to come from."""
        emitter = verdict.emitter(self.outermost) if self.outermost is not None else None
        names = changes.header_names(emitter.starts[0].message) if emitter is not None else ()
        answer = self.position(emitter.rank) if emitter is not None else None
        return {**dict.fromkeys(names, answer), **changes.added_headers(self.steps())}

    def raised_by(self, error: BaseException) -> Position | None:
        """The innermost place that the exception left."""
        if self.outermost is None or not same_error(self.outermost.error, error):
            return None
        return self.position(verdict.raiser(self.outermost, error).rank)

    def silent(self) -> Position | None:
        """The innermost place that was entered and gave no response."""
        current, deepest = self.outermost, None
        while current is not None and not current.starts:
            deepest, current = current, current.inner[-1] if current.inner else None
        return self.position(deepest.rank) if deepest is not None else None

    def steps(self) -> tuple[Step, ...]:
        """One step per layer, outermost first."""
        return tuple(self._step(rank, place) for rank, place in enumerate(self.places) if isinstance(place, int))

    def _step(self, rank: int, layer: int) -> Step:
        passage = self.first.get(rank)
        if passage is None:
            outcome = "not_reached" if rank in self.bounded else "unknown"
            return Step(layer, outcome, (), None, None, None, None, None, None, None, None, None)  # type: ignore[arg-type]
        holds = self.expired and self.accounts.holder == rank
        inward, outward = self.accounts.inward.get(rank, 0), self.accounts.outward.get(rank)
        known = not passage.inner or self._next_is_bounded(rank)
        held_ns, held_until = (verdict.held_back(passage) if known else None) or (None, None)
        return Step(
            layer=layer,
            outcome=verdict.outcome(passage, holds=holds),
            observed=verdict.observations(passage) if known else (),
            status=status_of(passage.starts[0].message) if passage.starts else None,
            entered_ns=passage.entered - self.began,
            responded_ns=self._since(passage.responded),
            left_ns=self._since(passage.left),
            self_request_ns=inward,
            self_response_ns=outward,
            request_changes=changes.request_changes(passage) if known else None,
            response_changes=changes.response_changes(passage) if known else None,
            raised=failure.one_line(passage.error) if passage.error is not None else None,
            held_ns=held_ns,
            held_until=held_until,
            websocket=seen_at(passage),
        )

    def _next_is_bounded(self, rank: int) -> bool:
        # What lies between this boundary and the next one is then this layer alone.
        return rank + 1 in self.bounded

    def _since(self, at: int | None) -> int | None:
        return None if at is None else at - self.began

    def timeline(self) -> tuple[Event, ...]:
        """Everything that crossed or was called, in order."""
        crossed = (note for note in self.notes if not self._function_noted(note))
        found = (*called.events(self.called, self.began), *events(crossed, self.names, self.began))
        return tuple(sorted(found, key=attrgetter("at_ns")))

    def _function_noted(self, note: Note) -> bool:
        # The handler's boundary encloses dependencies and background tasks: the function's own calls tell more.
        _, happening, crossing, _ = note
        if self.calls is None or happening not in ("enter", "leave", "raise"):
            return False
        return self.position(crossing.station.rank) == "endpoint" and self.calls.covers(crossing.scope)

    def remarks(self) -> tuple[str, ...]:
        """What the reader must know of dependencies."""
        return tuple(called.remarks(self.called, self.outermost))

    def status(self) -> int | None:
        """The status of the response that left the outermost place first."""
        starts = self.outermost.starts if self.outermost is not None else []
        return status_of(starts[0].message) if starts else None


def events(notes: Iterable[Note], names: Sequence[int | str], began: int) -> tuple[Event, ...]:
    """Everything that crossed, in order, in nanoseconds from `began`; `names` calls the place of each rank by name."""
    return tuple(_event(note, names, began) for note in notes if note[1] not in ("sent", "refused"))


def _event(note: Note, names: Sequence[int | str], began: int) -> Event:
    at, happening, crossing, payload = note
    rank = crossing.station.rank
    cancelled = happening == "raise" and is_cancellation(payload)
    return Event(
        at_ns=at - began,
        event="leave" if cancelled else happening,  # type: ignore[arg-type]
        message=message_type(payload) if happening in ("send", "receive") else None,
        of=names[rank] if rank >= 0 else "client",
        detail="cancelled" if cancelled else _detail(happening, payload),
    )


def _detail(happening: str, payload: Any) -> str | None:
    if happening == "raise":
        return failure.one_line(payload)
    return messages.detail(payload) if happening in ("send", "receive") else None
