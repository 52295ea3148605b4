"""Which of several probes went a way of its own."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.model import Trace
from mwviz.model.probes import ProbeKind, Probes

_NAMES: dict[ProbeKind, str] = {
    "normal": "normal request",
    "preflight": "preflight",
    "error": "request whose endpoint raises",
    "websocket": "websocket",
}


def only_different(probes: Probes) -> Probes:
    """Return the probe asked for, and of the others those that no earlier one went the same way as."""
    kept: dict[tuple[object, ...], ProbeKind] = {}
    found: list[tuple[ProbeKind, Trace]] = []
    same: list[str] = []
    for kind, trace in probes.probes:
        way = tuple(_way(trace))
        if way in kept:
            same.append(f"The {_NAMES[kind]} went the same way as the {_NAMES[kept[way]]}.")
        else:
            kept[way] = kind
            found.append((kind, trace))
    return Probes(tuple(found), (*probes.left_out, *same))


def _way(trace: Trace) -> Iterator[object]:
    """Yield what tells two ways apart: the layers in both orders, what each did, and what the client got."""
    yield tuple(trace.layers[index].label for index in trace.request_order)
    yield tuple(trace.layers[index].label for index in trace.response_order)
    yield trace.probe.type, trace.answered_by, trace.handled_by, trace.error and trace.error.type
    yield trace.response and trace.response.status
    for step in trace.steps:
        # the names alone: some layers tell the time, or make an id
        changed = tuple(change.partition(":")[0] for change in (step.request_changes or ()))
        answered = tuple(change.partition(":")[0] for change in (step.response_changes or ()))
        yield step.outcome, step.status, changed, answered
