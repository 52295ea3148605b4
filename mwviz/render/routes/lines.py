"""What the two terminal formats of the routes share: the lines of chains and of routes, folded to a width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from mwviz.model.routes import RouteChain, Routes
from mwviz.render import words
from mwviz.render.plain import columns, visible
from mwviz.render.routes.chains import Link, address, methods, remarks, runs, summary
from mwviz.render.terminal import NARROWEST, Line, Part, fold, paint, source
from mwviz.values import dataclass

_GAP = 2
#: Columns that endpoint and place need at least, not to stand below the path.
_BESIDE = 26
_NAME_AT_MOST = 40


@dataclass(frozen=True, slots=True)
class Columns:
    """How wide methods and paths are in all of a view, so that its lines are even."""

    methods: int
    path: int
    endpoint: int
    verdicts: bool


def layout(routes: Routes, width: int) -> Columns:
    """Return the widths for lines of `width` columns; a path may have half of them before it goes over its column."""
    chains = routes.routes
    verdicts = any(route.observed is not None for route in chains)
    method = max((columns(methods(route)) for route in chains), default=0)
    path = min(max((columns(address(route)) for route in chains), default=0), width // 2)
    endpoint = max((columns(_endpoint(route)) for route in chains), default=0)
    place = max((columns(_place(route, whole=False)) for route in chains), default=0)
    even = 2 * verdicts + method + path + endpoint + place + 3 * _GAP <= width
    return Columns(method, path, endpoint if even else 0, verdicts)


def framed(routes: Routes, body: Iterable[str], *, width: int, color: bool) -> str:
    """Return the whole text: the app above, the body's finished lines, notes and the count of routes below."""
    width = max(width, NARROWEST)
    target, versions = words.headline_parts(routes)
    above = fold([(target, "bold"), (versions, "dim")], width, 2)
    notes = [fold([("Note: ", "dim"), (note, "")], width, 6) for note in remarks(routes)]
    aside = [paint(line, color) for note in notes for line in note]
    below = [paint(line, color) for line in fold([(summary(routes), "bold")], width)]
    head = [paint(line, color) for line in above]
    return "\n".join([*head, "", *body, *aside, *([""] if aside else []), *below, ""])


def chain_lines(links: Sequence[Link], width: int, told: set[Link], *, verbose: bool) -> Iterator[list[Part]]:
    """Yield the lines of a chain, outermost link first; each begins with the `>` that stands between names.

    Of dependencies in `told`, and others that the same lines made, the names suffice: routes of a large app need the
    same twenty in a hundred ways. What was told here is added to it.
    """
    brief = (
        frozenset()
        if verbose
        else frozenset(each for each in links if each.role == "framework" or _origin(each) in told)
    )
    name_width = min(max((columns(link.name) for link in links if link not in brief), default=0), _NAME_AT_MOST)
    told.update(_origin(link) for link in links if link.role == "dependency")
    for run in runs(links, brief):
        first = run[0]
        if first in brief:
            yield from fold(list(_names(run)), width, 2)
            continue
        about = " · ".join(filter(None, (first.about, source(first.place, whole=verbose))))
        padding = " " * max(0, name_width - columns(first.name)) if about else ""
        yield from fold([("> ", "dim"), (first.name, ""), (padding, ""), (f"  {about}", "dim")], width, 2)
        for text in first.more if verbose else ():
            yield from fold([("    ", ""), (text, "dim")], width, 6)


def _origin(link: Link) -> Link:
    return replace(link, name="") if link.place is not None else link


def _names(run: Sequence[Link]) -> Iterator[Part]:
    for link in run:
        yield ("> " if link is run[0] else " > ", "dim")
        yield (link.name, "dim" if link.role == "framework" else "")


def route_lines(route: RouteChain, table: Columns, width: int, *, verbose: bool) -> Iterator[list[Part]]:
    """Yield the lines of one route: verdict of its probe, methods, path, endpoint and where that is defined."""
    verdict: Line = [_verdict(route)] if table.verdicts else []
    method = methods(route)
    before = (table.methods + _GAP) + sum(columns(text) for text, _ in verdict)
    start: Line = [*verdict, (method + " " * (table.methods + _GAP - columns(method)), "dim")]
    path = address(route)
    end = _end(route, table.endpoint, verbose)
    rest = width - before - table.path - _GAP
    if columns(path) <= table.path and rest >= min(_BESIDE, sum(columns(text) for text, _ in end)):
        first, *more = fold(end, rest, 2)
        yield [*start, (path + " " * (table.path + _GAP - columns(path)), ""), *first]
        yield from ([(" " * (before + table.path + _GAP), ""), *line] for line in more)
        return
    for at, line in enumerate(fold([(path, "")], width - before, 2)):
        yield [*(start if at == 0 else [(" " * before, "")]), *line]
    yield from ([(" " * (before + 2), ""), *line] for line in fold(end, width - before - 2, 2))


def _end(route: RouteChain, width: int, verbose: bool) -> list[Part]:
    name, place = _endpoint(route), _place(route, whole=verbose)
    return [(name, ""), (f"{' ' * (width - columns(name))}  {place}" if place else "", "dim")]


def _endpoint(route: RouteChain) -> str:
    return visible(route.endpoint.name)


def _place(route: RouteChain, *, whole: bool) -> str:
    defined = route.endpoint.defined_at
    # Of an installed package, such as the framework with its /docs, only `whole` tells the line.
    shown = whole or (defined is not None and "-packages/" not in defined.file)
    return " · ".join(filter(None, (source(defined, whole=whole) if shown else "", "opaque" if route.opaque else "")))


def _verdict(route: RouteChain) -> Part:
    match route.agrees:
        case True:
            return "● ", "green"
        case False:
            return "✗ ", "red"
        case None:
            return "· ", "dim"
