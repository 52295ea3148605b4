"""What each layer did with the probe, told from what crossed its two boundaries alone."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.collect.compat import is_base_http
from mwviz.collect.read.messages import ACCEPT, CLOSE, close_code, message_type, raw_headers, status_of
from mwviz.collect.read.passages import Passage, Sent, same_error
from mwviz.collect.redact import latin
from mwviz.model import Observation, Outcome


def outcome(passage: Passage, *, holds: bool) -> Outcome:
    """The layer's part; `holds` says that it had the request when the time limit was reached."""
    inner_error = error_from_inside(passage)
    if holds:
        return "hung"
    if raised_own(passage):
        return "raised"
    if _never_dispatched(passage):
        return "skipped"
    if passage.starts:
        return _answering(passage)
    if passage.left is None or passage.error is not None:
        return "passed"
    if inner_error is not None:
        return "swallowed"
    if inner_start(passage) is not None or not passage.inner:
        return "silent"
    return "passed"


def _never_dispatched(passage: Passage) -> bool:
    """Whether a BaseHTTPMiddleware handed on what is no HTTP request, as it does without a look at it."""
    if not passage.is_websocket or len(passage.inner) != 1 or not is_base_http(type(passage.crossing.station.layer)):
        return False
    crossing, inner = passage.crossing, passage.inner[0].crossing
    return inner.scope is crossing.scope and _same_messages(passage)


def _same_messages(passage: Passage) -> bool:
    crossing, inner = passage.crossing, passage.inner[0].crossing
    return crossing.handed(inner.outer_receive, inner.outer_send)


def _answering(passage: Passage) -> Outcome:
    if handled_error(passage) is not None or _error_behind_close(passage) is not None:
        return "handled"
    if inner_start(passage) is None:
        return "answered"
    return "replaced" if replaced(passage) else "passed"


def observations(passage: Passage) -> tuple[Observation, ...]:
    """What else was seen, in the order of `mwviz.model.Observation`."""
    return tuple(_seen(passage))


def _seen(passage: Passage) -> Iterator[Observation]:
    if raised_own(passage) and passage.starts:
        yield "after_response"
    source = answering_inner(passage)
    if len(passage.starts) > (1 if source is None or replaced(passage) else len(source.starts)):
        yield "twice"
    if not passage.inner:
        return
    crossing, inner = passage.crossing, passage.inner[0].crossing
    if inner.task is not crossing.task:
        yield "other_task"
    if inner.scope is not crossing.scope:
        yield "copied_scope"
    yield from _seen_of_the_response(passage)
    if len(passage.inner) > 1:
        yield "called_again"
    if not passage.starts and passage.left is not None and passage.error is None and inner_start(passage) is not None:
        yield "dropped"
    if _own_close(passage) is not None:
        yield "closed"
    if _same_messages(passage):
        yield "same_messages"


def _seen_of_the_response(passage: Passage) -> Iterator[Observation]:
    source = answering_inner(passage)
    if source is None or not passage.starts or replaced(passage):
        return
    same_task = source.crossing.task is passage.crossing.task
    before = [sent for sent in source.bodies if _reached(sent, passage.starts[0].at, same_task=same_task)]
    if before:
        yield "buffered" if before[-1] is source.bodies[-1] and source.body_ended else "held_back"
    if _status_differs(passage, source):
        yield "changed_status"
    if _body_differs(passage, source) and not _recoded(passage, source):
        yield "rewrote_body"


def held_back(passage: Passage) -> tuple[int, str | None] | None:
    """For how long the start of the response was held back, and the last message taken in before; None if never."""
    seen, source = set(_seen_of_the_response(passage)), answering_inner(passage)
    if source is None or not seen & {"held_back", "buffered"}:
        return None
    released = passage.starts[0].at
    taken = [sent for sent in source.sent if sent.at < released]
    return released - source.starts[0].at, message_type(taken[-1].message)


def _reached(sent: Sent, at: int, *, same_task: bool) -> bool:
    # From another task a message counts once it was taken: until then it only waits to be.
    return sent.at < at if same_task else sent.through is not None and sent.through < at


def raised_own(passage: Passage) -> bool:
    """Whether an exception left the layer that came neither from further in nor, through `send`, from outside."""
    if passage.error is None:
        return False
    source = next((each for each in passage.inner if same_error(passage.error, each.error)), None)
    return _refuser(passage) is None if source is None else passage.refuses(source)


def _refuser(sender: Passage) -> Passage | None:
    """The layer outside that raised when `sender` sent a message; None if there was none, or if the server raised."""
    outer = sender.parent if sender.refused else None
    while outer is not None and not outer.refuses(sender):
        outer = outer.parent
    return outer


