"""Who held a server-sent event back."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from mwviz.collect.linting.stand_ins import EVENTS
from mwviz.collect.read.messages import message_type, raw_headers
from mwviz.collect.redact import latin
from mwviz.collect.stack.crossing import Note
from mwviz.model import Position

#: What `zlib` takes for gzip, with its header.
_GZIP = 16 + zlib.MAX_WBITS


def holder(notes: Sequence[Note], places: Sequence[Position]) -> int | None:
    """The layer that had taken the first event in, and not let it out when the second one was sent; None for none."""
    end = len(places) - 1
    second = next((at for at, message in _sent(notes, end) if message.get("body") == EVENTS[1]), None)
    if second is None:
        return None
    arrived: bool | None = True
    for rank in range(end - 1, -1, -1):
        place, sent = places[rank], _sent(notes, rank)
        if not sent:
            arrived = None  # no boundary: what lies between the next two may be its doing
            continue
        before, arrived = arrived, _first([message for at, message in sent if at < second])
        if before is not False and arrived is False:
            return place if before and isinstance(place, int) else None
    return None


def _sent(notes: Iterable[Note], rank: int) -> list[tuple[int, dict[str, Any]]]:
    return [
        (at, payload)
        for at, happening, crossing, payload in notes
        if happening == "send" and crossing.station.rank == rank
    ]


def _first(sent: Sequence[dict[str, Any]]) -> bool | None:
    """Whether the first event is among what was sent; None where that cannot be read."""
    starts = [message for message in sent if message_type(message) == "http.response.start"]
    headers = raw_headers(starts[0]) or [] if starts else []
    encoding = next((latin(value).lower() for name, value in headers if latin(name).lower() == "content-encoding"), "")
    body = (
        b"".join(bytes(message.get("body") or b"") for message in sent if message is not starts[0]) if starts else b""
    )
    if encoding == "gzip":
        return EVENTS[0] in zlib.decompressobj(_GZIP).decompress(body)
    return None if encoding else EVENTS[0] in body
