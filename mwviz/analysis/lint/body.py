"""What becomes of bodies on the way out."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.analysis.lint.met import Met, header, sent
from mwviz.analysis.remedies import move
from mwviz.model import Trace
from mwviz.model.evidence import Evidence


def divided_body(evidence: Evidence) -> Iterator[Met]:
    """MW006: the same short answer is compressed behind the layer, and is not in its place."""
    small = evidence.small
    if small is None or small.by is None or small.without is None or small.without.response is None:
        return
    compressor = next(
        (
            step.layer
            for step in small.trace.steps
            if any(change.startswith("+ content-encoding:") for change in step.response_changes or ())
        ),
        None,
    )
    if compressor is None or header(small.without, "content-encoding") is not None or small.trace.response is None:
        return
    layer, divider = small.trace.layers[compressor], small.trace.layers[small.by]
    outermost = small.trace.layers[place] if isinstance(place := small.without.answered_by, int) else divider
    before, after = small.without.response.body_bytes, small.trace.response.body_bytes
    yield Met(
        f"{layer.label} compresses a body of {before} bytes to {after}: {divider.label}, inside of it, hands the body "
        "on in parts, so that its size is not known.",
        f"Sent {sent(small.trace)}: {before} bytes from {_source(small.trace)} left {layer.label} as {after}, "
        f"compressed and without content-length. The same {before} bytes from the place of {outermost.label} were left "
        "as they are.",
        (layer, divider),
        move(layer, divider, small.trace.layers, outward=False),
    )


def _source(trace: Trace) -> str:
    """Where a stand-in gave the answer; it takes the place of a layer that would let no request pass."""
    by = trace.answered_by
    return f"the place of {trace.layers[by].label}" if isinstance(by, int) else f"the {by}"


def held_stream(evidence: Evidence) -> Iterator[Met]:
    """MW007: one event had not left the layer when the next one was sent."""
    stream = evidence.stream
    if stream is None or stream.holder is None:
        return
    layer = stream.trace.layers[stream.holder]
    version = evidence.versions.starlette
    newer = f" (this is Starlette {version})" if version and layer.name == "GZipMiddleware" else ""
    remedy = f"Let {layer.label} hand text/event-stream on as it comes"
    if layer.name == "GZipMiddleware":
        remedy += f": GZipMiddleware of newer Starlette leaves it alone{newer}"
    yield Met(
        f"{layer.label} holds server-sent events back.",
        f"Sent {sent(stream.trace)} to an endpoint that streams text/event-stream: the first event came to "
        f"{layer.label}, and had not left it when the second one was sent.",
        (layer,),
        f"{remedy}.",
    )
