"""What layers that measure take for the time of a request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mwviz.analysis.lint.met import Met, sent
from mwviz.model import Trace
from mwviz.model.evidence import Evidence

#: What layers are called that take times.
_MEASURES = re.compile(
    r"timing|timer|(?:process|response|request)_?time(?!out)|metric|prometheus|statsd|latency|elapsed|duration"
    r"|access_?log|request_?log|log_?request|profil",
    re.IGNORECASE,
)
#: Who only guards what others have measured.
_GUARDS = re.compile(r"auth|guard", re.IGNORECASE)
#: Headers whose value was measured before the response began.
_TIMES = re.compile(r"\+ (?:server-timing|[a-z-]*(?:time|duration|runtime|elapsed)):")
_BODY = "http.response.body"


def measured_late(evidence: Evidence) -> Iterator[Met]:
    """MW025: a pure ASGI layer is left when the endpoint has ended, and not when the response has."""
    trace = evidence.lingered.trace if evidence.lingered is not None else None
    if trace is None or trace.answered_by != "endpoint":
        return
    ended = next((event.at_ns for event in trace.timeline if event.event == "leave" and event.of == "endpoint"), None)
    for index in trace.request_order:
        layer, step = trace.layers[index], trace.steps[index]
        sent_ns = _last_body(trace, index)
        if ended is None or step.left_ns is None or sent_ns is None or not sent_ns < ended <= step.left_ns:
            continue
        if layer.kind != "asgi" or layer.origin == "framework" or not _measures(layer.name):
            continue
        if any(_TIMES.match(change) for change in step.response_changes or ()):
            continue  # it has told the time by then
        late = (step.left_ns - sent_ns) / 1_000_000
        yield Met(
            f"{layer.label}, which measures by its name, is left only when background tasks are done.",
            f"Sent {sent(trace)} to an endpoint that goes on for a while when it has answered: the whole response had "
            f"left {layer.label} {late:.0f} ms before its call ended.",
            (layer,),
            f"Let {layer.label} take the time when the last http.response.body passes, if it is to tell for how long a "
            "client waits.",
        )


def _measures(name: str) -> bool:
    return _MEASURES.search(name) is not None and _GUARDS.search(name) is None


def _last_body(trace: Trace, index: int) -> int | None:
    wanted = ("send", index, _BODY)
    sent_at = [event.at_ns for event in trace.timeline if (event.event, event.of, event.message) == wanted]
    return sent_at[-1] if sent_at else None
