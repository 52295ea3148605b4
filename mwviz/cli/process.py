"""mwviz as a process: stdout kept for the result, a quick import of the app, and a short way out."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

#: Bound here: while an app is open, `os._exit` is no way out.
end = os._exit
#: Seconds that the app's exit handlers get.
_EXIT_LIMIT = 10.0


class Diversion:
    """While it lasts, what anyone prints on `sys.stdout` or writes to file descriptor 1 goes to stderr."""

    def __init__(self) -> None:
        self._stdout, self._stderr = sys.stdout, sys.stderr
        self._saved: int | None = None
        _flush()
        with suppress(OSError):  # a process may have been started without a stdout
            self._saved = os.dup(1)
            self._divert()
        sys.stdout = sys.stderr

    def _divert(self) -> None:
        try:
            os.dup2(2, 1)
        except OSError:  # nor is there a stderr
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def end(self) -> None:
        """Give stdout back, and both streams whatever the app put in their place; may be called twice."""
        _flush(self._stdout, sys.__stdout__)
        sys.stdout, sys.stderr = self._stdout, self._stderr
        if self._saved is not None:
            saved, self._saved = self._saved, None
            os.dup2(saved, 1)
            os.close(saved)


@contextmanager
def quick_import() -> Iterator[None]:
    """No garbage collection: nothing that an import makes is garbage. What was made is not looked at again, either."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def own_interrupt() -> Iterator[None]:
    """Control-C is the user's: an app that takes the signal on import does not get it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is not before and before is not None:
            signal.signal(signal.SIGINT, before)


def leave(code: int) -> NoReturn:
    """End the process: exit handlers run and streams are flushed, but the interpreter is not taken down.

    That saves a sixth of the time of a small app, and threads of the app's that never end cannot keep us.
    """
    _flush()
    diversion = Diversion()  # exit handlers print, too
    timer = threading.Timer(_EXIT_LIMIT, end, (code,))
    timer.daemon = True
    timer.start()
    try:
        atexit._run_exitfuncs()  # noqa: SLF001 - what the interpreter calls when it ends by the long way
    finally:
        diversion.end()
        _flush()
        end(code)


def _flush(*streams: object) -> None:
    for stream in (sys.stdout, sys.stderr, *streams):
        with suppress(OSError, ValueError):  # closed, or its reader is gone: nothing is left to be said there
            flush = getattr(stream, "flush", None)
            if flush is not None:
                flush()
