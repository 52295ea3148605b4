"""The routes in groups: those that pass the same chain stand together, and what all of them pass is told once.

Texts are visible but still foreign: escaping is the affair of the format that shows them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby, takewhile
from typing import Literal, TypeAlias

from mwviz.model import Layer, Place
from mwviz.model.routes import Dependency, RouteChain, Routes
from mwviz.render import words
from mwviz.render.plain import visible
from mwviz.render.terminal import mark
from mwviz.values import dataclass

#: A layer or a dependency, by its index in `Routes`.
Key: TypeAlias = tuple[Literal["layer", "dependency"], int]


@dataclass(frozen=True, slots=True)
class Link:
    """One layer or dependency of a chain. `about` says what it is, `more` what only `--verbose` shows."""

    name: str
    role: Literal["framework", "layer", "dependency"]
    about: str
    place: Place | None
    more: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Routes that pass the same `links` beyond those that all routes pass; websockets may skip some layers."""

    links: tuple[Link, ...]
    skipped: tuple[str, ...]
    routes: tuple[RouteChain, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of the tree of chains: links that lead to some routes directly, and to further branches."""

    links: tuple[Link, ...]
    routes: tuple[RouteChain, ...]
    branches: tuple[Branch, ...]


def remarks(routes: Routes) -> tuple[str, ...]:
    """Another order that was asked for, and the notes, a sentence each."""
    order = [f"Another order was tried: {' > '.join(routes.order)}"] if routes.order is not None else []
    return tuple(map(visible, (*order, *routes.notes)))


def shared(routes: Routes) -> tuple[Link, ...]:
    """The layers that every route passes, outermost first."""
    return tuple(_link(routes, ("layer", index)) for index in _common(routes))


def groups(routes: Routes) -> tuple[Group, ...]:
    """The routes by chain: groups in the order of their first route, routes in the order in which they are tried."""
    depth = len(_common(routes))
    found: dict[tuple[tuple[Key, ...], tuple[str, ...]], list[RouteChain]] = {}
    for route in routes.routes:
        found.setdefault((_keys(route, depth), tuple(map(visible, route.skipped))), []).append(route)
    return tuple(
        Group(tuple(_link(routes, key) for key in keys), skipped, tuple(members))
        for (keys, skipped), members in found.items()
    )


def tree(routes: Routes) -> Branch:
    """The chains as a tree: what several of them begin with stands once."""
    return _branch(routes, [(_keys(route, 0), route) for route in routes.routes])


def runs(links: Sequence[Link], brief: Collection[Link]) -> Iterator[tuple[Link, ...]]:
    """Yield the links in order, one by one; in runs those of which nobody asks more than the name."""
    for short, run in groupby(links, key=lambda link: link in brief):
        if short:
            yield tuple(run)
        else:
            yield from ((link,) for link in run)


def title(count: int, kind: Literal["all", "chosen", "more", "none"]) -> str:
    """What stands above a chain: how many routes pass it; those that a filter chose are not all."""
    routes = "1 route" if count == 1 else f"{count} routes"
    verb = "passes" if count == 1 else "pass"
    match kind:
        case "all":
            return f"The only route {verb}" if count == 1 else f"All {routes} {verb}"
        case "chosen":
            return f"This route {verb}" if count == 1 else f"These {routes} {verb}"
        case "more":
            return f"{routes} also {verb}"
        case "none":
            return f"{routes} {verb} nothing else"


def common_title(routes: Routes) -> str:
    """What stands above the layers that every route passes."""
    return title(len(routes.routes), "all" if len(routes.routes) == routes.total else "chosen")


def methods(route: RouteChain) -> str:
    """The methods of a route in one word: `GET,HEAD`, `ANY`, or `WS` for a websocket."""
    if route.type == "websocket":
        return "WS"
    return visible(",".join(route.methods)) or "ANY"


def address(route: RouteChain) -> str:
    """Where a route is reached: its path, after the host for one that only some hosts reach."""
    return visible(route.path if route.host is None else f"//{route.host}{route.path}")


def skips(group: Group) -> str | None:
    """A sentence on the layers that the websockets of a group never meet, None if there are none."""
    if not group.skipped:
        return None
    return f"Websockets skip {', '.join(group.skipped)}: a BaseHTTPMiddleware sees HTTP only."


def summary(routes: Routes) -> str:
    """How many routes there are in how many groups, and what probes told of them."""
    chains = routes.routes
    if not chains:
        return "No routes."
    of = "" if len(chains) == routes.total else f" of {routes.total}"
    count = f"{len(chains)}{of} {'route' if len(chains) == 1 and not of else 'routes'}"
    ways = len(groups(routes))
    parts = [f"{count}, {'one chain' if ways == 1 else f'{ways} different chains'}"]
    if any(chain.observed is not None for chain in chains):
        agreed = sum(chain.agrees is True for chain in chains)
        differed = sum(chain.agrees is False for chain in chains)
        parts.append(f"{agreed} observed as listed, {differed} not, {len(chains) - agreed - differed} not observed")
    return "; ".join(parts) + "."


def _common(routes: Routes) -> tuple[int, ...]:
    chains = [route.layer_indexes for route in routes.routes]
    if not chains:
        return ()
    return tuple(column[0] for column in takewhile(lambda column: len(set(column)) == 1, zip(*chains, strict=False)))


def _keys(route: RouteChain, depth: int) -> tuple[Key, ...]:
    layers: list[Key] = [("layer", index) for index in route.layer_indexes[depth:]]
    return (*layers, *(("dependency", index) for index in route.dependency_indexes))


def _branch(routes: Routes, members: list[tuple[tuple[Key, ...], RouteChain]]) -> Branch:
    chains = [keys for keys, _ in members]
    same = takewhile(lambda column: len(set(column)) == 1, zip(*chains, strict=False)) if chains else ()
    common = [column[0] for column in same]
    here = tuple(route for keys, route in members if len(keys) == len(common))
    further: dict[Key, list[tuple[tuple[Key, ...], RouteChain]]] = {}
    for keys, route in members:
        if len(keys) > len(common):
            further.setdefault(keys[len(common)], []).append((keys[len(common) :], route))
    branches = tuple(_branch(routes, part) for part in further.values())
    return Branch(tuple(_link(routes, key) for key in common), here, branches)


def _link(routes: Routes, key: Key) -> Link:
    kind, index = key
    return _layer(routes.layers[index]) if kind == "layer" else _dependency(routes.dependencies[index])


def _layer(layer: Layer) -> Link:
    arguments = (f"{visible(name)}={visible(text)}" for name, text in layer.arguments.items())
    more = (visible(layer.qualified_name), words.KINDS[layer.kind], *arguments)
    place = layer.registered_at or layer.defined_at
    role: Literal["framework", "layer"] = "framework" if layer.origin == "framework" else "layer"
    return Link(visible(layer.label), role, mark(layer), place, more)


def _dependency(dependency: Dependency) -> Link:
    replaced = f" instead of {visible(dependency.instead_of)}" if dependency.instead_of is not None else ""
    more = (visible(dependency.qualified_name),)
    return Link(visible(dependency.label), "dependency", f"dependency{replaced}", dependency.defined_at, more)
