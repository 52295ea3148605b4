"""The words that every format shares: what was asked, what came of it, and what a layer did.

Whatever comes from the app or the request goes through `visible`; the texts are plain, markup is the format's affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from mwviz.model import Kind, Observation, Position, Response, Step, Trace, TracedError, Versions, Websocket
from mwviz.render import end, sockets
from mwviz.render.plain import duration, visible

if TYPE_CHECKING:
    from mwviz.model.routes import Routes

KINDS: dict[Kind, str] = {"asgi": "ASGI", "base_http": "BaseHTTP", "function": "function", "factory": "factory"}

OBSERVATIONS: dict[Observation, str] = {
    "after_response": "raised after the response",
    "twice": "started the response twice",
    "other_task": "ran the inner app in another task",
    "copied_scope": "copied the scope",
    "held_back": "held the response back",
    "buffered": "buffered the response",
    "changed_status": "changed the status",
    "rewrote_body": "rewrote the body",
    "called_again": "called the inner app again",
    "dropped": "dropped the response",
    "closed": "closed the websocket",
    "same_messages": "left the messages alone",
}


#: The messages that an answer begins with.
STARTS = frozenset({"http.response.start", "websocket.http.response.start", "websocket.accept", "websocket.close"})

_QUIET = {
    "silent": "never answered",
    "hung": "hung",
    "skipped": "skipped",
    "not_reached": "not reached",
    "unknown": "not observable",
}


def headline(trace: Trace | Routes) -> str:
    """Return the app and the versions that took part, in one line."""
    return "".join(headline_parts(trace))


def headline_parts(trace: Trace | Routes) -> tuple[str, str]:
    """Return the headline as the app, and the versions with the sign that parts them from it."""
    return versioned(trace.target, trace.versions)


def versioned(target: str, versions: Versions | None) -> tuple[str, str]:
    """Return an app and its versions in the same two parts; where these are not known the second one is empty."""
    if versions is None:
        return visible(target), ""
    named = (("FastAPI", versions.fastapi), ("Starlette", versions.starlette), ("Python", versions.python))
    return visible(target), "".join(f" · {name} {visible(text)}" for name, text in named if text)


def asked(trace: Trace) -> str:
    """Return what was asked for: `GET /items`, `WEBSOCKET /ws`."""
    method = "WEBSOCKET" if trace.probe.type == "websocket" else visible(trace.probe.method)
    return f"{method} {visible(trace.probe.path)}"


def got(trace: Trace) -> str | None:
    """Return what the client got: `200 OK`, `accepted, closed 1000`; None where nobody answered."""
    if trace.websocket is not None:
        return sockets.result(trace.websocket, over=trace.error is None)
    return status(trace.response.status) if trace.response is not None else None


def nothing(trace: Trace) -> str:
    """Return what the client got where nobody answered."""
    return "no answer" if trace.probe.type == "websocket" else "no response"


def answer(given: Response | Websocket | None) -> str | None:
    """Return what somebody did who gave this answer: `answered 200`, `accepted, closed 1000`; None for none."""
    match given:
        case None:
            return None
        case Response():
            return f"answered {int(given.status)}"
        case Websocket():
            return sockets.answered(given)


def status_got(trace: Trace) -> int | None:
    """Return the status that the client got, of a websocket its handshake's; None where nobody answered."""
    answer = trace.response or trace.websocket
    return answer.status if answer is not None else None


def request_line(trace: Trace, *, timed: bool = True) -> str:
    """Return the probe and its result in one line; `timed=False` leaves out what differs from run to run."""
    error, result = trace.error, got(trace)
    if error is not None and error.during != "probe":
        return f"{asked(trace)} was not sent"
    took = f" in {duration(trace.duration_ns)}" if timed and trace.duration_ns is not None else ""
    took += f" (median of {trace.probe.repeat})" if took and trace.probe.repeat is not None else ""
    if result is None:
        return f"{asked(trace)} → {_failure(trace, error)}{took}"
    verb, source = ("answered", trace.answered_by) if trace.handled_by is None else ("sent", trace.handled_by)
    by = f", {verb} by {place(trace, source)}" if source is not None else ""
    left = f", then {_failure(trace, error)}" if error is not None else ""
    return f"{asked(trace)} → {result}{took}{by}{left}"


def _failure(trace: Trace, error: TracedError | None) -> str:
    match error:
        case None | TracedError(type="NoResponse"):
            return nothing(trace)
        case TracedError(type="Timeout"):
            return "timed out"
        case TracedError():
            return f"{visible(error.type)} left the app"


