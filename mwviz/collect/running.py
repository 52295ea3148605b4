"""Where an experiment runs: in this thread, or in one of its own, on a loop of its own."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from mwviz.collect.probe import loops
from mwviz.collect.probe.experiment import Subject
from mwviz.collect.probe.watchdog import Stuck, Watchdog

Conduct: TypeAlias = Callable[[loops.Loop, Watchdog], Awaitable[None]]

#: Stack of a probe's own thread, per layer and at least: on macOS a thread has half a megabyte otherwise.
_BYTES_PER_LAYER, _LEAST_BYTES = 32 * 1024, 16 * 1024 * 1024


class Conducted(Protocol):
    """One experiment, or several that are conducted one after the other."""

    subject: Subject

    def fail(self, error: BaseException) -> None:
        """The loop was ended by this exception of the app's."""

    def restore(self) -> None:
        """Leave the app as it was found."""


def run(experiment: Conducted, conduct: Conduct, give_up: Callable[[], None]) -> None:
    """Conduct in this thread, on a loop of its own; `give_up` is called, in another, where that cannot be ended."""

    async def call() -> None:
        await conduct(loops.running_loop(), Watchdog(give_up))

    try:
        loops.run(call)
    except Stuck:
        pass  # an interrupt that came a moment late: nobody was left to stop
    except SystemExit as error:
        experiment.fail(error)  # out of a task of the app's, past everything that would have caught it


def run_in_thread(experiment: Conducted, conduct: Conduct) -> None:
    """Conduct in a thread and a loop of its own; raises what it raised, and leaves behind what cannot be ended."""
    over = threading.Event()
    unexpected: list[BaseException] = []

    def work() -> None:
        loops.forget_backend()
        try:
            run(experiment, conduct, over.set)
        except BaseException as error:
            unexpected.append(error)
        finally:
            over.set()

    before = threading.stack_size(max(_LEAST_BYTES, _BYTES_PER_LAYER * experiment.subject.depth))
    try:
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(work,), name="mwviz-probe", daemon=True).start()
    finally:
        threading.stack_size(before)
    try:
        over.wait()
    finally:
        experiment.restore()  # where the thread is stuck it cannot do so itself
    if unexpected:
        raise unexpected[0]
