"""The end of the chain: the stand-in that answers for the router, and the routes whose handlers are watched."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from mwviz.collect.compat import allows_method, is_mount, leads_further, route_classes, unwatchable
from mwviz.collect.stack.boundary import ASGIApp, Boundary, Receive, Recorder, Scope, Send
from mwviz.errors import ProbeError

_BODY = b'{"mwviz":"probe"}'
_RAISED = "raised by the stand-in endpoint, as --raise asks"


class StandIn:
    """Answers 200 (or raises) where the router or a handler would be called; of all else it is the router.

    `reads`: the client has something to say, and is heard before the answer ends.
    """

    def __init__(self, replaced: Any, *, raises: bool, reads: bool = False) -> None:
        self._replaced = replaced
        self._raises = raises
        self._reads = reads

    def __getattr__(self, name: str) -> Any:
        return getattr(self._replaced, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an HTTP request or a websocket; leave anything else to what was replaced."""
        match scope["type"]:
            case "http":
                await self._answer(scope, receive, send)
            case "websocket":
                await self._accept(receive, send)
            case _:
                await self._replaced(scope, receive, send)

    async def _accept(self, receive: Receive, send: Send) -> None:
        await receive()
        if self._raises:
            raise RuntimeError(_RAISED)
        await send({"type": "websocket.accept"})
        if self._reads:
            await receive()
        await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if any(name == b"content-length" for name, _ in scope["headers"]):
            # A handler with a body parameter would read it: layers that watch `receive` get their part to play.
            while (await receive()).get("more_body", False):
                pass
        if self._raises:
            raise RuntimeError(_RAISED)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _BODY})


class Routes:
    """Watches where requests of the probe end: `reached` is the handler that one got to."""

    def __init__(self, recorder: Recorder, rank: int, *, stand_in: bool, raises: bool, reads: bool = False) -> None:
        self.reached: object | None = None
        self.mounts: list[str] = []
        self.rank = rank
        self._recorder = recorder
        self._stand_in = stand_in
        self._raises = raises
        self._reads = reads
        self._inside: list[Scope] = []

    def watch(self, router: Any, undo: ExitStack) -> None:
        """Put a boundary around every handler, until `undo` closes. Raises ProbeError where a stand-in cannot stand."""
        if self._stand_in and (obstacle := unwatchable(router)):
            raise ProbeError(f"No stand-in endpoint can stand in for {obstacle}: --endpoint real calls it.")
        _watching.append(self)
        undo.callback(_unwatch, self)
        for cls in route_classes(router):
            if cls not in _originals:
                _originals[cls] = vars(cls)["handle"]
                cls.handle = _noting(_originals[cls])  # type: ignore[attr-defined]

    def ends_at(self, route: object, scope: Scope) -> bool:
        """Whether this is a request of the probe's that ends at `route`: not refused, led further, or noted already."""
        own = scope.get("asgi") is self._recorder.mark or self._recorder.is_followed()
        if not own or any(scope is each for each in self._inside):
            return False
        if leads_further(route):
            if is_mount(route) and (path := getattr(route, "path", "")) not in self.mounts:
                self.mounts.append(path)
            return False
        return allows_method(route, scope)

    async def end(self, route: Any, call: ASGIApp, scope: Scope, receive: Receive, send: Send) -> Any:
        """Call the handler, or its stand-in, inside a boundary."""
        self.reached = getattr(route, "endpoint", getattr(route, "app", route))
        end = StandIn(call, raises=self._raises, reads=self._reads) if self._stand_in else call
        self._inside.append(scope)
        try:
            return await Boundary(end, self._recorder, self.rank)(scope, receive, send)
        finally:
            self._inside = [each for each in self._inside if each is not scope]


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
        call: ASGIApp = functools.partial(original, self)
        # `APIRoute.handle` calls `Route.handle`: the outer of the two is the handler's boundary.
        for routes in _watching:
            if routes.ends_at(self, scope):
                return await routes.end(self, call, scope, receive, send)
        return await call(scope, receive, send)

    return handle
