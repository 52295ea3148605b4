"""The end of the chain: the stand-in that answers for the router, and the routes whose handlers are watched."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from mwviz.collect.boundary import ASGIApp, Boundary, Receive, Recorder, Scope, Send
from mwviz.collect.compat import allows_method, leads_further, route_classes

_BODY = b'{"mwviz":"probe"}'


class StandIn:
    """Answers 200 (or raises) where the router or a handler would be called; of all else it is the router."""

    def __init__(self, replaced: Any, *, raises: bool) -> None:
        self._replaced = replaced
        self._raises = raises

    def __getattr__(self, name: str) -> Any:
        return getattr(self._replaced, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an HTTP request; leave anything else to what was replaced."""
        if scope["type"] != "http":
            await self._replaced(scope, receive, send)
            return
        if any(name == b"content-length" for name, _ in scope["headers"]):
            # A handler with a body parameter would read it: layers that watch `receive` get their part to play.
            while (await receive()).get("more_body", False):
                pass
        if self._raises:
            raise RuntimeError("raised by the stand-in endpoint, as --raise asks")
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _BODY})


class Routes:
    """Watches the classes of the app's routes: `reached` is the handler that a request of the probe got to."""

    def __init__(self, router: Any, recorder: Recorder, rank: int, *, stand_in: bool, raises: bool) -> None:
        self.reached: object | None = None
        self._router = router
        self._recorder = recorder
        self._rank = rank
        self._stand_in = stand_in
        self._raises = raises
        self._inside: Scope | None = None

    def watch(self, undo: ExitStack) -> None:
        """Put a boundary around every handler, until `undo` closes."""
        for cls in route_classes(self._router):
            original = vars(cls)["handle"]
            cls.handle = self._noting(original)  # type: ignore[attr-defined]
            undo.callback(setattr, cls, "handle", original)

    def _noting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        routes = self

        @functools.wraps(original)
        async def handle(self: Any, scope: Scope, receive: Receive, send: Send) -> Any:
            call: ASGIApp = functools.partial(original, self)
            # `APIRoute.handle` calls `Route.handle`: the outer of the two is the handler's boundary.
            if routes.passes(self, scope):
                return await call(scope, receive, send)
            routes.reached, routes._inside = getattr(self, "endpoint", getattr(self, "app", self)), scope
            end = StandIn(call, raises=routes._raises) if routes._stand_in else call
            return await Boundary(end, routes._recorder, routes._rank)(scope, receive, send)

        return handle

    def passes(self, route: object, scope: Scope) -> bool:
        """Whether `route` is not where this request ends: it is no probe's, refused, led further, or noted already."""
        foreign = scope.get("asgi") is not self._recorder.mark and not self._recorder.is_followed()
        return foreign or scope is self._inside or leads_further(route) or not allows_method(route, scope)


def handler(reached: object) -> object:
    """What the user calls the handler: the function, or the class of a class-based one or of a mounted app."""
    while isinstance(reached, functools.partial):
        reached = reached.func
    if inspect.ismethod(reached):
        reached = reached.__func__
    return reached if isinstance(reached, type) or inspect.isroutine(reached) else type(reached)
