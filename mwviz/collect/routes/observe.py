"""Sends one probe to each route, which meets a stand-in endpoint, and holds it against the listing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mwviz.collect.probe.experiment import Experiment, Subject
from mwviz.collect.probe.request import ProbeOptions
from mwviz.collect.read import report
from mwviz.collect.routes.way import Met
from mwviz.collect.stack import describe
from mwviz.errors import ProbeError
from mwviz.model import Trace
from mwviz.model.routes import RouteChain, Routes

_NAMED_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class RouteProbes:
    """Which routes are probed, and for how many seconds each: `choose` returns them as the only ones.

    Each probe carries `headers`; a route of one host alone is asked for at that host all the same.
    """

    choose: Callable[[Routes], Routes]
    timeout: float
    headers: tuple[tuple[str, str], ...] = ()


def observed(
    subject: Subject, met: Mapping[int, Met], probed: RouteProbes, routes: Routes, conduct: Callable[[Experiment], None]
) -> Routes:
    """The chosen routes with what a probe of each observed, and a note for each kind of doubt.

    `met` tells by the `id` of a chain where it was met; `conduct` runs one probe.
    """
    chosen = probed.choose(routes)
    chains: list[RouteChain] = []
    doubts: dict[str, list[str]] = {}
    for chain in chosen.routes:
        seen, doubt = _compared(subject, met[id(chain)], chain, probed, conduct)
        chains.append(seen)
        if doubt is not None:
            doubts.setdefault(doubt, []).append(_called(met[id(chain)], chain))
    notes = (*chosen.notes, *(f"{doubt}: {_listed(names)}." for doubt, names in doubts.items()))
    return replace(chosen, routes=tuple(chains), notes=notes)


def _compared(
    subject: Subject, met: Met, chain: RouteChain, probed: RouteProbes, conduct: Callable[[Experiment], None]
) -> tuple[RouteChain, str | None]:
    options = _options(met, probed)
    if options is None:
        return chain, _unprobed(met)
    experiment = Experiment(subject, options)
    try:
        conduct(experiment)
        trace = report.trace(experiment)
    except ProbeError as refused:
        return chain, f"Not probed ({refused})"
    seen = tuple(trace.layers[index].label for index in trace.request_order)
    reached = experiment.routes.reached if experiment.routes is not None else None
    agrees, doubt = _verdict(trace, seen, chain, met, reached)
    return replace(chain, observed=seen, agrees=agrees), doubt


def _unprobed(met: Met) -> str:
    return "What a router falls back to is not probed" if met.opaque else "No example fits the parameters of its path"


def _options(met: Met, probed: RouteProbes) -> ProbeOptions | None:
    address = met.address
    if not address.example or (address.host is not None and address.host_example is None):
        return None
    headers = probed.headers
    if address.host_example is not None:
        others = (each for each in headers if each[0].lower() != "host")
        headers = (("host", address.host_example), *others)
    return ProbeOptions(
        path=address.example,
        method=met.methods[0] if met.methods else None,
        websocket=met.type == "websocket",
        headers=headers,
        endpoint="stand-in",
        lifespan=False,
        timeout=probed.timeout,
    )


def _verdict(
    trace: Trace, seen: tuple[str, ...], chain: RouteChain, met: Met, reached: object
) -> tuple[bool | None, str | None]:
    """Whether the probe met what is listed; None where it did not come far enough, and why."""
    if isinstance(trace.answered_by, int) and seen == chain.layers[: len(seen)]:
        return None, f"{trace.layers[trace.answered_by].label} answered before the route was reached"
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


def _called(met: Met, chain: RouteChain) -> str:
    kind = "websocket" if met.type == "websocket" else chain.methods[0] if chain.methods else "GET"
    return f"{kind} {met.address}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
