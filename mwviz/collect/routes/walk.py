"""Walks every router of an app, through mounts and layers, to the routes that requests can reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from mwviz.collect import failure
from mwviz.collect.compat import (
    INNER,
    adapts,
    fallback,
    is_application,
    is_method_of,
    is_router,
    mounted,
    overriding_call,
    router_stack,
)
from mwviz.collect.routes import compat
from mwviz.collect.routes.compat import Framework
from mwviz.collect.routes.way import Address, Met, Standing, Way
from mwviz.collect.stack import describe
from mwviz.collect.stack.build import Built, Found, claim, instrument, register
from mwviz.collect.stack.construct import Kept
from mwviz.collect.stack.recorder import Recorder
from mwviz.collect.stack.unwrap import path_to
from mwviz.model import Origin


class Walk:
    """One walk through one app: the routes that it met, and what is worth knowing about them.

    `given` tells which `Middleware` objects a mount, route or router was given; `kept` are layers to be used again.
    """

    def __init__(self, given: Callable[[object], Sequence[object]], kept: Kept | None = None) -> None:
        self.met: list[Met] = []
        self.notes: list[str] = []
        self._given = given
        self._kept = kept
        self._built: dict[int, Built] = {}

    def outermost(self, application: Any, layers: Iterable[Found]) -> None:
        """Walk an app whose own layers, with those around it and those of its router, are known already."""
        standing = tuple(Standing(found, "app") for found in layers)
        inside = frozenset({id(application), id(application.router)})
        provider = application if hasattr(application, "dependency_overrides") else None
        self._inside(application.router, Way(Framework(application), standing, provider=provider, inside=inside))

    def _router(self, router: Any, way: Way) -> None:
        stack = router_stack(router)
        if stack is not None:
            way = way.through(self._layers(router, stack, lambda value: is_method_of(value, router), way))
        self._inside(router, way)

    def _inside(self, router: Any, way: Way) -> None:
        """Go on to the routes of a router whose layers are known."""
        way = replace(way, inside=way.inside | {id(router)})
        if way.provider is None:
            way = replace(way, provider=getattr(router, "dependency_overrides_provider", None))
        for route in compat.routes_of(router):
            self._route(route, way)
        default = fallback(router)
        if default is not None:  # no example: it is no route, so no stand-in would keep a probe from calling it
            self._opaque(default, replace(way, address=replace(way.address, example=None)))

    def _route(self, route: Any, way: Way) -> None:
        files = compat.files_of(route)
        if compat.is_closed(route):
            self.notes.append(
                f"Included routers of class {type(route).__name__} are not known: their routes are missing."
            )
        elif files is not None:
            for path, app in files:
                self._files(route, app, replace(way, address=way.address.below(path, {})))
        elif getattr(route, "endpoint", None) is not None:
            self._handler(route, way)
        elif getattr(route, INNER, None) is not None:
            self._mount(route, way)
        else:
            path = getattr(route, "path", "")
            self._opaque(route, replace(way, address=way.address.below(path if type(path) is str else "", {})))

    def _handler(self, route: Any, way: Way) -> None:
        address = way.address.below(route.path, getattr(route, "param_convertors", {}))
        endpoint = route.endpoint
        own = self._handler_layers(route, endpoint, replace(way, address=address))
        websocket = compat.is_websocket(route)
        self.met.append(
            Met(
                address,
                () if websocket else compat.methods_of(route, endpoint),
                "websocket" if websocket else "http",
                endpoint,
                False,
                way.layers + own if own else way.layers,
                getattr(route, "dependant", None),
                getattr(route, "dependency_overrides_provider", None) or way.provider,
            )
        )

    def _handler_layers(self, route: Any, endpoint: object, way: Way) -> tuple[Standing, ...]:
        outermost = getattr(route, INNER, None)

        def is_handler(value: object) -> bool:
            return value is endpoint or way.framework.calls_handler(value) or adapts(value, endpoint)

        if outermost is None or is_handler(outermost):
            return ()
        return self._layers(route, outermost, is_handler, way, f"route {way.address}")

    def _mount(self, route: Any, way: Way) -> None:
        convertors = getattr(route, "param_convertors", {})
        host = getattr(route, "host", None)
        if type(host) is str:
            address = way.address.at(host, convertors)
        else:
            address = way.address.below(getattr(route, "path", ""), convertors)
        way = replace(way, address=address, mounted=True)
        base = mounted(route)
        if (outermost := getattr(route, INNER)) is not base:
            way = way.through(self._layers(route, outermost, lambda value: value is base, way))
        self._enter(base, way)

    def _enter(self, value: Any, way: Way) -> None:
        """Go on into what is mounted, as far as it leads to routes that are not on the way already."""

        def leads_on(each: object) -> bool:
            return (is_application(each) or is_router(each)) and id(each) not in way.inside

        trail = path_to(value, leads_on)
        if trail is None:
            self._opaque(value, way)
            return
        end = trail[-1][1].get() if trail else value
        way = way.through(self._standing([layer for layer, _ in trail], way, way.within))
        if is_application(end):
            self._application(end, way)
        else:
            self._router(end, replace(way, provider=getattr(end, "dependency_overrides_provider", None)))

    def _application(self, application: Any, way: Way) -> None:
        way = replace(way, framework=Framework(application, way.framework), inside=way.inside | {id(application)})
        own = overriding_call(application)
        around = [Found(application, None, way.origin, None)] if own is not None else []
        found = [*around, *(each for each in self._stack(application, way).found if not each.is_router)]
        standing = tuple(
            Standing(replace(each, origin=way.origin) if each.origin in ("user", "route") else each, way.within)
            for each in found
        )
        provider = application if hasattr(application, "dependency_overrides") else None
        self._inside(application.router, replace(way.through(standing), provider=provider))

    def _stack(self, application: Any, way: Way) -> Built:
        """The stack of a mounted app, built once, however many mounts lead to it."""
        built = self._built.get(id(application))
        if built is None:
            with ExitStack() as undo:
                claim(application, undo)
                built = instrument(application, Recorder(), None, undo, self._kept)
            if built.error is not None:
                told = failure.one_line(built.error)
                self.notes.append(f"The app mounted at {way.address} cannot build its stack: {told}")
                built.found = [Found(None, entry, "user", None) for entry in built.entries]
            register([each for each in built.found if each.origin == "route"], self._given(application.router))
            self._built[id(application)] = built
        return built

    def _files(self, route: Any, app: object, way: Way) -> None:
        methods = ("GET", "HEAD")  # the only ones that files are served for
        provider = getattr(route, "dependency_overrides_provider", None)
        self._opaque(app, way, methods, getattr(route, "dependant", None), provider)

    def _opaque(
        self, app: object, way: Way, methods: tuple[str, ...] = (), dependant: Any = None, provider: object = None
    ) -> None:
        address: Address = way.address.below("/*", {})
        self.met.append(Met(address, methods, "http", app, True, way.layers, dependant, provider))

    def _layers(
        self, holder: object, outermost: Any, is_end: Callable[[object], bool], way: Way, within: str | None = None
    ) -> tuple[Standing, ...]:
        """The layers that `holder` was given, from `outermost` to an end, as far as they can be followed."""
        trail = path_to(outermost, is_end)
        layers = [] if trail is None else [layer for layer, _ in trail]
        if trail is None and not layers:
            layers = [outermost]
            self.notes.append(
                f"{describe.name(describe.named(outermost))} at {way.address} hides what lies inside it: "
                "layers there are not shown."
            )
        standing = self._standing(layers, way, within or way.within)
        register([each.found for each in standing], self._given(holder))
        return standing

    def _standing(self, layers: list[Any], way: Way, within: str) -> tuple[Standing, ...]:
        users: Origin = "route" if within.startswith("route ") else way.origin
        return tuple(
            Standing(Found(layer, None, "framework" if way.framework.owns(layer) else users, None), within)
            for layer in layers
        )
