"""The sentences below every view: what happened to the probe, by whom, and whom it never met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mwviz.model import Trace, TracedError, Websocket
from mwviz.render import sockets, words
from mwviz.render.plain import shorten, visible

_MESSAGE_WIDTH, _NAMES_AT_MOST = 160, 5
_CLOSE = "websocket.close"


def summary(trace: Trace) -> str:
    """Return in one or two sentences what happened, naming the layers by their labels."""
    told = _ended_well(trace) if trace.error is None else _failed(trace, trace.error)
    return " ".join(filter(None, (told, *_asides(trace))))


def _ended_well(trace: Trace) -> str:
    if trace.handled_by is not None:
        kind = words.inner_exception(trace, trace.handled_by) or "an exception"
        raised = f"{_start(words.place(trace, trace.answered_by))} raised {kind}"
        made = _code(trace) if trace.websocket is None else sockets.turned_into(trace.websocket)
        main = f"{raised}, and {words.place(trace, trace.handled_by)} turned it into {made}"
        return _told(main, _skipped(trace), _unreached(trace))
    if not isinstance(trace.answered_by, int):
        made_by = [words.place(trace, step.layer) for step in trace.steps if "changed_status" in step.observed]
        answered = f"{words.place(trace, trace.answered_by)} {_answered(trace, made_by[:1])}"
        return _told(f"{_way_in(trace)}{answered}{_way_out(trace)}", _unreached(trace))
    name, step = words.place(trace, trace.answered_by), words.step_of(trace, trace.answered_by)
    if step is not None and step.outcome == "replaced":
        own = f"sent its own {_code(trace)}" if trace.websocket is None else sockets.verb(trace.websocket)
        main = f"{name} threw away the {_noun(trace)} from further in and {own}"
        return _told(main, _skipped(trace))
    return _told(f"{name} {_answered(trace)}", _unreached(trace), _skipped(trace))


def _answered(trace: Trace, made_by: Sequence[str] = ()) -> str:
    made = "".join(f", {name} made it" for name in made_by)
    if trace.websocket is None:
        return f"answered{made} {_code(trace)}"
    return sockets.verb(trace.websocket) + (f"{made} {_code(trace)}" if made else "")


def _noun(trace: Trace) -> str:
    """Return what comes out of the app: the first message of a websocket's is no response, but an answer."""
    return "response" if trace.probe.type == "http" else "answer"


def _asides(trace: Trace) -> tuple[str, ...]:
    """Return what else there is to say of a websocket: how it ended, and whom it was not for."""
    if trace.websocket is None or trace.error is not None:
        return ()
    skipped = [words.place(trace, step.layer) for step in trace.steps if step.outcome == "skipped"]
    ended = sockets.ended(trace.websocket, _closer(trace, trace.websocket))
    return ended, f"{_listed(skipped)} took no part: a BaseHTTPMiddleware is for HTTP only." if skipped else ""


def _closer(trace: Trace, websocket: Websocket) -> str:
    # What closed it with this code first: whatever let another close out has had no part in it.
    codes = ((event.of, (event.detail or "").split()[:1]) for event in trace.timeline if event.message == _CLOSE)
    first = next((of for of, code in codes if code == [str(websocket.close_code)]), "the app")
    return _start(words.place(trace, first))


def _failed(trace: Trace, error: TracedError) -> str:
    message = shorten(visible(error.message.strip().partition("\n")[0]), _MESSAGE_WIDTH).rstrip(".")
    kind, who = visible(error.type), _start(words.place(trace, error.raised_by))
    raised = f"{kind}: {message}" if message else kind
    match error:
        case TracedError(during="build"):
            making = "the app" if error.raised_by is None else words.place(trace, error.raised_by)
            return f"Making {making} raised {raised}. No request was sent."
        case TracedError(during="startup"):
            return f"Startup failed: {raised}. No request was sent."
        case TracedError(type="Timeout"):
            held = "websocket" if trace.probe.type == "websocket" else "request"
            return _told(f"{who} still held the {held} at the time limit", _begun(trace), _unreached(trace))
        case TracedError(type="NoResponse"):
            return _told(_silence(trace, error), _unreached(trace))
        case TracedError():
            by = f"{kind} raised by {words.place(trace, error.raised_by)}" if error.raised_by is not None else kind
            skipped = _skipped(trace) if trace.handled_by is not None else ""
            return _told(f"{by} left the app{_sent_before(trace)}", skipped, _unreached(trace))


