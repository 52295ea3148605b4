"""Makes the `Trace` of what was noted. Everything here is a function of the notes and of the stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mwviz.collect import failure
from mwviz.collect.read import changes, messages, verdict
from mwviz.collect.read.accounting import Accounts, account
from mwviz.collect.read.messages import message_type, status_of
from mwviz.collect.read.passages import Passage, arrange, first_by_rank, is_cancellation, same_error
from mwviz.collect.read.websocket import seen_at
from mwviz.collect.stack.boundary import Note
from mwviz.model import Event, Position, Step


class Reading:
    """The notes of one probe, read: `layers` is the number of layers, `bounded` the ranks that have a boundary.

    Times in the results count from `began`; `ended` closes the last one. `expired`: the time limit was reached;
    `escaped` is the exception that left the app.
    """

    def __init__(
        self,
        notes: Sequence[Note],
        layers: int,
        bounded: frozenset[int],
        began: int,
        ended: int,
        *,
        expired: bool,
        escaped: BaseException | None,
    ) -> None:
        self.notes = notes
        self.layers = layers
        self.bounded = bounded
        self.began = began
        self.expired = expired
        self.passages = arrange(notes, layers + 2, escaped)
        self.first = first_by_rank(self.passages)
        self.accounts: Accounts = account(notes, self.passages, ended)
        self.outermost: Passage | None = self.passages[0] if self.passages else None

    def position(self, rank: int) -> Position | None:
        """A rank as the model tells it; None for the client's side."""
        if rank < 0:
            return None
        return rank if rank < self.layers else "router" if rank == self.layers else "endpoint"

    def holder(self) -> Position | None:
        """Who had the request when the last thing was noted."""
        return self.position(self.accounts.holder)

    def request_order(self) -> tuple[int, ...]:
        """Layers in the order in which the request first entered them."""
        entered = [passage.rank for passage in self.first.values() if passage.rank < self.layers]
        return tuple(sorted(entered, key=lambda rank: self.first[rank].entered))

    def response_order(self) -> tuple[int, ...]:
        """Layers in the order in which the start of a response first left them."""
        first: dict[int, int] = {}
        for passage in self.passages:
            if passage.starts and passage.rank < self.layers:
                first[passage.rank] = min(passage.starts[0].at, first.get(passage.rank, passage.starts[0].at))
        return tuple(sorted(first, key=first.__getitem__))

    def answered(self) -> tuple[Position | None, int | None]:
        """Who answered, and the layer that made the answer of an exception, if one did."""
        emitter = verdict.emitter(self.outermost) if self.outermost is not None else None
        if emitter is None:
            return None, None
        error = verdict.handled_error(emitter)
        if error is None:
            return self.position(emitter.rank), None
        origin = self.position(verdict.raiser(emitter, error).rank)
        return origin, emitter.rank if emitter.rank < self.layers else None

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
        return tuple(self._step(rank) for rank in range(self.layers))

    def _step(self, rank: int) -> Step:
        passage = self.first.get(rank)
        if passage is None:
            outcome = "not_reached" if rank in self.bounded else "unknown"
            return Step(rank, outcome, (), None, None, None, None, None, None, None, None, None)  # type: ignore[arg-type]
        holds = self.expired and self.accounts.holder == rank
        inward, outward = self.accounts.inward.get(rank, 0), self.accounts.outward.get(rank)
        known = not passage.inner or self._next_is_bounded(rank)
        return Step(
            layer=rank,
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
            websocket=seen_at(passage),
        )

    def _next_is_bounded(self, rank: int) -> bool:
        # What lies between this boundary and the next one is then this layer alone.
        return rank + 1 in self.bounded

    def _since(self, at: int | None) -> int | None:
        return None if at is None else at - self.began

    def timeline(self) -> tuple[Event, ...]:
        """Everything that crossed, in order."""
        events = []
        for at, happening, crossing, payload in self.notes:
            if happening == "sent":
                continue
            rank = crossing.station.rank
            of = self.position(rank)
            cancelled = happening == "raise" and is_cancellation(payload)
            events.append(
                Event(
                    at_ns=at - self.began,
                    event="leave" if cancelled else happening,
                    message=message_type(payload) if happening in ("send", "receive") else None,
                    of=of if of is not None else "client",
                    detail="cancelled" if cancelled else _detail(happening, payload),
                )
            )
        return tuple(events)


def _detail(happening: str, payload: Any) -> str | None:
    if happening == "raise":
        return failure.one_line(payload)
    return messages.detail(payload) if happening in ("send", "receive") else None
