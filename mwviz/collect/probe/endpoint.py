"""The end of the chain: the stand-in that answers for the router, and the routes whose handlers are watched."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

from mwviz.collect.compat import (
    allows_method,
    calling,
    fallback,
    has_own_handle,
    is_included,
    is_mount,
    mount_name,
    mounted,
    route_classes,
    unwatchable,
)
from mwviz.collect.probe.calls import Calls
from mwviz.collect.probe.loops import room_for
from mwviz.collect.proxied import bound
from mwviz.collect.stack.asgi import ASGIApp, Receive, Scope, Send
from mwviz.collect.stack.boundary import Boundary
from mwviz.collect.stack.chain import Chain
from mwviz.collect.stack.recorder import Recorder
from mwviz.errors import ProbeError

_BODY = b'{"mwviz":"probe"}'
_RAISED = "raised by the stand-in endpoint, as --raise asks"
#: The mark of the probe that runs here, and the path of the mounts that it has come through; None behind a handler.
_behind: ContextVar[tuple[object, str | None]] = ContextVar("mwviz_behind", default=(None, ""))


class StandIn:
    """Answers (or raises) where the router or a handler would be called; of all else it is what it stands for."""

    def __init__(self, replaced: Any, routes: Routes) -> None:
        self.replaced = replaced
        self._routes = routes

    def __getattr__(self, name: str) -> Any:
        return getattr(self.replaced, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an HTTP request or a websocket of the probe's; leave anything else to what was replaced."""
        routes = self._routes
        match scope["type"]:
            case "http" if routes.instead is not None and routes.recorder.owns(scope):
                await routes.instead(scope, receive, send)
            case "http" if routes.stands_in and routes.recorder.owns(scope):
                await answer(scope, receive, send, raises=routes.raises)
            case "websocket" if routes.stands_in and routes.recorder.owns(scope):
                await self._accept(receive, send)
            case _:
                await self.replaced(scope, receive, send)

    async def _accept(self, receive: Receive, send: Send) -> None:
        await receive()
        if self._routes.raises:
            raise RuntimeError(_RAISED)
        await send({"type": "websocket.accept"})
        if self._routes.reads:
            await receive()
        await send({"type": "websocket.close", "code": 1000})


async def answer(scope: Scope, receive: Receive, send: Send, *, raises: bool = False) -> None:
    """Answer 200 as a handler would, or raise."""
    if any(name == b"content-length" for name, _ in scope["headers"]):
        # A handler with a body parameter would read it: layers that watch `receive` get their part to play.
        while (await receive()).get("more_body", False):
            pass
    if raises:
        raise RuntimeError(_RAISED)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


