"""The requests that the rules ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from mwviz.collect.faults import requests
from mwviz.collect.probe.request import ProbeOptions, Request, prepare
from mwviz.collect.routes.compat import example, is_closed, is_websocket, methods_of, routes_of
from mwviz.errors import ProbeError
from mwviz.model.routes import RouteChain, Routes

#: Taken where no layer says which origins it accepts: most accept any.
_ORIGIN = "https://example.com"
_CLIENT = "203.0.113.7"
_HOSTS = ("localhost", "127.0.0.1")
_BROWSER = "Mozilla/5.0"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Where FastAPI keeps the paths that it adds itself: guards let everybody see those, or there are none.
_DOCUMENTATION = ("openapi_url", "docs_url", "redoc_url", "swagger_ui_oauth2_redirect_url")


#: Where other machines ask, and no pages of any origin.
_OF_MACHINES = frozenset(
    {
        ".well-known", "health", "healthcheck", "healthz", "hook", "hooks", "internal", "live", "livez", "liveness",
        "metrics", "ping", "ready", "readyz", "readiness", "status", "webhook", "webhooks",
    }
)  # fmt: skip


def check(options: ProbeOptions) -> None:
    """Raise ProbeError for what makes no sense for all of these requests."""
    for given, option in ((options.websocket, "--websocket"), (options.raises, "--raise")):
        if given:
            raise ProbeError(f"Lint sends websockets and lets the endpoint raise by itself: leave out {option}.")
    if options.repeat is not None:
        raise ProbeError("No rule judges times: leave out --repeat.")


def otherwise(options: ProbeOptions) -> Iterator[tuple[ProbeOptions, str]]:
    """The same request as others send it, each with what is different about it; what the user gave stays."""
    given = {name.lower() for name, _ in options.headers}
    if "host" not in given:
        for host in _HOSTS:
            yield replace(options, headers=(*options.headers, ("host", host))), f"Host is {host}"
    if options.scheme is None:
        yield replace(options, scheme="https"), "The scheme is https"
    if "user-agent" not in given:
        headers = (*options.headers, ("user-agent", _BROWSER), ("accept", "*/*"))
        yield replace(options, headers=headers), "User-Agent is a browser's"


def origin(options: ProbeOptions, layers: Sequence[object]) -> str:
    """The Origin that was given, or one that a CORS layer accepts, or just any."""
    return requests.origin_of(options) or requests.origin_for(layers)[1] or _ORIGIN


def without_origin(options: ProbeOptions) -> ProbeOptions:
    """The options without an Origin."""
    return replace(options, headers=tuple(pair for pair in options.headers if pair[0].lower() != "origin"))


def cross_origin(options: ProbeOptions, origin: str, layers: Sequence[object]) -> Request:
    """The request as a page of that origin sends it."""
    return prepare(requests.with_origin(without_origin(options), origin), layers)


def compressible(options: ProbeOptions, layers: Sequence[object]) -> Request:
    """The request of a client that takes gzip."""
    others = tuple(pair for pair in options.headers if pair[0].lower() != "accept-encoding")
    return prepare(replace(options, headers=(*others, ("accept-encoding", "gzip"))), layers)


def forwarded(options: ProbeOptions, layers: Sequence[object]) -> Request:
    """The request that a proxy makes of one that came to it by HTTPS."""
    own = (("x-forwarded-proto", "https"), ("x-forwarded-for", _CLIENT))
    others = tuple(pair for pair in options.headers if pair[0].lower() not in dict(own))
    return prepare(replace(options, headers=(*others, *own), scheme="http"), layers)


def directly(forwarded: Request) -> Request:
    """The same request from the client that the proxy names, with nothing else about it changed."""
    return replace(forwarded, client=_CLIENT)


def http_to(path: str, options: ProbeOptions, layers: Sequence[object]) -> Request:
    """A plain GET for a path; it meets the stand-in that answers for the router."""
    plain = replace(options, path=None, endpoint="stand-in", method=None, data=None)
    return replace(prepare(plain, layers), target=path)


def websocket_to(path: str, options: ProbeOptions, layers: Sequence[object]) -> Request:
    """The same as a websocket."""
    plain = replace(
        options, path=None, endpoint="stand-in", method=None, data=None, websocket=True, scheme=None, extensions=()
    )
    return replace(prepare(plain, layers), target=path)


def routed_to(path: str, method: str, options: ProbeOptions, layers: Sequence[object]) -> Request:
    """A request for a route, whose handler a stand-in stands in for."""
    return prepare(route(options, method, path), layers)


def socket_paths(router: Any) -> tuple[str, ...]:
    """Examples of the paths of the app's own websockets."""
    found = (
        example(route.path, getattr(route, "param_convertors", {}))
        for route in routes_of(router)
        if getattr(route, "endpoint", None) is not None and not is_closed(route) and is_websocket(route)
    )
    return tuple(dict.fromkeys(path for path in found if path is not None))


def route(options: ProbeOptions, method: str, path: str) -> ProbeOptions:
    """The options of a request without a body for a route, whose handler a stand-in stands in for."""
    return replace(options, path=path, endpoint="stand-in", method=method, data=None, lifespan=False)


def examples(application: Any) -> tuple[tuple[str, str, bool], ...]:
    """Method and path of one route or mount for each way that paths of the app's begin, reading and writing apart.

    The last one of three says whether something in the path is made up. What no page asks for is left out.
    """
    known = {getattr(application, name, None) for name in _DOCUMENTATION}
    found: dict[tuple[object, ...], tuple[str, str, bool]] = {}
    for route in routes_of(application.router):
        path = _example(route)
        if path is None or path in known or not _OF_MACHINES.isdisjoint(path.lower().split("/")):
            continue
        handler = getattr(route, "endpoint", None)
        for method in methods_of(route, handler) or ("GET",):
            asked_before = path == "/" and method == "GET" and handler is not None
            if method.isalpha() and method not in ("HEAD", "OPTIONS") and not asked_before:
                found.setdefault((*path.split("/")[1:3], method in _SAFE), (method, path, "{" in route.path))
    return tuple(found.values())


def _example(route: Any) -> str | None:
    """A path of the route's; None where it takes websockets, or cannot be looked into."""
    path = getattr(route, "path", None)
    if type(path) is not str or not f"{path}/".startswith("/") or is_closed(route):
        return None
    if getattr(route, "endpoint", None) is not None:
        return None if is_websocket(route) else example(path, getattr(route, "param_convertors", {}))
    return f"{path}/" if "{" not in path else None


def doubled(routes: Routes) -> tuple[tuple[str, str], ...]:
    """Method and path of one route for each chain on which a class stands twice, once in the app's own stack."""
    found: dict[tuple[int, ...], tuple[str, str]] = {}
    for route in routes.routes:
        if route.type == "http" and "{" not in route.path and not route.opaque and _twice(route, routes):
            method = next((each for each in route.methods if each != "HEAD"), "GET")
            found.setdefault(route.layer_indexes, (method, route.path))
    return tuple(found.values())


def _twice(route: RouteChain, routes: Routes) -> bool:
    passed = [routes.layers[index] for index in route.layer_indexes]
    own = {layer.qualified_name for layer in passed if layer.within == "app" and layer.origin != "framework"}
    return any(layer.qualified_name in own for layer in passed if layer.within != "app" and layer.origin != "framework")
