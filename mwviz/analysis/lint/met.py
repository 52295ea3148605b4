"""What a rule has met, and the words that rules share for requests and responses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from urllib.parse import urlsplit

from mwviz.model import Layer, Place, Trace
from mwviz.model.evidence import Attempt, Elsewhere, Evidence
from mwviz.model.findings import Severity
from mwviz.values import dataclass

ALLOW_ORIGIN = "access-control-allow-origin"
#: How a remedy begins that is about no order.
NO_ORDER = "No order mends it: "
#: Headers of a request that make it what it is.
_TELLING = ("origin", "access-control-request-method", "x-forwarded-proto", "accept-encoding")
_ADDED = "+ "


@dataclass(frozen=True, slots=True)
class Met:
    """One finding of a rule: `layers` are those that it is about, the first one where it is to be mended.

    `severity` is None for that of the rule, `place` for where the first layer was registered whose place is known.
    """

    message: str
    evidence: str
    layers: tuple[Layer, ...]
    remedy: str
    severity: Severity | None = None
    routes: tuple[str, ...] = ()
    place: Place | None = None


def header(trace: Trace, name: str) -> str | None:
    """The value of a response header, its lines joined; None where there is none."""
    values = [value for key, value in trace.response.headers if key.lower() == name] if trace.response else []
    return ", ".join(values) if values else None


def added(trace: Trace) -> dict[str, int]:
    """By name in lower case the response headers that layers were seen to add, and the outermost layer that did."""
    found: dict[str, int] = {}
    for step in reversed(trace.steps):
        for change in step.response_changes or ():
            if change.startswith(_ADDED):
                found[change[len(_ADDED) :].partition(":")[0].lower()] = step.layer
    return found


def allowing(trace: Trace) -> int | None:
    """The layer that let pages of another origin read this response: it added the header, or answered with it."""
    if header(trace, ALLOW_ORIGIN) is None:
        return None
    place = added(trace).get(ALLOW_ORIGIN, trace.answered_by)
    return place if isinstance(place, int) else None


def tried(evidence: Evidence) -> tuple[Evidence | Elsewhere, ...]:
    """What was tried at the probe's own path, and at those of routes where something is different."""
    return (evidence, *evidence.elsewhere)


def turned_elsewhere(trace: Trace) -> bool:
    """Whether the answer leads to another page, as to one to sign in on; not to the same one at another host."""
    location, path = header(trace, "location"), trace.probe.path.partition("?")[0].strip("/")
    if trace.response is None or location is None or not 300 <= trace.response.status < 400 or not path:
        return False
    return not urlsplit(location).path.strip("/").endswith(path)


def stopped(attempts: Sequence[Attempt]) -> Iterator[tuple[Attempt, int]]:
    """Each attempt that a layer stopped, with that layer."""
    for attempt, following in pairwise(attempts):
        yield attempt, following.without[-1]


def sent(trace: Trace) -> str:
    """The request in words, with the headers that tell what it is about."""
    probe = trace.probe
    told = ", ".join(f"{name}: {value}" for name, value in probe.headers if name.lower() in _TELLING)
    method = "websocket" if probe.type == "websocket" else probe.method
    return f"{method} {probe.path} by {probe.scheme.upper()}{f' with {told}' if told else ''}"


def got(trace: Trace) -> str:
    """The response in words: its status, and the layer that it came from."""
    by = trace.answered_by
    who = trace.layers[by].label if isinstance(by, int) else f"the {by}" if by is not None else "nobody"
    if isinstance(by, int) and trace.handled_by is not None:
        who = f"{trace.layers[trace.handled_by].label}, as {who} raised {trace.steps[by].raised}"
    return f"{trace.response.status} from {who}" if trace.response is not None else "no answer"


def passed_by(trace: Trace, layers: Sequence[int]) -> str:
    """The names of layers that a request was sent past."""
    return " and ".join(trace.layers[index].label for index in layers)


def named(layers: Sequence[Layer]) -> str:
    """The names of layers, as a sentence lists them."""
    *others, last = (layer.label for layer in layers)
    return f"{', '.join(others)} and {last}" if others else last