class Routes:
    """Watches the way of the probe's requests from route to route: `reached` is the handler that one got to.

    `refusal` is why no stand-in could stand where one got to; there nothing of the user's was called. `raises` says
    whether stand-ins raise, `reads` whether the client of a websocket has something to say, and is heard by them.
    `instead`, where `replaceable`, is what a request meets in place of any handler.
    """

    def __init__(
        self,
        chain: Chain,
        recorder: Recorder,
        calls: Calls,
        *,
        stand_in: bool,
        raises: bool,
        reads: bool,
        replaceable: bool = False,
    ) -> None:
        self.reached: object | None = None
        self.refusal: ProbeError | None = None
        self._chain = chain
        self.recorder = recorder
        self.raises = raises
        self.reads = reads
        self._calls = calls
        self.stands_in = stand_in
        self.instead: ASGIApp | None = None
        self._replaceable = replaceable
        self._inside: list[Scope] = []
        self._undo = ExitStack()

    def watch(self, router: Any, undo: ExitStack) -> None:
        """Put a boundary around every handler, until `undo` closes. Raises ProbeError where a stand-in cannot stand."""
        if refusal := self._refusal(router):
            raise refusal
        self._watch_fallback(router)
        _watching.append(self)
        undo.callback(_unwatch, self)
        self._undo = undo
        for cls in route_classes(router):
            if cls not in _originals:
                _originals[cls] = vars(cls)["handle"]
                cls.handle = _noting(_originals[cls])  # type: ignore[attr-defined]

    def owns(self, scope: Scope) -> bool:
        """Whether this is a request of the probe's on its way to a handler."""
        if any(scope is each for each in self._inside):
            return False
        if scope.get("asgi") is not self.recorder.mark and not self._chain.knows(scope.get("app")):
            return False  # a layer asks another app of the user's, which is no part of the way
        return self.recorder.owns(scope) and self._outer() is not None

    async def call(self, route: Any, call: ASGIApp, scope: Scope, receive: Receive, send: Send) -> Any:
        """Let the request go on to where the route leads; its end is inside a boundary."""
        if is_included(route):
            return await call(scope, receive, send)
        outer = self._outer() or ""
        if is_mount(route):
            before = len(self._chain.found)
            with self.recorder.paused():
                opening = self._chain.open_mount(route, outer, self.ending)
            if new := len(self._chain.found) - before:
                self._undo.enter_context(room_for(new))
            if opening.router is not None:
                self.refusal = self.refusal or self._refusal(opening.router)
                self._watch_fallback(opening.router)
                with self._going(f"{outer}{mount_name(route)}"):
                    return await (self.ending(call) if self.refusal else call)(scope, receive, send)
        elif allows_method(route, scope) or (self.stands_in and has_own_handle(route)):
            with self.recorder.paused():
                opening = self._chain.open_route(calling(route, scope), outer, self.ending)
        else:
            return await call(scope, receive, send)
        self.reached = mounted(route) if is_mount(route) else getattr(route, "endpoint", route)
        end = call if opening.ended else self._chain.end(self.ending(call))
        self._inside.append(scope)
        if not self.stands_in:
            self._calls.reach(route, scope)
        try:
            # The mark may have come through a layer that lost the context.
            with self.recorder.following(), self._going(None):
                return await end(scope, receive, send)
        finally:
            self._inside = [each for each in self._inside if each is not scope]

    def _outer(self) -> str | None:
        mark, path = _behind.get()
        return path if mark is self.recorder.mark else ""

    @contextmanager
    def _going(self, path: str | None) -> Iterator[None]:
        before = _behind.get()
        _behind.set((self.recorder.mark, path))
        try:
            yield
        finally:
            _behind.set(before)

    def ending(self, handler: ASGIApp) -> ASGIApp:
        """What stands at the end of the chain: the handler, or its stand-in."""
        return StandIn(handler, self) if self.stands_in or self._replaceable else handler

    def _watch_fallback(self, router: Any) -> None:
        """Let what a router falls back to, where that is the user's own app, be an end, too."""
        default = fallback(router)
        if default is None or type(default) is Boundary:
            return

        async def fall_back(scope: Scope, receive: Receive, send: Send) -> None:
            if self.owns(scope):
                self.reached = default
            await default(scope, receive, send)

        self._chain.end_at_attribute(router, "default", self.ending(fall_back))

    def _refusal(self, router: Any) -> ProbeError | None:
        obstacle = unwatchable(router) if self.stands_in else None
        if obstacle is None:
            return None
        return ProbeError(f"No stand-in endpoint can stand in for {obstacle}: --endpoint real calls it.")


#: The probes that watch routes now, and the classes that they share: the last one to go takes the watching away.
_watching: list[Routes] = []
_originals: dict[type, Callable[..., Any]] = {}


def _unwatch(routes: Routes) -> None:
    _watching.remove(routes)
    if not _watching:
        for cls, original in _originals.items():
            cls.handle = original  # type: ignore[attr-defined]
        _originals.clear()


def _noting(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def handle(self: Any, scope: Scope, receive: Receive, send: Send) -> Any:
        call: ASGIApp = bound(original, self)
        # `APIRoute.handle` calls `Route.handle`: the outer of the two is the handler's boundary.
        for routes in _watching:
            if routes.owns(scope):
                return await routes.call(self, call, scope, receive, send)
        return await call(scope, receive, send)

    return handle
