"""Classes and layers behind transparent proxies, as agents put them there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import mwviz
from mwviz.collect.proxied import behind
from mwviz.collect.suite.watch import SuiteWatch
from tests.collect.test_suite import call


class Proxy:
    """What wrapt's look like to Python: a class of its own, and everything else another's."""

    def __init__(self, wrapped: Any) -> None:
        object.__setattr__(self, "_self_wrapped", wrapped)

    @property
    def __wrapped__(self) -> Any:
        return object.__getattribute__(self, "_self_wrapped")

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return self.__wrapped__.__class__  # type: ignore[no-any-return]

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        return vars(self.__wrapped__)  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.__wrapped__, name, value)

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.__wrapped__(*args, **options)


class Agent(Proxy):
    """As New Relic's: what a class makes is behind a proxy, too."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        return Proxy(self.__wrapped__(*args, **options))


class Watching(Starlette):
    """Wraps every layer that is registered, as New Relic's does."""

    def add_middleware(self, middleware_class: Any, *args: Any, **options: Any) -> None:
        super().add_middleware(Agent(middleware_class), *args, **options)


async def timing(request: Any, call_next: Any) -> Any:
    response = await call_next(request)
    response.headers["x-time"] = "1"
    return response


def stacked(app: Starlette) -> Starlette:
    app.add_middleware(GZipMiddleware, minimum_size=100)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["shop.example"])
    app.add_middleware(BaseHTTPMiddleware, dispatch=timing)
    return app


def test_a_stack_behind_proxies_is_told_as_the_one_without() -> None:
    plain, watched = (mwviz.trace(stacked(app)) for app in (Starlette(), Watching()))

    def told(trace: mwviz.Trace) -> list[tuple[object, ...]]:
        return [
            (each.label, each.qualified_name, each.kind, each.origin, each.arguments, each.defined_at)
            for each in trace.layers
        ]

    assert told(watched) == told(plain)
    assert [layer.label for layer in plain.layers][1:4] == ["timing", "TrustedHostMiddleware", "GZipMiddleware"]
    assert watched.request_order == plain.request_order
    assert watched.response_order == plain.response_order
    assert watched.response == plain.response  # the Host that TrustedHostMiddleware accepts was found
    assert watched.probe.headers == plain.probe.headers


def test_an_entry_of_a_list_may_be_behind_a_proxy() -> None:
    app = Starlette(middleware=[Middleware(Agent(GZipMiddleware))])
    assert [(layer.label, layer.kind, layer.origin) for layer in mwviz.inspect(app).layers][1] == (
        "GZipMiddleware",
        "asgi",
        "user",
    )


class Empty(Proxy):
    """A local proxy that stands for nothing at present."""

    @property
    def __wrapped__(self) -> Any:
        raise RuntimeError("unbound")


def test_what_stands_for_nothing_or_for_itself_is_left_as_it_is() -> None:
    empty, looped = Empty(None), Proxy(None)
    object.__setattr__(looped, "_self_wrapped", looped)

    assert behind(empty) is empty
    assert behind(looped) is looped
    assert behind(Proxy(Proxy(timing))) is timing
    assert behind(timing) is timing


class Lazy(Empty):
    """Makes what it stands for on the first question."""

    __factory__ = None


def test_a_lazy_object_is_not_woken() -> None:
    asked: list[object] = []
    lazy = Lazy(None)
    Lazy.__wrapped__ = property(asked.append)  # type: ignore[assignment, method-assign]

    assert behind(lazy) is lazy
    assert not asked


def test_proxies_of_wrapt_are_looked_behind() -> None:
    wrapt = pytest.importorskip("wrapt")

    def calling(wrapped: Any, instance: object, args: Any, options: Any) -> Any:
        return wrapped(*args, **options)

    assert behind(wrapt.FunctionWrapper(GZipMiddleware, calling)) is GZipMiddleware
    assert behind(wrapt.ObjectProxy(timing)) is timing


class Traced:
    """A method as Datadog and New Relic wrap it: bound by the attribute, and told of the instance apart."""

    def __init__(self, method: Any, seen: list[str]) -> None:
        self.method, self.seen = method, seen

    def __get__(self, instance: object, owner: type) -> Any:
        def call(*args: Any) -> Any:
            assert all(type(each) is not type(instance) for each in args), "the instance is no argument"
            self.seen.append(self.method.__qualname__)
            return self.method.__get__(instance, owner)(*args)

        return call if instance is not None else self

    def __call__(self, *args: Any) -> Any:
        raise AssertionError(f"called without an instance, with {args}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.method, name)


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was called of the methods that agents wrap."""
    seen: list[str] = []
    for cls, name in (
        (Starlette, "__call__"),
        (Starlette, "build_middleware_stack"),
        (Route, "handle"),
        (Mount, "handle"),
        (BackgroundTask, "__call__"),
    ):
        monkeypatch.setattr(cls, name, Traced(vars(cls)[name], seen))
    return seen


async def home(request: Any) -> Any:
    return PlainTextResponse("home", background=BackgroundTask(print, end=""))


def mounted() -> Starlette:
    return Starlette(routes=[Mount("/shop", app=Starlette(routes=[Route("/home", home)]))])


def test_methods_that_an_agent_wraps_are_called_as_methods(traced: list[str]) -> None:
    trace = mwviz.trace(mounted(), "/shop/home", lifespan=False)

    assert trace.error is None
    assert trace.response is not None
    assert trace.response.status == 200
    assert trace.endpoint is not None
    assert trace.endpoint.name == "home"
    assert [each for each in traced if "build" not in each] == [
        "Starlette.__call__",
        "Mount.handle",
        "Starlette.__call__",
        "Route.handle",
        "BackgroundTask.__call__",
    ]


def test_a_suite_is_watched_through_methods_that_an_agent_wraps(traced: list[str]) -> None:
    watch = SuiteWatch(Path.cwd())
    watch.start()
    try:
        sent = asyncio.run(call(mounted(), path="/shop/home"))
    finally:
        watch.stop()

    assert sent[0]["status"] == 200
    assert [app.name for app in watch.told().apps] == ["Starlette"]
    assert watch.told().problems == ()
    assert "Route.handle" in traced
