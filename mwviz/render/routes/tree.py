"""`tree`: the chains grown together, each layer and dependency once before everything that lies behind it."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.model.routes import RouteChain, Routes
from mwviz.render.plain import visible
from mwviz.render.routes.chains import Branch, Link, tree
from mwviz.render.routes.lines import Columns, chain_lines, framed, layout, route_lines
from mwviz.render.terminal import NARROWEST, Line, fold, paint

_LEAST = 24


def render(routes: Routes, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """Return the tree in lines of at most `width` columns; `verbose` adds what is known of every layer."""
    width = max(width, NARROWEST)
    table = layout(routes, width - _LEAST // 2)
    body = [*_grown(tree(routes), "", table, width, set(), verbose), []] if routes.routes else []
    return framed(routes, [paint(line, color) for line in body], width=width, color=color)


def _grown(branch: Branch, rails: str, table: Columns, width: int, told: set[Link], verbose: bool) -> Iterator[Line]:
    room = max(width - len(rails), _LEAST)
    for line in chain_lines(branch.links, room, told, verbose=verbose):
        yield [(rails, "dim"), *line]
    parts: list[RouteChain | Branch] = [*branch.routes, *branch.branches]
    for part in parts:
        last = part is parts[-1]
        first, later = f"{rails}{'└─' if last else '├─'} ", f"{rails}{'  ' if last else '│ '} "
        if isinstance(part, Branch):
            lines = _grown(part, later, table, width, told, verbose)
            yield [(first, "dim"), *next(lines)[1:]]
            yield from lines
        else:
            for at, leaf in enumerate(_leaf(part, table, room - len(later) + len(rails), verbose)):
                yield [(later if at else first, "dim"), *leaf]


def _leaf(route: RouteChain, table: Columns, width: int, verbose: bool) -> Iterator[Line]:
    yield from route_lines(route, table, width, verbose=verbose)
    if route.skipped:
        yield from fold([(f"  skips {', '.join(map(visible, route.skipped))}", "yellow")], width, 4)
