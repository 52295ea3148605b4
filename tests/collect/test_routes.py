"""Which routes an app has, and what a request to each of them passes."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Host, Mount, Route, Router, WebSocketRoute

import mwviz
from mwviz.errors import MwvizError
from mwviz.model import Place
from tests.collect import routed_apps as apps
from tests.collect.behaviours import App, Inner, Layer, Outer
from tests.collect.routed_apps import CASES, foreign, home, other, socket, told


def chains(app: object) -> list[str]:
    routes = mwviz.routes(app)
    return [told(chain, routes) for chain in routes.routes]


@pytest.mark.parametrize(("app", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_route_has_the_chain_that_a_request_passes(app: Callable[[], Any], expected: list[str]) -> None:
    routes = mwviz.routes(app())

    assert [told(chain, routes) for chain in routes.routes] == expected
    assert routes.total == len(expected)
    assert routes.notes == ()


def test_layers_say_where_they_stand() -> None:
    sub = apps.app(Route("/x", home), Mount("/in", apps.app(Route("/y", other))), middleware=(Inner,))
    hosted = Host("{name}.example.com", Layer(Router([Route("/z", home)])))
    routes = mwviz.routes(apps.app(Mount("/sub/", sub), hosted))

    own = [(each.label, each.within, each.origin) for each in routes.layers if each.origin != "framework"]
    assert own == [
        ("Outer", "app", "user"),
        ("Inner", "mount /sub", "mount"),
        ("Outer#2", "mount /sub/in", "mount"),
        ("Layer", "mount //{name}.example.com", "mount"),
    ]
    assert {each.within for each in routes.layers if each.origin == "framework"} == {
        "app",
        "mount /sub",
        "mount /sub/in",
    }
    assert [each.index for each in routes.layers] == list(range(len(routes.layers)))


@apps.needs_route_middleware
def test_layers_of_routes_say_where_they_stand() -> None:
    route = Route("/x", home, middleware=[Middleware(Inner)])
    router = Router([Mount("/sub", Router([route]))], middleware=[Middleware(Layer)])
    app = apps.app()
    app.router = router

    routes = mwviz.routes(app)

    own = [(each.label, each.within, each.origin) for each in routes.layers if each.origin != "framework"]
    assert own == [("Outer", "app", "user"), ("Layer", "app", "route"), ("Inner", "route /sub/x", "route")]


def test_labels_are_those_of_the_trace() -> None:
    app = apps.app(Route("/", home), middleware=(Outer, Inner, Outer))

    (chain,) = mwviz.routes(app).routes

    trace = mwviz.trace(app, "/", endpoint="stand-in")
    assert chain.layers == tuple(trace.layers[index].label for index in trace.request_order)


def test_a_stack_is_built_once_however_many_routes_and_mounts_lead_through_it() -> None:
    made: list[object] = []

    class Counted(Layer):
        def __init__(self, app: App) -> None:
            super().__init__(app)
            made.append(self)

    sub = apps.app(*(Route(f"/{number}", home) for number in range(20)), middleware=(Counted,))
    app = apps.app(Mount("/a", sub), Mount("/b", sub))
    made.clear()

    assert len(mwviz.routes(app).routes) == 40
    assert len(made) == 1


def test_apps_are_left_as_they_were() -> None:
    sub = apps.app(Route("/x", home), middleware=(Inner,))
    app = apps.app(Mount("/sub", sub), WebSocketRoute("/ws", socket))
    before = [dict(vars(each)) for each in (app, sub, app.router, sub.router)]

    mwviz.routes(app)

    assert [dict(vars(each)) for each in (app, sub, app.router, sub.router)] == before


def test_a_mounted_app_that_cannot_build_its_stack_is_told() -> None:
    def broken(app: App) -> App:
        raise ValueError("no such key")

    sub = Starlette(routes=[Route("/x", home)])
    sub.user_middleware.append(Middleware(broken))
    if getattr(sub, "middleware_stack", None) is not None:
        pytest.skip("this Starlette builds the stack when the app is made")
    routes = mwviz.routes(apps.app(Mount("/sub", sub)))

    assert [told(chain, routes) for chain in routes.routes] == ["GET,HEAD /sub/x: Outer > broken > home"]
    assert routes.notes == ("The app mounted at /sub cannot build its stack: ValueError: no such key",)


def test_an_app_that_cannot_build_its_own_stack_is_no_list() -> None:
    def broken(app: App) -> App:
        raise ValueError("no such key")

    app = Starlette()
    app.user_middleware.append(Middleware(broken))
    if getattr(app, "middleware_stack", None) is not None:
        pytest.skip("this Starlette builds the stack when the app is made")
    with pytest.raises(MwvizError, match="no such key"):
        mwviz.routes(app)


class Hiding:
    """A layer whose inner app cannot be found."""

    def __init__(self, app: App) -> None:
        self.held = [app]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.held[0](scope, receive, send)


@pytest.mark.skipif(not apps.MOUNT_MIDDLEWARE, reason="Starlette 0.24 brought middleware of mounts")
def test_what_cannot_be_looked_into_is_told() -> None:
    routes = mwviz.routes(apps.app(Mount("/sub", routes=[Route("/x", home)], middleware=[Middleware(Hiding)])))

    assert [told(chain, routes) for chain in routes.routes] == ["GET,HEAD /sub/x: Outer > Hiding > home"]
    assert routes.notes == ("Hiding at /sub hides what lies inside it: layers there are not shown.",)


def own_request_response(handler: Any) -> App:
    async def adapted(scope: Any, receive: Any, send: Any) -> None:
        await handler(scope)

    return adapted


class OwnAdapter:
    def __init__(self, handler: Any) -> None:
        self.handler = handler

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.handler(scope)


@pytest.mark.parametrize("adapter", [own_request_response, OwnAdapter])
def test_what_makes_an_app_of_a_handler_is_no_layer(adapter: Callable[[Any], App]) -> None:
    async def decorated(*given: Any) -> None:
        """A handler that could pass for an ASGI app."""

    for handler in (home, decorated, functools.partial(home)):
        route = Route("/x", handler)
        route.app = Inner(adapter(handler))

        assert chains(apps.app(route))[0].startswith("GET,HEAD /x: Outer > Inner > ")
        assert mwviz.routes(apps.app(route)).notes == ()
        route.app = adapter(handler)
        assert [each.within for each in mwviz.routes(apps.app(route)).layers if each.within != "app"] == []


def test_a_route_of_the_users_own_kind_is_listed() -> None:
    class Odd(BaseRoute):
        path = "/odd"

    app = apps.app()
    app.router.routes.append(Odd())

    assert chains(app) == ["ANY /odd/*: Outer > Odd"]


def test_an_included_router_of_an_unknown_kind_is_told() -> None:
    class Unknown(BaseRoute):
        original_router = Router()

    app = apps.app(Route("/", home))
    app.router.routes.append(Unknown())

    routes = mwviz.routes(app)
    assert [chain.path for chain in routes.routes] == ["/"]
    assert routes.notes == ("Included routers of class Unknown are not known: their routes are missing.",)


def test_an_app_that_ends_the_run_is_no_list() -> None:
    def leaves(app: App) -> App:
        raise SystemExit("no licence")

    sub = Starlette(routes=[Route("/x", home)])
    sub.user_middleware.append(Middleware(leaves))
    with pytest.raises(MwvizError, match="ended the run while its stacks were built: SystemExit: no licence"):
        mwviz.routes(apps.app(Mount("/sub", sub)))


def test_places_are_those_of_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "placed.py").write_text(
        "from starlette.applications import Starlette\n"
        "from starlette.middleware import Middleware\n"
        "from starlette.routing import Mount, Route\n"
        "class Inner:\n"
        "    def __init__(self, app):\n"
        "        self.app = app\n"
        "    async def __call__(self, scope, receive, send): ...\n"
        "async def home(request):\n"
        "    return None\n"
        "sub = Starlette(\n"
        "    routes=[Route('/x', home)],\n"
        "    middleware=[Middleware(Inner)],\n"
        ")\n"
        "app = Starlette(routes=[Mount('/sub', sub)])\n"
    )
    monkeypatch.chdir(tmp_path)
    try:
        routes = mwviz.routes("placed:app")
    finally:
        sys.modules.pop("placed", None)

    (chain,) = routes.routes
    assert chain.endpoint.defined_at == Place("placed.py", 8)
    (layer,) = [each for each in routes.layers if each.name == "Inner"]
    assert layer.defined_at == Place("placed.py", 4)
    assert layer.registered_at == Place("placed.py", 12)


def test_selections() -> None:
    sub = apps.app(Route("/x", home), WebSocketRoute("/ws", socket), middleware=(apps.Guard,))
    app = apps.app(Route("/", home, methods=["GET", "POST"]), Mount("/sub", sub), Mount("/files", foreign))

    def paths(**selection: Any) -> list[str]:
        return [chain.path for chain in mwviz.routes(app, **selection).routes]

    assert paths() == ["/", "/sub/x", "/sub/ws", "/files/*"]
    assert paths(path="/sub/*") == ["/sub/x", "/sub/ws"]
    assert paths(path=["/", "/files/*"]) == ["/", "/files/*"]
    assert paths(method="post") == ["/", "/files/*"]
    assert paths(method="WEBSOCKET") == ["/sub/ws"]
    assert paths(layer="Guard") == ["/sub/x"]
    assert paths(layer="G?ard") == ["/sub/x"]
    assert paths(layer=["Outer", "Guard"]) == ["/sub/x"]
    assert paths(without="Guard") == ["/", "/sub/ws", "/files/*"]
    assert paths(without=["Guard", "Outer"]) == []
    assert paths(path="/none") == []
    with pytest.raises(MwvizError, match="'guard': did you mean Guard"):
        paths(without="guard")
    with pytest.raises(MwvizError, match="called 'Nobody': there are Outer, Guard"):
        paths(layer="Nobody")
