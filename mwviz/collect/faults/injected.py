"""What takes a layer's place for one request, and what goes wrong there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mwviz.collect.stack.asgi import ASGIApp, Receive, Scope, Send
from mwviz.collect.stack.boundary import Boundary

_REJECTED = b'{"detail":"rejected by mwviz"}'
_FORBIDDEN = 403


class Place:
    """The layer whose place was taken, what happens there instead, and whether it did."""

    __slots__ = ("fault", "happened", "layer", "owns")

    def __init__(self, layer: Any, fault: ASGIApp, owns: Callable[[Scope], bool]) -> None:
        self.layer = layer
        self.fault = fault
        self.owns = owns
        self.happened = False


class Injected:
    """Meets the probe in a layer's place; to everybody else it is that layer. It has one attribute, `mwviz`."""

    __slots__ = ("__weakref__", "mwviz")

    mwviz: Place

    def __init__(self, place: Place) -> None:
        object.__setattr__(self, "mwviz", place)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return self.mwviz.layer.__class__  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.mwviz.layer, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.mwviz.layer, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.mwviz.layer, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        """Let the fault happen to an HTTP request of the probe's; hand anything else on."""
        place = self.mwviz
        if scope["type"] != "http" or not place.owns(scope):
            return await place.layer(scope, receive, send)
        place.happened = True
        return await place.fault(scope, receive, send)


@contextmanager
def injected(boundary: Boundary, fault: ASGIApp, owns: Callable[[Scope], bool]) -> Iterator[Place]:
    """For the time of the `with`, requests that are `owns`'s meet the fault where they would meet the layer."""
    station = boundary.mwviz
    place = Place(station.layer, fault, owns)
    station.layer = stand_in = Injected(place)
    try:
        yield place
    finally:
        if station.layer is stand_in:  # who has put something else there meanwhile keeps it
            station.layer = place.layer


async def reject(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer 403 with a JSON body, as a layer does that turns a client away."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_REJECTED)).encode())]
    await send({"type": "http.response.start", "status": _FORBIDDEN, "headers": headers})
    await send({"type": "http.response.body", "body": _REJECTED})


def raising(error: Callable[[], Exception]) -> ASGIApp:
    """An app that raises on entry what `error` makes."""

    async def crash(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error()

    return crash


def reading(gone: Callable[[], Exception]) -> ASGIApp:
    """An app that reads the whole body, as a handler does, and raises what `gone` makes when the client has gone."""

    async def read(_scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise gone()
            if not message.get("more_body", False):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return read
