"""The words that every format shares: what was asked, what a layer did, and how it all ended.

Whatever comes from the app or the request goes through `visible`; the texts are plain, markup is the format's affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus

from mwviz.model import Kind, Observation, Position, Routes, Step, Trace, TracedError
from mwviz.render.plain import duration, shorten, visible

_MESSAGE_WIDTH, _NAMES_AT_MOST = 160, 5

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
    "same_messages": "left the messages alone",
}


_QUIET = {"silent": "never answered", "hung": "hung", "not_reached": "not reached", "unknown": "not observable"}


def headline(trace: Trace | Routes) -> str:
    """Return the app and the versions that took part, in one line."""
    return "".join(headline_parts(trace))


def headline_parts(trace: Trace | Routes) -> tuple[str, str]:
    """Return the headline as the app, and the versions with the sign that parts them from it."""
    versions = trace.versions
    named = (("FastAPI", versions.fastapi), ("Starlette", versions.starlette), ("Python", versions.python))
    return visible(trace.target), "".join(f" · {name} {visible(text)}" for name, text in named if text)


def request_line(trace: Trace, *, timed: bool = True) -> str:
    """Return the probe and its result in one line; `timed=False` leaves out what differs from run to run."""
    asked = f"{visible(trace.probe.method)} {visible(trace.probe.path)}"
    error, response = trace.error, trace.response
    if error is not None and error.during != "probe":
        return f"{asked} was not sent"
    took = f" in {duration(trace.duration_ns)}" if timed and trace.duration_ns is not None else ""
    if response is None:
        return f"{asked} → {_failure(error)}{took}"
    verb, source = ("answered", trace.answered_by) if trace.handled_by is None else ("sent", trace.handled_by)
    by = f", {verb} by {place(trace, source)}" if source is not None else ""
    left = f", then {_failure(error)}" if error is not None else ""
    return f"{asked} → {status(response.status)}{took}{by}{left}"


def _failure(error: TracedError | None) -> str:
    match error:
        case None | TracedError(type="NoResponse"):
            return "no response"
        case TracedError(type="Timeout"):
            return "timed out"
        case TracedError():
            return f"{visible(error.type)} left the app"


def remarks(trace: Trace) -> tuple[str, ...]:
    """Return what else the reader must know: another order tried, a changed default, a failed lifespan, the notes."""
    order = trace.probe.order
    found = [f"Another order was tried: {' > '.join(order)}"] if order is not None else []
    found += trace.probe.reasons
    return tuple(visible(text) for text in (*found, *trace.notes))


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
    return ", ".join([_outcome(trace, step), *observations(trace, step, verbose=verbose)])


def _outcome(trace: Trace, step: Step) -> str:
    code, own = step.status if step.status is None else int(step.status), _type(step.raised)
    match step.outcome:
        case "passed" if own is not None:
            verb = f"let {own} through" if own == inner_exception(trace, step.layer) else f"raised {own}"
            return verb if step.responded_ns is None else f"passed on, then {verb}"
        case "passed":
            return "passed on"
        case "answered":
            return f"answered {code}"
        case "handled":
            turned = inner_exception(trace, step.layer) or own or "an exception"
            return f"turned {turned} into {code}" + (", raised it again" if own else "")
        case "replaced":
            return f"replaced the response: {code}"
        case "raised":
            late = " after the response" if "after_response" in step.observed else ""
            return f"raised {own or 'an exception'}{late}"
        case "swallowed":
            return f"swallowed {inner_exception(trace, step.layer) or 'an exception'}"
        case outcome:
            return _QUIET[outcome]


def observations(trace: Trace, step: Step, *, verbose: bool = False) -> tuple[str, ...]:
    """Return what else was seen at a layer, each in a few words, without what its kind or outcome already says."""
    quiet: set[Observation] = set() if verbose else {"same_messages"}
    if not verbose and trace.layers[step.layer].kind in ("base_http", "function"):
        quiet.add("other_task")
    if step.outcome in ("handled", "passed", "raised") and step.raised is not None:
        quiet.add("after_response")
    if step.outcome == "replaced":
        quiet.add("dropped")
    return tuple(OBSERVATIONS[seen] for seen in step.observed if seen not in quiet)


def inner_exception(trace: Trace, index: int) -> str | None:
    """Return the class name of the exception that reached a layer from further in, None if none did."""
    inner = step_of(trace, index + 1)
    if inner is not None:
        return _type(inner.raised)
    ends = (event for event in trace.timeline if event.event == "raise" and event.of in ("router", "endpoint"))
    return next((_type(event.detail) for event in ends), None)


def _type(raised: str | None) -> str | None:
    return visible(raised.partition(":")[0]) if raised else None


def turns(order: Sequence[int]) -> dict[int, int]:
    """Return the turn, counted from 1, at which each layer of an observed order came."""
    return {index: turn for turn, index in enumerate(order, 1)}


def summary(trace: Trace) -> str:
    """Return in one or two sentences what happened, naming the layers by their labels."""
    error = trace.error
    if error is not None:
        return _failed(trace, error)
    if trace.handled_by is not None:
        kind = inner_exception(trace, trace.handled_by) or "an exception"
        raised = f"{_start(place(trace, trace.answered_by))} raised {kind}"
        main = f"{raised}, and {place(trace, trace.handled_by)} turned it into {_code(trace)}"
        return _told(main, _skipped(trace), _unreached(trace))
    if not isinstance(trace.answered_by, int):
        made = [f", {place(trace, step.layer)} made it" for step in trace.steps if "changed_status" in step.observed]
        answered = f"{place(trace, trace.answered_by)} answered{''.join(made[:1])} {_code(trace)}"
        return _told(f"{_way_in(trace)}{answered}{_way_out(trace)}", _unreached(trace))
    name, step = place(trace, trace.answered_by), step_of(trace, trace.answered_by)
    if step is not None and step.outcome == "replaced":
        return _told(f"{name} threw away the response from further in and sent its own {_code(trace)}", _skipped(trace))
    return _told(f"{name} answered {_code(trace)}", _unreached(trace), _skipped(trace))


def _failed(trace: Trace, error: TracedError) -> str:
    message = shorten(visible(error.message.strip().partition("\n")[0]), _MESSAGE_WIDTH).rstrip(".")
    kind, who = visible(error.type), _start(place(trace, error.raised_by))
    raised = f"{kind}: {message}" if message else kind
    match error:
        case TracedError(during="build"):
            making = "the app" if error.raised_by is None else place(trace, error.raised_by)
            return f"Making {making} raised {raised}. No request was sent."
        case TracedError(during="startup"):
            return f"Startup failed: {raised}. No request was sent."
        case TracedError(type="Timeout"):
            started = ""
            if trace.response is not None:
                ended = "was complete" if trace.response.complete else "had started but did not end"
                started = f"the response {_code(trace)} {ended}"
            return _told(f"{who} still held the request at the time limit", started, _unreached(trace))
        case TracedError(type="NoResponse"):
            return _told(_silence(trace, error), _unreached(trace))
        case TracedError():
            by = f"{kind} raised by {place(trace, error.raised_by)}" if error.raised_by is not None else kind
            skipped = _skipped(trace) if trace.handled_by is not None else ""
            return _told(f"{by} left the app{_sent_before(trace)}", skipped, _unreached(trace))


def _sent_before(trace: Trace) -> str:
    if trace.response is None:
        return ", and no response was sent"
    if trace.handled_by is None:
        return f" after the response {_code(trace)} had started"
    return f"; {place(trace, trace.handled_by)} had sent {_code(trace)}"


def _told(main: str, *clauses: str) -> str:
    return ": ".join(filter(None, (main, "; ".join(filter(None, clauses))))) + "."


def _code(trace: Trace) -> str:
    return str(int(trace.response.status)) if trace.response is not None else "nothing"


def _start(text: str) -> str:
    return text[0].upper() + text[1:] if text.startswith(("the ", "something")) else text


def _silence(trace: Trace, error: TracedError) -> str:
    quiet = [one for one in trace.steps if one.outcome in ("silent", "swallowed") or "dropped" in one.observed]
    step = step_of(trace, error.raised_by) if isinstance(error.raised_by, int) else quiet[-1] if quiet else None
    if trace.response is not None or step is None:
        begun = f"The response {_code(trace)} had started but did not end"
        return "Nobody answered" if trace.response is None else begun
    plain = "returned" if step.outcome == "silent" else _outcome(trace, step)
    did = OBSERVATIONS["dropped"] if "dropped" in step.observed else plain
    return f"{place(trace, step.layer)} {did} and sent nothing"


def _unreached(trace: Trace) -> str:
    names, ends = [place(trace, index) for index in _own(trace, trace.not_reached)], ("router", "endpoint")
    if trace.answered_by not in ends and not any(event.of in ends for event in trace.timeline):
        names.append("the endpoint")
    return f"{_listed(names)} {'were' if names[1:] else 'was'} never reached" if names else ""


def _skipped(trace: Trace) -> str:
    passed = {*trace.response_order, *([trace.answered_by] if trace.handled_by is not None else [])}
    names = [place(trace, index) for index in _own(trace, trace.request_order) if index not in passed]
    return f"the response never passed {_listed(names)}" if names else ""


def _own(trace: Trace, indexes: Iterable[int]) -> list[int]:
    """Return the indexes without those of the framework's layers, which nobody asks about."""
    return [index for index in indexes if trace.layers[index].origin != "framework"]


