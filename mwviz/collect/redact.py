"""Short, harmless texts for foreign values: secrets become `***`, and no code of the user's runs to make them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeGuard

from mwviz.model.stack import LONGEST, cut

MASK = "***"
_kept = LONGEST
_ITEMS, _DEPTH, _BITS, _READ = 4, 3, 128, 10_000
#: The largest set that is put in order; of a larger one no item is told.
_SORTED = 1_000
#: No subprotocol that is registered has a longer name.
_NAME = 40

_SECRET_NAME = re.compile(
    r"secret|passw|passphrase|(^|[_-])pass$|pwd|token|api_?-?key|access_?key|credential|authori[sz]ation|(^|[_-])auth$"
    r"|(^|[_-])keys?$|set-cookie|(^|[_-])dsn$|(^|[_-])salt$|signature|(^|[_-])sig$|jwt|bearer|cookies?$|(^|[_-])session$|session_?-?id$|(^|[_-])pin$"
    r"|private|x-amz-security|(^|[_-])otp$|csrf",
    re.IGNORECASE,
)
#: Names that hold another name, of a cookie or a header: they help, and open no door.
_PUBLIC_NAME = re.compile(
    r"^(session_cookie|access-control-.*|.*_(name|url|header|headers|location|type|class|algorithm))$", re.IGNORECASE
)
# A password may hold what an URL should have escaped: with a `:`, everything up to the last `@` is taken for one.
_USERINFO = re.compile(r"(?i)(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<user>[^/?#@\s:]*)(?:(?P<colon>:)\S*|[^/?#\s]*)@")
_QUERY_PAIR = re.compile(r"(?P<lead>[?&;#])(?P<name>[^=&;#\s]+)=(?P<value>[^&;#\s]*)")


@lru_cache(maxsize=1024)
def looks_secret(name: str) -> bool:
    """Whether an argument, key or header of this name is likely to hold a secret."""
    camel_split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return bool(_SECRET_NAME.search(camel_split)) and not _PUBLIC_NAME.match(camel_split)


def text(value: str) -> str:
    """`value` with the credentials of every URL in it, and secret-looking query values, as `***`."""
    if "@" in value:
        value = _USERINFO.sub(_hide_userinfo, value)
    if "=" in value:
        value = _QUERY_PAIR.sub(_hide_query, value)
    return value


def query(value: str) -> str:
    """A query string without its `?`, with secret-looking values as `***`."""
    return text("?" + value)[1:]


def header(name: str, value: str) -> tuple[str, str]:
    """A header as it may be shown."""
    if name.lower() == "sec-websocket-protocol":
        return name, subprotocols(value)
    return name, MASK if looks_secret(name) else text(value)


def subprotocols(value: str) -> str:
    """Subprotocols of a websocket, separated by commas: browsers can send no other header, so tokens go here, too."""
    names = [name.strip() for name in value.split(",")]
    secret = [
        any(map(looks_secret, names[max(at - 1, 0) : at + 1])) or len(name) > _NAME for at, name in enumerate(names)
    ]
    return ", ".join(MASK if hidden else name for name, hidden in zip(names, secret, strict=True))


def headers(raw: Iterable[object]) -> tuple[tuple[str, str], ...]:
    """Raw ASGI headers as they may be shown; what is no pair is left out."""
    pairs = (tuple(pair) for pair in raw if isinstance(pair, (list, tuple)))
    return tuple(header(latin(pair[0]), latin(pair[1])) for pair in pairs if len(pair) == 2)


def argument(name: str, value: object) -> str:
    """What `value`, passed as argument or kept under the key `name`, is shown as: at most `LONGEST` characters.

    Only exact built-in types are looked into; of every other object the name of its class is shown, and no method
    of it is called.
    """
    open_to_all = type(value) in (bool, type(None)) or _is_class(value) or _is_function(value)
    if looks_secret(name) and not open_to_all:
        return MASK
    shown = _show(value, _DEPTH)
    return cut(shown, _kept)


def keep(characters: int) -> None:
    """Let this process tell more of an argument than `LONGEST` characters; who reads it cuts it then."""
    global _kept  # noqa: PLW0603 - set once, before anything is probed
    _kept = characters


def _hide_userinfo(match: re.Match[str]) -> str:
    user = match["user"] if match["colon"] else ""
    return f"{match['scheme']}{user}{':' if user else ''}{MASK}@"


def _hide_query(match: re.Match[str]) -> str:
    value = MASK if match["value"] and looks_secret(match["name"]) else match["value"]
    return f"{match['lead']}{match['name']}={value}"


def latin(value: object) -> str:
    """One half of a raw header as text; the class name of what is neither bytes nor str."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("latin-1")
    return value if type(value) is str else type(value).__name__


