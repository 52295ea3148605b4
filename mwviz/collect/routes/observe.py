"""Sends one probe to each route, which meets a stand-in endpoint, and holds it against the listing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from mwviz.collect.probe.experiment import Experiment
from mwviz.collect.probe.loops import Loop
from mwviz.collect.probe.request import ProbeOptions
from mwviz.collect.probe.watchdog import Watchdog
from mwviz.collect.read import report
from mwviz.collect.routes.way import Met
from mwviz.collect.stack import describe
from mwviz.collect.stack.construct import Kept
from mwviz.errors import ProbeError
from mwviz.model import Trace
from mwviz.model.routes import RouteChain, Routes
from mwviz.values import dataclass

_NAMED_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class RouteProbes:
    """Which routes are probed, with which headers, for how many seconds each, and in which order of user middleware.

    `choose` returns them as the only ones.
    """

    choose: Callable[[Routes], Routes]
    timeout: float
    headers: tuple[tuple[str, str], ...] = ()
    order: str | None = None


class Observation:
    """The probes of the chosen routes, one after the other: on one loop, and with the layers in `kept`.

    `listing` is the experiment that comes before them, so that whoever conducts them may end that, too.
    """

    def __init__(self, listing: Experiment, probes: RouteProbes, kept: Kept) -> None:
        self.subject = listing.subject
        self.begun = False
        self._current = listing
        self._probes = probes
        self._kept = kept
        self._turn = 0
        self._probing = False
        self._settled: set[str | None] = set()
        self._chosen: Routes | None = None
        self._pending: deque[tuple[RouteChain, Met]] = deque()
        self._seen: list[tuple[RouteChain, Met]] = []

    @property
    def over(self) -> bool:
        """Whether there is no route left."""
        return not self._pending

    def begin(self, routes: Routes, met: Iterable[Met]) -> None:
        """Choose from all routes; `met` tells where each of them was met."""
        found = {id(chain): each for chain, each in zip(routes.routes, met, strict=True)}
        self._chosen = self._probes.choose(routes)
        self._pending.extend((chain, found[id(chain)]) for chain in self._chosen.routes)
        self.begun = True

    async def go_on(self, loop: Loop, watchdog: Watchdog) -> None:
        """Probe the routes that are left."""
        turn = self._turn
        while self._pending and self._turn == turn:
            chain, met = self._pending[0]
            seen = await self._probed(chain, met, loop, watchdog)
            if self._turn == turn:  # else the thread was left behind, and this route has been told
                self._tell(seen)

    def fail(self, error: BaseException) -> None:
        """The loop was ended by an exception of the app's."""
        self._current.fail(error)

    def restore(self) -> None:
        """Leave the app as it was found."""
        self._current.restore()

    def give_up(self) -> None:
        """Leave behind the probe that did not come to its end, and tell what it has come to."""
        self._turn += 1
        self._kept = {}  # its thread may still use the others
        if self._probing:
            chain, met = self._pending[0]
            self._tell(_compared(self._current, chain, met))

    def routes(self) -> Routes:
        """The chosen routes with what a probe of each observed, and a note for each kind of doubt."""
        if self._chosen is None:
            raise ProbeError("The routes have not been listed.")
        doubts: dict[str, list[str]] = {}
        for chain, met in self._seen:
            if chain.doubt is not None:
                doubts.setdefault(chain.doubt, []).append(_called(met))
        notes = (*self._chosen.notes, *(f"{doubt}: {_listed(names)}." for doubt, names in doubts.items()))
        return replace(self._chosen, routes=tuple(chain for chain, _ in self._seen), notes=notes)

    async def _probed(self, chain: RouteChain, met: Met, loop: Loop, watchdog: Watchdog) -> RouteChain:
        options = _options(met, self._probes)
        if options is None:
            return replace(chain, doubt=_unprobed(met))
        worn, turn = bool(self._kept), self._turn
        seen = await self._sent(options, chain, met, loop, watchdog)
        if not worn or seen.agrees is not None or seen.doubt in self._settled or self._turn != turn:
            return seen
        # The layer may have had enough of our probes, as one that limits their rate has: a new one has met none.
        before, self._kept = self._kept, {}
        again = await self._sent(options, chain, met, loop, watchdog)
        if again.agrees is None:
            self._settled.add(seen.doubt)
            self._kept = before
            return seen
        return again

    async def _sent(
        self, options: ProbeOptions, chain: RouteChain, met: Met, loop: Loop, watchdog: Watchdog
    ) -> RouteChain:
        self._current = experiment = Experiment(self.subject, options, self._kept)
        self._probing = True
        try:
            await experiment.conduct(loop, watchdog)
        except ProbeError as refused:
            return replace(chain, doubt=f"Not probed ({refused})")
        if experiment.timed_out:
            self._kept = {}
        return _compared(experiment, chain, met)

    def _tell(self, seen: RouteChain) -> None:
        _, met = self._pending.popleft()
        self._seen.append((seen, met))
        self._probing = False


