"""Opens an app for the command line, and leaves with what is known where the app cannot be interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from mwviz import api
from mwviz.api import Target
from mwviz.cli import messages, process
from mwviz.collect import Subject

Known = TypeVar("Known")


@contextmanager
def opened(target: Target, diversion: process.Diversion | None = None) -> Iterator[Subject]:
    """Import the app quickly; what it prints until the end of the `with` goes to stderr. Raises MwvizError."""
    with ExitStack() as undo:
        undo.callback((diversion or process.Diversion()).end)
        with process.quick_import(), process.own_interrupt():
            subject = undo.enter_context(api.opened(target))
        yield subject


def leaving(diversion: process.Diversion, tell: Callable[[Known], int]) -> Callable[[Known], None]:
    """What is called in another thread, while the app's keeps the main one: `tell` it, and leave with its exit code."""

    def stuck(known: Known) -> None:
        diversion.end()
        try:
            code = tell(known)
        except Exception as error:  # noqa: BLE001 - told, and nobody above this thread's function would be
            code = messages.tell_exception(error, whole=False)
        process.end(code)

    return stuck