def _is_class(value: object) -> TypeGuard[type]:
    # `isinstance` would ask the object itself for its `__class__`.
    return issubclass(type(value), type)


def _is_function(value: object) -> bool:
    return type(value).__name__ in ("function", "method", "builtin_function_or_method", "partial")


def _show(value: Any, depth: int) -> str:
    kind = type(value)
    if (shower := _SHOWERS.get(kind)) is not None:
        return shower(value, depth)
    if _is_class(value):
        return type_name(value)
    if looks_secret(type_name(kind)):
        return MASK
    if _is_function(value):
        return str(getattr(value, "__name__", "partial"))
    return type_name(kind)


def type_name(kind: type) -> str:
    """The name of a class, without asking its metaclass."""
    # The metaclass may be the user's: its `__name__` could be anything.
    return str(type.__dict__["__name__"].__get__(kind))


def _show_text(value: str, _: int) -> str:
    # Redacted before it is cut: what marks a password as one comes after it. A longer text shows its length alone.
    return repr(text(value)) if len(value) <= _READ else f"str of {len(value)} characters"


def _show_bytes(value: bytes, _: int) -> str:
    return "b" + repr(text(value.decode("latin-1"))) if len(value) <= LONGEST else f"{len(value)} bytes"


def _show_int(value: int, _: int) -> str:
    # Python refuses to print very long integers (and takes its time over long ones).
    return str(value) if value.bit_length() <= _BITS else f"int of {value.bit_length()} bits"


def _show_items(value: Any, depth: int) -> str:
    opening, closing = ("[", "]") if type(value) is list else ("(", ")")
    if not value:
        return opening + closing
    if depth == 0:
        return f"{opening}…{closing}"
    shown: list[str] = []
    for item in value:
        if len(shown) == _ITEMS:
            shown.append(f"… {len(value) - _ITEMS} more")
            break
        shown.append(_show_pair(item, depth - 1) or _show(item, depth - 1))
    return opening + ", ".join(shown) + ("," if type(value) is tuple and len(value) == 1 else "") + closing


def _show_set(value: Any, depth: int) -> str:
    if not value:
        return f"{type(value).__name__}()"
    if depth == 0 or len(value) > _SORTED:
        return "{…}"
    # a set's own order changes from run to run
    shown = sorted(_show_pair(item, depth - 1) or _show(item, depth - 1) for item in value)
    more = [f"… {len(value) - _ITEMS} more"] if len(value) > _ITEMS else []
    return "{" + ", ".join([*shown[:_ITEMS], *more]) + "}"


def _show_dict(value: dict[object, object], depth: int) -> str:
    if depth == 0 and value:
        return "{…}"
    shown: list[str] = []
    for key, item in value.items():
        if len(shown) == _ITEMS:
            shown.append(f"… {len(value) - _ITEMS} more")
            break
        shown.append(f"{_show(key, depth - 1)}: {_show_named(key, item, depth - 1)}")
    return "{" + ", ".join(shown) + "}"


def _show_named(name: object, value: object, depth: int) -> str:
    named = latin(name) if type(name) in (str, bytes) else ""
    hidden = looks_secret(named) and type(value) not in (bool, type(None))
    return MASK if hidden else _show(value, depth)


def _show_pair(item: Any, depth: int) -> str | None:
    # A header, or another name with its value: `(b"authorization", b"...")`.
    if type(item) not in (tuple, list) or len(item) != 2 or type(item[0]) not in (str, bytes):
        return None
    shown = f"{_show(item[0], depth)}, {_show_named(item[0], item[1], depth)}"
    return f"({shown})" if type(item) is tuple else f"[{shown}]"


def _show_plain(value: object, _: int) -> str:
    return repr(value)


def _show_pattern(value: re.Pattern[str], depth: int) -> str:
    return _show(value.pattern, depth)


_SHOWERS: dict[type, Callable[[Any, int], str]] = {
    str: _show_text,
    bytes: _show_bytes,
    int: _show_int,
    bool: _show_plain,
    type(None): _show_plain,
    float: _show_plain,
    type(...): _show_plain,
    list: _show_items,
    tuple: _show_items,
    set: _show_set,
    frozenset: _show_set,
    dict: _show_dict,
    re.Pattern: _show_pattern,
}
