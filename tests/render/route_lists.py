"""Routes made by hand, for the views: a small app of every kind of chain, one with hostile names, and a large one."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from mwviz.model import Endpoint, Layer, Origin, Place, Versions
from mwviz.model.routes import Dependency, RouteChain, Routes

VERSIONS = Versions("0.1.0", "3.11.9", "0.46.2", "0.115.12")


def layer(index: int, label: str, origin: Origin = "user", within: str = "app", line: int = 0) -> Layer:
    """A layer of shop/main.py, or of the framework."""
    framework = Place("/lib/site-packages/starlette/layers.py", index + 1)
    place = framework if origin == "framework" else Place("shop/main.py", line or 10 + index)
    return Layer(
        index, label.partition("#")[0], label, f"shop.{label}", origin, within, "asgi", {"limit": "5"}, place, None
    )


def dependency(index: int, name: str, instead_of: str | None = None) -> Dependency:
    return Dependency(index, name, name, f"shop.{name}", instead_of, Place("shop/needs.py", 10 + index))


LAYERS = (
    layer(0, "ServerErrorMiddleware", "framework"),
    layer(1, "CORSMiddleware"),
    layer(2, "ExceptionMiddleware", "framework"),
    layer(3, "ServerErrorMiddleware#2", "framework", "mount /admin"),
    layer(4, "StaffOnly", "mount", "mount /admin"),
    layer(5, "GZipMiddleware", "route", "route /report"),
)
NEEDS = (dependency(0, "get_db"), dependency(1, "current_user", "real_user"))


def chain(
    path: str,
    name: str,
    layers: tuple[int, ...] = (0, 1, 2),
    needs: tuple[int, ...] = (),
    *,
    methods: tuple[str, ...] = ("GET",),
    type: Literal["http", "websocket"] = "http",
    skipped: tuple[str, ...] = (),
) -> RouteChain:
    return RouteChain(
        path=path,
        host=None,
        methods=methods,
        type=type,
        endpoint=Endpoint(name, Place("shop/pages.py", len(name))),
        opaque=path.endswith("*"),
        layers=tuple(LAYERS[index].label for index in layers),
        dependencies=tuple(NEEDS[index].label for index in needs),
        skipped=skipped,
        layer_indexes=layers,
        dependency_indexes=needs,
    )


def shop() -> Routes:
    """Every kind of chain, once or twice."""
    admin = (0, 1, 2, 3, 4)
    chains = (
        chain("/", "home"),
        chain("/orders", "list_orders", needs=(0, 1)),
        chain("/docs", "swagger", methods=("GET", "HEAD")),
        chain("/orders/{number}", "cancel", needs=(0, 1), methods=("DELETE",)),
        chain("/health", "health", needs=(0,)),
        chain("/report", "report", (0, 1, 2, 5)),
        chain("/admin/users", "users", admin),
        chain("/admin/live", "live", admin, methods=(), type="websocket", skipped=("StaffOnly",)),
        replace(chain("/*", "pictures", methods=()), host="{name}.example.com"),
    )
    return Routes("shop.main:app", VERSIONS, LAYERS, NEEDS, chains, len(chains), ())


def probed() -> Routes:
    """The same, with what probes told."""
    made = shop()
    verdicts = [True, False, None] * 3
    chains = tuple(
        replace(each, observed=each.layers, agrees=agrees) for each, agrees in zip(made.routes, verdicts, strict=True)
    )
    return replace(made, routes=chains, notes=("Websockets are not probed: websocket /admin/live.",))


def chosen() -> Routes:
    """Two of them, as a filter leaves them."""
    made = shop()
    return replace(made, routes=made.routes[6:8])


def single() -> Routes:
    """An app with one route."""
    made = shop()
    return replace(made, routes=made.routes[:1], total=1)


def empty() -> Routes:
    """An app without routes."""
    return replace(shop(), routes=(), total=0)


def large(count: int = 600) -> Routes:
    """Many routes behind five chains."""
    ways = (((0, 1, 2), ()), ((0, 1, 2), (0,)), ((0, 1, 2), (0, 1)), ((0, 1, 2, 3, 4), ()), ((0, 1, 2, 5), ()))
    chains = tuple(chain(f"/r{number}", f"page_{number}", *ways[number % 5]) for number in range(count))
    return replace(shop(), routes=chains, total=count)


def named(name: str) -> Routes:
    """Routes in which every text that comes from outside is `name`."""
    place = Place(name, 1)
    own = Layer(0, name, name, name, "user", "app", "asgi", {name: name}, place, place)
    layers = (own, replace(own, index=1, origin="mount", within=f"mount {name}"))
    needs = (Dependency(0, name, name, name, name, place),)
    made = replace(
        chain(name, name), methods=(name,), endpoint=Endpoint(name, place), layers=(name,), layer_indexes=(0,)
    )
    chains = (
        made,
        replace(made, layer_indexes=(0, 1), layers=(name, name), dependency_indexes=(0,), dependencies=(name,)),
        replace(made, layer_indexes=(0, 1), layers=(name, name), type="websocket", skipped=(name,), host=name),
    )
    return Routes(name, VERSIONS, layers, needs, chains, 4, (name,))


ALL = {made.__name__: made for made in (shop, probed, chosen, single, empty, large)}
