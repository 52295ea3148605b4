"""What could be seen at each note of one probe: the context, and the scope. Taken as they are, compared later."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Context, ContextVar, copy_context
from threading import get_ident
from time import perf_counter_ns
from types import CodeType
from typing import Any

from mwviz.collect.stack.crossing import Note
from mwviz.collect.stack.recorder import Recorder
from mwviz.values import dataclass


class Taken:
    """What could be seen `at` a time that was read: `owner` is the task, or the number of a thread outside of the loop.

    `scope` is that of the call which was entered last, `crossed` that of the call which a note is about.
    """

    __slots__ = ("at", "context", "crossed", "owner", "scope")

    def __init__(self, at: int, context: Context, owner: object, scope: Mapping[str, Any] | None) -> None:
        self.at = at
        self.context = context
        self.owner = owner
        self.scope = scope
        self.crossed: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Aside:
    """A context variable was read, or a record of this logger (its name) was emitted; `callers` are the code that did.

    The innermost comes first.
    """

    what: ContextVar[Any] | str
    callers: tuple[CodeType, ...] = ()


class Sight:
    """Takes what can be seen whenever a recorder reads its clock, which it does for everything that it notes.

    To copy a context costs the same however much it holds. Nothing is compared here: that would be foreign code. The
    clock stands still meanwhile, so that no layer's time grows by it.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.taken: list[Taken] = []
        #: By the identity of such a time, what else happened then that nobody notes.
        self.aside: dict[int, Aside] = {}
        self._spent = 0
        #: One number per thread, to be compared by its identity as tasks are.
        self._threads: dict[int, int] = {}
        self._task = recorder.current_task
        self._innermost: Mapping[str, Any] | None = None
        recorder.now = self.now
        recorder.notes = _Noted(self)

    def now(self) -> int:
        """The time, by which what could be seen then is found again: this very number stands in the note."""
        began = perf_counter_ns()
        at = began - self._spent
        task = self._task()
        owner = self._threads.setdefault(thread := get_ident(), thread) if task is None else task
        self.taken.append(Taken(at, copy_context(), owner, held(self._innermost)))
        self._spent += perf_counter_ns() - began
        return at

    def noted(self, note: Note) -> None:
        """A note was made: look at the scope that it is about, too."""
        began = perf_counter_ns()
        at, happening, crossing, _ = note
        if happening == "enter":
            self._innermost, seen = crossing.scope, crossing.seen
        else:
            seen = held(crossing.scope) or {}
        # Nearly always the very last: another thread may have read the clock since.
        taken = next((each for each in reversed(self.taken) if each.at is at), None)
        if taken is not None:
            taken.crossed = seen
        self._spent += perf_counter_ns() - began


class _Noted(list[Note]):
    """Notes that tell of themselves when they are made."""

    def __init__(self, sight: Sight) -> None:
        super().__init__()
        self._sight = sight

    def append(self, note: Note, /) -> None:
        """Make a note."""
        super().append(note)
        self._sight.noted(note)


def held(scope: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What a scope holds now, and its state; None for what is no plain dict: to read it might be foreign code."""
    if type(scope) is not dict:
        return None
    seen = scope.copy()
    if type(state := seen.get("state")) is dict:
        seen["state"] = state.copy()
    return seen