def _begun(trace: Trace) -> str:
    if trace.websocket is not None:
        return f"it had been {sockets.state(trace.websocket)}"
    if trace.response is None:
        return ""
    return f"the response {_code(trace)} {'was complete' if trace.response.complete else 'had started but did not end'}"


def _sent_before(trace: Trace) -> str:
    if trace.response is None and trace.websocket is None:
        return f", and no {_noun(trace)} was sent"
    if trace.websocket is not None:
        return f" after the websocket had been {sockets.state(trace.websocket)}"
    if trace.handled_by is None:
        return f" after the response {_code(trace)} had started"
    return f"; {words.place(trace, trace.handled_by)} had sent {_code(trace)}"


def _told(main: str, *clauses: str) -> str:
    return ": ".join(filter(None, (main, "; ".join(filter(None, clauses))))) + "."


def _code(trace: Trace) -> str:
    code = words.status_got(trace)
    return str(int(code)) if code is not None else "nothing"


def _start(text: str) -> str:
    return text[0].upper() + text[1:] if text.startswith(("the ", "something")) else text


def _silence(trace: Trace, error: TracedError) -> str:
    quiet = [one for one in trace.steps if one.outcome in ("silent", "swallowed") or "dropped" in one.observed]
    step = words.step_of(trace, error.raised_by) if isinstance(error.raised_by, int) else quiet[-1] if quiet else None
    answer = trace.response or trace.websocket
    if answer is not None or step is None:
        what = "response" if trace.websocket is None else "denial"
        return "Nobody answered" if answer is None else f"The {what} {_code(trace)} had started but did not end"
    plain = "returned" if step.outcome == "silent" else words.outcome(trace, step)
    did = f"dropped the {_noun(trace)}" if "dropped" in step.observed else plain
    return f"{words.place(trace, step.layer)} {did} and sent nothing"


def _unreached(trace: Trace) -> str:
    names, ends = [words.place(trace, index) for index in _own(trace, trace.not_reached)], ("router", "endpoint")
    if trace.answered_by not in ends and not any(event.of in ends for event in trace.timeline):
        names.append("the endpoint")
    return f"{_listed(names)} {'were' if names[1:] else 'was'} never reached" if names else ""


def _skipped(trace: Trace) -> str:
    passed = {*trace.response_order, *([trace.answered_by] if trace.handled_by is not None else [])}
    names = [words.place(trace, index) for index in _own(trace, trace.request_order) if index not in passed]
    return f"the {_noun(trace)} never passed {_listed(names)}" if names else ""


def _own(trace: Trace, indexes: Iterable[int]) -> list[int]:
    """Return the indexes without those of the framework's layers, which nobody asks about."""
    return [index for index in indexes if trace.layers[index].origin != "framework"]


def _way_in(trace: Trace) -> str:
    own, asked = _own(trace, trace.request_order), "request" if trace.probe.type == "http" else "handshake"
    names = [words.place(trace, index) for index in own]
    if not names:
        return "No middleware of the app's own took part: "
    if own != sorted(own):
        return f"The {asked} went in through {', then '.join(_abridged(names))}; "
    way = f"through {names[0]}" if len(names) == 1 else f"from {names[0]} to {names[-1]}"
    return f"The {asked} went in {way}, "


def _way_out(trace: Trace) -> str:
    inward, outward = _own(trace, trace.request_order), _own(trace, trace.response_order)
    if not inward:
        return ""
    if outward == inward[::-1]:
        return f", and the {_noun(trace)} came {'out in reverse order' if inward[1:] else 'back'}"
    skipped = f"; {_skipped(trace)}" if _skipped(trace) else ""
    passed = set(outward)
    if outward == [index for index in inward[::-1] if index in passed]:
        return skipped
    through = ", then ".join(_abridged([words.place(trace, index) for index in outward]))
    return f", but the {_noun(trace)} did not come out in reverse order: it left {through}{skipped}"


def _abridged(names: Sequence[str]) -> list[str]:
    more = len(names) - _NAMES_AT_MOST
    return list(names) if more <= 1 else [*names[:_NAMES_AT_MOST], f"{more} more"]


def _listed(names: Sequence[str]) -> str:
    *first, last = _abridged(names)
    return f"{', '.join(first)} and {last}" if first else last
