"""Everything that a request passes, from the outermost layer to the handler; it grows as the request goes in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import repeat
from typing import Any

from mwviz.collect.compat import (
    INNER,
    framework_classes,
    is_application,
    is_handler,
    is_router,
    mount_name,
    mounted,
    overriding_call,
)
from mwviz.collect.stack.asgi import ASGIApp
from mwviz.collect.stack.boundary import Boundary
from mwviz.collect.stack.build import Found, bounded, claim, instrument, is_busy, register, routed, take
from mwviz.collect.stack.construct import Kept
from mwviz.collect.stack.recorder import Recorder
from mwviz.collect.stack.unwrap import Link, path_to
from mwviz.model import Origin, Position
from mwviz.values import dataclass

#: Makes of a handler what shall stand there instead, as the stand-in endpoint does.
Ending = Callable[[ASGIApp], ASGIApp]


@dataclass(frozen=True, slots=True)
class Opening:
    """What lies behind a mount or a route: the router that it hands over to, or whether its end has a boundary."""

    subject: object
    router: Any
    ended: bool


#: Stands for all handlers together.
_END = Found(None, None, "framework", None)


class Chain:
    """Layers and routers in the order of the way in; `ends` are the boundaries around handlers.

    What lies behind a mount or a route gets its boundaries when the probe arrives there: nothing is built
    that the request would not have met. `undo` takes all of it back when it closes. `given` tells which `Middleware`
    objects a mount, route or router was given.
    """

    def __init__(
        self, recorder: Recorder, undo: ExitStack, given: Callable[[object], Sequence[object]], kept: Kept | None = None
    ) -> None:
        self.found: list[Found] = []
        self.ends: list[Boundary] = []
        self.notes: list[str] = []
        self._recorder = recorder
        self._undo = undo
        self._given = given
        self._kept = kept
        self._framework: frozenset[type] = frozenset()
        #: By identity what has its boundaries already.
        self._opened: dict[int, Opening] = {}
        self._taken: dict[int, object] = {}

    @property
    def layers(self) -> list[Found]:
        """The layers alone."""
        return [found for found in self.found if not found.is_router]

    def begin(self, application: object, found: Iterable[Found]) -> None:
        """Start with the app's own stack."""
        self.found = list(found)
        routers = [each.layer for each in self.found if each.is_router]
        self._framework = framework_classes(application)
        self._register([each for each in self.found if each.origin == "route"], *routers)
        self.ends.clear()
        self._opened = {id(application): Opening(application, None, False)}
        self._taken[id(application)] = application

    def numbered(self) -> tuple[Position, ...]:
        """Number all boundaries from outside; the answer names the place of each number."""
        for rank, found in enumerate(self.found):
            if found.boundary is not None:
                found.boundary.mwviz.rank = rank
        for end in self.ends:
            end.mwviz.rank = len(self.found)
        index = iter(range(len(self.found)))
        return (*("router" if found.is_router else next(index) for found in self.found), "endpoint")

    def names(self) -> tuple[int | str, ...]:
        """What the place of each number is called in a timeline: a router that led on is not the end of the way."""
        routers = [found for found in self.found if found.is_router]
        return tuple(
            f"router of {found.within}" if found.is_router and found is not routers[-1] else place
            for found, place in zip((*self.found, _END), self.numbered(), strict=True)
        )

    def end_at_router(self, ending: Ending) -> bool:
        """Let the app's own router be an end; answers whether it can."""
        last = self.found[-1] if self.found else None
        if last is None or not last.is_router or last.boundary is None:
            return False
        last.boundary.mwviz.layer = ending(last.boundary.mwviz.layer)
        self.ends.append(last.boundary)
        self.found.pop()
        return True

    def end(self, handler: ASGIApp) -> Boundary:
        """A boundary around a handler."""
        boundary = Boundary(handler, self._recorder)
        self.ends.append(boundary)
        return boundary

    def end_at_attribute(self, holder: object, name: str, handler: ASGIApp) -> None:
        """Let an attribute that a handler is called through be an end."""
        before = getattr(holder, name)
        setattr(holder, name, self.end(handler))
        self._undo.callback(setattr, holder, name, before)

    def knows(self, application: object) -> bool:
        """Whether it is an app on the way, as far as `scope["app"]` tells; a scope made anew may name none."""
        return application is None or id(application) in self._opened

    def open_mount(self, route: Any, outer: str, ending: Ending) -> Opening:
        """Give all that lies behind a mount its boundaries; `outer` is the path of the mounts around it.

        Raises what a constructor of the mounted app raises.
        """
        if (known := self._opened.get(id(route))) is not None:
            return known
        within, base = f"mount {outer + mount_name(route) or '/'}", mounted(route)
        way = path_to(route.app, lambda value: is_application(value) or is_router(value))
        # What leads to an app that the request has been in already keeps it for other reasons than to call it.
        if way is None or (way and id(way[-1][1].get()) in self._opened):
            return self._open_foreign(route, path_to(route.app, lambda value: value is base), "mount", within, ending)
        links, layers = [Link(route, INNER), *(link for _, link in way)], [layer for layer, _ in way]
        end = links[-1].get()
        if not self._take([route, *(link.holder for link in links)], end, within):
            return self._opened[id(route)]
        self._opened[id(route)] = opening = Opening(route, end if is_router(end) else end.router, False)
        if is_application(end):
            self._open_application(end, route, links, layers, within)
            return opening
        boundaries = bounded(links, self._recorder, self._undo)
        self._add(route, layers, boundaries, "mount", within)
        if self._is_new(end):
            found = routed(end, boundaries[-1], self._recorder, self._undo)
            self._register(found, end)
            self._extend(found, within)
        return opening

    def open_route(self, route: Any, outer: str, ending: Ending) -> Opening:
        """Give the layers of `Route(middleware=...)` their boundaries."""
        if (known := self._opened.get(id(route))) is not None:
            return known
        way = path_to(getattr(route, INNER, None), partial(is_handler, route=route))
        within = f"route {outer}{getattr(route, 'path', '')}"
        return self._open_foreign(route, way, "route", within, ending)

    def _open_foreign(
        self, route: Any, way: list[tuple[object, Link]] | None, origin: Origin, within: str, ending: Ending
    ) -> Opening:
        boundaries: list[Boundary | None] = []
        if way and not self._take([route, *(link.holder for _, link in way)], None, within):
            return self._opened[id(route)]
        if way:
            boundaries = bounded([Link(route, INNER), *(link for _, link in way)], self._recorder, self._undo)
            self._add(route, [layer for layer, _ in way], boundaries, origin, within)
        last = boundaries[-1] if boundaries else None
        if last is not None:
            last.mwviz.layer = ending(last.mwviz.layer)
            self.ends.append(last)
        self._opened[id(route)] = opening = Opening(route, None, last is not None)
        return opening

    def _open_application(
        self, application: Any, route: object, links: list[Link], layers: list[object], within: str
    ) -> None:
        overrides = overriding_call(application) is not None
        boundaries = bounded(links if overrides else links[:-1], self._recorder, self._undo)
        self._add(route, [*layers, application] if overrides else layers, boundaries, "mount", within)
        if not self._is_new(application):
            return
        claim(application, self._undo)
        built = instrument(application, self._recorder, None, self._undo, self._kept)
        if built.error is not None:
            raise built.error
        if built.entrance is not None:
            built.entrance.mwviz.entrance = False  # a scope made anew further out is the probe's here, too
        self._register([each for each in built.found if each.origin == "route"], application.router)
        self._extend(built.found, within)
        self.notes += [f"In {within}: {note}" for note in built.notes]

    def _take(self, holders: Sequence[object], end: object, within: str) -> bool:
        """Have to ourselves what gets boundaries behind a route, with the router there, if it `end`s in one.

        Where another probe has some of it, all that lies there counts as one foreign app.
        """
        new = [each for each in (*holders, end) if each is not None and id(each) not in self._taken]
        if any(map(is_busy, new)):
            self.notes.append(f"The layers in {within} are not shown: another probe is using them.")
            self._opened[id(holders[0])] = Opening(holders[0], None, False)
            return False
        self._taken.update({id(each): each for each in new})
        take([each for each in new if not is_application(each)], self._undo)  # apps are claimed when they are opened
        return True

    def _is_new(self, value: object) -> bool:
        """Whether an app or a router is met for the first time: it may be mounted twice."""
        if id(value) in self._opened:
            return False
        self._opened[id(value)] = Opening(value, None, False)
        return True

    def _add(
        self,
        route: object,
        layers: Iterable[object],
        boundaries: Iterable[Boundary | None],
        origin: Origin,
        within: str,
    ) -> None:
        own = ("framework" if type(layer) in self._framework else origin for layer in layers)
        found = [Found(*each, within=within) for each in zip(layers, repeat(None), own, boundaries, strict=False)]
        self._register(found, route)
        self.found += found

    def _register(self, found: Sequence[Found], *holders: object) -> None:
        register(found, [entry for holder in holders for entry in self._given(holder)])
        for each in found:
            if each.origin == "route" and type(each.layer) in self._framework:
                each.origin, each.entry = "framework", None  # FastAPI gives its router a layer that limits bodies

    def _extend(self, found: Iterable[Found], within: str) -> None:
        for each in found:
            each.within = within
            if each.origin in ("user", "route"):
                each.origin = "mount"
            self.found.append(each)
