"""Lists routes. Probes alone need nothing of this: it is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from mwviz.collect import failure
from mwviz.collect.probe import loops
from mwviz.collect.probe.experiment import Experiment, Subject
from mwviz.collect.probe.request import ProbeOptions
from mwviz.collect.probe.watchdog import Watchdog
from mwviz.collect.routes.observe import RouteProbes, observed
from mwviz.collect.routes.report import routes as told_routes
from mwviz.collect.routes.walk import Walk
from mwviz.collect.running import Conduct, run, run_in_thread
from mwviz.errors import ProbeError
from mwviz.model.routes import Routes

__all__ = ["RouteProbes", "list_here", "list_in_thread"]


def list_here(subject: Subject, probed: RouteProbes | None = None) -> Routes:
    """Every route with its chain; the stacks of mounted apps are built in this thread, on a loop of its own.

    Those that `probed` names are probed, in threads and loops of their own.
    """
    return _listed(subject, lambda experiment, conduct: run(experiment, conduct, lambda: None), probed)


def list_in_thread(subject: Subject, probed: RouteProbes | None = None) -> Routes:
    """As `list_here`, in a thread and a loop of its own."""
    return _listed(subject, run_in_thread, probed)


def _listed(subject: Subject, conducted: Callable[[Experiment, Conduct], None], probed: RouteProbes | None) -> Routes:
    experiment, walk = Experiment(subject, ProbeOptions()), Walk(subject.registrations.given)

    async def build(_loop: loops.Loop, _watchdog: Watchdog) -> None:
        try:
            experiment.arrange()
        finally:
            experiment.restore()
        walk.outermost(subject.application, experiment.chain.layers)

    conducted(experiment, build)
    if experiment.error is not None:
        raise ProbeError(f"The app ended the run while its stacks were built: {failure.one_line(experiment.error)}")
    routes = told_routes(experiment, walk)
    if probed is None:
        return routes
    met = {id(chain): each for chain, each in zip(routes.routes, walk.met, strict=True)}
    return observed(subject, met, probed, routes, lambda probe: run_in_thread(probe, probe.conduct))
