"""`table`: what all routes pass, then the routes in groups of one chain each, below what they pass beyond that."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.model.routes import Routes
from mwviz.render.routes.chains import Group, Link, common_title, groups, shared, skips, title
from mwviz.render.routes.lines import Columns, chain_lines, framed, layout, route_lines
from mwviz.render.terminal import NARROWEST, Line, fold, paint

_INDENT = "  "


def render(routes: Routes, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """Return the groups in lines of at most `width` columns; `verbose` adds what is known of every layer."""
    width = max(width, NARROWEST)
    lines = (paint(line, color) for line in _body(routes, width, verbose))
    return framed(routes, lines, width=width, color=color)


def _body(routes: Routes, width: int, verbose: bool) -> Iterator[Line]:
    if not routes.routes:
        return
    inner = width - len(_INDENT)
    yield [(common_title(routes), "bold")]
    told: set[Link] = set()
    for line in chain_lines(shared(routes), inner, told, verbose=verbose):
        yield [(_INDENT, ""), *line]
    yield []
    table = layout(routes, inner)
    for group in groups(routes):
        yield from _group(group, table, inner, told, verbose)
        yield []


def _group(group: Group, table: Columns, inner: int, told: set[Link], verbose: bool) -> Iterator[Line]:
    yield [(title(len(group.routes), "more" if group.links else "none"), "bold")]
    for line in chain_lines(group.links, inner, told, verbose=verbose):
        yield [(_INDENT, ""), *line]
    if (skipped := skips(group)) is not None:
        yield from ([(_INDENT, ""), *line] for line in fold([(skipped, "yellow")], inner, 2))
    for route in group.routes:
        for line in route_lines(route, table, inner, verbose=verbose):
            yield [(_INDENT, ""), *line]