def error_from_inside(passage: Passage) -> BaseException | None:
    """The last exception that came to the layer from further in."""
    return next((each.error for each in reversed(passage.inner) if each.error is not None), None)


def handled_error(passage: Passage) -> BaseException | None:
    """The exception that the layer made its response of: the last call further in had ended with it before.

    What that call had answered by then may be what the layer let out after all: then it handled nothing.
    """
    responded = passage.responded
    last = next((each for each in reversed(passage.inner) if responded is not None and each.entered <= responded), None)
    if last is None or last.error is None or last.left is None or responded is None or last.left > responded:
        return None
    differs = not last.starts or _status_differs(passage, last) or _body_differs(passage, last)
    return last.error if differs else None


def _own_close(passage: Passage) -> Sent | None:
    """The close of an accepted websocket that the layer sent before one came from further in, if one ever did."""
    source, closing = _source_of_late_close(passage), passage.closing
    if source is None or closing is None:
        return None
    return closing if source.closing is None or source.closing.at > closing.at else None


def _error_behind_close(passage: Passage) -> BaseException | None:
    """The exception from further in that the layer closed an accepted websocket for."""
    source, closing = _source_of_late_close(passage), passage.closing
    if source is None or closing is None:
        return None
    last, inner = passage.inner[-1], source.closing
    if last.left is None or last.left > closing.at:
        return None
    kept = inner is not None and close_code(inner.message) == close_code(closing.message)
    return None if kept else last.error


def _source_of_late_close(passage: Passage) -> Passage | None:
    """The call that the accept came from, where the layer let that out and a close after it."""
    late = passage.closing is not None and passage.closing not in passage.starts
    return answering_inner(passage) if late and not replaced(passage) else None


def answering_inner(passage: Passage) -> Passage | None:
    """The last call further in that answered before the layer did: what the layer sent may have come from it."""
    own = passage.responded
    return next(
        (each for each in reversed(passage.inner) if each.starts and (own is None or each.starts[0].at <= own)), None
    )


def inner_start(passage: Passage) -> Sent | None:
    """The start of the response that came to the layer from further in."""
    source = answering_inner(passage)
    return source.starts[0] if source is not None else None


def replaced(passage: Passage) -> bool:
    """Whether the layer threw the inner response away and sent another.

    It did if the status and the body are others, if it let out a whole body without taking the inner one, if body and
    content type are others though nothing was (de)compressed, or if it answered for an exception. A layer that changes
    less has changed the response.
    """
    source = answering_inner(passage)
    if source is None or not passage.starts:
        return False
    if handled_error(passage) is not None:
        return True
    if passage.is_websocket and (_kind(passage) != _kind(source) or _kind(passage) in (ACCEPT, CLOSE)):
        return _kind(passage) != _kind(source)
    if not _body_differs(passage, source):
        return False
    if _status_differs(passage, source):
        return True
    # The last message may wait until the whole response is out, and be given up then: the first one tells.
    untaken = passage.body_ended and bool(source.bodies) and source.bodies[0].through is None
    other_type = _header(passage, "content-type") != _header(source, "content-type")
    return untaken or (other_type and not _recoded(passage, source))


def _kind(passage: Passage) -> str | None:
    return message_type(passage.starts[0].message)


def _status_differs(passage: Passage, source: Passage) -> bool:
    return status_of(passage.starts[0].message) != status_of(source.starts[0].message)


def _body_differs(passage: Passage, source: Passage) -> bool:
    # A websocket that the client left has no end of its own: both calls must be over, and well.
    calls = (passage, source)
    over = passage.is_websocket and not any(each.left is None or each.error is not None for each in calls)
    if not passage.body_ended and not over:
        return False
    outer, inner = passage.body(), source.body()
    if outer is None or inner is None:
        return passage.body_length() != source.body_length()
    return outer != inner


def _recoded(passage: Passage, source: Passage) -> bool:
    return _header(passage, "content-encoding") != _header(source, "content-encoding")


def _header(passage: Passage, name: str) -> list[str]:
    pairs = (pair for pair in raw_headers(passage.starts[0].message) or [] if isinstance(pair, (list, tuple)))
    return [latin(pair[1]) for pair in pairs if len(pair) == 2 and latin(pair[0]).lower() == name]


def emitter(outermost: Passage) -> Passage | None:
    """The innermost call that the response came from; None if nobody answered."""
    current = outermost
    if not current.starts:
        return None
    while True:
        source = answering_inner(current)
        if source is None or replaced(current):
            return current
        current = source


def raiser(passage: Passage, error: BaseException) -> Passage:
    """The call that `error` came from: the innermost one inside `passage` that it left, or whose message it refused."""
    current = passage
    while True:
        deeper = next((each for each in reversed(current.inner) if same_error(error, each.error)), None)
        if deeper is None:
            return _refuser(current) or current
        current = deeper
