"""Hand-made traces for what only the diagrams show, and names that try to break out of every format."""

from __future__ import annotations

from dataclasses import replace

from mwviz.model import Endpoint, Event, Layer, Place, Trace, TracedError
from tests.render import traces

#: Names that mean something to DOT, Mermaid, Markdown, HTML, XML, JSON or a terminal.
NAMES = (
    '"]; click n0 "javascript:alert(1)"',
    "<script>alert(1)</script>",
    "</TD></TR></TABLE>>, URL=<x>",
    "--> x",
    "\x1b[31mred\x1b[0m\x7f\x9b",
    "`code` and ``more``",
    "a|b||c",
    "one\ntwo\r\nthree\tfour",
    "end",
    "subgraph",
    "'single' \"double\"",
    r"\N and \G and \l \"",
    "&lt;b&gt; & &amp; #lt; #35;",
    "Größe 漢字 🎉",
    "",
    " ",
    "%%{init: {'theme': 'dark'}}%%",
    "$$x^2$$ $y$",
    "fa:fa-car :bug: :+1:",
    "# x",
    "1. x",
    "- x",
    "@someone #12 http://example.com www.example.com a@example.com",
    "![i](javascript:alert(1)) [a](b) <http://x>",
    "**bold** _under_ __init__ ~~gone~~",
    "---",
    "\u202eevil\u200b\ud800\ufffe",
    "]]><x/>",
    "@{shape: cloud}",
    "ﬂ°°35¶ß",
)


def tiny() -> Trace:
    """Two layers of the user's in one of the framework, all healthy."""
    layers = (traces.ERRORS, traces.own("Outer", 10), traces.own("Inner", 11))
    return traces.trace(layers, [traces.step(index) for index in range(3)])


def healthy_elsewhere() -> Trace:
    """The healthy trace as another machine would see it: other times, other versions, other site-packages."""
    made = traces.healthy()
    steps = tuple(
        replace(step, entered_ns=2 * (step.entered_ns or 0), self_request_ns=1, self_response_ns=2)
        for step in made.steps
    )
    layers = tuple(
        replace(layer, defined_at=Place("C:/Python/Lib/site-packages/x.py", 3))
        if layer.defined_at is not None and layer.defined_at.file.startswith("/")
        else layer
        for layer in made.layers
    )
    return replace(made, steps=steps, layers=layers, versions=replace(made.versions, python="3.13.1"), duration_ns=9)


def refused() -> Trace:
    """The first of two layers answers 401."""
    layers = (traces.ERRORS, traces.own("Auth", 10), traces.own("Inner", 11))
    steps = [traces.step(0, status=401), traces.step(1, "answered", 401), traces.unreached(2)]
    return traces.trace(layers, steps, answered_by=1, status=401)


def skipping() -> Trace:
    """The innermost layer answers through a `send` it got from far outside: two layers never see the response."""
    layers = (traces.ERRORS, *(traces.own(name, line) for line, name in enumerate(("A", "B", "C", "D"), 10)))
    steps = [traces.step(0), traces.step(1), *(traces.step(index, status=None) for index in (2, 3))]
    return traces.trace(layers, [*steps, traces.step(4)])


def thrown_away() -> Trace:
    """A layer replaces the endpoint's response by its own."""
    layers = (traces.ERRORS, *(traces.own(name, line) for line, name in enumerate(("A", "B", "C"), 10)))
    steps = [traces.step(0, status=418), traces.step(1, "replaced", 418, "dropped"), traces.step(2), traces.step(3)]
    return traces.trace(layers, steps, answered_by=1, status=418, timeline=traces.events(steps))


def answered_first() -> Trace:
    """A layer answers, calls inward all the same, and lets through the exception that comes of it."""
    layers = (traces.ERRORS, traces.own("Hasty", 10), traces.own("Inner", 11))
    steps = [traces.step(0), traces.step(1, "answered", 200, "twice"), traces.step(2)]
    error = TracedError("RuntimeError", "twice", "endpoint", "probe", "", "")
    steps = [replace(step, raised="RuntimeError: twice") for step in steps]
    steps[1], steps[0] = replace(steps[1], responded_ns=5_500), replace(steps[0], responded_ns=5_600)
    made = traces.events(steps)
    late = tuple(
        replace(event, event="raise", detail=error.type) if event.event == "leave" else event for event in made
    )
    made_of = traces.trace(layers, steps, answered_by=1, error=error, timeline=late)
    return replace(made_of, response_order=(1, 0, 2))


