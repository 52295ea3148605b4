"""What the reader must know besides what happened at each layer, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.model import Lifespan, Trace
from mwviz.render import words
from mwviz.render.plain import visible


def remarks(trace: Trace) -> tuple[str, ...]:
    """Return another order that was tried, changed defaults, the notes, lost headers and the way of the lifespan."""
    order = trace.probe.order
    found = [f"Another order was tried: {' > '.join(order)}"] if order is not None else []
    found += (*trace.probe.reasons, *trace.notes)
    return (*map(visible, found), *_lost(trace), *_lifespan(trace))


def _lost(trace: Trace) -> Iterator[str]:
    lost: dict[str, list[str]] = {}
    for each in trace.lost_headers or ():
        lost.setdefault(words.place(trace, each.added_by), []).append(visible(each.name))
    if lost:
        told = "; ".join(f"{', '.join(names)} (of {place})" for place, names in lost.items())
        yield f"Headers of a normal response that were lost on the way: {told}."


def _lifespan(trace: Trace) -> Iterator[str]:
    lifespan = trace.lifespan
    if lifespan is None or not lifespan.timeline:
        return
    inward = _own(trace, lifespan.request_order)
    way = f"went in through {' > '.join(inward)}" if inward else "met none of the app's own layers"
    if trace.probe.endpoint == "stand-in":  # only then somebody asked for it
        yield f"Startup {way}{_answer(trace, lifespan)}."
    if lifespan.stopped_at is not None:
        place = words.place(trace, lifespan.stopped_at)
        yield f"{place} does not hand the lifespan on: what lies further in is neither started nor shut down."


def _answer(trace: Trace, lifespan: Lifespan) -> str:
    if lifespan.startup != "complete":
        return ""
    names, shutdown = _own(trace, lifespan.startup_order), lifespan.shutdown_order
    mirrored = lifespan.startup_order == lifespan.request_order[::-1]
    out = "in reverse order" if mirrored else f"through {' > '.join(names)}" if names else "past all of them"
    also = "; shutdown did the same" if shutdown == lifespan.startup_order else ""
    return f", and its answer came out {out}{also}"


def _own(trace: Trace, indexes: Sequence[int]) -> list[str]:
    return [words.place(trace, index) for index in indexes if trace.layers[index].origin != "framework"]
