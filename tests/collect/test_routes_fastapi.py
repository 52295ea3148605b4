"""FastAPI's own: included routers, flat or as a tree, and dependencies in the order in which they are solved."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router

import mwviz
from mwviz.model.routes import Routes
from tests.collect.behaviours import Inner
from tests.collect.routed_apps import Deep, Guard, foreign, home, socket, told

fastapi: Any = pytest.importorskip("fastapi")
APIRouter, Depends, FastAPI, Security = fastapi.APIRouter, fastapi.Depends, fastapi.FastAPI, fastapi.Security

ran: list[str] = []


def first() -> Iterator[str]:
    ran.append("first")
    yield "first"


def second(one: str = Depends(first)) -> str:
    ran.append("second")
    return one


async def third(two: str = Depends(second), one: str = Depends(first)) -> str:
    ran.append("third")
    return two


def anew(one: str = Depends(first, use_cache=False)) -> str:
    ran.append("anew")
    return one


def instead(two: str = Depends(second)) -> str:
    ran.append("instead")
    return two


class Role:
    """A dependency that is an object."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, one: str = Depends(first)) -> str:
        ran.append("Role")
        return self.name

    def method(self) -> str:
        ran.append("method")
        return self.name


class Params:
    """A dependency that is a class."""

    def __init__(self, two: str = Depends(second)) -> None:
        ran.append("Params")


def plain(*given: Any, **options: Any) -> Any:
    """An app without its documentation."""
    return FastAPI(*given, openapi_url=None, **options)


def chains(app: object) -> list[str]:
    routes = mwviz.routes(app)
    return [told(chain, routes) for chain in routes.routes]


def handler() -> dict[str, str]:
    ran.append("handler")
    return {}


def needing(*calls: Any, **options: Any) -> Any:
    """An app with one route that has these dependencies."""
    app = plain(**options)
    app.get("/x", dependencies=[Depends(call) for call in calls])(handler)
    return app


def with_parameters() -> Any:
    app = plain(dependencies=[Depends(first)])
    router = APIRouter(dependencies=[Depends(Params)])

    def endpoint(three: str = Depends(third), role: str = Depends(Role("admin"))) -> dict[str, str]:
        ran.append("endpoint")
        return {}

    router.get("/x", dependencies=[Depends(anew)])(endpoint)
    app.include_router(router, dependencies=[Depends(second)])
    return app


def overridden() -> Any:
    app = needing(third, anew)
    app.dependency_overrides[first] = lambda: ran.append("<lambda>")
    app.dependency_overrides[anew] = instead
    return app


DEPENDENCIES: list[tuple[str, Callable[[], Any]]] = [
    ("none", needing),
    ("sub-dependencies before what needs them", lambda: needing(third)),
    ("each once where it is cached", lambda: needing(first, second, third, first)),
    ("one that is not cached", lambda: needing(first, anew)),
    ("classes and objects", lambda: needing(Params, Role("admin"), Role("user"), Role("user").method)),
    ("partials", lambda: needing(functools.partial(second))),
    ("app, inclusion, router, route and parameters", with_parameters),
    ("overrides", overridden),
]


@pytest.mark.parametrize("make", [case[1] for case in DEPENDENCIES], ids=[case[0] for case in DEPENDENCIES])
def test_dependencies_are_listed_in_the_order_in_which_they_run(make: Callable[[], Any]) -> None:
    app = make()
    routes = mwviz.routes(app)
    (chain,) = routes.routes

    ran.clear()
    response = mwviz.trace(app, "/x").response
    assert response is not None
    assert response.status == 200

    names = [routes.dependencies[index].name for index in chain.dependency_indexes]
    assert [*names, chain.endpoint.name] == ran


def test_dependencies_of_one_name_are_told_apart_over_the_whole_app() -> None:
    app = plain()
    admin, user = Role("admin"), Role("user")
    for path, role in (("/a", admin), ("/b", user), ("/c", admin)):
        app.get(path, dependencies=[Depends(role), Depends(role.method)])(handler)

    assert chains(app) == [
        "GET /a: first > Role > method > handler",
        "GET /b: first > Role#2 > method#2 > handler",
        "GET /c: first > Role > method > handler",
    ]


def test_an_override_says_what_it_stands_for() -> None:
    routes = mwviz.routes(overridden())

    told = {each.name: each.instead_of for each in routes.dependencies}
    assert told == {"<lambda>": "first", "second": None, "third": None, "instead": "anew"}


def test_overrides_that_go_in_a_circle_come_to_an_end() -> None:
    app = needing(second)
    app.dependency_overrides[second] = instead

    assert chains(app) == ["GET /x: instead > handler"]


def included() -> Any:
    inner = APIRouter(prefix="/inner", dependencies=[Depends(third)])
    inner.get("/a")(handler)
    inner.delete("/{number}")(handler)
    outer = APIRouter(prefix="/outer", dependencies=[Depends(second)])
    outer.get("/b", dependencies=[Depends(anew)])(handler)
    outer.include_router(inner, prefix="/deep", dependencies=[Depends(Params)])
    app = plain()
    app.get("/")(handler)
    app.include_router(outer, prefix="/v1")
    app.include_router(outer, prefix="/v2/{tenant}", dependencies=[Depends(Role("admin"))])
    return app


