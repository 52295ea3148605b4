"""All that is known of one layer: where it comes from, what it was given, what it did, and when."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.model import Layer, Place, Step, Trace
from mwviz.render import words
from mwviz.render.markup import Html, block, element, text
from mwviz.render.plain import duration

_ORIGINS = {
    "framework": "the framework's",
    "user": "the app's own",
    "injected": "injected by a library",
    "outer": "wrapped around the app",
    "mount": "of a mount",
    "route": "of a route",
}


def details(trace: Trace, layer: Layer) -> Html:
    """Return the facts as a list that its reader opens."""
    facts = [*_own(layer), *_observed(trace, layer)]
    pairs = [
        part for key, value, kind in facts for part in (_term(key), element("dd", text(value), class_=kind or None))
    ]
    label = element("summary", text("Details"), element("span", text(f" of {layer.label}"), class_="spoken"))
    return block("details", label, block("dl", *pairs), class_="more")


def _term(key: str) -> Html:
    return element("dt", text(key))


def _own(layer: Layer) -> Iterator[tuple[str, str, str]]:
    yield "class or function", layer.qualified_name, "code"
    yield "kind", f"{words.KINDS[layer.kind]}, {_ORIGINS[layer.origin]}", ""
    yield "registered at", _place(layer.registered_at), "code"
    yield "defined at", _place(layer.defined_at), "code"
    for key, value in layer.arguments.items():
        yield f"argument {key}", value, "code"


def _place(place: Place | None) -> str:
    return f"{place.file}:{place.line}" if place is not None else "unknown"


def _observed(trace: Trace, layer: Layer) -> Iterator[tuple[str, str, str]]:
    step = words.step_of(trace, layer.index)
    yield "what happened", words.happened(trace, layer.index, verbose=True), ""
    if step is None or step.entered_ns is None:
        return
    if step.raised is not None:
        yield "raised", step.raised, "code"
    for key, time in _times(step):
        yield key, duration(time) if time is not None else "did not happen", "time"
    if step.outcome == "passed":
        for way, found in (("request", step.request_changes), ("answer", step.response_changes)):
            if found is None and (way == "request" or step.responded_ns is not None):
                yield f"changes of the {way}", "not observable", ""


def _times(step: Step) -> Iterator[tuple[str, int | None]]:
    yield "request entered", step.entered_ns
    yield "answer left", step.responded_ns
    yield "call ended", step.left_ns
    yield "own time, on the way in", step.self_request_ns
    yield "own time, on the way out", step.self_response_ns
    if step.held_ns is not None:
        yield "held the answer back for", step.held_ns
