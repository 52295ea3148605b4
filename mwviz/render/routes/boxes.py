"""The one description of the picture of routes that every diagram draws: a tree of chains, with the routes as leaves.

Texts are visible but still foreign: escaping is the affair of the format that draws them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Literal, TypeAlias

from mwviz.model import Place
from mwviz.model.routes import RouteChain, Routes
from mwviz.render.places import inside
from mwviz.render.plain import shorten, visible
from mwviz.render.routes.chains import Branch, Link, address, methods, summary, tree
from mwviz.values import dataclass

Role: TypeAlias = Literal["layer", "dependency", "routes"]

_NAME_WIDTH = 56
_FACT_WIDTH = 64
#: A box with more routes than this would be taller than a page: it ends with how many more there are.
_ROUTES_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a box: a text, and a fainter one beside it."""

    text: str
    fact: str
    weight: Literal["bold", "plain", "faint"]


@dataclass(frozen=True, slots=True)
class Box:
    """One box: layers or dependencies that follow each other, or the routes that lie behind them.

    `parent` is the box it hangs from.
    """

    key: str
    role: Role
    lines: tuple[Line, ...]
    parent: str | None


@dataclass(frozen=True, slots=True)
class Picture:
    """The boxes, each after the one that it hangs from, and the words around them."""

    title: str
    caption: str
    boxes: tuple[Box, ...]


def picture(routes: Routes) -> Picture:
    """Return the picture of some routes; the same routes give the same picture on any machine."""
    boxes = tuple(_grown(tree(routes), None, "n")) if routes.routes else ()
    return Picture(shorten(visible(routes.target), _FACT_WIDTH), summary(routes), boxes)


def _grown(branch: Branch, parent: str | None, key: str) -> Iterator[Box]:
    # What stands together in the chain and is of one kind shares a box: a way of forty boxes is no picture.
    for needed, run in groupby(branch.links, key=lambda link: link.role == "dependency"):
        role: Role = "dependency" if needed else "layer"
        box = Box(f"{key}{role[0]}", role, tuple(map(_line, run)), parent)
        yield box
        parent = box.key
    if branch.routes:
        yield Box(f"{key}r", "routes", _route_lines(branch.routes), parent)
    for number, further in enumerate(branch.branches):
        yield from _grown(further, parent, f"{key}{number}")


def _line(link: Link) -> Line:
    if link.role == "framework":
        return Line(shorten(link.name, _NAME_WIDTH), "", "faint")
    about = "" if link.role == "dependency" and link.about == "dependency" else link.about
    facts = ", ".join(filter(None, (about, _place(link.place))))
    return Line(shorten(link.name, _NAME_WIDTH), shorten(facts, _FACT_WIDTH), "bold")


def _route_lines(routes: tuple[RouteChain, ...]) -> tuple[Line, ...]:
    shown = tuple(
        Line(shorten(f"{methods(route)} {address(route)}", _NAME_WIDTH), _skipped(route), "plain")
        for route in routes[:_ROUTES_AT_MOST]
    )
    more = len(routes) - len(shown)
    return (*shown, Line(f"… and {more} more", "", "faint")) if more > 0 else shown


def _skipped(route: RouteChain) -> str:
    return shorten(f"skips {', '.join(map(visible, route.skipped))}", _FACT_WIDTH) if route.skipped else ""


def _place(place: Place | None) -> str:
    return visible(f"{place.file}:{place.line}") if place is not None and inside(place) else ""