def _compared(experiment: Experiment, chain: RouteChain, met: Met) -> RouteChain:
    trace = report.trace(experiment)
    seen = tuple(trace.layers[index].label for index in trace.request_order)
    reached = experiment.routes.reached if experiment.routes is not None else None
    agrees, doubt = _verdict(trace, seen, chain, met, reached)
    return replace(chain, observed=seen, agrees=agrees, doubt=doubt)


def _unprobed(met: Met) -> str:
    return "What a router falls back to is not probed" if met.opaque else "No example fits the parameters of its path"


def _options(met: Met, probes: RouteProbes) -> ProbeOptions | None:
    address = met.address
    if not address.example or (address.host is not None and address.host_example is None):
        return None
    headers = probes.headers
    if address.host_example is not None:
        others = (each for each in headers if each[0].lower() != "host")
        headers = (("host", address.host_example), *others)
    return ProbeOptions(
        path=address.example,
        method=_method(met),
        websocket=met.type == "websocket",
        headers=headers,
        endpoint="stand-in",
        lifespan=False,
        timeout=probes.timeout,
        order=probes.order,
    )


def _verdict(
    trace: Trace, seen: tuple[str, ...], chain: RouteChain, met: Met, reached: object
) -> tuple[bool | None, str | None]:
    """Whether the probe met what is listed; None where it did not come far enough, and why."""
    if isinstance(trace.answered_by, int) and seen == chain.layers[: len(seen)]:
        raised = trace.steps[trace.answered_by].raised
        did = "answered" if raised is None else f"raised {raised.partition(':')[0]}"
        return None, f"{trace.layers[trace.answered_by].label} {did} before the route was reached"
    if trace.error is not None:
        return None, f"The probe ended with {trace.error.type}"
    if trace.answered_by == "router":
        return False, "The router refused what is listed"
    if not met.opaque and reached is not met.endpoint:
        taken = describe.name(describe.named(reached)) if reached is not None else "nothing that is known"
        return False, f"Another route comes first ({taken})"
    if seen != chain.layers:
        return False, f"The request passed other layers than are listed ({_difference(seen, chain.layers)})"
    return True, None


def _difference(seen: Sequence[str], listed: Sequence[str]) -> str:
    def told() -> Iterator[str]:
        if missing := [label for label in listed if label not in seen]:
            yield f"not {', '.join(missing)}"
        if more := [label for label in seen if label not in listed]:
            yield f"but {', '.join(more)}"

    return " ".join(told()) or "in another order"


def _method(met: Met) -> str | None:
    # HEAD belongs to the GET of another route more often than not.
    return next((name for name in met.methods if name != "HEAD"), met.methods[0] if met.methods else None)


def _called(met: Met) -> str:
    return f"{'websocket' if met.type == 'websocket' else _method(met) or 'GET'} {met.address}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
