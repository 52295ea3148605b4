"""What mwviz leans on of the routes and dependencies of Starlette and FastAPI, with the versions it holds for."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from mwviz.collect.compat import INNER, application_classes, framework_classes
from mwviz.collect.routes.included import effective, has_late_routes, included, is_branch

#: HTTPEndpoint's own order (Starlette 0.13 and newer); the rest of the methods that a route names comes after.
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: As Starlette's `compile_path` has it, since 0.13.
_PARAMETER = re.compile(r"{([a-zA-Z_][a-zA-Z0-9_]*)(?::[a-zA-Z_][a-zA-Z0-9_]*)?}")
#: The convertors of Starlette, and those that users register, are known by the expression that each must match.
_EXAMPLES = (
    "1",
    "x",
    "1.5",
    "3f1a2b4c-0d5e-4f60-8172-93a4b5c6d7e8",
    "2026-01-31",
    "2026-01-31T12:00:00",
    "true",
    "a/b",
)

Dependant: TypeAlias = Any


class Framework:
    """The framework of an app, and of those that it is mounted in: its packages, and the layers that it adds itself."""

    def __init__(self, application: object, outer: Framework | None = None) -> None:
        packages = {cls.__module__.removesuffix(".applications") for cls in application_classes(application)}
        self.packages: frozenset[str] = frozenset(packages) | (outer.packages if outer is not None else frozenset())
        self.layers: frozenset[type] = framework_classes(application) | (outer.layers if outer else frozenset())
        self._handlers = frozenset(f"{package}.routing" for package in self.packages)
        # FastAPI wraps the handler of a route that limits bodies in two layers of this module (0.165 does).
        self._limits = frozenset(f"{package}._body_limit" for package in self.packages)

    def owns(self, layer: object) -> bool:
        """Whether the framework put this layer there itself."""
        return type(layer) in self.layers or type(layer).__module__ in self._limits

    def calls_handler(self, value: object) -> bool:
        """Whether `value` is what `request_response` or `websocket_session` made of a handler: a function `app`."""
        return inspect.isfunction(value) and value.__name__ == INNER and value.__module__ in self._handlers


def routes_of(router: object) -> Iterator[Any]:
    """The routes of a router as requests meet them, those of included routers with their prefixes.

    They are a flat list up to FastAPI 0.136; from 0.137 on, an included router is one item. Files of `router.frontend`
    (0.138 and newer) come last: a router tries them last.
    """
    for route in getattr(router, "routes", None) or ():
        yield from included(route) if is_branch(route) else (route,)
    if has_late_routes(router):
        yield from map(effective, router._iter_low_priority_routes())  # type: ignore[attr-defined]  # noqa: SLF001


def is_closed(route: object) -> bool:
    """Whether the route is an included router of a kind that is not known: its routes cannot be listed."""
    return getattr(route, "original_router", None) is not None


def files_of(route: Any) -> list[tuple[str, Any]] | None:
    """Path and app of each directory that a group of `router.frontend` serves; None for any other route."""
    group = getattr(route, "original_route", route)
    if not hasattr(group, "add_frontend_route"):
        return None
    prefix = getattr(route, "frontend_prefix", "")
    return [(f"{prefix}{each.path}".rstrip("/"), each.app) for each in group.routes]


def methods_of(route: Any, endpoint: object) -> tuple[str, ...]:
    """The methods that a route takes, in the usual order; none where it takes any."""
    methods = getattr(route, "methods", None)
    if methods is None and any(cls.__name__ == "HTTPEndpoint" for cls in getattr(endpoint, "__mro__", ())):
        methods = {name for name in _METHODS if hasattr(endpoint, name.lower())}
        methods |= {"HEAD"} if "GET" in methods else set()
    named = {method for method in methods or () if type(method) is str}
    return tuple(sorted(named, key=lambda name: (_METHODS.index(name) if name in _METHODS else len(_METHODS), name)))


def is_websocket(route: object) -> bool:
    """Whether a route with an endpoint takes websockets: those have no methods (Starlette 0.13 and newer)."""
    return not hasattr(route, "methods")


def skips_websockets(layer: object) -> bool:
    """Whether the layer hands a websocket on untouched, as `BaseHTTPMiddleware.__call__` does: no dispatch runs."""
    owner = next((cls for cls in type(layer).__mro__ if "__call__" in vars(cls)), None)
    return owner is not None and owner.__name__ == "BaseHTTPMiddleware"


def example(path: str, convertors: Mapping[str, Any]) -> str | None:
    """A path that fits the pattern `path`; None for a convertor that takes none of our examples."""

    def value(match: re.Match[str]) -> str:
        pattern = getattr(convertors.get(match[1]), "regex", "")
        return next(each for each in _EXAMPLES if re.fullmatch(pattern, each))

    try:
        return _PARAMETER.sub(value, path)
    except StopIteration:
        return None


def overrides_of(provider: object) -> Mapping[Any, Any]:
    """`app.dependency_overrides` as they are now; empty where there are none."""
    overrides = getattr(provider, "dependency_overrides", None)
    return overrides if isinstance(overrides, Mapping) else {}


def cache_key(dependant: Dependant) -> Any:
    """Under which key FastAPI keeps the value of a dependency for the rest of a request.

    An attribute of the dependant up to 0.15x, a function of its module since.
    """
    if hasattr(dependant, "cache_key"):
        return dependant.cache_key
    find = getattr(sys.modules.get(type(dependant).__module__), "_get_cache_key", None)
    return (dependant.call,) if find is None else find(dependant=dependant)


def dependant_of(call: object, instead_of: Dependant) -> Dependant:
    """What FastAPI (0.65 and newer) makes of an override when it solves the dependency that it replaces."""
    module = sys.modules[type(instead_of).__module__.removesuffix(".models") + ".utils"]
    return module.get_dependant(path=instead_of.path or "", call=call)
