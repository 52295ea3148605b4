"""Which code asks for context variables, and emits log records, while a request is under way.

No hook is told when a variable is read; the interpreter's profiler is told of every call, also of that. Nothing of the
app's, nor of `logging`, is replaced.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import BuiltinFunctionType, CodeType, FrameType
from typing import Any

from mwviz.collect.probe.sight import Aside, Sight
from mwviz.collect.read.variables import is_own

#: Called for every record that passed the filters of its logger.
_EMITS = logging.Logger.callHandlers.__code__
#: Frames between who asks, or logs, and the read or the record: filters, formatters and proxies stand there.
_DEEPEST = 60
#: Calls and returns that are looked at: after so many a handler that computes for long runs on at its own speed.
_MOST_CALLS = 1_000_000


@contextmanager
def noting_reads(sight: Callable[[], Sight | None], is_ours: Callable[[], bool]) -> Iterator[None]:
    """Note in what `sight` gives the reads, and the records, of the code that `is_ours`, in this thread.

    Where somebody profiles this thread already, nothing is noted, and nothing more after very many calls.
    """

    def note(what: ContextVar[Any] | str, frame: FrameType) -> None:
        seen = sight()
        if seen is not None and is_ours():
            seen.aside[id(seen.now())] = Aside(what, tuple(_callers(frame)))

    left = _MOST_CALLS

    def called(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            sys.setprofile(None)
            return
        if event == "c_call" and type(arg) is BuiltinFunctionType and arg.__name__ == "get":
            variable = arg.__self__
            if type(variable) is ContextVar and not is_own(variable):
                note(variable, frame)
        elif event == "call" and frame.f_code is _EMITS:
            name = getattr(frame.f_locals.get("record"), "name", None)
            note(name if type(name) is str else "", frame)

    if sys.getprofile() is not None:
        yield
        return
    sys.setprofile(called)
    try:
        yield
    finally:
        if sys.getprofile() is called:  # who profiles since then goes on
            sys.setprofile(None)


def _callers(frame: FrameType | None) -> Iterator[CodeType]:
    for _ in range(_DEEPEST):
        if frame is None:
            return
        yield frame.f_code
        frame = frame.f_back
