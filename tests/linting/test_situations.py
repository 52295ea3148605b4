"""What applications do that the rules must see, or must not take for something else: each was once judged wrongly."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from tests.linting.layered import (
    CORS,
    GZIP,
    LIVE,
    PAGE,
    REDIRECT,
    Adding,
    Auth,
    Passing,
    Plain,
    Session,
    Tenant,
    adding,
    app,
    page,
)
from tests.linting.test_rules import judged

ROUTES = [
    Route("/items", page),
    Route("/items/{item_id:int}", page, methods=["GET", "PUT"]),
    Route("/login", page, methods=["POST"]),
]
TENANTS = [Route("/{tenant}/items", page)]
ANYBODY = Middleware(CORSMiddleware, allow_origins=["*"])


def function(dispatch: Any) -> Middleware:
    """What `@app.middleware("http")` registers."""
    return Middleware(BaseHTTPMiddleware, dispatch=dispatch)


async def guards_items(request: Any, call_next: Any) -> Any:
    if request.url.path.startswith("/items") and "authorization" not in request.headers:
        return JSONResponse({}, 401)
    return await call_next(request)


async def guards_admin(request: Any, call_next: Any) -> Any:
    return JSONResponse({}, 401) if "/admin" in request.scope["path"] else await call_next(request)


async def guards_items_kindly(request: Any, call_next: Any) -> Any:
    return await (call_next(request) if request.method == "OPTIONS" else guards_items(request, call_next))


async def raises_for_items(request: Any, call_next: Any) -> Any:
    if request.url.path.startswith("/items"):
        raise HTTPException(401)
    return await call_next(request)


async def wants_key(request: Any, call_next: Any) -> Any:
    return await call_next(request) if "x-api-key" in request.headers else JSONResponse({}, 403)


async def wants_csrf(request: Any, call_next: Any) -> Any:
    return JSONResponse({}, 403) if request.method in ("POST", "PUT") else await call_next(request)


async def minds_origins(request: Any, call_next: Any) -> Any:
    return JSONResponse({}, 403) if request.headers.get("origin", PAGE) != PAGE else await call_next(request)


async def signs_in(request: Any, call_next: Any) -> Any:
    return RedirectResponse("/login", 303) if request.url.path != "/login" else await call_next(request)


async def leads_home(request: Any, call_next: Any) -> Any:
    return RedirectResponse("/items") if request.url.path == "/" else await call_next(request)


async def speaks_english(request: Any, call_next: Any) -> Any:
    path = request.url.path
    return await call_next(request) if path.startswith("/en") else RedirectResponse(f"/en{path}")


async def session_for_items(request: Any, call_next: Any) -> Any:
    if "/items" in request.url.path:
        assert "session" in request.scope, "SessionMiddleware must be installed to access request.session"
    return await call_next(request)


async def rendered_anyway(request: Any, call_next: Any) -> Any:
    try:
        return await call_next(request)
    except Exception:  # noqa: BLE001
        return JSONResponse({}, 500)


async def as_meant(request: Any, error: Any) -> JSONResponse:
    return JSONResponse({}, getattr(error, "status_code", 500))


async def passes(request: Any, call_next: Any) -> Any:
    return await call_next(request)


async def knows_tenants(request: Any, call_next: Any) -> Any:
    return JSONResponse({}, 404) if request.url.path.startswith("/1/") else await call_next(request)


async def guards_tenants(request: Any, call_next: Any) -> Any:
    return JSONResponse({}, 401) if request.url.path.startswith("/1/") else await call_next(request)


async def guards_metrics(request: Any, call_next: Any) -> Any:
    return JSONResponse({}, 401) if request.url.path != "/" else await call_next(request)


async def guards_pages(request: Any, call_next: Any) -> Any:
    return RedirectResponse("/login") if request.url.path.startswith("/items") else await call_next(request)


class Closed(Plain):
    """Raises what a handler would."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        raise HTTPException(503)


class Wrapping(Plain):
    """Brings another layer along."""

    def __init__(self, app: Any) -> None:
        super().__init__(FailsNever(app))


class FailsNever(Plain):
    """Stands inside of another one."""


class Wrapped(Starlette):
    """Puts a layer around all others, as instrumentation does."""

    def build_middleware_stack(self) -> Any:
        return Plain(super().build_middleware_stack())


class FailsOnce(Plain):
    """Is ready at the second request."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.ready = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.ready, ready = True, self.ready
        if scope["type"] == "http" and not ready:
            raise RuntimeError("not ready")
        await self.app(scope, receive, send)


class FailsEachTime(Plain):
    """Says something else each time."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError(f"a bug in {object.__repr__(scope)} {id(send)}{len(self.__dict__)}")


