"""`text`: both orders as one list with a mark on every line that has changed, as a reviewer reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.model.diff import Difference
from mwviz.render.diff.rows import Mark, Row, sections, stack, summary, title
from mwviz.render.plain import columns
from mwviz.render.terminal import NARROWEST, Line, Part, Style, fold, paint

_STYLES: dict[Mark, Style] = {" ": "dim", "+": "green", "-": "red", ">": "yellow", "~": "yellow"}
_NAME_AT_MOST = 32


def render(difference: Difference, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """Return lines of at most `width` columns; `verbose` lists the stack also where nothing in it has changed."""
    width = max(width, NARROWEST)
    lines: list[Line] = [*fold([(title(difference), "bold")], width, 2), []]
    rows = stack(difference)
    if verbose or any(row.mark != " " for row in rows):
        lines += [*_rows(rows, width), []]
    for section in sections(difference):
        lines += [*fold([(section.title, "bold")], width, 2), *_rows(section.rows, width), []]
    lines += fold([(summary(difference), "bold")], width)
    return "\n".join([*(paint(line, color) for line in lines), ""])


def _rows(rows: Sequence[Row], width: int) -> Iterator[Line]:
    told = [columns(row.name) for row in rows if row.facts]
    name_width = min(max(told, default=0), _NAME_AT_MOST)
    for row in rows:
        style = _STYLES[row.mark]
        start: list[Part] = [(f"{row.mark} ", style), (row.name, style)]
        if not row.facts:
            yield from fold(start, width, 4)
            continue
        gap = max(name_width - columns(row.name), 0) + 2
        first, *rest = row.facts
        yield from fold([*start, (" " * gap, ""), (first, "")], width, name_width + 4 if width > 60 else 4)
        for fact in rest:
            yield from fold([(" " * (name_width + 4), ""), (fact, "")], width, name_width + 4 if width > 60 else 4)
