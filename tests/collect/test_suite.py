"""Watching the requests of a suite, in this process: what is counted, and what is left behind."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import mwviz
from mwviz.collect.suite.watch import SuiteWatch
from mwviz.model import Place
from mwviz.model.suite import Suite


class Outer:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class Inner(Outer):
    pass


class Twice(Outer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def quiet(message: Any) -> None:
            await asyncio.sleep(0)

        await self.app(scope, receive, quiet)
        await self.app(scope, receive, send)


class Hanging(Outer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)


class OwnCall(Starlette):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await super().__call__(scope, receive, send)

    def build_middleware_stack(self) -> Any:
        return Outer(super().build_middleware_stack())


async def home(request: Any) -> PlainTextResponse:
    return PlainTextResponse("home")


def made(*layers: Any, cls: type[Starlette] = Starlette) -> Starlette:
    return cls(routes=[Route("/", home)], middleware=[Middleware(layer) for layer in layers])


async def call(app: Any, kind: str = "http", **more: Any) -> list[Any]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup" if kind == "lifespan" else "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": kind, "asgi": {"version": "3.0"}, "path": "/", "root_path": "", "headers": [], "method": "GET"}
    await app({**scope, "query_string": b"", **more}, receive, send)
    return sent


@pytest.fixture
def watch() -> Iterator[SuiteWatch]:
    watch = SuiteWatch(Path(__file__).parent)
    watch.start()
    yield watch
    watch.stop()


def orders(suite: Suite) -> list[tuple[str, list[tuple[str, int]]]]:
    """The own layers of each order, with who took it, per app."""
    assert suite.problems == ()
    told = []
    for app in suite.apps:
        own = [
            (" > ".join(app.layers[at].label for at in way.order if app.layers[at].origin != "framework"), way.requests)
            for way in app.ways
        ]
        told.append((app.name, own))
    return told


def test_what_was_patched_and_put_in_is_taken_back() -> None:
    before = dict(vars(Starlette))
    finders = list(sys.meta_path)
    init = Middleware.__init__
    app = made(Outer, Inner)
    watch = SuiteWatch(Path.cwd())
    watch.start()
    assert vars(Starlette)["__call__"] is not before["__call__"]
    asyncio.run(call(app))
    watched = app.middleware_stack
    watch.stop()
    watch.stop()
    assert dict(vars(Starlette)) == before
    assert sys.meta_path == finders
    assert Middleware.__init__ is init
    assert app.middleware_stack is not watched
    assert type(app.middleware_stack).__name__ == "ServerErrorMiddleware"
    asyncio.run(call(app))
    assert watch.told().requests == 1


def test_the_answer_is_the_apps_own(watch: SuiteWatch) -> None:
    (start, body) = asyncio.run(call(made(Outer)))
    assert (start["status"], body["body"]) == (200, b"home")


def test_an_app_that_is_dropped_is_not_kept_alive(watch: SuiteWatch) -> None:
    app = made(Outer, Inner)
    asyncio.run(call(app))
    gone = weakref.ref(app)
    del app
    gc.collect()
    assert gone() is None
    assert orders(watch.told()) == [("Starlette", [("Outer > Inner", 1)])]


def test_apps_of_the_same_layers_are_told_as_one(watch: SuiteWatch) -> None:
    for _ in range(5):
        asyncio.run(call(made(Outer, Inner)))
    asyncio.run(call(made(Inner, Outer)))
    told = watch.told()
    assert [(app.stacks, app.requests) for app in told.apps] == [(5, 5), (1, 1)]
    assert orders(told) == [("Starlette", [("Outer > Inner", 5)]), ("Starlette", [("Inner > Outer", 1)])]


def test_the_first_requests_may_come_from_many_threads_at_once(watch: SuiteWatch) -> None:
    app, barrier = made(Outer, Inner), threading.Barrier(8)

    def work() -> None:
        async def several() -> None:
            await asyncio.gather(*(call(app) for _ in range(25)))

        barrier.wait()
        asyncio.run(several())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = watch.told()
    assert (told.requests, told.unfinished) == (200, 0)
    assert orders(told) == [("Starlette", [("Outer > Inner", 200)])]


def test_a_layer_counts_once_in_an_order(watch: SuiteWatch) -> None:
    asyncio.run(call(made(Twice, Inner)))
    assert orders(watch.told()) == [("Starlette", [("Twice > Inner", 1)])]


def test_lifespans_and_probes_are_no_requests(watch: SuiteWatch) -> None:
    app = made(Outer)
    mwviz.trace(app)
    mwviz.inspect(app)
    assert watch.told().requests == 0
    asyncio.run(call(app))
    assert mwviz.trace(app).request_order
    assert watch.told().requests == 1


def test_a_stack_that_stood_before_is_watched(watch: SuiteWatch) -> None:
    watch.stop()
    app = made(Outer, Inner)
    asyncio.run(call(app))
    later = SuiteWatch(Path(__file__).parent)
    later.start()
    asyncio.run(call(app))
    told = later.told()
    later.stop()
    assert orders(told) == [("Starlette", [("Outer > Inner", 1)])]


def test_a_request_that_hangs_or_raises_is_counted(watch: SuiteWatch) -> None:
    async def hang() -> None:
        task = asyncio.ensure_future(call(made(Outer, Hanging, Inner)))
        await asyncio.sleep(0.05)
        assert watch.told().unfinished == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def fail(request: Any) -> None:
        raise LookupError("from the handler")

    asyncio.run(hang())
    app = Starlette(routes=[Route("/", fail)], middleware=[Middleware(Outer)])
    with pytest.raises(LookupError, match="from the handler"):
        asyncio.run(call(app))
    told = watch.told()
    assert (told.requests, told.unfinished) == (2, 0)
    assert orders(told) == [("Starlette", [("Outer > Hanging", 1)]), ("Starlette", [("Outer", 1)])]
    assert [told.apps[0].layers[at].label for at in told.apps[0].never_reached] == ["Inner", "ExceptionMiddleware"]


def test_a_request_that_a_handler_sends_is_one_of_its_own(watch: SuiteWatch) -> None:
    inner = made(Inner)

    async def relay(request: Any) -> PlainTextResponse:
        return PlainTextResponse(str(len(await call(inner))))

    asyncio.run(call(Starlette(routes=[Route("/", relay)], middleware=[Middleware(Outer)])))
    told = watch.told()
    assert told.requests == 2
    assert sorted(orders(told)) == [("Starlette", [("Inner", 1)]), ("Starlette", [("Outer", 1)])]


def test_a_subclass_may_override_what_is_patched(watch: SuiteWatch) -> None:
    asyncio.run(call(made(Inner, cls=OwnCall)))
    assert orders(watch.told()) == [("OwnCall", [("Outer > Inner", 1)])]


def test_what_opentelemetry_injects_is_told(watch: SuiteWatch) -> None:
    otel = pytest.importorskip("opentelemetry.instrumentation.fastapi")
    fastapi = pytest.importorskip("fastapi")
    app = fastapi.FastAPI(middleware=[Middleware(Outer)])
    otel.FastAPIInstrumentor.instrument_app(app)
    asyncio.run(call(app, scheme="http", server=("testserver", 80), client=("127.0.0.1", 1), http_version="1.1"))
    ((name, ((order, requests),)),) = orders(watch.told())
    assert (name, requests) == ("FastAPI", 1)
    assert "OpenTelemetryMiddleware" in order
    assert order.endswith("Outer")


def test_the_app_is_called_as_the_module_that_keeps_it(watch: SuiteWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    app = made(Outer)
    for name in ("kept_shop.main", "kept_shop", "test_kept_shop"):
        module = type(sys)(name)
        monkeypatch.setattr(module, "app", app, raising=False)
        monkeypatch.setitem(sys.modules, name, module)
    asyncio.run(call(app))
    assert [each.name for each in watch.told().apps] == ["kept_shop.main:app"]


def test_where_a_layer_was_registered_is_told(watch: SuiteWatch) -> None:
    asyncio.run(call(made(Outer)))
    (app,) = watch.told().apps
    outer = next(layer for layer in app.layers if layer.name == "Outer")
    line = made.__code__.co_firstlineno + 1
    assert outer.registered_at == Place("test_suite.py", line)
    assert outer.defined_at is not None