class NeedsTenantNow(Plain):
    """Raises what differs from one time to the next, and for one reason."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and "tenant" not in scope.get("state", {}):
            raise LookupError(f"no tenant for {uuid.uuid4()}")
        await self.app(scope, receive, send)


class Backend(AuthenticationBackend):
    """Lets everybody in."""

    async def authenticate(self, conn: Any) -> Any:
        return AuthCredentials(), SimpleUser("anybody")


class OtherBackend(Backend):
    """Of the administration."""


def made(name: str) -> type:
    """A class of its own each time."""

    class Made(Adding):
        def __init__(self, app: Any) -> None:
            super().__init__(app, [(name, "1")])

    return Made


def users(backend: Backend) -> Middleware:
    return Middleware(AuthenticationMiddleware, backend=backend)


def with_mount(own: Any, inner: Any) -> Any:
    return app(own, routes=[Mount("/admin", app(inner))])


#: rule, what it is, the app, and the layers that each finding names: none for what only looks like it
CASES: list[tuple[str, str, Callable[[], Any], list[tuple[str, ...]]]] = [
    ("MW001", "a guard of some paths", lambda: app(function(guards_items), CORS, routes=ROUTES),
     [("CORSMiddleware", "guards_items")]),
    ("MW001", "inside", lambda: app(CORS, function(guards_items), routes=ROUTES), []),
    ("MW001", "that lets preflights pass", lambda: app(function(guards_items_kindly), CORS, routes=ROUTES), []),
    ("MW002", "that lets preflights pass", lambda: app(function(guards_items_kindly), CORS, routes=ROUTES),
     [("CORSMiddleware", "guards_items_kindly")]),
    ("MW002", "a guard of some methods", lambda: app(function(wants_csrf), CORS, routes=ROUTES),
     [("CORSMiddleware", "wants_csrf")]),
    ("MW002", "inside", lambda: app(CORS, function(wants_csrf), routes=ROUTES), []),
    ("MW001", "leads to where one signs in", lambda: app(function(signs_in), CORS, routes=ROUTES),
     [("CORSMiddleware", "signs_in")]),
    ("MW001", "leads there from inside", lambda: app(CORS, function(signs_in), routes=ROUTES), []),
    ("MW001", "leads home", lambda: app(function(leads_home), CORS, routes=ROUTES), []),
    ("MW001", "leads to another language", lambda: app(function(speaks_english), CORS, routes=ROUTES), []),
    ("MW001", "leads to HTTPS", lambda: app(REDIRECT, CORS, routes=ROUTES), []),
    ("MW001", "a guard outside of a mount with CORS", lambda: with_mount(function(guards_admin), CORS),
     [("CORSMiddleware", "guards_admin")]),
    ("MW002", "a guard outside of a mount with CORS", lambda: with_mount(function(guards_admin), CORS),
     [("CORSMiddleware", "guards_admin")]),
    ("MW001", "a guard outside of an app at /", lambda: Starlette(
        routes=[Mount("/", app(CORS))], middleware=[Middleware(Auth)]),
     [("CORSMiddleware", "Auth")]),
    ("MW001", "a guard inside of a mount", lambda: with_mount(CORS, function(guards_admin)), []),
    ("MW002", "a guard beside CORS in a mount", lambda: Starlette(
        routes=[Mount("/admin", app(CORS, function(guards_admin)))]), []),
    ("MW004", "in a mount", lambda: Starlette(routes=[Mount("/items", app(function(session_for_items), Session))]),
     [("Session", "session_for_items")]),
    ("MW001", "a layer minds origins", lambda: app(function(minds_origins), ANYBODY, routes=ROUTES), []),
    ("MW002", "a layer minds origins", lambda: app(function(minds_origins), ANYBODY, routes=ROUTES), []),
    ("MW001", "a layer knows its tenants", lambda: app(function(knows_tenants), CORS, routes=TENANTS), []),
    ("MW002", "a layer knows its tenants", lambda: app(function(knows_tenants), CORS, routes=TENANTS), []),
    ("MW002", "a layer guards tenants", lambda: app(function(guards_tenants), CORS, routes=TENANTS),
     [("CORSMiddleware", "guards_tenants")]),
    ("MW001", "a layer guards what no page asks for", lambda: app(function(guards_metrics), CORS, routes=[
        Route("/metrics", page), Route("/hooks/{name}", page, methods=["POST"])]), []),
    ("MW001", "leads from some pages to where one signs in", lambda: app(function(guards_pages), CORS, routes=ROUTES),
     []),
    ("MW003", "a layer outside catches", lambda: app(function(rendered_anyway), CORS),
     [("CORSMiddleware", "rendered_anyway")]),
    ("MW003", "a layer inside catches", lambda: app(CORS, function(rendered_anyway)), []),
    ("MW004", "for some paths", lambda: app(function(session_for_items), Session, routes=ROUTES),
     [("Session", "session_for_items")]),
    ("MW004", "for some paths inside", lambda: app(Session, function(session_for_items), routes=ROUTES), []),
    ("MW004", "fails only once", lambda: app(FailsOnce, Session), []),
    ("MW005", "fails only once", lambda: app(FailsOnce, Tenant), []),
    ("MW005", "tells the time of its need", lambda: app(NeedsTenantNow, Tenant), [("Tenant", "NeedsTenantNow")]),
    ("MW005", "fails in other words", lambda: app(function(rendered_anyway), FailsEachTime, Tenant), []),
    ("MW006", "two divide", lambda: app(GZIP, Passing, Plain, function(passes)), [("GZipMiddleware", "passes")]),
    ("MW006", "two divide outside", lambda: app(Passing, function(passes), GZIP), []),
    ("MW010", "for some paths", lambda: app(function(raises_for_items), routes=ROUTES), [("raises_for_items",)]),
    ("MW010", "a handler makes of it what was meant",
     lambda: app(Closed, exception_handlers={Exception: as_meant}), []),
    ("MW011", "leads to where one signs in", lambda: app(function(signs_in), routes=[LIVE]), [("signs_in",)]),
    ("MW011", "leads to another language", lambda: app(function(speaks_english), routes=[LIVE]), []),
    ("MW014", "classes of one name", lambda: app(made("x-a"), made("x-b")), []),
    ("MW014", "classes of one name that do the same", lambda: app(made("x-a"), made("x-a")), [("Made#2", "Made")]),
    ("MW014", "other users in a mount", lambda: with_mount(users(Backend()), users(OtherBackend())), []),
    ("MW014", "other origins in a mount", lambda: with_mount(CORS, ANYBODY), []),
    ("MW014", "the same origins in a mount", lambda: with_mount(CORS, CORS), [("CORSMiddleware#2", "CORSMiddleware")]),
    ("MW014", "other origins in the app itself", lambda: app(CORS, ANYBODY), [("CORSMiddleware#2", "CORSMiddleware")]),
    ("MW014", "three times", lambda: app(Plain, Plain, Plain), [("Plain#2", "Plain"), ("Plain#3", "Plain")]),
    ("MW022", "a layer wraps what it was given", lambda: app(CORS, Wrapping), []),
    ("MW022", "an app wraps its own stack", lambda: Wrapped(middleware=[CORS, Middleware(Wrapping)]), [("Plain",)]),
    ("MW026", "headers for proxies and old browsers",
     lambda: app(CORS, adding("x-accel-expires", "x-cache", "x-content-security-policy", "x-sendfile")), []),
]  # fmt: skip


@pytest.mark.parametrize(("code", "made", "layers"), [(code, made, layers) for code, _, made, layers in CASES],
                         ids=[f"{code} {told}" for code, told, _, _ in CASES])  # fmt: skip
def test_what_applications_do(code: str, made: Callable[[], Any], layers: list[tuple[str, ...]]) -> None:
    assert [each.layers for each in judged(made(), code).findings] == layers


def test_the_path_and_the_method_of_a_route_are_told() -> None:
    (guarded,) = judged(app(function(guards_items), CORS, routes=ROUTES), "MW001").findings
    assert "Sent OPTIONS /items by HTTP" in guarded.evidence
    (written,) = judged(app(function(wants_csrf), CORS, routes=ROUTES), "MW002").findings
    assert "Sent PUT /items/1 by HTTP" in written.evidence


def test_a_preflight_has_no_header_that_a_script_sets() -> None:
    """https://fetch.spec.whatwg.org/#cors-preflight-fetch"""
    made = app(function(wants_key), CORS)
    (found,) = judged(made, "MW001", headers=(("X-API-Key", "secret"),)).findings
    assert found.layers == ("CORSMiddleware", "wants_key")
    assert judged(made, "MW002", headers=(("X-API-Key", "secret"),)).findings == ()


