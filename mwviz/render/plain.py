"""Texts of others made harmless, short and even: what every format does to a name, a message or a time."""

from __future__ import annotations

from functools import lru_cache

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    r"""Return `text` with everything that a terminal, an editor or an XML reader would act on made an escape.

    Control, format, separator, surrogate, private and unassigned characters become `\x1b`, `\n`, `\u202e`.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def columns(text: str) -> int:
    """Return how many columns a terminal needs for `text`, which holds no control characters."""
    return len(text) if text.isascii() else sum(map(_width, text))


@lru_cache(maxsize=1024)
def _width(char: str) -> int:
    from unicodedata import category, east_asian_width  # only texts beyond ASCII pay for the tables

    # The emoji selector takes no room, but makes the sign before it two columns wide.
    if category(char) in ("Mn", "Me") and char != "\ufe0f":
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def shorten(text: str, width: int) -> str:
    """Return `text` in at most `width` columns, its end given up for a `…` where it is longer."""
    if columns(text) <= width:
        return text
    kept, used = [], 1
    for char in text:
        used += _width(char)
        if used > width:
            break
        kept.append(char)
    return "".join(kept) + "…" if width > 0 else ""


def duration(ns: int | None) -> str:
    """Return a time given in nanoseconds as people say it: `0.9 µs`, `12 µs`, `1.24 ms`, `2.1 s`; None is `-`."""
    if ns is None:
        return "-"
    if ns < 999_500:
        return f"{ns / 1e3:.1f} µs" if ns < 9_950 else f"{ns / 1e3:.0f} µs"
    if ns < 999_500_000:
        digits = 2 if ns < 9_995_000 else 1 if ns < 99_950_000 else 0
        return f"{ns / 1e6:.{digits}f} ms"
    return f"{ns / 1e9:.1f} s"
