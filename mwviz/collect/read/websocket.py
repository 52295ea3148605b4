"""How a websocket went, as the client and as every layer saw it."""

from __future__ import annotations

from typing import Any

from mwviz.collect import redact
from mwviz.collect.probe.websocket import WebsocketConnection
from mwviz.collect.read.messages import (
    ACCEPT,
    CLOSE,
    DENIAL,
    close_code,
    close_reason,
    message_type,
    raw_headers,
    status_of,
    subprotocol,
)
from mwviz.collect.read.passages import Passage
from mwviz.model import Websocket


def taken_by(connection: WebsocketConnection) -> Websocket | None:
    """What the client got; None where nobody answered."""
    if connection.start is None:
        return None
    return _websocket(
        connection.start,
        connection.closing,
        connection.left_code,
        messages_in=connection.messages_in,
        messages_out=connection.messages_out,
        body_bytes=connection.body_bytes,
        complete=connection.complete,
    )


def seen_at(passage: Passage) -> Websocket | None:
    """What crossed the outer boundary of a layer; None where no answer to a websocket left it."""
    if not passage.is_websocket or not passage.starts:
        return None
    start, closing = passage.starts[0].message, passage.closing
    kinds = [message_type(each.message) for each in passage.received]
    length = passage.body_length() or 0
    accepted = message_type(start) == ACCEPT
    left = next(
        (close_code(each.message) for each in passage.received if message_type(each.message) == "websocket.disconnect"),
        None,
    )
    return _websocket(
        start,
        closing.message if closing is not None else None,
        left,
        messages_in=kinds.count("websocket.receive"),
        messages_out=length if accepted else 0,
        body_bytes=0 if accepted else length,
        complete=passage.body_ended or message_type(start) != DENIAL,
    )


def _websocket(
    start: Any, closing: Any, left: int | None, *, messages_in: int, messages_out: int, body_bytes: int, complete: bool
) -> Websocket:
    accepted = message_type(start) == ACCEPT
    by_client = closing is None and accepted and left is not None
    return Websocket(
        accepted=accepted,
        status=status_of(start),
        subprotocol=subprotocol(start) if accepted else None,
        headers=redact.headers(raw_headers(start) or []) if message_type(start) != CLOSE else (),
        close_code=left if by_client else close_code(closing) if closing is not None else None,
        close_reason=close_reason(closing) if closing is not None else None,
        closed_by="client" if by_client else "app" if closing is not None else None,
        messages_in=messages_in,
        messages_out=messages_out,
        body_bytes=body_bytes,
        complete=complete,
    )
