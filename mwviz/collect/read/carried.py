"""Tells who set context variables and keys of the scope, and who could see them, by what was taken at every note."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mwviz.collect.probe.noting import Call
from mwviz.collect.probe.run import Run
from mwviz.collect.probe.sight import Aside, Sight
from mwviz.collect.read.called import names_of
from mwviz.collect.read.interpret import Reading
from mwviz.collect.read.messages import STARTS, message_type
from mwviz.collect.read.regions import Moment, Regions
from mwviz.collect.read.variables import is_hidden, is_own, modules_of, shown
from mwviz.collect.stack.crossing import Crossing
from mwviz.model.state import Carried, Where

#: What frameworks set in the scope for themselves.
_INTERNAL = ("app", "asgi", "router", "state")
_INTERNAL_BEGINNINGS = ("starlette.", "fastapi.", "fastapi_")
#: The value of what is not set.
NOTHING = object()

Seen: TypeAlias = Mapping[Any, object]


@dataclass(slots=True, eq=False, repr=False)
class View:
    """What one place saw: `entered` when the request came, `left` when the start of the response (or it) went.

    `through` is what it was seen in when it went: the task or thread, or the very scope.
    """

    entered: Seen
    left: Seen | None = None
    through: object = None
    answered: bool = False


@dataclass(slots=True, eq=False, repr=False)
class History:
    """What became of one variable or key: the places that set it and gave it back, and the values that it got."""

    set_by: dict[Where | None, None] = field(default_factory=dict)
    reset_by: dict[Where | None, None] = field(default_factory=dict)
    values: list[object] = field(default_factory=list)
    before: list[object] = field(default_factory=list)

    def is_seen(self, name: Hashable, seen: Seen | None) -> bool:
        """Whether a value that it got is among what was seen."""
        value = NOTHING if seen is None else seen.get(name, NOTHING)
        return any(value is each for each in self.values)


class State:
    """What a probe carried: `contexts` and `scopes` are what each place saw, `changed` what became of each name.

    `inside` is the next place further in, `tasks` what entered each, `threads` the contexts that calls of the handler's
    began and ended with in worker threads.
    """

    def __init__(self, reading: Reading, run: Run, sight: Sight) -> None:
        names = names_of(run.called)
        self.regions = Regions(run.recorder.made(), run.called, reading.passages, reading.position, names)
        self.moments = tuple(self.regions.moments(sight))
        self.contexts: dict[Where, View] = {}
        self.scopes: dict[Where, View] = {}
        self.changed: dict[Hashable, History] = {}
        self.inside = _inside(reading)
        self.threads: dict[Where, tuple[Context, Context]] = {}
        self.tasks: dict[Where, object] = {}
        self._known: set[Hashable] = set()
        for moment in self.moments:
            self._compare(moment.before, moment.taken.context, moment.place)
            if not isinstance(moment.of, Aside):
                self._look(moment, moment.of)
        variables = [each for each in self.changed if isinstance(each, ContextVar)]
        self.modules = modules_of(variables)
        for each in variables:
            if is_hidden(each, self.modules[id(each)]):
                del self.changed[each]

    def variables(self) -> Iterator[tuple[ContextVar[Any], History]]:
        """The context variables that were set, with what became of them."""
        found = ((name, history) for name, history in self.changed.items() if isinstance(name, ContextVar))
        return ((variable, history) for variable, history in found if history.set_by)

    def label(self, variable: ContextVar[Any]) -> str:
        """The name of a variable with its module, where that is known."""
        module, name = self.modules[id(variable)], shown(variable.name)
        return name if module is None else f"{module}:{name}"

    def _look(self, moment: Moment, of: Crossing | Call) -> None:
        context, scope = moment.taken.context, flat(moment.taken.crossed)
        if not self.contexts:
            self._known = {*scope, *_INTERNAL}
        for held in (flat(moment.taken.scope), scope):
            self._compare_scope(held, moment.place)
        place = self.regions.place(of)
        if place is None or (isinstance(of, Call) and of.kind == "setup"):
            return
        if isinstance(of, Call) and moment.what == "enter":
            self.contexts.pop(place, None)  # a function sees more than the framework's code around it, which came first
        elif isinstance(of, Call) and of.in_thread and not of.yields:
            self.threads[place] = (moment.before, context)
        if moment.what == "enter":
            self.tasks.setdefault(place, moment.taken.owner)
        _see(self.contexts, place, moment, context, moment.taken.owner)
        if isinstance(of, Crossing):
            _see(self.scopes, place, moment, scope, of.scope)
        else:
            _see(self.scopes, place, moment, flat(moment.taken.scope), None)

    def _compare(self, before: Context, after: Context, place: Where | None) -> None:
        if before is after:
            return
        for each in after:
            if after[each] is not before.get(each, NOTHING) and not is_own(each):
                self._change(each, before.get(each, NOTHING), after[each], place)
        for each in before:
            if each not in after and not is_own(each):
                self._change(each, before[each], NOTHING, place)

    def _compare_scope(self, held: Seen, place: Where | None) -> None:
        for key, value in held.items():
            if key in self._known or key.startswith(_INTERNAL_BEGINNINGS):
                continue
            known = self.changed.get(key)
            if known is None or not any(value is each for each in known.values):
                self._change(key, NOTHING, value, place)

    def _change(self, name: Hashable, before: object, after: object, place: Where | None) -> None:
        history = self.changed.setdefault(name, History())
        # In another task the same value is met again where there was none: that takes nothing back.
        if after is NOTHING or (before is not NOTHING and any(after is each for each in history.before)):
            history.reset_by.setdefault(place)
        else:
            history.set_by.setdefault(place)
            history.values.append(after)
            history.before.append(before)


def carried(state: State) -> tuple[Carried, ...]:
    """Everything that was set, in the order of the first time."""
    return tuple(_told(state, name, history) for name, history in state.changed.items() if history.set_by)


def _told(state: State, name: Hashable, history: History) -> Carried:
    variable = name if isinstance(name, ContextVar) else None
    views = state.scopes if variable is None else state.contexts
    cut_by = [place for place in views if _cuts(place, name, views, state.inside, history)]
    if variable is not None:
        own = state.threads.items()
        cut_by += [place for place, (before, left) in own if left.get(variable) is not before.get(variable)]
    return Carried(
        kind="scope" if variable is None else "context",
        name=shown(str(name) if variable is None else variable.name),
        module=state.modules.get(id(name)),
        set_by=tuple(history.set_by),
        seen_in=tuple(place for place, view in views.items() if history.is_seen(name, view.entered)),
        seen_out=tuple(place for place, view in views.items() if history.is_seen(name, view.left)),
        reset_by=tuple(history.reset_by),
        cut_by=tuple(cut_by),
    )


def _cuts(
    place: Where, name: Hashable, views: Mapping[Where, View], inside: Mapping[Where, Where], history: History
) -> bool:
    """Whether what was set further in did not get out of a place that runs what is inside with a copy."""
    outer, inner = views[place], views.get(inside.get(place, place))
    if inner is None or inner is outer or inner.left is None or outer.left is None:
        return False
    value = inner.left.get(name, NOTHING)
    new = history.is_seen(name, inner.left) and value is not inner.entered.get(name, NOTHING)
    return new and outer.left.get(name, NOTHING) is not value and outer.through is not inner.through


def flat(scope: Mapping[str, Any] | None) -> dict[str, object]:
    """The keys of a scope and their values, those of its state as `state.x`."""
    held = {key: value for key, value in (scope or {}).items() if type(key) is str}
    state = held.get("state")
    if type(state) is dict:
        held.update({f"state.{key}": value for key, value in state.items() if type(key) is str})
    return held


def _inside(reading: Reading) -> dict[Where, Where]:
    """For each place the next one further in that it called."""
    found: dict[Where, Where] = {}
    for passage in reading.passages:
        if passage.parent is not None:
            outer, inner = reading.position(passage.parent.rank), reading.position(passage.rank)
            if outer is not None and inner is not None:
                found.setdefault(outer, inner)
    return found


def _see(views: dict[Where, View], place: Where, moment: Moment, seen: Seen, through: object) -> None:
    if moment.what == "enter":
        views.setdefault(place, View(seen))
        return
    view = views.get(place)
    starts = moment.what == "send" and message_type(moment.payload) in STARTS
    if view is None or view.answered or (not starts and moment.what not in ("leave", "raise")):
        return
    view.left, view.through, view.answered = seen, through, starts
