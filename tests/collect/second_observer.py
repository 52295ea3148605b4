"""A second observer: the truth of one request, told from what the layers say of themselves and from nothing else.

It shares no code with `mwviz.collect`. What it cannot hear (framework layers, and layers that hand on their `send` as
it is) follows from what the nearest places outside and inside of it say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.collect.certainty import is_cut_off, was_cut
from tests.collect.journal import ENDPOINT, Call, Inward, Journal, Plan, Start, same

#: A layer's index, or "router" or "endpoint".
Position = int | str


@dataclass(frozen=True, slots=True)
class Shape:
    """What the stack is made of: `indexes` of the self-reporting places, and of the two layers that handle exceptions.

    `end` says what is to be expected of the router and the endpoint: `"answers"`, `"raises"`, `"handled in the route"`,
    or that the exception middleware answers for the endpoint (`"handled"`) or for the router (`"refused"`).
    """

    layers: int
    plans: Sequence[Plan]
    indexes: Sequence[int]
    server_error: int
    exception: int
    end: str


@dataclass(frozen=True, slots=True)
class Told:
    """What one layer did with its first request.

    `hidden` may be seen from outside or not; where `certain` is False nobody outside could tell at all.
    """

    outcome: str
    observed: frozenset[str]
    hidden: frozenset[str]
    status: int | None
    certain: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of one request. `answers` holds every (answered_by, handled_by) that fits what can be seen."""

    request_order: tuple[int, ...]
    response_order: tuple[int, ...]
    answers: frozenset[tuple[Position | None, int | None]]
    raised_by: Position | None
    steps: Mapping[int, Told]


def truth_of(journal: Journal, client: Inward, shape: Shape, error: BaseException | None) -> Truth:
    """The truth of the request that `client` sent; `error` left the app."""
    return _Observer(journal, client, shape).truth(error)


