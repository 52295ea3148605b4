"""The messages of ASGI, HTTP's and a websocket's: which begin and end an answer, and what each carries, in short.

Names and fields: https://asgi.readthedocs.io/en/latest/specs/www.html and /extensions.html.
"""

from __future__ import annotations

from typing import Any

from mwviz.collect import redact

START, BODY, TRAILERS = "http.response.start", "http.response.body", "http.response.trailers"
PATH, FILE = "http.response.pathsend", "http.response.zerocopysend"
ACCEPT, SEND, CLOSE = "websocket.accept", "websocket.send", "websocket.close"
DENIAL, DENIAL_BODY = "websocket.http.response.start", "websocket.http.response.body"

FILES = frozenset({PATH, FILE})
#: What an answer begins with; a close does where nothing has begun yet.
STARTS = frozenset({START, ACCEPT, DENIAL})
#: What an answer goes on with.
PARTS = frozenset({BODY, PATH, FILE, DENIAL_BODY, SEND, CLOSE})

_SWITCHED, _FORBIDDEN = 101, 403
_REASON = 60


def message_type(message: Any) -> str | None:
    """The message's `type`; None for what is no message."""
    kind = field(message, "type", None)
    return kind if type(kind) is str else None


def status_of(message: Any) -> int | None:
    """The status of a start message as an int (it may be an `HTTPStatus`); None if it has none.

    Of a websocket it is the handshake's: what a server answers for an accept, or for a close instead of one.
    """
    match message_type(message):
        case "websocket.accept":
            return _SWITCHED
        case "websocket.close":
            return _FORBIDDEN
        case _:
            status = field(message, "status", None)
            return int(status) if isinstance(status, int) else None


def body_bytes(message: Any) -> int:
    """The number of body bytes that a message carries itself."""
    body = field(message, "body", b"")
    if body is None:
        return int(field(message, "body_bytes", 0))
    return _length(body)


def raw_headers(message: Any) -> list[Any] | None:
    """The headers of a start message; None where they cannot be read without disturbing them."""
    headers = field(message, "headers", None) or []
    return list(headers) if isinstance(headers, (list, tuple)) else None


def field(message: Any, name: str, default: Any) -> Any:
    """One field of what should be a message."""
    return message.get(name, default) if hasattr(message, "get") else default


def ends(message: Any) -> bool:
    """Whether a message that an answer goes on with is the last one of its body, or of the websocket."""
    match message_type(message):
        case "http.response.pathsend" | "websocket.close":
            return True
        case "websocket.send":
            return False
        case _:
            return not field(message, "more_body", False)


def content(message: Any) -> object:
    """What a message carries, to be compared: bytes of a body, or a value of its own for anything else.

    None for what was not kept.
    """
    match message_type(message):
        case "http.response.pathsend":
            return "path", str(field(message, "path", None))
        case "http.response.zerocopysend":
            return "file", id(field(message, "file", None)), field(message, "offset", 0), field(message, "count", None)
        case "websocket.send":
            whole = (field(message, "text", None), field(message, "bytes", None))
            return None if field(message, "length", None) is not None else ("message", *whole)
        case _:
            body = field(message, "body", b"")
            return body if type(body) is bytes else None


def close_code(message: Any) -> int | None:
    """The code of a close; 1000 where it says none."""
    code = field(message, "code", 1000)
    return int(code) if isinstance(code, int) else None


def close_reason(message: Any) -> str | None:
    """The reason of a close, as it may be shown; None where it gives none."""
    reason = field(message, "reason", None)
    return redact.text(reason) if type(reason) is str and reason else None


def subprotocol(message: Any) -> str | None:
    """The subprotocol that an accept chooses, as it may be shown."""
    chosen = field(message, "subprotocol", None)
    return redact.subprotocols(chosen) if type(chosen) is str else None


def detail(message: Any) -> str | None:
    """What a message carries, in a few words; None where its name says it all."""
    more = ", more to come" if field(message, "more_body", False) is True else ""
    match message_type(message):
        case "http.response.start" | "websocket.http.response.start":
            announced = ", trailers to come" if field(message, "trailers", False) is True else ""
            return None if (code := status_of(message)) is None else f"{code}{announced}"
        case "http.request" | "http.response.body" | "websocket.http.response.body":
            return f"{body_bytes(message)} bytes{more}"
        case "http.response.zerocopysend":
            count = field(message, "count", None)
            return (f"{count} bytes of a file" if isinstance(count, int) else "a file") + more
        case "http.response.pathsend":
            return redact.text(str(field(message, "path", "")).replace("\\", "/").rpartition("/")[2]) or None
        case "http.response.trailers":
            left = ", more to come" if field(message, "more_trailers", False) is True else ""
            return _counted(raw_headers(message), "trailer") + left
        case "http.response.early_hint":
            return _counted(field(message, "links", ()), "link")
        case "http.response.push":
            return redact.text(str(field(message, "path", ""))) or None
        case "http.response.debug":
            info = field(message, "info", None)
            return ", ".join(each for each in info if type(each) is str) or None if type(info) is dict else None
        case "websocket.send" | "websocket.receive":
            return _frame(message)
        case "websocket.accept":
            return f"subprotocol {chosen}" if (chosen := subprotocol(message)) else None
        case "websocket.close" | "websocket.disconnect":
            return _closing(message)
        case _:
            return None


def _frame(message: Any) -> str:
    if (length := field(message, "length", None)) is not None:
        return f"{length} characters or bytes"
    text = field(message, "text", None)
    return f"{len(text)} characters" if type(text) is str else f"{_length(field(message, 'bytes', None))} bytes"


def _closing(message: Any) -> str | None:
    code, reason = close_code(message), close_reason(message)
    told = reason if reason is None or len(reason) <= _REASON else reason[: _REASON - 1] + "…"
    return " ".join(str(each) for each in (code, told) if each is not None) or None


def _counted(items: Any, name: str) -> str:
    count = len(items) if isinstance(items, (list, tuple)) else 0
    return f"{count} {name}{'' if count == 1 else 's'}"


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (bytes, bytearray, memoryview, str)) else 0
