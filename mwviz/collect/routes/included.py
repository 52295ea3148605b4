"""The routes of routers that were included in others, from FastAPI 0.137 on.

There `app.routes` is a tree, and FastAPI makes the routes of an included router anew when the first request comes
(`effective_candidates`, 0.137.0 and newer; `iter_route_contexts` asks for them since 0.137.2). For 5,000 routes that
takes as long as the import of the app, so what differs from the included route, prefix and dependencies, is put
together here; FastAPI is asked for whatever is no plain path operation.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from mwviz.values import dataclass


@dataclass(frozen=True, slots=True)
class _Dependant:
    """What the routes of an included router need: the dependencies of the inclusion before their own."""

    dependencies: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Included:
    """A path operation of an included router, with the attributes of a route that differ here or are asked for."""

    original_route: Any
    path: str
    methods: Any
    endpoint: Any
    param_convertors: Any
    app: Any
    dependant: _Dependant
    dependency_overrides_provider: object


def included(branch: Any) -> Iterator[Any]:
    """The routes of one `_IncludedRouter`, in their order, with what lies further in."""
    context, routes = branch.include_context, branch.original_router.routes
    if not all(is_branch(route) or _is_operation(route) for route in routes) or not _is_plain(context):
        for candidate in branch.effective_candidates():
            yield from included(candidate) if is_branch(candidate) else (effective(candidate),)
        return
    before = _given(context, routes)
    for route in routes:
        if is_branch(route):
            combined = context.combine(route.include_context)
            yield from included(type(branch)(original_router=route.original_router, include_context=combined))
        else:
            yield _included(route, context, before)


def is_branch(route: object) -> bool:
    """Whether the route is an included router of a kind whose routes can be listed."""
    return hasattr(route, "effective_candidates")


def has_late_routes(router: object) -> bool:
    """Whether a router, or one that it includes, serves a frontend: asking for those makes routes of all of them."""
    if getattr(router, "_low_priority_routes", ()):
        return True
    return any(
        has_late_routes(each.original_router) for each in getattr(router, "routes", None) or () if is_branch(each)
    )


def effective(context: Any) -> Any:
    """The route that requests meet: made by Starlette for all but path operations, which FastAPI calls contexts."""
    return getattr(context, "starlette_route", None) or context


def _is_operation(route: object) -> bool:
    return any(cls.__name__ == "APIRoute" for cls in type(route).__mro__)


def _is_plain(context: Any) -> bool:
    # Parameters in a prefix have convertors of their own, and a limit for bodies adds layers.
    return "{" not in context.prefix and getattr(context, "max_body_size", None) is None


def _given(context: Any, routes: list[Any]) -> tuple[Any, ...]:
    own = next((route.dependant for route in routes if hasattr(route, "dependant")), None)
    if own is None or not context.dependencies:
        return ()
    module = sys.modules[type(own).__module__.removesuffix(".models") + ".utils"]
    return tuple(module.get_parameterless_sub_dependant(depends=each, path="") for each in context.dependencies)


def _included(route: Any, context: Any, before: tuple[Any, ...]) -> Included:
    return Included(
        route,
        context.path_for(route),
        route.methods,
        route.endpoint,
        route.param_convertors,
        route.app,
        _Dependant((*before, *route.dependant.dependencies)),
        context.dependency_overrides_provider,
    )
