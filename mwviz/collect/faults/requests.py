"""The requests that faults are tried on: the normal one, its preflight, and those that are faulty themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import fields, replace
from typing import Any

from mwviz.collect.compat_faults import accepted_method, accepted_origin, is_cors
from mwviz.collect.probe.request import ProbeOptions, Request, prepare
from mwviz.collect.probe.server import Connection, Event
from mwviz.errors import ProbeError
from mwviz.values import dataclass

_ORIGIN = "origin"
#: What a browser sends with a preflight, and what proxies add: nothing that a script or a sign-in has set goes with it.
_IN_PREFLIGHTS = frozenset(
    {
        "accept", "accept-encoding", "accept-language", "cache-control", "connection", "forwarded", "host", "pragma",
        "referer", "user-agent", "via",
    }
)  # fmt: skip
_OF_BROWSERS_AND_PROXIES = ("sec-fetch-", "sec-ch-", "x-forwarded-", "x-real-ip", "x-request-", "x-amzn-", "cf-")
#: Sent where no limit is known; one that an app declares itself is exceeded by a byte.
_LARGE = 64 << 20
_CHUNK = bytes(4 << 20)
_HALF = b'{"mwviz":'


def checked(options: ProbeOptions) -> ProbeOptions:
    """The options of the normal request. Raises ProbeError for what makes no sense here."""
    if options.websocket:
        raise ProbeError("Faults are tried on HTTP requests: leave out --websocket.")
    if options.raises:
        raise ProbeError("The endpoint crashes in one of the rows anyway: leave out --raise.")
    if options.repeat is not None:
        raise ProbeError("Faults are not timed: leave out --repeat.")
    if options.preflight is None:
        return options
    others = tuple(pair for pair in options.headers if pair[0].lower() != _ORIGIN)
    return replace(options, preflight=None, headers=(*others, (_ORIGIN, options.preflight)))


def origin_of(options: ProbeOptions) -> str | None:
    """The Origin that the user gave."""
    return next((value for name, value in options.headers if name.lower() == _ORIGIN), None)


def origin_for(layers: Iterable[object]) -> tuple[bool, str | None]:
    """Whether there is a CORSMiddleware among the layers, and an Origin that the first of them accepts, if known."""
    found = [layer for layer in layers if is_cors(layer)]
    return bool(found), next((origin for layer in found if (origin := accepted_origin(layer)) is not None), None)


def with_origin(options: ProbeOptions, origin: str) -> ProbeOptions:
    """The same request as a page of that origin sends it."""
    return replace(options, headers=(*options.headers, (_ORIGIN, origin)))


def preflight(options: ProbeOptions, origin: str, method: str, layers: list[object]) -> Request:
    """The request that a browser sends before: without credentials and a body."""
    headers = tuple(pair for pair in options.headers if _goes_with_preflights(pair[0].lower()))
    asked = next((accepted_method(layer, method) for layer in layers if is_cors(layer)), method)
    return prepare(replace(options, headers=headers, data=None, method=asked, preflight=origin), layers)


def _goes_with_preflights(name: str) -> bool:
    return name in _IN_PREFLIGHTS or name.startswith(_OF_BROWSERS_AND_PROXIES)


def elsewhere(request: Request, target: str, method: str) -> Request:
    """The same request for another path, or with another method; no body goes with it."""
    headers = tuple(pair for pair in request.headers if pair[0] not in (b"content-length", b"content-type"))
    return replace(request, target=target, method=method, headers=headers, body=b"")


def leaving(request: Request, method: str) -> Request:
    """The same request with a body of which the client sends one part, and goes."""
    return _Leaving(**_with_body(request, method, 2 * len(_HALF)))


def pouring(request: Request, method: str, limit: int | None) -> Request:
    """The same request with a body beyond any limit that is likely, and beyond the given one."""
    size = _LARGE if limit is None else max(_LARGE, limit + 1)
    return _Pouring(**_with_body(request, method, size), size=size)


def _with_body(request: Request, method: str, size: int) -> dict[str, Any]:
    others = tuple(pair for pair in request.headers if pair[0] not in (b"content-length", b"content-type"))
    own = (b"content-type", b"application/json"), (b"content-length", str(size).encode())
    given = {each.name: getattr(request, each.name) for each in fields(Request)}
    return given | {"method": method, "headers": (*others, *own), "body": _HALF}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Leaving(Request):
    def connection(self, event: Callable[[], Event], _give_way: Callable[[], Awaitable[None]]) -> Connection:
        return _LeavingClient(self.body, event)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Pouring(Request):
    size: int = 0

    def connection(self, event: Callable[[], Event], _give_way: Callable[[], Awaitable[None]]) -> Connection:
        return _PouringClient(self.size, event)


class _LeavingClient(Connection):
    """Gone after the first part of the body; what is sent to it all the same is noted, as for any other."""

    async def receive(self) -> dict[str, Any]:
        """A part of the body, then `http.disconnect`."""
        part = await super().receive() if self._body is not None else {"type": "http.disconnect"}
        return part if part["type"] == "http.disconnect" else {**part, "more_body": True}


class _PouringClient(Connection):
    """Sends as many bytes as it was told, the same ones over and over."""

    def __init__(self, size: int, event: Callable[[], Event]) -> None:
        super().__init__(b"", event)
        self._left = size

    async def receive(self) -> dict[str, Any]:
        """The next part of the body; after the last one as any other client."""
        if not self._left:
            self._body = None
            return await super().receive()
        chunk = _CHUNK[: self._left]
        self._left -= len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": self._left > 0}
