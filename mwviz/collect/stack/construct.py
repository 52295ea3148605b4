"""Constructs the layers that an app registered, and notes which layer each registration became."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from mwviz.collect.stack.asgi import ASGIApp
from mwviz.collect.stack.boundary import Boundary, bare, is_own
from mwviz.collect.stack.recorder import Recorder


@dataclass(slots=True, eq=False, repr=False)
class Constructed:
    """Where the layer of one entry stands: `inner` is the boundary it was given as its app."""

    entry: object
    layer: Any
    boundary: Boundary
    inner: Boundary


#: The user's layers of apps that were built before, by app and position: what probes one app several times constructs
#: them once, as a server does. Some keep a registry of the process, and constructing them again raises.
Kept: TypeAlias = dict[tuple[int, int], Constructed]


class Builder:
    """Builds one application once, noting which layer each registration became."""

    def __init__(self, application: Any, recorder: Recorder, kept: Kept) -> None:
        self.application = application
        self.recorder = recorder
        self.kept = kept
        self.constructed: dict[int, Constructed] = {}
        self.collapsed: list[object] = []
        self.failed: object | None = None

    def build(self, entries: list[object], make: Callable[[], Any] | None = None) -> ASGIApp:
        """The application's own stack, its user layers constructed from `entries`. Raises what a constructor raises.

        `make` builds it, where the application's `build_middleware_stack` is not to be called.
        """
        original = self.application.user_middleware
        self.application.user_middleware = [self._standing_in(*each) for each in enumerate(entries)]
        try:
            stack: ASGIApp = (make or self.application.build_middleware_stack)()
        finally:
            self.application.user_middleware = original
        return stack

    def _standing_in(self, position: int, entry: object) -> object:
        # A copy that looks like the entry, `.cls` and all, but hands out a factory when it is taken apart to be built.
        if isinstance(entry, tuple):
            factory, *given = entry
            return (self._constructing(factory, entry, position), *given)

        def taken_apart(_: object) -> Iterator[Any]:
            factory, *given = type(entry).__iter__(entry)  # type: ignore[attr-defined]
            return iter((self._constructing(factory, entry, position), *given))

        stand_in = copy.copy(entry)
        stand_in.__class__ = type(type(entry).__name__, (type(entry),), {"__iter__": taken_apart})
        return stand_in

    def _constructing(self, factory: Callable[..., Any], entry: object, position: int) -> Callable[..., Any]:
        key = id(self.application), position

        def construct(*args: Any, **kwargs: Any) -> Any:
            known = self.kept.get(key)
            if known is not None and known.entry is entry and self._again(known, args[0] if args else kwargs["app"]):
                return known.boundary
            # Starlette hands the inner app over by position since 0.35, as `app=` before.
            inner = self._bounded(args[0] if args else kwargs["app"])
            given, named = ((inner, *args[1:]), kwargs) if args else ((), {**kwargs, "app": inner})
            try:
                layer = factory(*given, **named)
            except Exception:
                self.failed = entry
                raise
            if layer is inner:
                self.collapsed.append(entry)
                return inner
            boundary = Boundary(layer, self.recorder)
            self.constructed[id(boundary)] = self.kept[key] = Constructed(entry, layer, boundary, inner)
            return boundary

        return construct

    def _again(self, known: Constructed, app: Any) -> bool:
        """Let a layer that was constructed before stand in this stack; answers whether it can."""
        if type(app) is Boundary and app is not known.inner:
            return False
        if app is not known.inner:
            _renewed(known.inner, app, self.recorder)
        _renewed(known.boundary, known.layer, self.recorder)
        self.constructed[id(known.boundary)] = known
        return True

    def _bounded(self, app: Any) -> Boundary:
        return app if is_own(app, self.recorder) else Boundary(bare(app), self.recorder)


def _renewed(boundary: Boundary, layer: Any, recorder: Recorder) -> None:
    station = boundary.mwviz
    station.layer, station.recorder, station.rank, station.entrance = layer, recorder, -1, False
