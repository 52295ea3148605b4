"""The words of a websocket: how it went for the client, and what a layer did with it."""

from __future__ import annotations

from mwviz.model import Observation, Step, Websocket
from mwviz.render.plain import shorten, visible

_REASON_WIDTH = 60

#: What is said of a layer in other words than of one that an HTTP request passed.
OBSERVATIONS: dict[Observation, str] = {
    "after_response": "raised after the answer",
    "twice": "answered twice",
    "held_back": "held the answer back",
    "buffered": "buffered the answer",
    "rewrote_body": "changed the messages",
    "dropped": "dropped the answer",
}


def result(websocket: Websocket, *, over: bool = True) -> str:
    """Return how it went: `accepted, 2 messages out, closed 1000` or `denied 403 (closed 1008)`.

    `over` is False where an error came between: then nobody left it open on purpose.
    """
    if not websocket.accepted:
        return denied(websocket)
    told = [
        "accepted" + (f" as {visible(websocket.subprotocol)}" if websocket.subprotocol else ""),
        _counted(websocket.messages_in, "in"),
        _counted(websocket.messages_out, "out"),
        _ended(websocket) if over or websocket.closed_by is not None else "",
    ]
    return ", ".join(filter(None, told))


def denied(websocket: Websocket) -> str:
    """Return a denial: `denied 404`, or `denied 403 (closed 1008)` for a close, which a server makes a 403 of."""
    code = f" {websocket.status}" if websocket.status is not None else ""
    return f"denied{code}" + (f" ({closed(websocket)})" if websocket.closed_by is not None else "")


def closed(websocket: Websocket) -> str:
    """Return a close with its code and reason: `closed 1008: no token`."""
    reason = f": {shorten(visible(websocket.close_reason), _REASON_WIDTH)}" if websocket.close_reason else ""
    code = f" {websocket.close_code}" if websocket.close_code is not None else ""
    return f"closed{code}{reason}"


def _ended(websocket: Websocket) -> str:
    match websocket.closed_by:
        case "app":
            return closed(websocket)
        case "client":
            return f"the client {closed(websocket)}"
        case None:
            return "left open"


def _counted(count: int, way: str) -> str:
    return f"{count} message{'' if count == 1 else 's'} {way}" if count else ""


def answered(websocket: Websocket) -> str:
    """Return what a layer answered itself: `accepted`, `accepted, closed 1000`, `closed 1008` or `denied 403`."""
    if websocket.accepted:
        return "accepted" + (f", {closed(websocket)}" if websocket.closed_by == "app" else "")
    return closed(websocket) if websocket.closed_by is not None else denied(websocket)


def turned_into(websocket: Websocket) -> str:
    """Return what an exception was turned into: `a close 1008`, `a denial 403`, `an accept`."""
    if websocket.closed_by == "app":
        return f"a close {websocket.close_code}" if websocket.close_code is not None else "a close"
    return "an accept" if websocket.accepted else f"a{denied(websocket).replace('denied', ' denial', 1)}"


def observed(step: Step, seen: Observation) -> str | None:
    """Return what else was seen at a layer where that has words of its own for a websocket, else None."""
    if seen == "closed":
        return closed(step.websocket) if step.websocket is not None else "closed the websocket"
    return OBSERVATIONS.get(seen)


def verb(websocket: Websocket) -> str:
    """Return what was done with it, as the end of a sentence: `accepted the websocket`."""
    if websocket.accepted:
        return "accepted the websocket"
    if websocket.closed_by is not None:
        return f"closed the websocket without accepting it, which a server turns into {websocket.status}"
    return f"{denied(websocket).replace('denied', 'denied the websocket with', 1)}"


def ended(websocket: Websocket, closer: str) -> str:
    """Return how an accepted websocket ended, as a sentence: `The app closed it with 1000.`; nothing for another."""
    if not websocket.accepted:
        return ""
    code = f" with {websocket.close_code}" if websocket.close_code is not None else ""
    match websocket.closed_by:
        case "app":
            return f"{closer} closed it{code}."
        case "client":
            return f"The client closed it{code}."
        case None:
            return "Nobody closed it."


def state(websocket: Websocket) -> str:
    """Return the last thing that had happened to it, in one word."""
    if websocket.closed_by is not None:
        return "closed"
    return "accepted" if websocket.accepted else "denied"
