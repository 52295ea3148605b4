"""Lists routes. Probes alone need nothing of this: it is imported when it is asked for."""

from __future__ import annotations

from mwviz.collect import failure
from mwviz.collect.probe import loops
from mwviz.collect.probe.experiment import Experiment, Subject
from mwviz.collect.probe.request import ProbeOptions, prepare
from mwviz.collect.probe.watchdog import Watchdog
from mwviz.collect.routes.observe import Observation, RouteProbes
from mwviz.collect.routes.report import routes as told_routes
from mwviz.collect.routes.walk import Walk
from mwviz.collect.running import run, run_in_thread
from mwviz.collect.stack.construct import Kept
from mwviz.errors import ProbeError
from mwviz.model.routes import Routes

__all__ = ["RouteProbes", "list_here", "list_in_thread", "list_probed"]


def list_here(subject: Subject, order: str | None = None) -> Routes:
    """Every route with its chain; the stacks of mounted apps are built in this thread, on a loop of its own.

    `order` is another one of the app's user middleware.
    """
    listing = _Listing(subject, None, order)
    run(listing.experiment, listing.build, lambda: None)
    return listing.routes()


def list_in_thread(subject: Subject, order: str | None = None) -> Routes:
    """As `list_here`, in a thread and a loop of its own."""
    listing = _Listing(subject, None, order)
    run_in_thread(listing.experiment, listing.build)
    return listing.routes()


def list_probed(subject: Subject, probes: RouteProbes) -> Routes:
    """The routes that `probes` choose, each probed, all in one thread and loop, where every layer is constructed once.

    Where a probe cannot be ended, the others go on in another thread, with layers of their own. Raises ProbeError for
    headers or a time limit that make no sense.
    """
    prepare(ProbeOptions(headers=probes.headers, timeout=probes.timeout), ())  # nonsense is no affair of each route
    kept: Kept = {}
    listing = _Listing(subject, kept, probes.order)
    observation = Observation(listing.experiment, probes, kept)

    async def begin(loop: loops.Loop, watchdog: Watchdog) -> None:
        await listing.build(loop, watchdog)
        observation.begin(listing.routes(), listing.walk.met)
        await observation.go_on(loop, watchdog)

    run_in_thread(observation, begin)
    if not observation.begun:
        observation.begin(listing.routes(), listing.walk.met)  # raises what kept the app from getting there
    while not observation.over:
        observation.give_up()
        run_in_thread(observation, observation.go_on)
    return observation.routes()


class _Listing:
    """One walk through the routes of an app whose stack is built for it."""

    def __init__(self, subject: Subject, kept: Kept | None, order: str | None = None) -> None:
        self.experiment = Experiment(subject, ProbeOptions(order=order), kept)
        self.walk = Walk(subject.registrations.given, kept)

    async def build(self, _loop: loops.Loop, _watchdog: Watchdog) -> None:
        """Build all stacks, and leave all apps as they were found."""
        try:
            self.experiment.arrange()
        finally:
            self.experiment.restore()
        self.walk.outermost(self.experiment.subject.application, self.experiment.chain.layers)

    def routes(self) -> Routes:
        """What the walk met. Raises ProbeError where the app did not let it come to its end."""
        error = self.experiment.error
        if error is not None:
            raise ProbeError(f"The app ended the run while its stacks were built: {failure.one_line(error)}")
        return told_routes(self.experiment, self.walk)
