"""Several probes of one app, side by side. What sends a single one imports none of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from mwviz.model.trace import Probe, Trace
from mwviz.values import dataclass

#: What is asked of the app: a request as any other, a browser's question before one of another origin, a request whose
#: endpoint raises, a websocket.
ProbeKind: TypeAlias = Literal["normal", "preflight", "error", "websocket"]


@dataclass(frozen=True, slots=True)
class Probes:
    """Probes of one app, each of a kind of its own, the one asked for first.

    `left_out` tells of the other kinds why they are not here, a sentence each.
    """

    probes: tuple[tuple[ProbeKind, Trace], ...]
    left_out: tuple[str, ...] = ()


def kind_of(probe: Probe) -> ProbeKind:
    """Return the kind of a probe that was sent."""
    if probe.type == "websocket":
        return "websocket"
    if probe.raises:
        return "error"
    is_preflight = probe.method == "OPTIONS" and any(
        name == "access-control-request-method" for name, _ in probe.headers
    )
    return "preflight" if is_preflight else "normal"
