"""`trace=True`: every route probed with a stand-in endpoint, and held against the listing."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import CONVERTOR_TYPES, StringConvertor
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route, Router

import mwviz
from mwviz.model.routes import RouteChain
from tests.collect.behaviours import Answers, Inner, Outer
from tests.collect.routed_apps import CASES, Page, app, foreign, home, other


def observed(application: object, **options: Any) -> tuple[list[tuple[str, bool | None]], tuple[str, ...]]:
    routes = mwviz.routes(application, trace=True, **options)
    return [(chain.path, chain.agrees) for chain in routes.routes], routes.notes


def test_routes_agree_with_their_probes() -> None:
    handled: list[str] = []

    async def handler(request: Request) -> Response:
        handled.append(request.url.path)
        return PlainTextResponse("")

    application = app(
        Route("/", handler),
        Route("/{a}/x/{b:int}/{c:float}/{d:uuid}", handler, methods=["DELETE"]),
        Route("/page/{rest:path}", Page),
        middleware=(Outer, Inner),
    )
    routes = mwviz.routes(application, trace=True)

    assert [chain.agrees for chain in routes.routes] == [True, True, True]
    assert all(chain.observed == chain.layers for chain in routes.routes)
    assert routes.notes == ()
    assert handled == []


def test_nothing_is_sent_unless_asked_for() -> None:
    (chain,) = mwviz.routes(app(Route("/", home))).routes

    assert (chain.observed, chain.agrees) == (None, None)


def test_a_route_behind_another_one_is_told() -> None:
    found, notes = observed(app(Route("/{name}", home), Route("/me", other), Route("/{name}", other, methods=["POST"])))

    assert found == [("/{name}", True), ("/me", False), ("/{name}", True)]
    assert notes == ("Another route comes first (home): GET /me.",)


def test_each_route_tells_why_its_probe_did_not_agree() -> None:
    application = app(Route("/{name}", home), Route("/me", other))
    application.router.default = foreign
    routes = mwviz.routes(application, trace=True).routes

    expected = [None, "Another route comes first (home)", "What a router falls back to is not probed"]
    assert [chain.doubt for chain in routes] == expected


def test_a_route_for_head_and_post_is_probed_with_post() -> None:
    found, notes = observed(app(Route("/", home), Route("/", other, methods=["HEAD", "POST"])))

    assert found == [("/", True), ("/", True)]
    assert notes == ()


def test_a_layer_that_answers_leaves_it_open() -> None:
    routes = mwviz.routes(app(Route("/", home), Route("/x", home), middleware=(Outer, Answers, Inner)), trace=True)

    assert [chain.agrees for chain in routes.routes] == [None, None]
    assert [chain.observed for chain in routes.routes] == [("ServerErrorMiddleware", "Outer", "Answers")] * 2
    assert routes.notes == ("Answers answered before the route was reached: GET /, GET /x.",)


def test_a_layer_that_sends_requests_elsewhere_is_found_out() -> None:
    class Rewrites(Outer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await self.app({**scope, "path": "/nowhere"}, receive, send)

    found, notes = observed(app(Route("/", home), middleware=(Rewrites,)))

    assert found == [("/", False)]
    assert notes == ("The router refused what is listed: GET /.",)


def test_a_stack_that_a_request_changes_is_found_out() -> None:
    class Skips(Outer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await self.app.app(scope, receive, send)  # type: ignore[attr-defined]

    found, notes = observed(app(Route("/", home), middleware=(Skips, Inner)))

    assert found == [("/", False)]
    assert notes == ("The request passed other layers than are listed (not Inner): GET /.",)


def test_what_is_not_probed_is_told() -> None:
    application = app(*(Route(f"/{number}", home) for number in range(5)))
    application.router.default = foreign
    found, notes = observed(application)

    assert [agrees for _, agrees in found] == [True] * 5 + [None]
    assert notes == ("What a router falls back to is not probed: GET /*.",)


def test_a_parameter_that_takes_none_of_the_examples_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Code(StringConvertor):
        regex = "[A-Z]{7}"

    monkeypatch.setitem(CONVERTOR_TYPES, "code", Code())
    found, notes = observed(app(Route("/{code:code}", home), Route("/{other}", home)))

    assert found == [("/{code:code}", None), ("/{other}", True)]
    assert notes == ("No example fits the parameters of its path: GET /{code:code}.",)


def test_only_the_selected_routes_are_probed() -> None:
    seen: list[str] = []

    class Notes(Outer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            seen.append(scope["path"])
            await self.app(scope, receive, send)

    found, _ = observed(app(Route("/a", home), Route("/b", home), middleware=(Notes,)), path="/b")

    assert found == [("/b", True)]
    assert seen == ["/b"]


@pytest.mark.parametrize(("make", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_every_kind_of_route_agrees_with_its_probe(make: Callable[[], Any], expected: list[str]) -> None:
    routes = mwviz.routes(make(), trace=True)

    probed = [chain for chain in routes.routes if not _is_cut_off(chain)]
    assert {chain.path: chain.agrees for chain in probed} == {chain.path: True for chain in probed}


def _is_cut_off(chain: RouteChain) -> bool:
    # What a router falls back to has no path of its own, and an app in itself is one that was seen already.
    return chain.opaque and chain.path in ("/in/*", "/again/*")


def test_a_host_gets_its_header() -> None:
    hosted = Host("{tenant}.example.com", Router([Route("/x", home)]))

    assert observed(app(hosted, Route("/x", other)))[0] == [("/x", True), ("/x", True)]


def test_a_route_that_hangs_is_left() -> None:
    class Hangs(Outer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await asyncio.sleep(60)

    found, notes = observed(app(Route("/", home), middleware=(Hangs,)), timeout=0.2)

    assert found == [("/", None)]
    assert notes == ("The probe ended with Timeout: GET /.",)


def test_each_layer_is_constructed_once_for_all_probes() -> None:
    class Registers(Outer):
        taken: ClassVar[list[str]] = []

        def __init__(self, app: Any) -> None:
            if self.taken:
                raise ValueError("Duplicated timeseries in CollectorRegistry")
            self.taken.append("requests_total")
            super().__init__(app)

    class Mounted(Registers):
        taken: ClassVar[list[str]] = []

    inner = app(Route("/b", home), Route("/c", other), middleware=(Inner, Mounted))
    routes = mwviz.routes(
        app(Route("/a", home), Mount("/in", inner), Route("/d", home), middleware=(Registers, Outer)), trace=True
    )

    assert [(chain.path, chain.agrees) for chain in routes.routes] == [
        ("/a", True), ("/in/b", True), ("/in/c", True), ("/d", True)
    ]  # fmt: skip
    assert [chain.doubt for chain in routes.routes] == [None] * 4


def test_a_layer_that_counts_requests_is_not_worn_out_by_the_probes() -> None:
    class Limits(Outer):
        left = 2

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            self.left -= 1
            await (self.app if self.left >= 0 else PlainTextResponse("", 429))(scope, receive, send)

    found, notes = observed(app(*(Route(f"/{number}", home) for number in range(7)), middleware=(Limits,)))

    assert [agrees for _, agrees in found] == [True] * 7
    assert notes == ()


def test_a_layer_that_answers_is_not_asked_twice_for_every_route() -> None:
    sent: list[str] = []

    class Refuses(Outer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            sent.append(scope["path"])
            await PlainTextResponse("", 401)(scope, receive, send)

    found, _ = observed(app(*(Route(f"/{number}", home) for number in range(5)), middleware=(Refuses,)))

    assert [agrees for _, agrees in found] == [None] * 5
    assert len(sent) == 6


def test_a_layer_that_lives_on_its_loop_serves_all_probes() -> None:
    class Works(Outer):
        """Hands each request to a task that the first one started."""

        queue: asyncio.Queue[Any] | None = None

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if self.queue is None:
                self.queue = asyncio.Queue()
                self.worker = asyncio.ensure_future(self.work(self.queue))
            over = asyncio.get_running_loop().create_future()
            await self.queue.put((self.app(scope, receive, send), over))
            await over

        async def work(self, queue: asyncio.Queue[Any]) -> None:
            while True:
                call, over = await queue.get()
                over.set_result(await call)

    found, notes = observed(app(Route("/a", home), Route("/b", home), middleware=(Works,)), timeout=2)

    assert found == [("/a", True), ("/b", True)]
    assert notes == ()


def test_a_probe_that_cannot_be_interrupted_is_left_behind() -> None:
    release = threading.Event()

    class Blocks(Outer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            while scope["path"] == "/b" and not release.is_set():
                with suppress(BaseException):  # nothing interrupts it
                    release.wait(0.05)
            await self.app(scope, receive, send)

    try:
        found, notes = observed(
            app(*(Route(path, home) for path in ("/a", "/b", "/c")), middleware=(Blocks,)), timeout=0.5
        )
    finally:
        release.set()

    assert found == [("/a", True), ("/b", None), ("/c", True)]
    assert notes == ("The probe ended with Timeout: GET /b.",)


def test_a_layer_that_raises_is_not_said_to_answer() -> None:
    class Raises(Outer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            raise LookupError("no session manager")

    found, notes = observed(app(Route("/", home), middleware=(Raises,)))

    assert found == [("/", None)]
    assert notes == ("Raises raised LookupError before the route was reached: GET /.",)


def test_probes_carry_the_headers_that_are_given() -> None:
    class Knocks(Outer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if (b"x-key", b"1") in scope["headers"] and (b"host", b"localhost") in scope["headers"]:
                await self.app(scope, receive, send)
            else:
                await PlainTextResponse("", 401)(scope, receive, send)

    application = app(Route("/", home), middleware=(Knocks,))

    assert observed(application)[0] == [("/", None)]
    assert observed(application, headers={"X-Key": "1", "host": "localhost"})[0] == [("/", True)]


def test_the_host_of_a_route_goes_before_a_given_one() -> None:
    hosted = Host("api.example.com", Router([Route("/x", home)]))

    assert observed(app(hosted), headers=[("Host", "localhost")])[0] == [("/x", True)]


@pytest.mark.parametrize("options", [{"timeout": 0}, {"headers": [("no name", "1")]}])
def test_nonsense_is_told_once(options: dict[str, Any]) -> None:
    with pytest.raises(mwviz.MwvizError):
        mwviz.routes(app(Route("/", home)), trace=True, **options)


def test_a_mounted_app_that_overrides_its_call_has_one_name() -> None:
    class Versioned(Starlette):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await super().__call__(scope, receive, send)

    class WithDocs(Versioned):
        pass

    routes = mwviz.routes(app(Mount("/in", WithDocs(routes=[Route("/x", home)]))), trace=True).routes

    assert [(chain.path, chain.agrees) for chain in routes] == [("/in/x", True)]
    assert "Versioned" in routes[0].layers


def of_its_own(handler: Any) -> Any:
    """Starlette's `request_response`, as apps copy it."""
    threaded: Any = run_in_threadpool
    in_thread = functools.partial(threaded, handler)
    call = handler if inspect.iscoroutinefunction(handler) else in_thread

    async def adapted(scope: Any, receive: Any, send: Any) -> None:
        response = await call(Request(scope, receive, send))
        await response(scope, receive, send)

    return adapted


def in_a_thread(request: Request) -> Response:
    return PlainTextResponse("in a thread")


@pytest.mark.parametrize("handler", [home, in_a_thread])
@pytest.mark.parametrize("around", [lambda inner: inner, Inner])
def test_handlers_behind_an_adapter_of_the_users_are_called_as_ever(handler: Any, around: Any) -> None:
    route = Route("/x", handler)
    route.app = around(of_its_own(handler))
    application = app(route, middleware=(Outer,))

    trace = mwviz.trace(application, "/x")
    (chain,) = mwviz.routes(application, trace=True).routes

    assert (trace.error, trace.response and trace.response.status, trace.answered_by) == (None, 200, "endpoint")
    assert (chain.agrees, chain.doubt) == (True, None)
    assert [layer.label for layer in trace.layers] == list(chain.layers)
