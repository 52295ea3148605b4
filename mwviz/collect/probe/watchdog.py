"""Gets the better of a loop that no longer runs: a layer that computes, or sleeps, without ever awaiting."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

#: Seconds that a cancelled call gets to tidy up before it is left behind.
GRACE = 1.0
#: Seconds between two tries to interrupt, and how many there are before the thread is given up.
_PAUSE, _TRIES = 0.1, 10


class Stuck(BaseException):
    """Raised inside the code that hangs; no `except Exception` of the app's catches it."""


def is_interrupt(error: BaseException) -> bool:
    """Whether the error is the watchdog's, if only inside of a group."""
    return isinstance(error, Stuck) or any(is_interrupt(each) for each in getattr(error, "exceptions", ()))


class Watchdog:
    """Watches one thread. `give_up` is called, from another thread, when it cannot be interrupted."""

    def __init__(self, give_up: Callable[[], None]) -> None:
        self._thread = threading.get_ident()
        self._give_up = give_up
        # Up to Python 3.11 a thread that the watched one is just starting has its number, too, and would die of the
        # interrupt unheard: so none is raised once the watched code has been left. A call that was left behind may be
        # collected, and come to its end, wherever the garbage collector runs: in the watching thread, too.
        self._raising = threading.RLock()
        self._left = threading.Event()

    @contextmanager
    def within(self, seconds: float, expired: Callable[[], bool]) -> Iterator[None]:
        """After `seconds` in the `with`, tell `expired` and raise `Stuck` in the watched thread.

        `expired` answers False where the loop has noticed already: it is not stuck, and gets time to tidy up.
        """
        over = threading.Event()
        self._left.clear()
        threading.Thread(target=self._watch, args=(over, seconds, expired), name="mwviz-watchdog", daemon=True).start()
        try:
            yield
        finally:
            self._set(over)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Around the app's own code: once that has been left, the rest of `within` is ours, and gets time to end.

        Without this, on a busy machine, the next interrupt would end the loop itself, and all that was still to come.
        """
        try:
            yield
        finally:
            self._set(self._left)

    def _set(self, told: threading.Event) -> None:
        while not told.is_set():
            with suppress(Stuck), self._raising:  # one that came a moment late: the code is left already
                told.set()

    def _watch(self, over: threading.Event, seconds: float, expired: Callable[[], bool]) -> None:
        # Traced (coverage, debuggers) it can starve on Python 3.11 while an exception waits for the other thread.
        sys.settrace(None)
        if over.wait(seconds + _PAUSE) or (not expired() and over.wait(2 * GRACE)):
            return
        for _ in range(_TRIES):
            with self._raising:
                if over.is_set():
                    return
                if left := self._left.is_set():
                    self._left.clear()  # if the loop does not end now, something else of the app's keeps it
                else:
                    _raise_in(self._thread, Stuck)
            if over.wait(GRACE if left else _PAUSE):
                return
        self._give_up()


def _raise_in(thread: int, error: type[BaseException]) -> None:
    # CPython's own way, and the only one that needs no signal; ctypes is loaded when all is lost anyway.
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))
