"""MW017: a mounted app's lifespan that nobody runs, and all the ways in which somebody may."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from starlette import routing
from starlette.applications import Starlette
from starlette.routing import Mount, Router

from mwviz.model.findings import Findings
from tests.linting.test_rules import judged

#: Starlette 0.14 iterates over a lifespan, newer ones enter it.
MODERN = hasattr(routing, "_DefaultLifespan")


class Pool:
    """Counts how often it is open."""

    def __init__(self) -> None:
        self.opened = 0

    async def open(self) -> None:
        self.opened += 1

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        await self.open()
        yield


def lifespan(function: Callable[[Any], AsyncIterator[None]]) -> Any:
    return asynccontextmanager(function) if MODERN else function


async def connect(app: Any) -> AsyncIterator[None]:
    yield


def sub(**given: Any) -> Starlette:
    return Starlette(**given)


def around(inner: Any, function: Any = None, path: str = "/sub") -> Starlette:
    given = {} if function is None else {"lifespan": lifespan(function)}
    return Starlette(routes=[Mount(path, inner)], **given)


def entered(inner: Any) -> Any:
    """What runs the lifespan of a mounted app, as is usual."""

    async def run(app: Any) -> AsyncIterator[None]:
        if MODERN:
            async with inner.router.lifespan_context(inner):
                yield
        else:
            async for _ in inner.router.lifespan_context(inner):
                yield

    return run


def found(subject: Any, **options: Any) -> Findings:
    return judged(subject, "MW017", **{"lifespan": True, **options})


def told(subject: Any) -> list[str]:
    return [each.message.partition(" has a")[0] for each in found(subject).findings]


def test_a_lifespan_that_nobody_runs_is_told_with_its_place() -> None:
    (finding,) = found(around(sub(lifespan=lifespan(connect)))).findings
    assert (finding.code, finding.severity, finding.layers) == ("MW017", "warning", ())
    assert finding.message == (
        "The app mounted at /sub has a lifespan of its own, which nobody runs: connect is not called."
    )
    assert finding.place is not None
    assert (finding.place.file, finding.place.line) == (
        "tests/linting/test_lifespans.py", connect.__code__.co_firstlineno
    )  # fmt: skip


class Log:
    def info(self, text: str) -> None: ...


def test_the_parents_own_startup_does_not_hide_it() -> None:
    log = Log()

    async def inner(app: Any) -> AsyncIterator[None]:
        log.info("the mounted one")
        yield

    async def outer(app: Any) -> AsyncIterator[None]:
        log.info("the one around it")
        yield

    assert told(around(sub(lifespan=lifespan(inner)), outer)) == ["The app mounted at /sub"]


def test_a_mounted_app_is_found_however_deep_it_is() -> None:
    inner = around(sub(lifespan=lifespan(connect)), path="/in")
    assert told(around(inner, path="/out")) == ["The app mounted at /out/in"]


@pytest.mark.skipif(not MODERN, reason="Starlette 0.14 takes no such callables")
def test_a_class_and_a_partial_are_lifespans_too() -> None:
    class Held:
        def __init__(self, app: Any) -> None: ...

        async def __aenter__(self) -> None: ...

        async def __aexit__(self, *error: object) -> None: ...

    async def named(app: Any, name: str) -> AsyncIterator[None]:
        yield

    assert told(around(sub(lifespan=Held))) == ["The app mounted at /sub"]
    assert told(around(sub(lifespan=partial(asynccontextmanager(named), name="a")))) == ["The app mounted at /sub"]
    inner = sub(lifespan=Held)
    assert told(around(inner, entered(inner))) == []


def test_a_handler_of_the_startup_is_a_lifespan_too() -> None:
    inner, other = fastapi_app(), fastapi_app()
    ran: list[str] = []

    async def prepare() -> None:
        ran.append("prepared")

    for each in (inner, other):
        each.router.on_startup.append(prepare)
    assert told(around(inner)) == ["The app mounted at /sub"]
    assert ran == []
    assert told(around(other, entered(other))) == []
    assert ran == ["prepared"]


def fastapi_app(**given: Any) -> Any:
    return pytest.importorskip("fastapi").FastAPI(**given)


def including() -> Any:
    """Newer FastAPI makes one lifespan of the app's and the router's: of two that do nothing, too."""
    app = fastapi_app()
    app.include_router(pytest.importorskip("fastapi").APIRouter())
    return app


def test_an_included_router_is_no_mounted_app() -> None:
    router = pytest.importorskip("fastapi").APIRouter(lifespan=lifespan(connect)) if MODERN else None
    app = fastapi_app()
    if router is not None:
        app.include_router(router)
    assert told(app) == []


def test_what_an_included_router_brings_is_the_apps() -> None:
    routing = pytest.importorskip("fastapi.routing")
    if not hasattr(routing, "_merge_lifespan_context"):
        pytest.skip("this FastAPI drops the lifespan of an included router")
    inner, other = fastapi_app(), fastapi_app()
    for each in (inner, other):
        each.include_router(routing.APIRouter(lifespan=lifespan(connect)))
    assert told(around(inner)) == ["The app mounted at /sub"]
    assert told(around(other, entered(other))) == []


def by_its_function() -> Any:
    inner = sub(lifespan=lifespan(connect))

    async def run(app: Any) -> AsyncIterator[None]:
        async for _ in connect(inner):
            yield

    return around(inner, run)


def by_the_same_context() -> Any:
    """As an MCP server's app is mounted: the app around it is given its lifespan."""
    inner = sub(lifespan=lifespan(connect))
    return Starlette(routes=[Mount("/sub", inner)], lifespan=inner.router.lifespan_context)