def _way_in(trace: Trace) -> str:
    own = _own(trace, trace.request_order)
    names = [place(trace, index) for index in own]
    if not names:
        return "No middleware of the app's own took part: "
    if own != sorted(own):
        return f"The request went in through {', then '.join(_abridged(names))}; "
    way = f"through {names[0]}" if len(names) == 1 else f"from {names[0]} to {names[-1]}"
    return f"The request went in {way}, "


def _way_out(trace: Trace) -> str:
    inward, outward = _own(trace, trace.request_order), _own(trace, trace.response_order)
    if not inward:
        return ""
    if outward == inward[::-1]:
        return ", and the response came out in reverse order" if inward[1:] else ", and the response came back"
    skipped = f"; {_skipped(trace)}" if _skipped(trace) else ""
    passed = set(outward)
    if outward == [index for index in inward[::-1] if index in passed]:
        return skipped
    through = ", then ".join(_abridged([place(trace, index) for index in outward]))
    return f", but the response did not come out in reverse order: it left {through}{skipped}"


def _abridged(names: Sequence[str]) -> list[str]:
    more = len(names) - _NAMES_AT_MOST
    return list(names) if more <= 1 else [*names[:_NAMES_AT_MOST], f"{more} more"]


def _listed(names: Sequence[str]) -> str:
    *first, last = _abridged(names)
    return f"{', '.join(first)} and {last}" if first else last
