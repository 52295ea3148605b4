"""The colours of every picture, in both themes: plain data, so that a picture, a page and a test read the same.

Each text colour has a contrast of at least 4.5 to 1 on every ground that it stands on, each line of 3 to 1 on its own.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

#: `auto` is one picture with both: it follows what its reader prefers.
Theme: TypeAlias = Literal["light", "dark", "auto"]


class Color(NamedTuple):
    """One role in both themes, as `#rrggbb`."""

    light: str
    dark: str


class Card(NamedTuple):
    """How a kind of box looks, by the names of its colours."""

    fill: str
    line: str


#: Every role. No two share a light colour: a picture drawn light is made to follow the reader by its colours alone.
COLORS: dict[str, Color] = {
    "page": Color("#ffffff", "#0d1117"),
    "ink": Color("#1f2328", "#f0f3f6"),
    "faint": Color("#57606a", "#b1bac4"),
    # the ways: request in, response out, exception out, and what came to nothing
    "request": Color("#0a5cc2", "#79b8ff"),
    "response": Color("#1a7034", "#56d364"),
    "exception": Color("#b91c24", "#ff938a"),
    "lost": Color("#6a727c", "#98a2ad"),
    # what became of the request, as words
    "good": Color("#196c32", "#5fd96d"),
    "warn": Color("#855700", "#f2cc60"),
    "bad": Color("#b3161e", "#ff9f97"),
    # the ground and the border of each kind of box
    "client-fill": Color("#e9edf2", "#2d333b"),
    "client-line": Color("#24292f", "#cdd5de"),
    "user-fill": Color("#fefefe", "#161b22"),
    "user-line": Color("#424a53", "#adb6c0"),
    "framework-fill": Color("#f6f8fa", "#11161d"),
    "framework-line": Color("#7d8690", "#7d8691"),
    "injected-fill": Color("#e2f5f6", "#0c2a2f"),
    "injected-line": Color("#137078", "#4cc3cd"),
    "outer-fill": Color("#f5f0fe", "#241b3a"),
    "outer-line": Color("#7a46d8", "#bd9dfb"),
    "end-fill": Color("#e4f1ff", "#11263f"),
    "end-line": Color("#0b66cf", "#6fb1fb"),
    "answered-fill": Color("#e3f6e8", "#0f2a18"),
    "answered-line": Color("#1b7838", "#4dca5d"),
    "took_over-fill": Color("#fff3d1", "#30260a"),
    "took_over-line": Color("#8c5d00", "#e3b341"),
    "failed-fill": Color("#ffeceb", "#3a1517"),
    "failed-line": Color("#c0222b", "#ff8178"),
    "unreached-fill": Color("#f7f8f9", "#12161c"),
    "unreached-line": Color("#838c96", "#757e89"),
    "unreached-ink": Color("#59616b", "#a3adb8"),
}

CARDS: dict[str, Card] = {
    name: Card(f"{name}-fill", f"{name}-line")
    for name in (
        *("client", "user", "framework", "injected", "outer", "end"),
        *("answered", "took_over", "failed", "unreached"),
    )
}


def color(role: str, theme: Theme) -> str:
    """Return the colour of a role; `auto` is drawn light, and its dark colours are for the reader's side to take."""
    return COLORS[role].dark if theme == "dark" else COLORS[role].light
