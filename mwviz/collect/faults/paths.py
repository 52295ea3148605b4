"""Requests that the app's own router refuses: a path that no route has, and a method that a route does not take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mwviz.collect.routes.compat import example, files_of, is_closed, is_websocket, methods_of, routes_of

#: A path that no app has, unless it takes any.
UNKNOWN = "/mwviz-asks-for-what-is-not-there"
#: Tried in this order, as long as the route takes them.
_METHODS = ("PATCH", "DELETE", "PUT", "POST", "GET", "TRACE")


def refused(router: Any, path: str | None) -> tuple[str, str] | None:
    """A path with a method that its routes do not take; None where no route of the router says which it takes.

    `path` is the one to ask for, where there is one; else it is `/`, which layers let pass more often than others, or
    that of the first route whose path has an example.
    """
    taken: dict[str, set[str]] = {}
    for found, methods in _taken(router):
        taken.setdefault(found, set()).update(methods)
    if path is None:
        path = "/" if "/" in taken else next(iter(taken), None)
    if path is None:
        return None
    others = taken.get(path.partition("?")[0], {"GET"})
    return path, next((method for method in _METHODS if method not in others), "TRACE")


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
