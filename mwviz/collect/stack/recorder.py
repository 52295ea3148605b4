"""Notes what crossed the boundaries, and knows which requests are the probe's."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from operator import itemgetter
from time import perf_counter_ns

from mwviz.collect.stack.asgi import Scope
from mwviz.collect.stack.crossing import SENT, THROUGH, Note, Spot

_following: ContextVar[Mark | None] = ContextVar("mwviz_following", default=None)


class Mark(dict[str, str]):
    """The probe's `scope["asgi"]`: an ordinary dict whose identity survives a copy of the scope, even a deep one."""

    def __deepcopy__(self, memo: object) -> Mark:
        return self


class Recorder:
    """What crossed the boundaries of one probe, in the order observed. Times are `perf_counter_ns` readings."""

    #: Bound here: tests that freeze the time replace the names of clocks in modules.
    now: Callable[[], int] = staticmethod(perf_counter_ns)
    #: Told the place of a boundary by every request that is not the probe's; None where nobody wants to know.
    passed_by: Callable[[Spot], None] | None = None

    def __init__(self) -> None:
        self.mark = Mark({"version": "3.0", "spec_version": "2.3"})
        self.notes: list[Note] = []
        self.pauses: list[tuple[int, int]] = []
        self.cutoff: int | None = None
        self._closed_at: int | None = None
        self.current_task: Callable[[], object] = lambda: None

    def begin(self, spec_version: str = "2.3") -> Recorder:
        """Start anew, with another mark and no notes. The answer holds what was noted, and what belongs to it yet."""
        before = copy.copy(self)
        self.mark, self.notes, self.pauses = Mark(version="3.0", spec_version=spec_version), [], []
        self.cutoff = self._closed_at = None
        vars(self).pop("now", None)  # who looked on when the clock was read did so for that probe alone
        return before

    def owns(self, scope: Scope) -> bool:
        """Whether a request further in is the probe's."""
        return scope.get("asgi") is self.mark or self.is_followed()

    def is_followed(self) -> bool:
        """Whether the running code was called by the probe, as far as its context tells."""
        return _following.get() is self.mark

    def following(self) -> AbstractContextManager[None]:
        """For the time of the probe's call, scopes made anew further in count as the probe's."""
        return _followed(self.mark)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """For the time of our own work in the midst of the request, which counts for nobody."""
        began = self.now()
        try:
            yield
        finally:
            self.pauses.append((began, self.now()))

    def told(self, at: int) -> int:
        """A time by a clock that stood still in the pauses."""
        return at - sum(min(end, at) - begin for begin, end in self.pauses if begin < at)

    def close(self) -> None:
        """What is noted from now on happens only because the probe is being taken down."""
        if self.cutoff is None:
            self.cutoff = self.now()
            self._closed_at = len(self.notes)

    def made(self) -> list[Note]:
        """The notes up to the end of the probe, with the very times that were read."""
        return self.notes[: self._closed_at]

    def observed(self) -> list[Note]:
        """The notes up to the end of the probe; may be called from another thread while the probe is still stuck."""
        notes = list(_in_strict_order(self.made()))
        ended = self.cutoff if self.cutoff is not None else self.now()
        through = [
            (max(at, kept[THROUGH]), SENT, crossing, kept)
            for at, happening, crossing, kept in notes
            if happening == "send" and kept.get(THROUGH, ended + 1) <= ended
        ]
        observed = sorted((*notes, *through), key=itemgetter(0))
        return [(self.told(at), *rest) for at, *rest in observed] if self.pauses else observed


def _in_strict_order(notes: Iterable[Note]) -> Iterator[Note]:
    # The order of the notes is what happened; a coarse clock (Windows) tells several the same time.
    before = 0
    for at, *rest in notes:
        before = max(at, before + 1)
        yield before, *rest


def unfollowed() -> AbstractContextManager[None]:
    """For the time of another's call, nothing counts as the probe's."""
    return _followed(None)


@contextmanager
def _followed(mark: Mark | None) -> Iterator[None]:
    before = _following.get()
    _following.set(mark)
    try:
        yield
    finally:
        _following.set(before)  # by a token it could not be: a call may end in another context than it began in