@dataclass(slots=True)
class _Observer:
    journal: Journal
    client: Inward
    shape: Shape
    first: dict[int, int] = field(default_factory=dict)

    def truth(self, error: BaseException | None) -> Truth:
        self._hear(self.client, -1)
        firsts: dict[int, Call] = {}
        for call in self.journal.calls:
            if call.place != ENDPOINT:
                firsts.setdefault(call.place, call)
        return Truth(
            request_order=tuple(range(self._deepest(self.client, -1) + 1)),
            # What nobody in between tells apart passed from the inside out.
            response_order=tuple(sorted(self.first, key=lambda index: (self.first[index], -index))),
            answers=frozenset(self._answers(self.client)) if self.client.starts else frozenset({(None, None)}),
            raised_by=None if error is None else self._origin(error),
            steps={self.shape.indexes[place]: self._told(call) for place, call in firsts.items()},
        )

    def _deepest(self, inward: Inward, above: int) -> int:
        """The index of the innermost layer that was reached from here; the framework's pass everything on."""
        layers = [call for call in inward.calls if call.place != ENDPOINT]
        if not layers:
            following = [index for index in self.shape.indexes if index > above]
            return following[0] - 1 if following else self.shape.layers - 1
        index = self.shape.indexes[layers[0].place]
        return max([index, *(self._deepest(each, index) for call in layers for each in call.inward)])

    def _hear(self, inward: Inward, above: int) -> None:
        """Note when the start of a response left each layer inside of `above`, down to the next that tells it."""
        chain, teller = self._chain(inward)
        if inward.starts:
            at = inward.starts[0][0]
            maker = self._maker(inward)
            inmost = maker if isinstance(maker, int) else self.shape.layers
            lowest = self.shape.indexes[teller.place] if teller is not None else self.shape.layers
            for index in range(above + 1, min(inmost + 1, lowest)):
                self._noted(index, at)
            for mute in chain:
                if self.shape.indexes[mute.place] < inmost:
                    turn, status, content_type = inward.starts[0]
                    mute.starts.append(Start(turn, status, content_type, mute.inward[0], None, "no"))
        if teller is None:
            return
        index = self.shape.indexes[teller.place]
        for start in teller.starts[:1]:
            self._noted(index, start.at)
        for each in teller.inward:
            self._hear(each, index)

    def _noted(self, index: int, at: int) -> None:
        self.first[index] = min(at, self.first.get(index, at))

    def _chain(self, inward: Inward) -> tuple[list[Call], Call | None]:
        """The mute calls from here on, and the call of the next layer that tells what passes, if it was reached."""
        mutes: list[Call] = []
        current: Inward | None = inward
        while current is not None:
            call = next((call for call in current.calls if call.place != ENDPOINT), None)
            if call is None:
                return mutes, None
            if not self.shape.plans[call.place].mute:
                return mutes, call
            mutes.append(call)
            current = call.inward[0] if call.inward else None
        return mutes, None

    def _maker(self, inward: Inward) -> int | str:
        """Who made the start that came from here: a layer's index, or `"end"`, the router or the endpoint."""
        mutes, teller = self._chain(inward)
        if teller is not None:
            return self.shape.indexes[teller.place] if teller.starts else self.shape.server_error
        if self._reached_the_end(inward, mutes):
            if self.shape.end in ("answers", "handled in the route"):
                return "end"
            if self.shape.end in ("handled", "refused"):
                return self.shape.exception
        return self.shape.server_error

    def _reached_the_end(self, inward: Inward, mutes: Sequence[Call]) -> bool:
        innermost = mutes[-1].place if mutes else inward.caller.place if inward.caller is not None else -1
        return innermost == len(self.shape.plans) - 1 and (not mutes or bool(mutes[-1].inward))

    def _answers(self, inward: Inward) -> Iterator[tuple[Position | None, int | None]]:
        """Where a start that came from here was made; more than one place where it cannot be seen."""
        maker = self._maker(inward)
        _, teller = self._chain(inward)
        if maker == "end":
            yield "endpoint", None
        elif teller is None or not teller.starts:
            yield self._answer_of_the_framework(inward, maker)
        else:
            start, index = teller.starts[0], self.shape.indexes[teller.place]
            if start.source is not None:
                yield from self._answers(start.source)
                return
            handled = start.because is not None and self._from_inside(teller, start.because)
            yield (self._origin(start.because), index) if handled and start.because is not None else (index, None)
            if not self._told(teller).certain and (before := _answered_before(teller, start)):
                yield from self._answers(before[-1])

    def _answer_of_the_framework(self, inward: Inward, maker: int | str) -> tuple[Position | None, int]:
        if maker == self.shape.exception:
            return ("router" if self.shape.end == "refused" else "endpoint"), self.shape.exception
        chain, teller = self._chain(inward)
        calls = [*chain, *([teller] if teller is not None else [])]
        further_in = [call for call in calls if self.shape.indexes[call.place] > self.shape.server_error]
        innermost = calls[-1].inward[-1] if calls and calls[-1].inward else inward
        if not further_in:
            further_in = [call for call in innermost.calls if call.place == ENDPOINT]
        error = next((call.error for call in further_in if call.error is not None), innermost.error)
        return (self._origin(error) if error is not None else None), self.shape.server_error

    def _origin(self, error: BaseException) -> Position:
        """The place that raised: the one that says so, else the innermost one that the exception left."""
        for made, place in self.journal.made:
            if same(error, made):
                return self._position(place)
        left = [call for call in self.journal.calls if same(error, call.error)]
        return self._position(left[-1].place) if left else "endpoint"

    def _position(self, place: int) -> Position:
        return "endpoint" if place == ENDPOINT else self.shape.indexes[place]

    def _told(self, call: Call) -> Told:
        outcome = self._outcome(call)
        own = bool(call.starts) and call.starts[0].source is None
        cut = was_cut(call) or is_cut_off(call, self.shape.plans)
        certain = not cut and not (own and _looks_the_same(call))
        # A message that another task is still handing over may as well wait unseen, as Starlette's helper lets it.
        waits = self.shape.plans[call.place].carrier != "here"
        hidden = frozenset({"held_back", "buffered"} if waits else ())
        status = call.starts[0].status if call.starts else None
        return Told(outcome, frozenset(self._observed(call)), hidden, status, certain)

    def _raised_own(self, call: Call) -> bool:
        """Whether the exception that left the layer was neither handed to it from inside nor by a `send` outside."""
        if call.error is None:
            return False
        for made, place in self.journal.made:
            if same(call.error, made):
                return place == call.place
        return not self._from_inside(call, call.error)

    def _from_inside(self, call: Call, error: BaseException | None) -> bool:
        inside = [inner.error for each in call.inward for inner in each.calls]
        if self.shape.plans[call.place].form not in ("base", "function"):  # `call_next` raises errors of its own
            inside += [each.error for each in call.inward]
        return any(same(error, each) for each in inside)

    def _outcome(self, call: Call) -> str:
        if self._raised_own(call):
            return "raised"
        if call.starts:
            start = call.starts[0]
            if start.source is not None:
                return "passed"
            if self._from_inside(call, start.because):
                return "handled"
            return "replaced" if _answered_before(call, start) else "answered"
        if call.error is not None:
            return "passed"
        if any(each.error is not None for each in call.inward):
            return "swallowed"
        dropped = any(each.starts for each in call.inward)
        return "silent" if dropped or not call.inward else "passed"

    def _observed(self, call: Call) -> Iterator[str]:
        plan = self.shape.plans[call.place]
        if self._raised_own(call) and call.starts:
            yield "after_response"
        if any(start.source is None or start.source is not call.starts[0].source for start in call.starts[1:]):
            yield "twice"
        if not call.inward:
            return
        through_the_helper = plan.form in ("base", "function")
        if through_the_helper or plan.carrier != "here":
            yield "other_task"
        if plan.scope != "same" and not through_the_helper:
            yield "copied_scope"
        if len(call.inward) > 1:
            yield "called_again"
        if plan.mute and plan.receive == "same":
            yield "same_messages"
        returned = call.error is None and not call.cancelled
        if returned and not call.starts and any(each.starts for each in call.inward):
            yield "dropped"
        yield from _observed_of_the_response(call)


def _observed_of_the_response(call: Call) -> Iterator[str]:
    start = call.starts[0] if call.starts else None
    if start is None or start.source is None:
        return
    if start.held != "no":
        yield "buffered" if start.held == "whole" else "held_back"
    if call.body_ended and b"".join(call.body) != b"".join(start.source.body):
        yield "rewrote_body"


def _answered_before(call: Call, start: Start) -> list[Inward]:
    return [each for each in call.inward if each.starts and each.starts[0][0] < start.at]


def _looks_the_same(call: Call) -> bool:
    """Whether a layer's own response may be an inner one, changed: by status and type, by body or for want of it."""
    start = call.starts[0]
    before = _answered_before(call, start)
    if not before:
        return False
    _, status, content_type = before[-1].starts[0]
    alike = status == start.status and (start.because is not None or content_type == start.content_type)
    same_body = not call.body_ended or b"".join(call.body) == b"".join(before[-1].body)
    return alike and same_body if start.because is not None else alike or same_body
