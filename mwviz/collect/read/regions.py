"""Whose code ran between two notes: what changed in between was that place's doing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import Context
from dataclasses import field
from types import MethodType
from typing import Literal, TypeAlias

from mwviz.collect.probe.noting import Call, CallNote
from mwviz.collect.probe.sight import Aside, Sight, Taken
from mwviz.collect.read.passages import Passage
from mwviz.collect.stack.crossing import THROUGH, Crossing, Note
from mwviz.model.state import Where
from mwviz.values import dataclass

#: What happened when something was taken: to a call through a boundary, to a call of the handler's, or aside.
What: TypeAlias = Literal["enter", "leave", "raise", "receive", "send", "sent", "refused", "aside"]

#: With what was sent, or raised.
Event: TypeAlias = tuple[What, Crossing | Call | Aside, object]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Moment:
    """One note, and what could be seen then: `place` (None: nobody knows whose) ran since the one `before`.

    `before` is the context that the same task had at its last note, or was begun with.
    """

    what: What
    of: Crossing | Call | Aside
    taken: Taken
    place: Where | None
    before: Context
    payload: object = None


@dataclass(slots=True, eq=False, repr=False)
class _Owner:
    """A task or a thread: the calls that are open in it, and the context as it was at its last note."""

    context: Context
    base: Where | None
    open: list[tuple[Crossing | Call, bool]] = field(default_factory=list)
    received: Where | None = None

    def close(self, of: Crossing | Call, *, sending: bool) -> None:
        """A call is over, or its `send`, and all that was open in it; nearly always it is the last one."""
        for place in range(len(self.open) - 1, -1, -1):
            if self.open[place][0] is of and self.open[place][1] is sending:
                del self.open[place:]
                return


class Regions:
    """Follows the code of one probe from note to note."""

    def __init__(
        self,
        notes: Sequence[Note],
        called: Sequence[CallNote],
        passages: Sequence[Passage],
        place_of: Callable[[int], Where | None],
        names: Mapping[int, str],
    ) -> None:
        self._events = _events(notes, called)
        self._outside = {id(each.crossing): each.parent.crossing for each in passages if each.parent is not None}
        self._place_of = place_of
        self._names = names
        self._owners: dict[int, _Owner] = {}
        self._entered: dict[int, _Owner] = {}
        self._latest = _Owner(Context(), None)

    def moments(self, sight: Sight) -> Iterator[Moment]:
        """Every note of the probe, in the order in which they were made."""
        for taken in tuple(sight.taken):
            event = self._events.get(id(taken.at)) or _aside(sight, taken)
            if event is None:
                continue
            what, of, payload = event
            owner = self._owner(taken, what, of)
            yield Moment(what, of, taken, self._ran(owner, what, of), owner.context, payload)
            self._apply(owner, what, of)
            owner.context = taken.context
            if not isinstance(taken.owner, int):
                self._latest = owner

    def place(self, of: Crossing | Call) -> Where | None:
        """The place inside of a boundary, or the call of the handler's."""
        return self._place_of(of.station.rank) if isinstance(of, Crossing) else self._names.get(id(of), "endpoint")

    def _owner(self, taken: Taken, what: What, of: Crossing | Call | Aside) -> _Owner:
        key = taken.owner if isinstance(taken.owner, int) else id(taken.owner)
        known = self._owners.get(key)
        # Threads are used again, each time with the context of who asks for them.
        fresh = isinstance(taken.owner, int) and isinstance(of, Call) and (what == "enter" or of.yields)
        if known is not None and not fresh:
            return known
        if isinstance(of, Aside):
            return _Owner(taken.context, None)  # nobody knows who began a task that crosses no boundary
        self._owners[key] = made = self._begun(taken, what, of)
        return made

    def _begun(self, taken: Taken, what: What, of: Crossing | Call) -> _Owner:
        """A task or a thread that is met for the first time: it began with a copy of another one's context."""
        # A message that comes in crosses the outermost boundary first: whose task took it is not known yet.
        if not self._entered or what == "receive":
            return _Owner(taken.context, None)
        outside = self._outside.get(id(of)) if what == "enter" else of
        if not isinstance(outside, Crossing):
            return _Owner(self._latest.context, self._running(self._latest))
        return _Owner(self._entered.get(id(outside), self._latest).context, self.place(outside))

    def _ran(self, owner: _Owner, what: What, of: Crossing | Call | Aside) -> Where | None:
        """Whose code ran in this task since its last note."""
        if isinstance(of, Call) and of.yields and what in ("leave", "raise"):
            return self.place(of)  # its exit code: the setup has long been followed by others
        if what == "receive" and isinstance(of, Crossing) and owner.received is None:
            return self._asked(owner, of)
        return self._running(owner)

    def _running(self, owner: _Owner) -> Where | None:
        if owner.received is not None:
            return owner.received
        if not owner.open:
            return owner.base
        of, sending = owner.open[-1]
        if not sending:
            return self.place(of)
        outside = self._outside.get(id(of))
        return self.place(outside) if outside is not None else None

    def _asked(self, owner: _Owner, taken_in: Crossing) -> Where | None:
        """Who asked for a message: whatever wraps `receive` on the way out to `taken_in` may have run, too."""
        current = next((of for of, _ in reversed(owner.open) if isinstance(of, Crossing)), None)
        while current is not None and current is not taken_in:
            outside = self._outside.get(id(current))
            if outside is None or not _same(current.outer_receive, outside.receive):
                return None
            current = outside
        return self._running(owner)

    def _apply(self, owner: _Owner, what: What, of: Crossing | Call | Aside) -> None:
        if isinstance(of, Aside):
            return
        owner.received = None
        # A dependency that yields is left open, but others run now.
        while owner.open and isinstance(call := owner.open[-1][0], Call) and call.yields:
            owner.open.pop()
        match what:
            case "enter" if isinstance(of, Crossing) or of.kind != "setup":
                owner.open.append((of, False))
                self._entered[id(of)] = owner
            case "send":
                owner.open.append((of, True))
            case "sent" | "refused" | "leave" | "raise":
                owner.close(of, sending=what in ("sent", "refused"))
            case "receive":
                owner.received = self.place(of)
            case _:
                pass  # the setup of all dependencies together runs code of the frameworks alone


def _same(given: object, own: object) -> bool:
    # Bound methods are made anew each time; to compare two of them calls no foreign code.
    return type(given) is type(own) is MethodType and given == own


def _aside(sight: Sight, taken: Taken) -> Event | None:
    aside = sight.aside.get(id(taken.at))
    return ("aside", aside, None) if aside is not None else None


def _events(notes: Sequence[Note], called: Sequence[CallNote]) -> dict[int, Event]:
    """What was noted, by the identity of the time that was read for it."""
    events: dict[int, Event] = {}
    for at, happening, crossing, payload in notes:
        events[id(at)] = (happening, crossing, payload)
        if happening == "send" and (through := payload.get(THROUGH)) is not None:
            events[id(through)] = ("sent", crossing, payload)
    for at, what, call, error in called:
        events[id(at)] = (what, call, error)
    return events
