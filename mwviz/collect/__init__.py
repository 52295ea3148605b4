"""The only code that touches the user's app, and the only code that knows Starlette and FastAPI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mwviz.collect.find.importer import importable, load, made
from mwviz.collect.find.registration import Registrations
from mwviz.collect.find.target import Reference, discover, parse
from mwviz.collect.probe import loops
from mwviz.collect.probe.experiment import Experiment, Subject
from mwviz.collect.probe.request import ProbeOptions, parse_header
from mwviz.collect.probe.watchdog import Watchdog
from mwviz.collect.read import report
from mwviz.collect.running import run, run_in_thread
from mwviz.collect.staying import staying
from mwviz.model import Stack, Trace

__all__ = [
    "ProbeOptions",
    "Reference",
    "Subject",
    "discover",
    "inspect_stack",
    "parse",
    "parse_header",
    "probe_async",
    "probe_here",
    "probe_in_thread",
    "subject_of",
    "subject_of_object",
]


@contextmanager
def subject_of(reference: Reference, base: Path, *, factory: bool = False) -> Iterator[Subject]:
    """The app that a reference names, importable for the time of the `with`; places will be relative to `base`.

    An app that ends the process meanwhile raises SystemExit instead: nobody would hear of what it did.
    """
    registrations = Registrations()
    with staying(), importable((*reference.roots, base)):
        app = load(reference, registrations, factory=factory)
        yield Subject(app, reference.shown, registrations, base)


def subject_of_object(app: object, base: Path, *, factory: bool = False) -> Subject:
    """An app that is there already; where its middleware was registered is not known."""
    name = type(app).__name__
    return Subject(made(app, name, forced=factory), name, Registrations(), base)


def inspect_stack(subject: Subject) -> Stack:
    """The stack as the app builds it, in a thread and a loop of its own; nothing is sent."""
    experiment = Experiment(subject, ProbeOptions())

    async def build(_loop: loops.Loop, _watchdog: Watchdog) -> None:
        try:
            experiment.arrange()
        finally:
            experiment.restore()

    run_in_thread(experiment, build)
    return report.stack(experiment)


def probe_here(subject: Subject, options: ProbeOptions, stuck: Callable[[Trace], None]) -> Trace:
    """Probe in this thread, on a loop of its own, as a server would run the app.

    `stuck` gets the trace so far, in another thread, if this one hangs in a call that cannot be interrupted.
    """
    experiment = Experiment(subject, options)
    run(experiment, experiment.conduct, lambda: stuck(report.trace(experiment)))
    return report.trace(experiment)


def probe_in_thread(subject: Subject, options: ProbeOptions) -> Trace:
    """Probe in a thread and a loop of its own; a thread that cannot be interrupted is left behind."""
    experiment = Experiment(subject, options)
    run_in_thread(experiment, experiment.conduct)
    return report.trace(experiment)


async def probe_async(subject: Subject, options: ProbeOptions) -> Trace:
    """Probe on the asyncio or trio loop that runs now."""
    experiment = Experiment(subject, options)
    await experiment.conduct(loops.running_loop(), Watchdog(lambda: None))
    return report.trace(experiment)