def test_routes_of_included_routers_have_their_prefixes_and_dependencies() -> None:
    assert chains(included()) == [
        "GET /: handler",
        "GET /v1/outer/b: first > second > first > anew > handler",
        "GET /v1/outer/deep/inner/a: first > second > Params > third > handler",
        "DELETE /v1/outer/deep/inner/{number}: first > second > Params > third > handler",
        "GET /v2/{tenant}/outer/b: first > Role > second > first > anew > handler",
        "GET /v2/{tenant}/outer/deep/inner/a: first > Role > second > Params > third > handler",
        "DELETE /v2/{tenant}/outer/deep/inner/{number}: first > Role > second > Params > third > handler",
    ]


def test_an_included_router_is_put_together_as_fastapi_itself_does_it() -> None:
    module = importlib.import_module("mwviz.collect.routes.included")
    app = included()
    branches = [route for route in app.router.routes if module.is_branch(route)]
    if not branches:
        pytest.skip("this FastAPI has a flat list of routes")

    def called(dependant: Any) -> list[Any]:
        return [(each.call, each.use_cache, called(each)) for each in dependant.dependencies]

    def seen(route: Any) -> Any:
        return route.path, sorted(route.methods), route.endpoint, called(route.dependant)

    for branch in branches:
        assert [seen(each) for each in module.included(branch)] == [
            seen(each) for each in branch.effective_route_contexts()
        ]


def test_listing_makes_no_routes_of_an_included_router() -> None:
    router = APIRouter()
    router.get("/x")(handler)
    app = plain()
    app.include_router(router, prefix="/v1")
    before = [dict(vars(route)) for route in app.router.routes]

    assert chains(app) == ["GET /v1/x: handler"]
    assert [dict(vars(route)) for route in app.router.routes] == before


def test_an_included_router_may_hold_anything() -> None:
    router = APIRouter()

    router.websocket("/ws")(socket)
    router.get("/x")(handler)
    router.routes += [Route("/plain", home), Mount("/sub", Router([Route("/y", home)])), Host("h", foreign)]
    app = plain(middleware=[Middleware(Guard)])
    app.include_router(router, prefix="/v1")

    found = chains(app)
    assert found[:3] == [
        "WS /v1/ws: (Guard) > socket",
        "GET /v1/x: Guard > handler",
        "GET,HEAD /v1/plain: Guard > home",
    ]
    # FastAPI before 0.137 leaves mounts and hosts of an included router out
    assert found[3:] in ([], ["GET,HEAD /v1/sub/y: Guard > home", "ANY //h/v1/*: Guard > foreign"])


def test_dependencies_of_websockets() -> None:
    app = plain()

    async def live(websocket: Any, two: str = Depends(second)) -> None:
        await websocket.close()

    live.__annotations__["websocket"] = fastapi.WebSocket
    app.websocket("/ws")(live)
    assert chains(app) == ["WS /ws: first > second > live"]


def test_apps_in_apps_keep_their_own_overrides() -> None:
    sub = needing(second, middleware=[Middleware(Deep)])
    sub.dependency_overrides[second] = anew
    app = needing(second, middleware=[Middleware(Inner)])
    app.mount("/sub", sub)
    app.mount("/files", foreign)

    assert chains(app) == [
        "GET /x: Inner > first > second > handler",
        "GET /sub/x: Inner > Deep > first > anew > handler",
        "ANY /files/*: Inner > foreign",
    ]


def test_the_documentation_is_listed_too() -> None:
    paths = [chain.path for chain in mwviz.routes(FastAPI(redoc_url=None)).routes]

    assert paths == ["/openapi.json", "/docs", "/docs/oauth2-redirect"]


def test_a_directory_that_a_router_serves_comes_last(tmp_path: Path) -> None:
    if not hasattr(APIRouter, "frontend"):
        pytest.skip("this FastAPI serves no frontends")
    (tmp_path / "index.html").write_text("hello")
    router = APIRouter(dependencies=[Depends(second)])
    router.frontend("/site", directory=str(tmp_path))
    app = plain()
    app.include_router(router, prefix="/v1", dependencies=[Depends(first)])
    app.get("/x")(handler)

    (path, site) = chains(app)
    assert path == "GET /x: handler"
    assert site.startswith("GET,HEAD /v1/site/*: first > second > ")


def test_a_limit_for_bodies_is_the_frameworks() -> None:
    try:
        router = APIRouter(max_body_size=1_000)
    except TypeError:
        pytest.skip("this FastAPI limits no bodies")
    router.post("/x")(handler)
    app = plain()
    app.include_router(router)

    routes: Routes = mwviz.routes(app)

    (chain,) = routes.routes
    assert [told(each, routes) for each in routes.routes] == ["POST /x: handler"]
    assert any(layer.within == "route /x" and layer.origin == "framework" for layer in routes.layers)
    assert "RequestBodyLimitMiddleware" in chain.layers


def test_a_handler_of_a_class_of_routes() -> None:
    class Own(fastapi.routing.APIRoute):  # type: ignore[misc]
        def get_route_handler(self) -> Any:
            async def wrapped(request: Any) -> Any:
                return PlainTextResponse("wrapped")

            return wrapped

    router = APIRouter(route_class=Own)
    router.get("/x")(handler)
    app = plain()
    app.include_router(router)

    assert chains(app) == ["GET /x: handler"]
