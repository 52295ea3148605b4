"""Hand-made traces of websockets, one for every way that one can go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mwviz.model import Event, Observation, Outcome, Step, Trace, TracedError, Websocket
from tests.render import traces

ACCEPTED = Websocket(True, 101, None, (), 1000, None, "app", 0, 2, 0, True)
LEFT = replace(ACCEPTED, closed_by="client", messages_in=1)
OPEN = replace(ACCEPTED, closed_by=None, close_code=None, messages_out=0)
CLOSED = Websocket(False, 403, None, (), 1008, "no token", "app", 0, 0, 0, True)
DENIED = Websocket(False, 401, None, (("content-type", "text/plain"),), None, None, None, 0, 0, 4, True)
LAYERS = (traces.ERRORS, traces.own("OriginCheck", 10), traces.own("Timing", 11), traces.own("Auth", 12))


def step(layer: int, websocket: Websocket | None, outcome: Outcome = "passed", *observed: Observation) -> Step:
    made = traces.step(layer, outcome, websocket.status if websocket is not None else None, *observed)
    return replace(made, websocket=websocket)


def end(*messages: tuple[str, str | None]) -> tuple[Event, ...]:
    sent = (Event(600_000 + at, "send", name, "endpoint", detail) for at, (name, detail) in enumerate(messages))
    return (Event(500_000, "enter", None, "endpoint", None), *sent)


def trace(websocket: Websocket | None, steps: list[Step], **changes: Any) -> Trace:
    probe = replace(traces.PROBE, type="websocket", path="/ws", scheme="ws")
    made = traces.trace(LAYERS, steps, status=None, timeline=changes.pop("timeline", ()))
    return replace(made, **{"probe": probe, "websocket": websocket, **changes})


def accepted(websocket: Websocket = ACCEPTED) -> Trace:
    """The stand-in endpoint accepts, a BaseHTTPMiddleware in between is skipped."""
    steps = [step(0, websocket), step(1, websocket), step(2, websocket, "skipped", "same_messages"), step(3, websocket)]
    return trace(websocket, steps, timeline=end(("websocket.accept", None), ("websocket.close", "1000")))


def closed(websocket: Websocket = CLOSED) -> Trace:
    """OriginCheck answers instead of an accept."""
    steps = [step(0, websocket), step(1, websocket, "answered"), *map(traces.unreached, (2, 3))]
    sent = Event(600_000, "send", "websocket.close", 1, str(websocket.close_code))
    return trace(websocket, steps, answered_by=1, endpoint=None, timeline=(sent,))


def replaced() -> Trace:
    """OriginCheck lets no accept out, and denies."""
    steps = [step(0, DENIED), step(1, DENIED, "replaced"), step(2, ACCEPTED, "skipped"), step(3, ACCEPTED)]
    return trace(DENIED, steps, answered_by=1, timeline=end(("websocket.accept", None)))


def handled() -> Trace:
    """The endpoint raises before an accept, and OriginCheck closes for it."""
    raised = "ValueError: no"
    rest = [replace(step(index, None, "passed"), raised=raised) for index in (2, 3)]
    steps = [step(0, CLOSED), step(1, CLOSED, "handled"), *rest]
    timeline = (*end(), Event(600_000, "raise", None, "endpoint", raised))
    return trace(CLOSED, steps, answered_by="endpoint", handled_by=1, timeline=timeline)


def closed_late() -> Trace:
    """The endpoint accepts and raises, and OriginCheck closes for it."""
    went, raised = replace(ACCEPTED, close_code=1011), "ValueError: no"
    rest = [replace(step(index, OPEN), raised=raised) for index in (2, 3)]
    steps = [step(0, went), step(1, went, "handled", "closed"), *rest]
    sent = Event(700_000, "send", "websocket.close", 1, "1011 late")
    return trace(went, steps, timeline=(*end(("websocket.accept", None)), sent))


def failed(kind: str, websocket: Websocket | None, outcome: Outcome | None = None) -> Trace:
    """The websocket ends in an error."""
    steps = [step(0, websocket), step(1, websocket), step(2, websocket, outcome or "passed"), step(3, websocket)]
    at = 2 if outcome else "endpoint"
    error = TracedError(kind, "late", at, "probe", "", "")  # type: ignore[arg-type]
    answered_by = "endpoint" if websocket is not None else None
    return trace(websocket, steps, error=error, answered_by=answered_by, timeline=end())


ALL = {
    "accepted": accepted(),
    "left": accepted(LEFT),
    "open": accepted(OPEN),
    "chosen": accepted(replace(LEFT, subprotocol="chat")),
    "closed": closed(),
    "denied": closed(DENIED),
    "taken over": closed(replace(ACCEPTED, close_code=1001)),
    "replaced": replaced(),
    "handled": handled(),
    "closed late": closed_late(),
    "raised": failed("ValueError", None),
    "raised late": failed("ValueError", OPEN),
    "hung": failed("Timeout", OPEN, "hung"),
    "hung denied": failed("Timeout", DENIED, "hung"),
    "hung closed": failed("Timeout", ACCEPTED, "hung"),
    "silent": failed("NoResponse", None, "silent"),
    "half denied": failed("NoResponse", replace(DENIED, complete=False)),
}
