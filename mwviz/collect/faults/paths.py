"""Requests that the app's own router refuses: a path that no route has, and a method that a route does not take."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from mwviz.collect.routes.compat import example, files_of, is_closed, is_websocket, methods_of, routes_of

#: A path that no app has, unless it takes any.
UNKNOWN = "/mwviz-asks-for-what-is-not-there"
#: Tried in this order, as long as the route takes them.
_METHODS = ("PATCH", "DELETE", "PUT", "POST", "GET", "TRACE")


def refused(router: Any, path: str | None) -> tuple[tuple[str, str], ...]:
    """Paths with methods that their routes do not take, the likeliest first; none where there is no path to ask for.

    Where `path` is given it comes first, then `/`, which layers let pass more often than others, or the path of the
    first route that has an example and says what it takes.
    """
    taken: dict[str, set[str]] = {}
    for found, methods in _taken(router):
        taken.setdefault(found, set()).update(methods)
    known = "/" if "/" in taken else next(iter(taken), None)
    asked = [each for each in dict.fromkeys((path, known)) if each is not None]
    return tuple((each, method) for each in asked for method in _METHODS if method not in _of(taken, each))


def _of(taken: Mapping[str, Collection[str]], path: str) -> Collection[str]:
    return taken.get(path.partition("?")[0], {"GET"})


def _taken(router: Any) -> Iterator[tuple[str, Iterable[str]]]:
    """Examples of paths with the methods that are taken there, the user's before those of the documentation."""
    routes = (route for route in routes_of(router) if getattr(route, "endpoint", None) is not None)
    for route in sorted(routes, key=lambda route: not getattr(route, "include_in_schema", True)):
        if is_closed(route) or files_of(route) is not None or is_websocket(route):
            continue
        methods = methods_of(route, route.endpoint)
        found = example(route.path, getattr(route, "param_convertors", {})) if methods else None
        if found is not None:
            yield found, methods