def test_what_an_order_mends_is_told_as_an_order() -> None:
    for code, moved, made in (
        ("MW003", "CORSMiddleware", app(function(rendered_anyway), CORS)),
        ("MW009", "Adding", app(function(rendered_anyway), adding("x-request-id"))),
    ):
        (found,) = judged(made, code).findings
        assert found.remedy.startswith(f"Register {moved} so that it stands outside of rendered_anyway")
    for code, made in (("MW003", app(CORS)), ("MW009", app(adding("x-request-id")))):
        (found,) = judged(made, code).findings
        assert found.remedy.startswith("No order mends it: ")
    tried = app(Plain, function(rendered_anyway), CORS)
    (found,) = judged(tried, "MW003", order="rendered_anyway > Plain > CORSMiddleware").findings
    assert found.remedy == "This is the order that --order gives: correct it there."
    (found,) = judged(app(Plain, CORS), "MW003", order="CORSMiddleware > Plain").findings
    assert found.remedy.startswith("No order mends it: ")


def test_routes_of_any_kind_are_asked_or_left_out() -> None:
    class Odd:
        endpoint = staticmethod(page)

        def __init__(self, path: str, *methods: str) -> None:
            self.path, self.methods = path, methods

    made = app(function(guards_items), CORS, routes=[Route("/a b/\x1b?x#y", page), *ROUTES])
    mounts = [Mount(path, routes=[]) for path in ("", "/{tenant}/x")]
    odd: list[Any] = [Odd("odd", "GET"), Odd("/odd", "A B"), *mounts]
    made.router.routes[:0] = odd
    (found,) = judged(made, "MW001").findings
    assert "Sent OPTIONS /items by" in found.evidence


