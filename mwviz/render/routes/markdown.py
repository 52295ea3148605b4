"""`markdown`: a GitHub table of routes for each chain, without anything that differs from machine to machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.model.routes import Routes
from mwviz.render import words
from mwviz.render.markdown import escaped, row
from mwviz.render.places import inside
from mwviz.render.plain import visible
from mwviz.render.routes.chains import (
    Group,
    Link,
    address,
    common_title,
    groups,
    methods,
    remarks,
    shared,
    skips,
    summary,
    title,
)

_COLUMNS = ("Methods", "Path", "Endpoint", "Place")


def render(routes: Routes, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """Return a heading and a table for each group of routes; `verbose` adds versions and arguments."""
    head = escaped(words.headline(routes)) if verbose else f"**{escaped(visible(routes.target))}**"
    paragraphs = [head, escaped(summary(routes)), *_groups(routes, verbose)]
    return "\n\n".join([*paragraphs, *map(escaped, remarks(routes))]) + "\n"


def _groups(routes: Routes, verbose: bool) -> Iterator[str]:
    common = shared(routes)
    if common:
        yield f"{common_title(routes)} {_chain(common, verbose)}"
    for group in groups(routes):
        kind, count = "more" if group.links else "none", len(group.routes)
        if kind == "none":
            yield f"**{title(count, 'none')}**"
        else:
            yield f"**{title(count, 'more')}** {_chain(group.links, verbose)}"
        if (skipped := skips(group)) is not None:
            yield escaped(skipped)
        yield "\n".join(_table(group))


def _chain(links: Sequence[Link], verbose: bool) -> str:
    return " &gt; ".join(_told(link, verbose) for link in links)


def _told(link: Link, verbose: bool) -> str:
    name = escaped(link.name) if link.role == "framework" else f"**{escaped(link.name)}**"
    place = f"{visible(link.place.file)}:{link.place.line}" if link.place is not None and inside(link.place) else ""
    facts = [link.about, "" if link.role == "framework" else place, *(link.more if verbose else ())]
    about = ", ".join(filter(None, facts))
    return f"{name} ({escaped(about)})" if about else name


def _table(group: Group) -> Iterator[str]:
    yield row(_COLUMNS)
    yield row(["---"] * len(_COLUMNS))
    for route in group.routes:
        defined = route.endpoint.defined_at
        place = f"{visible(defined.file)}:{defined.line}" if defined is not None and inside(defined) else ""
        endpoint = visible(route.endpoint.name) + (" (opaque)" if route.opaque else "")
        cells = (methods(route), address(route), endpoint, place)
        yield row([escaped(cell) for cell in cells])
