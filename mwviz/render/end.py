"""What became of the request at the innermost place: the endpoint, its stand-in, or the router where it got no further.

What the endpoint's function raised may have become a response before it left the router: its event alone does not tell.
"""

from __future__ import annotations

from mwviz.model import Event, Trace
from mwviz.render.plain import visible

_WITH_STATUS = ("http.response.start", "websocket.http.response.start")
_STARTS = (*_WITH_STATUS, "websocket.accept", "websocket.close")


def raised(trace: Trace) -> str | None:
    """Return the class name of the exception that left the innermost place, None if none did."""
    event = _raise(trace)
    return visible((event.detail or "an exception").partition(":")[0]) if event is not None else None


def status(trace: Trace) -> str | None:
    """Return the status that the innermost place answered an HTTP request or a websocket with, None if none."""
    event = _start(trace)
    code = (event.detail or "").partition(",")[0] if event is not None and event.message in _WITH_STATUS else ""
    return code if code.isdecimal() else None


def _answer(trace: Trace) -> str | None:
    event, code = _start(trace), status(trace)
    if event is None:
        return None
    if code is not None:
        return f"{'answered' if event.message == _WITH_STATUS[0] else 'denied'} {code}"
    sent = (each for each in _events(trace) if each.event == "send" and each.message == "websocket.close")
    closed = next((_closed(each.detail or "") for each in sent), None)
    if event.message == "websocket.accept":
        return visible(", ".join(filter(None, ("accepted", closed))))
    return visible(closed) if closed is not None else None


def _closed(detail: str) -> str:
    code, _, reason = detail.partition(" ")
    return f"closed {code}: {reason}" if reason and code.isdecimal() else f"closed {detail}".rstrip()


def outcome(trace: Trace) -> str | None:
    """Return what it answered and raised, in a few words and in the order observed; None if it did neither.

    It does both where a background task or the exit of a dependency raises after the response.
    """
    answer, error = _answer(trace), raised(trace)
    told = [answer] if answer is not None else []
    if error is not None:
        first, last = _raise(trace), _start(trace)
        late = first is not None and last is not None and last.at_ns < first.at_ns
        told = [*told, f"raised {error}"] if late else [f"raised {error}"]
    return ", then ".join(told) or None


def _events(trace: Trace) -> list[Event]:
    return [event for event in trace.timeline if event.of in ("router", "endpoint")]


def _start(trace: Trace) -> Event | None:
    return next((each for each in _events(trace) if each.message in _STARTS and each.event == "send"), None)


def _raise(trace: Trace) -> Event | None:
    events = _events(trace)
    bounded = [event for event in events if event.of == "router"]
    last = max((event.at_ns for event in events if event.message in _STARTS), default=-1)
    raises = (event for event in bounded or events if event.event == "raise" and (bounded or event.at_ns > last))
    return next(raises, None)