def test_a_layer_that_counts_requests_is_told() -> None:
    class Counting(Plain):
        left = 4

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            self.left -= scope["type"] == "http"
            await (self.app if self.left >= 0 else Response(status_code=429))(scope, receive, send)

    findings = judged(app(CORS, Counting), "MW003")
    assert findings.findings == ()
    (note,) = findings.apps[0].notes
    assert note.startswith("Later requests came no further (429 from Counting): what only a response from further in")
    assert note.endswith("was not judged (MW003).")


def test_where_a_layer_waits_for_the_lifespan_it_is_asked_for() -> None:
    (note,) = judged(app(FailsEachTime), "MW003").apps[0].notes
    assert note.endswith("Give --lifespan, -H, or PATH, so that it passes.")


def test_no_origin_but_that_of_the_page_is_taken() -> None:
    made = app(function(guards_items), Middleware(CORSMiddleware, allow_origins=[PAGE]), routes=ROUTES)
    (found,) = judged(made, "MW002").findings
    assert PAGE in found.evidence


def test_a_websocket_with_dependencies_may_be_guarded_by_them() -> None:
    fastapi = pytest.importorskip("fastapi", minversion="0.98")

    def somebody() -> None:
        raise AssertionError("no rule calls a dependency")

    def made(*, is_open: bool) -> Any:
        made = fastapi.FastAPI(middleware=[function(guards_items)])
        made.websocket("/items/{item_id}/live", dependencies=[fastapi.Depends(somebody)])(page)
        if is_open:
            made.websocket("/items/{path:path}")(page)
        return made

    (may_be,) = judged(made(is_open=False), "MW011").findings
    assert (may_be.severity, may_be.routes) == ("info", ("websocket /items/1/live",))
    assert may_be.evidence.endswith("What somebody there makes of it is not known.")
    (unguarded,) = judged(made(is_open=True), "MW011").findings
    assert (unguarded.severity, unguarded.routes) == ("warning", ("websocket /items/1",))
    assert "not known" not in unguarded.evidence


def test_an_origin_that_was_given_is_one_that_a_layer_should_know() -> None:
    given = {"headers": (("Origin", "https://other.example"),)}
    (found,) = judged(app(function(minds_origins), ANYBODY), "MW001", **given).findings
    assert "403 from minds_origins" in found.evidence


def test_compression_goes_inside_of_all_that_divide() -> None:
    (found,) = judged(app(GZIP, Passing, Plain, function(passes)), "MW006").findings
    assert found.remedy.startswith("Register GZipMiddleware so that it stands inside of passes:")
    assert found.evidence.endswith("The same 8 bytes from the place of Passing were left as they are.")


def test_a_limit_of_the_frameworks_own_stays_where_it_is() -> None:
    pytest.importorskip("fastapi", minversion="0.165")
    import fastapi

    made = fastapi.FastAPI(max_body_size=1_000, middleware=[CORS])
    (found,) = judged(made, "MW021").findings
    assert found.remedy.startswith("No order mends it: let a layer inside of CORSMiddleware limit bodies instead")
    assert judged(CORSMiddleware(fastapi.FastAPI(max_body_size=1_000), allow_origins=[PAGE]), "MW021").findings == ()