def status(code: int | None) -> str:
    """Return a status with its phrase where HTTP knows one: `401 Unauthorized`, `299`; None is `no status`."""
    if code is None:
        return "no status"
    known = code in HTTPStatus.__members__.values()
    return f"{int(code)} {HTTPStatus(code).phrase}" if known else str(int(code))


def place(trace: Trace, position: Position | str | None) -> str:
    """Return a place of the stack as it is named in a sentence: `AuthMiddleware`, `the stand-in endpoint`."""
    match position:
        case None:
            return "something"
        case int():
            return visible(trace.layers[position].label)
        case "endpoint" if trace.probe.endpoint == "stand-in":
            return "the stand-in endpoint"
        case "endpoint":
            return f"the endpoint {visible(trace.endpoint.name)}" if trace.endpoint else "the endpoint"
        case "router":
            return "the router"
        case _:
            return visible(position)


def is_timed(trace: Trace) -> bool:
    """Tell whether there are times to show: not where nothing was sent, nor where they were taken out of the trace."""
    return trace.duration_ns is not None or any(step.entered_ns is not None for step in trace.steps)


def step_of(trace: Trace, index: int) -> Step | None:
    """Return the step of a layer, or None where nothing was sent."""
    if index < len(trace.steps) and trace.steps[index].layer == index:
        return trace.steps[index]
    return next((step for step in trace.steps if step.layer == index), None)


def happened(trace: Trace, index: int, *, verbose: bool = False) -> str:
    """Return in a few words what became of the request at a layer, and what else was seen there."""
    step = step_of(trace, index)
    if step is None:
        return "not reached"
    return ", ".join([outcome(trace, step), *observations(trace, step, verbose=verbose)])


def outcome(trace: Trace, step: Step) -> str:
    """Return what became of the request at a layer that it reached."""
    own = _type(step.raised)
    verb = f"let {own} through" if own == inner_exception(trace, step.layer) else f"raised {own}"
    match step.outcome:
        case "passed" | "skipped" as went if own is not None:
            if went == "skipped":
                return f"skipped, {verb}"
            return verb if step.responded_ns is None else f"passed on, then {verb}"
        case "passed":
            return "passed on"
        case "answered":
            quiet = own is None or "after_response" in step.observed
            return _answer(step) if quiet else f"{_answer(step)}, then {verb}"
        case "handled":
            turned = inner_exception(trace, step.layer) or own or "an exception"
            return f"turned {turned} into {_made(step)}" + (", raised it again" if own else "")
        case "replaced":
            what = "the response" if step.websocket is None else "the answer"
            return f"replaced {what}: {_answer(step).removeprefix('answered ')}"
        case "raised":
            late = " after the response" if "after_response" in step.observed else ""
            return f"raised {own or 'an exception'}{late if step.websocket is None else late and ' after the answer'}"
        case "swallowed":
            return f"swallowed {inner_exception(trace, step.layer) or 'an exception'}"
        case quiet:
            return _QUIET[quiet]


def _answer(step: Step) -> str:
    if step.websocket is not None:
        return sockets.answered(step.websocket)
    return f"answered {step.status if step.status is None else int(step.status)}"


def _made(step: Step) -> str:
    if step.websocket is not None:
        return sockets.turned_into(step.websocket)
    return str(step.status if step.status is None else int(step.status))


def observations(trace: Trace, step: Step, *, verbose: bool = False) -> tuple[str, ...]:
    """Return what else was seen at a layer, each in a few words, without what its kind or outcome already says."""
    quiet: set[Observation] = set() if verbose else {"same_messages"}
    if not verbose and trace.layers[step.layer].kind in ("base_http", "function"):
        quiet.add("other_task")
    if step.outcome in ("handled", "passed", "raised") and step.raised is not None:
        quiet.add("after_response")
    if step.outcome == "replaced":
        quiet.add("dropped")
    if step.outcome == "handled":
        quiet.add("closed")
    of_websockets = step.websocket is not None or trace.probe.type == "websocket"
    words = (
        (sockets.observed(step, seen) if of_websockets else None) or OBSERVATIONS[seen]
        for seen in step.observed
        if seen not in quiet
    )
    return tuple(words)


def inner_exception(trace: Trace, index: int) -> str | None:
    """Return the class name of the exception that reached a layer from further in, None if none did."""
    order = trace.request_order
    at = order.index(index) + 1 if index in order else len(order)
    if at == len(order):
        return end.raised(trace)
    inner = step_of(trace, order[at])  # not the next one listed: a layer may go round that
    return _type(inner.raised) if inner is not None else None


def _type(raised: str | None) -> str | None:
    return visible(raised.partition(":")[0]) if raised else None


def turns(order: Sequence[int]) -> dict[int, int]:
    """Return the turn, counted from 1, at which each layer of an observed order came."""
    return {index: turn for turn, index in enumerate(order, 1)}
