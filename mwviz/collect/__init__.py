"""The only code that touches the user's app, and the only code that knows Starlette and FastAPI."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from mwviz.collect import failure
from mwviz.collect.find.importer import importable, load, made
from mwviz.collect.find.registration import Registrations
from mwviz.collect.find.target import Reference, discover, parse
from mwviz.collect.probe import loops
from mwviz.collect.probe.experiment import Experiment, Subject
from mwviz.collect.probe.request import ProbeOptions, parse_header
from mwviz.collect.probe.watchdog import Stuck, Watchdog
from mwviz.collect.read import report
from mwviz.collect.routes.observe import RouteProbes, observed
from mwviz.collect.routes.report import routes as told_routes
from mwviz.collect.routes.walk import Walk
from mwviz.errors import ProbeError
from mwviz.model import Stack, Trace
from mwviz.model.routes import Routes

__all__ = [
    "ProbeOptions",
    "Reference",
    "RouteProbes",
    "Subject",
    "discover",
    "inspect_stack",
    "list_here",
    "list_in_thread",
    "parse",
    "parse_header",
    "probe_async",
    "probe_here",
    "probe_in_thread",
    "subject_of",
    "subject_of_object",
]

Conduct: TypeAlias = Callable[[loops.Loop, Watchdog], Awaitable[None]]

#: Stack of a probe's own thread, per layer and at least: on macOS a thread has half a megabyte otherwise.
_BYTES_PER_LAYER, _LEAST_BYTES = 32 * 1024, 16 * 1024 * 1024


@contextmanager
def subject_of(reference: Reference, base: Path, *, factory: bool = False) -> Iterator[Subject]:
    """The app that a reference names, importable for the time of the `with`; places will be relative to `base`."""
    registrations = Registrations()
    with importable((*reference.roots, base)):
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

    _run_in_thread(experiment, build)
    return report.stack(experiment)


def list_here(subject: Subject, probed: RouteProbes | None = None) -> Routes:
    """Every route with its chain; the stacks of mounted apps are built in this thread, on a loop of its own.

    Those that `probed` names are probed, in threads and loops of their own.
    """
    return _listed(subject, lambda experiment, conduct: _run(experiment, conduct, lambda: None), probed)


def list_in_thread(subject: Subject, probed: RouteProbes | None = None) -> Routes:
    """As `list_here`, in a thread and a loop of its own."""
    return _listed(subject, _run_in_thread, probed)


def _listed(subject: Subject, run: Callable[[Experiment, Conduct], None], probed: RouteProbes | None) -> Routes:
    experiment, walk = Experiment(subject, ProbeOptions()), Walk(subject.registrations.given)

    async def build(_loop: loops.Loop, _watchdog: Watchdog) -> None:
        try:
            experiment.arrange()
        finally:
            experiment.restore()
        walk.outermost(subject.application, experiment.chain.layers)

    run(experiment, build)
    if experiment.error is not None:
        raise ProbeError(f"The app ended the run while its stacks were built: {failure.one_line(experiment.error)}")
    routes = told_routes(experiment, walk)
    if probed is None:
        return routes
    met = {id(chain): each for chain, each in zip(routes.routes, walk.met, strict=True)}
    return observed(subject, met, probed, routes, lambda probe: _run_in_thread(probe, probe.conduct))


def probe_here(subject: Subject, options: ProbeOptions, stuck: Callable[[Trace], None]) -> Trace:
    """Probe in this thread, on a loop of its own, as a server would run the app.

    `stuck` gets the trace so far, in another thread, if this one hangs in a call that cannot be interrupted.
    """
    experiment = Experiment(subject, options)
    _run(experiment, experiment.conduct, lambda: stuck(report.trace(experiment)))
    return report.trace(experiment)


def probe_in_thread(subject: Subject, options: ProbeOptions) -> Trace:
    """Probe in a thread and a loop of its own; a thread that cannot be interrupted is left behind."""
    experiment = Experiment(subject, options)
    _run_in_thread(experiment, experiment.conduct)
    return report.trace(experiment)


async def probe_async(subject: Subject, options: ProbeOptions) -> Trace:
    """Probe on the asyncio or trio loop that runs now."""
    experiment = Experiment(subject, options)
    await experiment.conduct(loops.running_loop(), Watchdog(lambda: None))
    return report.trace(experiment)


def _run(experiment: Experiment, conduct: Conduct, give_up: Callable[[], None]) -> None:
    async def call() -> None:
        await conduct(loops.running_loop(), Watchdog(give_up))

    try:
        loops.run(call)
    except Stuck:
        pass  # an interrupt that came a moment late: nobody was left to stop
    except SystemExit as error:
        experiment.fail(error)  # out of a task of the app's, past everything that would have caught it


def _run_in_thread(experiment: Experiment, conduct: Conduct) -> None:
    over = threading.Event()
    unexpected: list[BaseException] = []

    def work() -> None:
        try:
            _run(experiment, conduct, over.set)
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