def by_what_it_calls() -> Any:
    """What the lifespan would do is done without it."""
    pool = Pool()

    async def opened(app: Any) -> AsyncIterator[None]:
        async with pool.held():
            yield

    async def run(app: Any) -> AsyncIterator[None]:
        async with pool.held():
            yield

    return around(sub(lifespan=lifespan(opened)), run)


def with_a_failed_startup() -> Any:
    async def fail(app: Any) -> AsyncIterator[None]:
        if app is not None:
            raise RuntimeError("no database")
        yield

    return around(sub(lifespan=lifespan(connect)), fail)


def by_its_context() -> Any:
    inner = sub(lifespan=lifespan(connect))
    return around(inner, entered(inner))


NEAR_MISSES: dict[str, Callable[[], Any]] = {
    "an app without one": lambda: around(sub()),
    "routes alone": lambda: Starlette(routes=[Mount("/sub", routes=[])]),
    "a router": lambda: around(Router()),
    "included routers without one": lambda: around(including()),
    "entered": by_its_context,
    "its function called": by_its_function,
    "shared": by_the_same_context,
    "what it calls called": by_what_it_calls,
}


@pytest.mark.parametrize("made", NEAR_MISSES.values(), ids=list(NEAR_MISSES))
def test_a_lifespan_that_does_nothing_or_is_run_is_none(made: Callable[[], Any]) -> None:
    assert told(made()) == []


def test_where_startup_fails_nothing_is_said_of_others() -> None:
    with pytest.raises(Exception, match="no database"):
        found(with_a_failed_startup())


def test_without_a_lifespan_it_is_not_judged_and_said_so() -> None:
    subject = around(sub(lifespan=lifespan(connect)))
    notes = found(subject, lifespan=False).apps[0].notes
    assert any("mounted at /sub has a lifespan of its own." in note and "--lifespan" in note for note in notes)
    assert found(subject, lifespan=False).findings == ()
    assert not any("lifespan" in note for note in found(around(sub()), lifespan=False).apps[0].notes)
    assert not any("--lifespan" in note for note in found(by_its_context()).apps[0].notes)


def test_who_profiles_this_thread_stays_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "getprofile", lambda: print)
    assert told(around(sub(lifespan=lifespan(connect)))) == []


def test_the_app_and_the_thread_are_left_as_they_were() -> None:
    inner = sub(lifespan=lifespan(connect))
    before = dict(vars(inner.router))
    told(around(inner))
    assert dict(vars(inner.router)) == before
    assert sys.getprofile() is None
