"""What a proxy in front of the app says, and who listens."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mwviz.analysis.lint.met import Met, got, header, sent, stopped
from mwviz.analysis.remedies import move
from mwviz.model import Trace
from mwviz.model.evidence import Evidence

_TO_HTTPS = "~ scope scheme: 'http' -> 'https'"
_TO_CLIENT = "~ scope client: "
#: Limits of another kind.
_BY_SIZE = re.compile(r"size|body|upload|concurren", re.IGNORECASE)
#: What layers are called that count or choose by the client's address.
_BY_CLIENT = re.compile(
    r"rate_?limit|limiter|slow_?api|throttl|brute_?force|fail2ban|flood"
    r"|ip_?(?:address_?)?(?:filter|allow|deny|block|ban|white|black|restrict|guard)"
    r"|(?:allow|deny|block|ban|white|black)(?:ed)?_?(?:list|ip)|(?:filter|restrict|geo)_?ip|geo_?(?:block|fenc|filter)",
    re.IGNORECASE,
)


def redirected_again(evidence: Evidence) -> Iterator[Met]:
    """MW012: what came by HTTPS is redirected to HTTPS, and only further in somebody reads that it came so."""
    last = evidence.forwarded[-1].trace if evidence.forwarded else None
    if last is None:
        return
    reader = next((step.layer for step in last.steps if _TO_HTTPS in (step.request_changes or ())), None)
    for attempt, index in stopped(evidence.forwarded):
        location = header(attempt.trace, "location") or ""
        if reader is None or index > reader or not location.startswith("https:"):
            continue
        layer, reads = last.layers[index], last.layers[reader]
        yield Met(
            f"{layer.label} redirects what came by HTTPS to HTTPS: {reads.label}, which reads that, stands inside.",
            f"Sent {sent(attempt.trace)}: {got(attempt.trace)}, to {location}. The same without {layer.label}: "
            f"{reads.label} makes the scheme https.",
            (reads, layer),
            move(reads, layer, last.layers, outward=True),
        )


def met_the_proxy(evidence: Evidence) -> Iterator[Met]:
    """MW020: who goes by the client's address stands outside of the layer that reads it from the proxy's headers."""
    last = evidence.forwarded[-1].trace if evidence.forwarded else None
    client = _forwarded_for(last) if last is not None else ""
    reader = next((step.layer for step in last.steps if _reads(step.request_changes, client)), None) if last else None
    if last is None or reader is None:
        return
    proven = dict(_told_apart(evidence, reader))
    for index in sorted({*last.request_order, *evidence.forwarded[-1].without}):
        layer, reads = last.layers[index], last.layers[reader]
        if index >= reader or (index not in proven and not _goes_by_client(layer.name)):
            continue
        told = proven.get(index, f"Its name says that {layer.label} goes by the client's address.")
        yield Met(
            f"{layer.label} takes all clients for the proxy: {reads.label}, which reads from the proxy's headers who "
            "the client is, stands inside.",
            f"Sent {sent(last)} from {last.probe.client}, and x-forwarded-for: {client}: only from {reads.label} on "
            f"the client is {client}. {told}",
            (reads, layer),
            move(reads, layer, last.layers, outward=True),
        )


def _goes_by_client(name: str) -> bool:
    return _BY_CLIENT.search(name) is not None and _BY_SIZE.search(name) is None


def _forwarded_for(trace: Trace) -> str:
    return next((value for name, value in trace.probe.headers if name.lower() == "x-forwarded-for"), "")


def _reads(changes: tuple[str, ...] | None, client: str) -> bool:
    told = (change.partition(" -> ")[2] for change in changes or () if change.startswith(_TO_CLIENT))
    return any(f"'{client}'" in each for each in told)


def _told_apart(evidence: Evidence, reader: int) -> Iterator[tuple[int, str]]:
    """Layers outside of the reader that answer the proxy otherwise than the client itself."""
    if not evidence.direct:
        return
    proxy, client = (next(stopped(attempts), None) for attempts in (evidence.forwarded, evidence.direct))
    for stop, others in ((proxy, evidence.direct), (client, evidence.forwarded)):
        if stop is None or stop[1] >= reader:
            continue
        attempt, index = stop
        other = others[0].trace
        if other.steps[index].outcome == "passed":
            label, trace = other.layers[index].label, attempt.trace
            yield (
                index,
                f"From {trace.probe.client} there was {got(trace)}; from {other.probe.client} it passed {label}.",
            )