def gone_round() -> Trace:
    """A layer calls one further in than the next; an exception comes back the same way."""
    layers = (traces.ERRORS, *(traces.own(name, line) for line, name in enumerate(("Jumper", "Passed", "Inner"), 10)))
    error = TracedError("KeyError", "'x'", "endpoint", "probe", "", "")
    steps = [replace(traces.step(at, status=None), raised="KeyError: 'x'") for at in (0, 1, 3)]
    steps = [traces.step(0, "handled", 500), steps[1], traces.unreached(2), steps[2]]
    steps[0] = replace(steps[0], raised="KeyError: 'x'")
    at_end = (
        Event(500_000, "enter", None, "endpoint", None),
        Event(600_000, "raise", None, "endpoint", "KeyError: 'x'"),
    )
    return traces.trace(layers, steps, status=500, handled_by=0, error=error, timeline=at_end)


def dropped() -> Trace:
    """A layer swallows the endpoint's response and sends nothing."""
    layers = (traces.ERRORS, traces.own("A", 10), traces.own("B", 11))
    steps = [traces.step(0, status=None), traces.step(1, "silent", None, "dropped"), traces.step(2)]
    return traces.trace(layers, steps, answered_by=None, status=None, timeline=traces.events(steps))


def partly_seen() -> Trace:
    """No boundary could be placed around the layer in the middle."""
    layers = (traces.ERRORS, traces.own("A", 10), traces.own("B", 11))
    hidden = replace(traces.unreached(1), outcome="unknown")
    return traces.trace(layers, [traces.step(0), hidden, traces.step(2)])


def not_found() -> Trace:
    """The router answers 404."""
    layers = (traces.ERRORS, traces.own("A", 10))
    made = traces.trace(
        layers, [traces.step(0, status=404), traces.step(1, status=404)], answered_by="router", status=404
    )
    return replace(made, probe=replace(made.probe, path="/nowhere", endpoint="real"))


def rejected_by_handler() -> Trace:
    """The endpoint raises, and the framework's ExceptionMiddleware makes 403 of it."""
    layers = (traces.ERRORS, traces.own("A", 10), traces.EXCEPTIONS, traces.STACK)
    raised = "HTTPException: 403: Forbidden"
    steps = [traces.step(0, status=403), traces.step(1, status=403), traces.step(2, "handled", 403)]
    steps.append(replace(traces.step(3, status=None), raised=raised))
    at_end = (Event(500_000, "enter", None, "endpoint", None), Event(600_000, "raise", None, "endpoint", raised))
    made = traces.trace(layers, steps, status=403, handled_by=2, timeline=at_end)
    probe = replace(made.probe, path="/items/7", endpoint="real")
    return replace(made, probe=probe, endpoint=Endpoint("read_item", Place("shop/items.py", 12)))


def named(name: str) -> Trace:
    """A trace in which every text that comes from outside is `name`."""
    layer = Layer(0, name, name, name, "user", "app", "asgi", {name: name}, Place(name, 1), Place(name, 2))
    layers = (
        layer,
        replace(layer, origin="mount", within=f"mount {name}"),
        replace(layer, registered_at=None, defined_at=None),
    )
    steps = [traces.step(0), replace(traces.step(1), raised=f"{name}: {name}"), traces.step(2)]
    made = traces.trace(layers, steps, notes=(name,))
    probe = replace(made.probe, method=name, path=name, endpoint="real", reasons=(name,))
    labelled = tuple(replace(each, label=name) for each in made.layers)
    return replace(made, target=name, layers=labelled, probe=probe, endpoint=Endpoint(name, Place(name, 3)))


ALL = {
    **traces.ALL,
    **{
        made.__name__: made
        for made in (
            tiny, refused, skipping, thrown_away, answered_first, gone_round, dropped, partly_seen, not_found,
            rejected_by_handler,
        )
    },
}  # fmt: skip
