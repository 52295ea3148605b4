"""The routes of an app, and what stands on the way to each. What only traces imports none of it."""

from __future__ import annotations

from typing import Literal

from mwviz.model.stack import Layer, Place, Versions
from mwviz.model.trace import Endpoint
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True)
class Dependency:
    """A FastAPI dependency. `label` tells callables of one name apart, over the whole app: `RoleChecker#2`.

    `instead_of` is the name of the dependency that this one overrides (`app.dependency_overrides`).
    """

    index: int
    name: str
    label: str
    qualified_name: str
    instead_of: str | None
    defined_at: Place | None


@dataclass(frozen=True, slots=True)
class RouteChain:
    """One route, and what a request to it passes: layers, outermost first, then dependencies as they are solved.

    `layers` and `dependencies` are labels; `layer_indexes` and `dependency_indexes` say which ones of `Routes` they
    are. `path` holds the prefixes of all mounts and ends in `/*` where an app that cannot be looked into (`opaque`)
    takes over; no `methods` means any. `skipped` are layers that a websocket passes by: a BaseHTTPMiddleware.
    `observed` is None where no probe was sent; `agrees` is None where that probe could not tell. `doubt` says why
    no probe was sent, or why it could not tell or did not agree.
    """

    path: str
    host: str | None
    methods: tuple[str, ...]
    type: Literal["http", "websocket"]
    endpoint: Endpoint
    opaque: bool
    layers: tuple[str, ...]
    dependencies: tuple[str, ...]
    skipped: tuple[str, ...]
    layer_indexes: tuple[int, ...]
    dependency_indexes: tuple[int, ...]
    observed: tuple[str, ...] | None = None
    agrees: bool | None = None
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Routes:
    """Routes of an app in the order in which its routers try them, and all that stands on the way to any of its routes.

    `total` counts those that the app has, whatever filter left these. `order` names the app's user middleware where
    another order than that of the code was asked for, outermost first.
    """

    target: str
    versions: Versions
    layers: tuple[Layer, ...]
    dependencies: tuple[Dependency, ...]
    routes: tuple[RouteChain, ...]
    total: int
    notes: tuple[str, ...]
    order: tuple[str, ...] | None = None
