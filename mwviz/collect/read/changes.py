"""What a layer changed, told by comparing what crossed its outer boundary with what crossed its inner one."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any

from mwviz.collect import redact
from mwviz.collect.read.messages import (
    ACCEPT,
    body_bytes,
    close_code,
    message_type,
    raw_headers,
    status_of,
    subprotocol,
)
from mwviz.collect.read.passages import Passage
from mwviz.collect.read.verdict import answering_inner, replaced
from mwviz.collect.stack.asgi import Scope
from mwviz.model import Position, Step
from mwviz.model.stack import cut

#: Scope keys that frameworks set for themselves at every layer, which would only drown what a user's layer sets.
_INTERNAL = frozenset({"asgi", "headers", "app", "router", "starlette.exception_handlers"})
_SHOWN = frozenset(
    {"path", "root_path", "scheme", "method", "type", "http_version", "query_string", "client", "server"}
)

_VALUES = 4
_ADDED = "+ "


def request_changes(passage: Passage) -> tuple[str, ...] | None:
    """What the layer changed on the way in; None where it handed nothing on."""
    if not passage.inner:
        return None
    before, after = passage.crossing.seen, passage.inner[0].crossing.seen
    headers = _headers_changed(before.get("headers"), after.get("headers"))
    return None if headers is None else (*headers, *_keys_changed(before, after), *_body_read(passage))


def response_changes(passage: Passage) -> tuple[str, ...] | None:
    """What the layer changed of a response from further in; None where there was none, or where it sent its own."""
    source = answering_inner(passage)
    if source is None or not passage.starts or replaced(passage):
        return None
    before, after = source.starts[0].message, passage.starts[0].message
    headers = _headers_changed(raw_headers(before), raw_headers(after))
    if headers is None:
        return None
    trailers = _headers_changed(_trailers(source), _trailers(passage)) or []
    told = (f"{change[:2]}trailer {change[2:]}" for change in trailers)
    return (*_start_changed(before, after), *headers, *_body_changed(source, passage), *told, *_closed(source, passage))


def _body_read(passage: Passage) -> Iterator[str]:
    # Once the response has begun, a layer that reads only waits for the client to go.
    until = passage.responded
    taken, handed = (
        sum(body_bytes(each.message) for each in one.received if until is None or each.at < until)
        for one in (passage, passage.inner[0])
    )
    if taken and not handed:
        yield "body consumed"
    elif taken != handed:
        yield f"body {taken} -> {handed} bytes"


def added_headers(steps: Iterable[Step]) -> dict[str, Position]:
    """By name the response headers that layers added, and the outermost layer that did."""
    return {
        change[2:].partition(":")[0]: step.layer
        for step in reversed(tuple(steps))
        for change in step.response_changes or ()
        if change.startswith(_ADDED)
    }


def header_names(start: Any) -> Iterable[str]:
    """The names of the headers that a response starts with, in lower case."""
    return _by_name(raw_headers(start) or []) or ()


def _start_changed(before: Any, after: Any) -> Iterator[str]:
    if status_of(before) != status_of(after):
        yield f"status {status_of(before)} -> {status_of(after)}"
    if subprotocol(before) != subprotocol(after):
        yield f"subprotocol {subprotocol(before) or 'none'} -> {subprotocol(after) or 'none'}"


def _body_changed(source: Passage, passage: Passage) -> Iterator[str]:
    before, after = source.body_length(), passage.body_length()
    if None in (before, after) or before == after:
        return
    if message_type(passage.starts[0].message) == ACCEPT:
        yield f"messages {before} -> {after}"
    elif source.body_ended and passage.body_ended:
        yield f"body {before} -> {after} bytes"


def _trailers(passage: Passage) -> list[Any]:
    return [pair for sent in passage.trailers for pair in raw_headers(sent.message) or []]


def _closed(source: Passage, passage: Passage) -> Iterator[str]:
    before, after = (each.closing.message if each.closing is not None else None for each in (source, passage))
    if before is None and after is not None:
        yield f"+ close {close_code(after)}"
    elif before is not None and after is None:
        yield f"- close {close_code(before)}"
    elif close_code(before) != close_code(after):
        yield f"close {close_code(before)} -> {close_code(after)}"


def _headers_changed(before: Any, after: Any) -> list[str] | None:
    if not isinstance(before, (list, tuple)) or not isinstance(after, (list, tuple)):
        return None
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    if same == len(before) == len(after):
        return []
    # Nearly always the rest is short: only the names in it can have changed.
    touched = _by_name([*before[same:], *after[same:]])
    old, new = _by_name(before, touched), _by_name(after, touched)
    if touched is None or old is None or new is None:
        return None
    changes = []
    for name, values in new.items():
        if name not in old:
            changes.append(f"{_ADDED}{name}: {_joined(name, values)}")
        elif old[name] != values:
            changes.append(f"~ {name}: {_joined(name, old[name])} -> {_joined(name, values)}")
    return changes + [f"- {name}" for name in old if name not in new]


def _by_name(raw: Iterable[Any], names: Container[str] | None = None) -> dict[str, list[str]] | None:
    held: dict[str, list[str]] = {}
    for pair in raw:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            return None
        name = redact.latin(pair[0]).lower()
        if names is None or name in names:
            held.setdefault(name, []).append(redact.latin(pair[1]))
    return held


def _joined(name: str, values: Sequence[str]) -> str:
    # A header of many values is cut anyway: its first ones tell what it is.
    shown = ", ".join(redact.header(name, value)[1] for value in values[:_VALUES])
    shown += f", … {len(values) - _VALUES} more" if len(values) > _VALUES else ""
    return cut(shown)


def _keys_changed(before: Scope, after: Scope) -> Iterator[str]:
    old, new = before.get("state"), after.get("state")
    by_key = type(old) is type(new) is dict  # what layers set there they do in place
    apart = _INTERNAL | {"state"} if by_key else _INTERNAL
    for sign, key in _keys(before, after, apart):
        shown = sign == "~" and key in _SHOWN
        yield f"{sign} scope {key}" + (f": {_value(key, before[key])} -> {_value(key, after[key])}" if shown else "")
    if by_key:
        yield from (f"{sign} scope state.{key}" for sign, key in _keys(old, new))  # type: ignore[arg-type]


def _keys(before: Scope, after: Scope, apart: Container[str] = ()) -> Iterator[tuple[str, str]]:
    """The keys that were added, changed and removed, each with its sign."""
    for key in (key for key in after if type(key) is str and key not in apart):
        if key not in before:
            yield "+", key
        elif before[key] is not after[key] and _differs(before[key], after[key]):
            yield "~", key
    yield from (("-", key) for key in before if type(key) is str and key not in after and key not in apart)


def _differs(old: object, new: object) -> bool:
    # Equality of foreign types is foreign code; and a deep copy of the scope has changed nothing.
    if type(old) is type(new) and type(old) in (str, bytes, bool, int, type(None)):
        return old != new
    plain = type(old) in (tuple, list, dict)
    return type(old) is not type(new) or not plain or redact.argument("", old) != redact.argument("", new)


def _value(key: str, value: object) -> str:
    return redact.query(value.decode("latin-1")) if type(value) is bytes else redact.argument(key, value)
