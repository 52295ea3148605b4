"""The words around a picture: its title and verdict above, and below a legend of what occurs in this picture alone."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from mwviz.render.cards import BORDERS, GAP, NEXT, TEXT, font, text
from mwviz.render.graph import CLIENT, Diagram, EdgeKind
from mwviz.render.palette import CARDS, Theme, color

_TITLE = 19
#: Of each kind of arrow its colour, its line, and what it says.
ARROWS: dict[EdgeKind, tuple[str, str, str]] = {
    "request": ("request", "SOLID", "request, numbered in order"),
    "response": ("response", "DASHED", "response, numbered in order"),
    "exception": ("exception", "DOUBLE", "exception"),
    "discarded": ("lost", "DASHED", "response, thrown away"),
    "unseen": ("lost", "DOTTED", "nothing was seen to pass"),
}
_BOXES = {
    "framework": "of the framework",
    "injected": "injected by a library",
    "outer": "wraps the whole app",
    "unreached": "not reached",
}


def heading(title: str, caption: str, width: int, theme: Theme) -> str:
    """Return the label above the boxes, `width` points wide: what was traced, and what came of it."""
    ink, faint = color("ink", theme), color("faint", theme)
    lines = [font(f"<B>{text(title)}</B>", ink, _TITLE), GAP]
    lines += [font(text(line), faint, TEXT) for line in wrap(caption, max(24, int(width / 6.3)))]
    shown = f'<BR ALIGN="LEFT"/>{NEXT}'.join(lines)
    frame = 'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2"'
    return f'<<TABLE {frame}><TR><TD WIDTH="{width}" ALIGN="LEFT">{shown}<BR ALIGN="LEFT"/></TD></TR></TABLE>>'


def legend(drawn: Diagram, width: int, theme: Theme) -> str | None:
    """Return the label below the boxes; None where nothing needs one."""
    entries = [*_arrows(drawn, theme), *_boxes(drawn, theme)]
    if not entries:
        return None
    half = width // 2
    rows = [
        f"<TR>{NEXT.join(_cell(entry, half) for entry in entries[at : at + 2])}</TR>"
        for at in range(0, len(entries), 2)
    ]
    frame = 'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1"'
    return f"<<TABLE {frame}>{NEXT}{NEXT.join(rows)}\n\t</TABLE>>"


def _arrows(drawn: Diagram, theme: Theme) -> Iterator[tuple[str, str]]:
    kinds = {edge.kind for edge in drawn.edges}
    for kind, (role, style, told) in ARROWS.items():
        if kind in kinds:
            form = 'SIDES="TB"' if style == "DOUBLE" else f'SIDES="B" STYLE="{style}"'
            line = f'BORDER="{1 if style == "DOUBLE" else 2}" {form} COLOR="{color(role, theme)}"'
            size = f'FIXEDSIZE="TRUE" WIDTH="30" HEIGHT="{4 if style == "DOUBLE" else 7}"'
            sample = f'<TR><TD {size} {line}></TD></TR><TR><TD FIXEDSIZE="TRUE" WIDTH="30" HEIGHT="6"></TD></TR>'
            yield (
                f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{sample}</TABLE>',
                _said(told, theme),
            )


def _boxes(drawn: Diagram, theme: Theme) -> Iterator[tuple[str, str]]:
    states = {"unreached" if node.state == "unreached" else node.role for node in drawn.nodes if node.key != CLIENT}
    for name, told in _BOXES.items():
        if name in states:
            width, style = BORDERS[name]
            look = f'BGCOLOR="{color(CARDS[name].fill, theme)}" COLOR="{color(CARDS[name].line, theme)}"'
            frame = f'BORDER="{width}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" STYLE="{style}"'
            yield f'<TABLE {frame} {look}><TR><TD WIDTH="28" HEIGHT="12"></TD></TR></TABLE>', _said(told, theme)


def _said(told: str, theme: Theme) -> str:
    return font(told, color("faint", theme), TEXT)


def _cell(entry: tuple[str, str], width: int) -> str:
    sample, told = entry
    return f'<TD WIDTH="40">{sample}</TD><TD WIDTH="{width - 44}" ALIGN="LEFT"> {told}</TD>'
