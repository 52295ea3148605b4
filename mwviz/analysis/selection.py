"""The routes that a filter leaves: by path, by method, by what stands on the way to them or does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from mwviz.analysis.names import fits, hint
from mwviz.errors import SelectionError
from mwviz.model.routes import RouteChain, Routes
from mwviz.values import dataclass

#: What `--method` calls a websocket.
WEBSOCKET = "WEBSOCKET"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which routes to keep: each of the four that is given must hold.

    `paths` (globs) and `methods` hold for a route that fits one of them, `layers` for one that passes all of these
    layers and dependencies, `without` for one that passes none of those.
    """

    paths: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def select(routes: Routes, selection: Selection) -> Routes:
    """The same app with the selected routes alone.

    A layer or dependency is named as in a contract: `GZipMiddleware`, `GZipMiddleware#2`, `Auth*`. A websocket does not
    pass a BaseHTTPMiddleware, whose dispatch it never meets. Raises SelectionError for a name that fits nothing.
    """
    for name in (*selection.layers, *selection.without):
        _check(name, routes)
    kept = tuple(route for route in routes.routes if _holds(route, selection))
    return replace(routes, routes=kept)


def _holds(route: RouteChain, selection: Selection) -> bool:
    passed = tuple(_passed(route))
    return (
        (not selection.paths or any(fnmatchcase(route.path, glob) for glob in selection.paths))
        and (not selection.methods or any(_takes(route, method.upper()) for method in selection.methods))
        and all(_among(name, passed) for name in selection.layers)
        and not any(_among(name, passed) for name in selection.without)
    )


def _takes(route: RouteChain, method: str) -> bool:
    if route.type == "websocket":
        return method == WEBSOCKET
    return method in route.methods or (not route.methods and method != WEBSOCKET)


def _passed(route: RouteChain) -> Iterator[str]:
    yield from (label for label in route.layers if label not in route.skipped)
    yield from route.dependencies


def _among(name: str, labels: Sequence[str]) -> bool:
    return any(fits(name, label) for label in labels)


def _check(name: str, routes: Routes) -> None:
    if _among(name, tuple(_known(routes, framework=True))):
        return
    told = hint(name, tuple(_known(routes, framework=False)))
    raise SelectionError(f"No route passes a layer or dependency called '{name}': {told}")


def _known(routes: Routes, *, framework: bool) -> Iterator[str]:
    yield from (layer.label for layer in routes.layers if framework or layer.origin != "framework")
    yield from (dependency.label for dependency in routes.dependencies)
