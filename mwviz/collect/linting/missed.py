"""Reads that found nothing although the variable was set further in, and records that were emitted without it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextvars import Context, ContextVar
from types import CodeType
from typing import Any

from mwviz.collect.probe.sight import Aside
from mwviz.collect.read.carried import State
from mwviz.collect.read.regions import Moment
from mwviz.collect.read.variables import shown
from mwviz.collect.stack.crossing import Crossing
from mwviz.model import Trace
from mwviz.model.evidence import Logged, Missed
from mwviz.model.state import Where


class Misses:
    """Looks at a probe from its beginning to its end: `missed` are reads in vain, `logged` records without a variable.

    A variable counts that is set further in alone: who sets it himself has what he needs. `own` is each layer's code.
    """

    def __init__(self, state: State, trace: Trace, own: Sequence[frozenset[CodeType]]) -> None:
        self._state = state
        self._own = own
        #: The context at each place when something crossed its boundary last.
        self._latest: dict[Where, Context] = {}
        #: Where a variable was set first.
        self._set: dict[ContextVar[Any], Where | None] = {}
        missed: dict[tuple[object, ...], Missed] = {}
        logged: dict[tuple[object, ...], Logged] = {}
        for moment in state.moments:
            match moment.of:
                case Aside(what=str(logger)) if self._is_own(moment.of, moment.place):
                    logged.update({each: Logged(*each, trace) for each in self._logged(moment, shown(logger))})
                case Aside(what=ContextVar() as variable) if self._is_own(moment.of, moment.place):
                    missed.update({each: Missed(*each, trace) for each in self._missed(moment, variable)})
                case Aside():
                    pass
                case _:
                    self._look(moment)
        self.missed = tuple(missed.values())
        self.logged = tuple(logged.values())

    def _is_own(self, aside: Aside, place: Where | None) -> bool:
        """Whether the code of the layer itself does it, or calls who does: a library may be wrapped around it."""
        return isinstance(place, int) and not self._own[place].isdisjoint(aside.callers)

    def _look(self, moment: Moment) -> None:
        context = moment.taken.context
        if isinstance(moment.of, Crossing) and (place := self._state.regions.place(moment.of)) is not None:
            self._latest[place] = context
        for variable, history in self._state.variables():
            if variable not in self._set and history.is_seen(variable, context):
                self._set[variable] = moment.place

    def _missed(self, moment: Moment, variable: ContextVar[Any]) -> Iterator[tuple[str, int, Where, int | None]]:
        reader, history, setter = moment.place, self._state.changed.get(variable), self._set.get(variable)
        if not isinstance(reader, int) or history is None or setter is None or variable in moment.taken.context:
            return
        if not all(_is_inside(place, reader) for place in history.set_by):
            return
        by = self._kept_by(variable, reader, setter)
        if by is not None or setter in history.reset_by:
            yield self._state.label(variable), reader, setter, by

    def _kept_by(self, variable: ContextVar[Any], reader: int, setter: Where) -> int | None:
        """The layer that keeps it, between the reader (or the reader itself) and what is set further in even now."""
        for place, inner in self._state.inside.items():
            if not isinstance(place, int) or place < reader or not _is_inside(setter, place):
                continue
            outside, within = self._state.contexts.get(place), self._latest.get(inner)
            if outside is None or within is None or variable not in within or variable in self._latest[place]:
                continue
            if self._runs_elsewhere(place, inner):
                return place
        return None

    def _runs_elsewhere(self, place: Where, inner: Where) -> bool:
        tasks = self._state.tasks
        return place in tasks and inner in tasks and tasks[place] is not tasks[inner]

    def _logged(self, moment: Moment, logger: str) -> Iterator[tuple[str, int, Where, str]]:
        layer = moment.place
        if not isinstance(layer, int):
            return
        for variable, history in self._state.variables():
            setter = next(iter(history.set_by))
            inside = all(_is_inside(place, layer) for place in history.set_by)
            if inside and setter is not None and variable not in moment.taken.context:
                yield self._state.label(variable), layer, setter, logger


def _is_inside(place: Where | None, layer: int) -> bool:
    """Whether a place is known to lie further in than a layer."""
    return place is not None and (isinstance(place, str) or place > layer)
