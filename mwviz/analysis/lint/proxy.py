"""What a proxy in front of the app says, and who listens."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.analysis.lint.met import Met, got, header, sent, stopped
from mwviz.analysis.remedies import move
from mwviz.model.evidence import Evidence

_TO_HTTPS = "~ scope scheme: 'http' -> 'https'"


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
