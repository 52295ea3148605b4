"""The story of each rule: whom it hurts, an example that breaks it, and what mends that."""

from __future__ import annotations

from collections.abc import Mapping

from mwviz.values import dataclass

_STARLETTE = "https://github.com/Kludex/starlette/issues/"
_FASTAPI = "https://github.com/fastapi/fastapi/issues/"


@dataclass(frozen=True, slots=True)
class Told:
    """`why` is a sentence or two, `broken` and `mended` are code, `link` leads to a page or to who met it."""

    why: str
    link: str
    broken: str
    mended: str


STORIES: Mapping[str, Told] = {
    "MW001": Told(
        "A browser asks before it sends, and takes a refusal without CORS headers for a CORS error: no request of the "
        "page's is ever sent.",
        "https://github.com/waza-ari/fastapi-keycloak-middleware/issues/41",
        "app.add_middleware(CORSMiddleware, allow_origins=ORIGINS)\n"
        "app.add_middleware(AuthMiddleware)  # outermost: answers OPTIONS with 401",
        "app.add_middleware(AuthMiddleware)\napp.add_middleware(CORSMiddleware, allow_origins=ORIGINS)",
    ),
    "MW002": Told(
        "The page's script sees a network error instead of the status: it cannot tell that it must sign in, or wait.",
        f"{_FASTAPI}2693",
        "app.add_middleware(CORSMiddleware, allow_origins=ORIGINS)\n"
        "app.add_middleware(AuthMiddleware)  # outermost: no page can read its 401",
        "app.add_middleware(AuthMiddleware)\napp.add_middleware(CORSMiddleware, allow_origins=ORIGINS)",
    ),
    "MW003": Told(
        "What answers an exception outside of CORS, no page of another origin can read: it shows a CORS error for what "
        "is a bug. ServerErrorMiddleware, which calls the app's own handler of Exception or 500, is outside of all.",
        f"{_STARLETTE}1175",
        "app.add_middleware(CORSMiddleware, allow_origins=ORIGINS)\n\n\n"
        "@app.exception_handler(Exception)  # called outside of CORSMiddleware\n"
        "async def render(request, error):\n    return JSONResponse({'detail': 'sorry'}, 500)",
        "app = CORSMiddleware(app, allow_origins=ORIGINS)  # around the whole app\n\n"
        "# or a layer inside of CORSMiddleware that catches exceptions and answers",
    ),
    "MW004": Told(
        "request.session asserts that SessionMiddleware has run: outside of it every request ends in a 500.",
        f"{_FASTAPI}4746",
        "app.add_middleware(SessionMiddleware, secret_key=KEY)\n"
        "app.add_middleware(UserMiddleware)  # reads request.session too early",
        "app.add_middleware(UserMiddleware)\napp.add_middleware(SessionMiddleware, secret_key=KEY)",
    ),
    "MW005": Told(
        "What a layer puts into the scope is only there further in: outside of it a layer that asks for it raises, and "
        "every request ends in a 500.",
        "https://github.com/alex-oleshkevich/starsessions/issues/57",
        "app.add_middleware(TenantMiddleware)  # sets request.state.tenant\n"
        "app.add_middleware(QuotaMiddleware)  # reads it before it is there",
        "app.add_middleware(QuotaMiddleware)\napp.add_middleware(TenantMiddleware)",
    ),
    "MW006": Told(
        "Short answers grow, lose their content-length, and cost time: minimum_size is looked at only where the whole "
        "body comes at once, and BaseHTTPMiddleware hands it on in parts.",
        "https://github.com/krishna-swaroop/KiCAD-Prism/pull/182",
        "app.add_middleware(TimingMiddleware)  # a BaseHTTPMiddleware\n"
        "app.add_middleware(GZipMiddleware, minimum_size=500)",
        "app.add_middleware(GZipMiddleware, minimum_size=500)\napp.add_middleware(TimingMiddleware)",
    ),
    "MW007": Told(
        "The reader of a live stream gets its events late, or all of them at the end.",
        f"{_STARLETTE}2753",
        "app.add_middleware(GZipMiddleware)  # of older Starlette",
        "Let the layer hand text/event-stream on as it comes;\nGZipMiddleware of newer Starlette does.",
    ),
    "MW008": Told(
        "BaseHTTPMiddleware runs everything inside of it in a task of its own, with a copy of the context: what is set "
        "there never comes back out, and whoever asks for it outside gets the default, or a LookupError.",
        f"{_STARLETTE}1081",
        "class Audit(BaseHTTPMiddleware):\n"
        "    async def dispatch(self, request, call_next):\n"
        "        response = await call_next(request)\n"
        "        log(current_user.get(None))  # always None\n"
        "        return response",
        "class Audit:  # plain ASGI: the same task, the same context\n"
        "    async def __call__(self, scope, receive, send):\n"
        "        await self.app(scope, receive, send)\n"
        "        log(current_user.get(None))",
    ),
    "MW009": Told(
        "The id that finds a request in the logs is missing on just the response that somebody will ask about.",
        "https://github.com/snok/asgi-correlation-id/issues/19",
        "app.add_middleware(CorrelationIdMiddleware)  # a 500 comes from outside",
        "app = CorrelationIdMiddleware(app)  # around the whole app\n\n"
        "# or a layer inside of it that catches exceptions and answers",
    ),
    "MW010": Told(
        "Handlers of HTTPException stand inside of all middleware: raised there it is an unhandled exception.",
        f"{_FASTAPI}1125",
        '@app.middleware("http")\nasync def guard(request, call_next):\n    raise HTTPException(401)  # 500',
        '@app.middleware("http")\nasync def guard(request, call_next):\n    return JSONResponse({}, status_code=401)',
    ),
    "MW011": Told(
        "Whoever relies on the layer leaves the websocket open to everybody, unless its endpoint checks who is there.",
        "https://github.com/headroomlabs-ai/headroom/issues/3281",
        "class AuthMiddleware(BaseHTTPMiddleware):  # sees no websocket\n"
        "    async def dispatch(self, request, call_next):\n"
        "        return JSONResponse({}, 401)",
        "class AuthMiddleware:\n"
        "    async def __call__(self, scope, receive, send):\n"
        '        if scope["type"] in ("http", "websocket"):\n'
        "            ...",
    ),
    "MW012": Told(
        "Behind a proxy that ends TLS every request is redirected to where it came from: the browser gives up.",
        f"{_STARLETTE}692",
        "app.add_middleware(ProxyHeadersMiddleware)\napp.add_middleware(HTTPSRedirectMiddleware)",
        "app.add_middleware(HTTPSRedirectMiddleware)\napp.add_middleware(ProxyHeadersMiddleware)",
    ),
    "MW013": Told(
        "No browser follows a redirect of a preflight: a page that asks by HTTP gets a CORS error, not the redirect.",
        "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
        "app.add_middleware(CORSMiddleware, allow_origins=ORIGINS)\napp.add_middleware(HTTPSRedirectMiddleware)",
        "app.add_middleware(HTTPSRedirectMiddleware)\napp.add_middleware(CORSMiddleware, allow_origins=ORIGINS)",
    ),
    "MW014": Told(
        "The work is done twice, headers are written twice, and of two sessions the outer one is never seen.",
        "https://github.com/smithyhq/sqladmin/issues/849",
        "app.add_middleware(SessionMiddleware, secret_key=KEY)\n"
        'app.mount("/admin", admin)  # which has a SessionMiddleware of its own',
        "Keep the one that stands where it is needed.",
    ),
    "MW015": Told(
        "Scanners report such responses; a browser reads none of these headers on a preflight.",
        "https://github.com/linagora/openrag/issues/620",
        "app.add_middleware(SecurityHeadersMiddleware)\napp.add_middleware(CORSMiddleware, allow_origins=ORIGINS)",
        "app.add_middleware(CORSMiddleware, allow_origins=ORIGINS)\napp.add_middleware(SecurityHeadersMiddleware)",
    ),
    "MW016": Told(
        "Starlette builds the stack before the lifespan begins, and refuses to change it then.",
        "https://github.com/trallnag/prometheus-fastapi-instrumentator/issues/214",
        "@asynccontextmanager\nasync def lifespan(app):\n    app.add_middleware(Timing)  # RuntimeError\n    yield",
        "app = FastAPI(lifespan=lifespan)\napp.add_middleware(Timing)",
    ),
    "MW017": Told(
        "A server sends the lifespan to the outermost app, and Starlette hands it to no mounted one: what the latter "
        "opens at startup, as a pool of connections, is missing at its first request.",
        f"{_STARLETTE}649",
        'app = FastAPI()\napp.mount("/api", FastAPI(lifespan=connected))  # connected is never entered',
        "@asynccontextmanager\nasync def lifespan(app):\n"
        "    async with api.router.lifespan_context(api):\n        yield\n\n\n"
        'app = FastAPI(lifespan=lifespan)\napp.mount("/api", api)',
    ),
    "MW018": Told(
        "A layer meets websockets and the lifespan as well as HTTP, and has to hand on what it does not know.",
        "https://github.com/frankie567/starlette-csrf/issues/14",
        "async def __call__(self, scope, receive, send):\n    request = Request(scope)  # asserts that this is HTTP",
        "async def __call__(self, scope, receive, send):\n"
        '    if scope["type"] != "http":\n'
        "        return await self.app(scope, receive, send)",
    ),
    "MW019": Told(
        "The records of the outer layer cannot be found by the request's id, and often no others tell of a request.",
        "https://github.com/snok/asgi-correlation-id/issues/35",
        "app.add_middleware(CorrelationIdMiddleware)\napp.add_middleware(AccessLogMiddleware)  # outermost: logs no id",
        "app.add_middleware(AccessLogMiddleware)\napp.add_middleware(CorrelationIdMiddleware)",
    ),
    "MW020": Told(
        "Behind a proxy the address of every connection is the proxy's: outside of the layer that reads who the client "
        "is, one limit counts for all of them, and a list of addresses lets everybody in, or nobody. Unless a layer "
        "answered two clients differently, its name alone tells that it goes by the address: so the rule is off by "
        "default.",
        "https://github.com/aprin-labs/archimedes/issues/908",
        "app.add_middleware(ProxyHeadersMiddleware)\napp.add_middleware(RateLimitMiddleware)  # counts the proxy alone",
        "app.add_middleware(RateLimitMiddleware)\napp.add_middleware(ProxyHeadersMiddleware)",
    ),
    "MW021": Told(
        "A page of another origin cannot tell a file that is too large from a broken network.",
        "https://fetch.spec.whatwg.org/#http-cors-protocol",
        "app = FastAPI(max_body_size=1_000_000)  # its 413 comes from outside\n"
        "app.add_middleware(CORSMiddleware, allow_origins=ORIGINS)",
        "Let the page check the size before it sends,\nor limit bodies inside of CORS, too.",
    ),
    "MW022": Told(
        "Whoever reads app.user_middleware, or counts on its order, does not see all that a request passes.",
        "https://github.com/open-telemetry/opentelemetry-python-contrib/issues/795",
        "FastAPIInstrumentor.instrument_app(app)  # changes the built stack",
        "Nothing is to be mended: `mwviz show` shows where it stands.",
    ),
    "MW023": Told(
        "Whoever reads the list first, and then the calls below it, takes the last line for the innermost layer: it is "
        "the outermost of all, outside of the list, too.",
        f"{_STARLETTE}1490",
        "app = FastAPI(middleware=[Middleware(A), Middleware(B)])\n"
        "app.add_middleware(C)\n"
        "app.add_middleware(D)  # D > C > A > B",
        "app = FastAPI(\n    middleware=[Middleware(D), Middleware(C), Middleware(A), Middleware(B)]\n)",
    ),
    "MW024": Told(
        "A server refuses the second start, or answers 500 itself: what the client gets depends on the server.",
        "https://github.com/modelcontextprotocol/python-sdk/issues/883",
        "async def __call__(self, scope, receive, send):\n"
        "    await self.app(scope, receive, send)\n"
        "    await JSONResponse({})(scope, receive, send)  # a second response",
        "async def __call__(self, scope, receive, send):\n    await self.app(scope, receive, send)",
    ),
    "MW025": Told(
        "A call of the app ends when background tasks have run, and exits of dependencies with them (FastAPI before "
        "0.106, and since 0.118): times that are taken then tell more than a client waits for, and differ from those "
        "of a BaseHTTPMiddleware, which goes on at the start of the response. That a layer measures, its name alone "
        "tells, and nothing tells until when: so the rule is off by default.",
        "https://github.com/Kludex/asgi-logger/issues/29",
        "async def __call__(self, scope, receive, send):\n"
        "    start = perf_counter()\n"
        "    await self.app(scope, receive, send)\n"
        "    report(perf_counter() - start)  # with all background tasks",
        "async def __call__(self, scope, receive, send):\n"
        "    start = ended = perf_counter()\n\n"
        "    async def timed(message):\n"
        "        nonlocal ended\n"
        "        await send(message)\n"
        "        ended = perf_counter()\n\n"
        "    await self.app(scope, receive, timed)\n"
        "    report(ended - start)",
    ),
    "MW026": Told(
        "A browser shows a script of another origin only a few plain headers, and those that are exposed to it.",
        "https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name",
        "app.add_middleware(CORSMiddleware, allow_origins=ORIGINS)\n\n\n"
        '@app.middleware("http")\nasync def add_process_time(request, call_next):\n'
        "    response = await call_next(request)\n"
        '    response.headers["X-Process-Time"] = "0.001"  # no page can read it\n'
        "    return response",
        'app.add_middleware(\n    CORSMiddleware, allow_origins=ORIGINS,\n    expose_headers=["X-Process-Time"],\n)',
    ),
}
