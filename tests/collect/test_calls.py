"""FastAPI's dependencies, the endpoint's function and background tasks, in the order of each version."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from importlib.metadata import version
from typing import Any

import pytest

pytest.importorskip("fastapi", exc_type=ImportError)

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Request, Security
from fastapi.responses import StreamingResponse
from fastapi.security import SecurityScopes

import mwviz
from mwviz.model import Trace
from mwviz.render import Format, render
from tests.collect.called import calls, request, told
from tests.conftest import installed_fastapi

VERSION = installed_fastapi()
THREAD, LOOP = "(in a worker thread)", "(on the event loop)"

journal: list[str] = []


def setting() -> str:
    journal.append("setting")
    return "s"


def database(name: str = Depends(setting)) -> Iterator[str]:
    journal.append("database")
    yield f"db {name}"
    journal.append("database closed")


async def session(db: str = Depends(database)) -> AsyncIterator[str]:
    journal.append("session")
    yield f"session of {db}"
    journal.append("session closed")


async def user(held: str = Depends(session), db: str = Depends(database)) -> str:
    journal.append("user")
    return f"user in {held}"


async def for_the_app() -> None:
    journal.append("app")


def for_the_router() -> None:
    journal.append("router")


def for_the_route() -> None:
    journal.append("route")


def mail(to: str) -> None:
    journal.append(f"mail {to}")


async def audit() -> None:
    journal.append("audit")


def shop() -> FastAPI:
    app = FastAPI(dependencies=[Depends(for_the_app)])
    router = APIRouter(dependencies=[Depends(for_the_router)])

    @router.get("/items", dependencies=[Depends(for_the_route)])
    def items(tasks: BackgroundTasks, name: str = Depends(user)) -> dict[str, str]:
        tasks.add_task(mail, "ann")
        tasks.add_task(audit)
        tasks.add_task(mail, "bob")
        return {"name": name}

    @router.get("/stream")
    async def stream(db: str = Depends(database)) -> StreamingResponse:
        return StreamingResponse(iter([b"a", b"b"]))

    app.include_router(router)
    return app


SETUP = [
    f"enter dependency for_the_app {LOOP}",
    "leave dependency for_the_app",
    f"enter dependency for_the_router {THREAD}",
    "leave dependency for_the_router",
]
INTO_ITEMS = [
    *SETUP,
    f"enter dependency for_the_route {THREAD}",
    "leave dependency for_the_route",
    f"enter dependency setting {THREAD}",
    "leave dependency setting",
    f"enter dependency database {THREAD}",
    f"enter dependency session {LOOP}",
    f"enter dependency user {LOOP}",
    "leave dependency user",
    f"enter endpoint {THREAD}",
    "leave endpoint",
]
ITEMS_EXITS = ["leave dependency session", "leave dependency database"]
ANSWER = ["send endpoint start", "send endpoint body"]
TASKS = [
    f"enter background mail {THREAD}",
    "leave background mail",
    f"enter background audit {LOOP}",
    "leave background audit",
    f"enter background mail#2 {THREAD}",
    "leave background mail#2",
]
INTO_STREAM = [
    *SETUP,
    f"enter dependency setting {THREAD}",
    "leave dependency setting",
    f"enter dependency database {THREAD}",
    f"enter endpoint {LOOP}",
    "leave endpoint",
]
CHUNKS = ["send endpoint start", "send endpoint body", "send endpoint body", "send endpoint body"]
STREAM_EXITS = ["leave dependency database"]

LATE = ([*INTO_ITEMS, *ANSWER, *TASKS, *ITEMS_EXITS], [*INTO_STREAM, *CHUNKS, *STREAM_EXITS])
EARLY = ([*INTO_ITEMS, *ITEMS_EXITS, *ANSWER, *TASKS], [*INTO_STREAM, *STREAM_EXITS, *CHUNKS])

#: From which version on: the orders of both paths, and the places that are left before the last exit has run.
ORDERS: list[tuple[tuple[int, int], tuple[list[str], list[str]], set[str]]] = [
    ((0, 118), LATE, set()),
    ((0, 106), EARLY, set()),
    ((0, 74), LATE, {"router"}),
    ((0, 65), LATE, {"router", "ServerErrorMiddleware"}),
]
ITEMS, STREAM = next(orders for since, orders, _ in ORDERS if since <= VERSION)
LEFT_BEFORE = next(left for since, _, left in ORDERS if since <= VERSION)


def test_everything_runs_in_the_order_of_the_version() -> None:
    app = shop()
    trace, streamed = mwviz.trace(app, "/items"), mwviz.trace(app, "/stream")
    assert told(trace, details=True) == ITEMS
    assert told(streamed, details=True) == STREAM
    names = [trace.layers[event.of].name if isinstance(event.of, int) else event.of for event in trace.timeline]
    ends = [name for event, name in zip(trace.timeline, names, strict=True) if event.event == "leave"]
    left = set(ends[: ends.index("dependency database")])
    assert left & {"router", "ServerErrorMiddleware"} == LEFT_BEFORE
    when = "before the response left" if ITEMS is EARLY[0] else "after the response had left"
    assert trace.notes == (f"The exits of the dependencies session, database ran {when} the app.",)
    assert streamed.notes == (f"The exit of dependency database ran {when} the app.",)


def test_nothing_else_is_called_and_all_of_it_in_the_same_order() -> None:
    app = shop()
    for path in ("/items", "/stream"):
        journal.clear()
        status, _ = asyncio.run(request(app, path))
        plain = journal[:]
        journal.clear()
        trace = mwviz.trace(app, path)
        assert (trace.response and trace.response.status) == status == 200
        assert journal == plain


def test_times_and_orders_of_the_layers_are_those_of_the_boundaries() -> None:
    trace = mwviz.trace(shop(), "/items")
    assert trace.request_order == tuple(range(len(trace.layers)))
    assert [event.at_ns for event in trace.timeline] == sorted(event.at_ns for event in trace.timeline)
    assert trace.steps[0].left_ns == max(event.at_ns for event in trace.timeline if event.of == 0)


def test_trio_runs_them_in_the_same_order() -> None:
    trio = pytest.importorskip("trio")
    if VERSION < (0, 69) or (version("anyio").startswith("3.") and not hasattr(trio, "MultiError")):
        pytest.skip("no trio with this framework")

    async def traced() -> Trace:
        return await mwviz.trace_async(shop(), "/items")

    assert told(trio.run(traced), details=True) == ITEMS


async def faked_session(request: Request, name: str = Depends(setting)) -> AsyncIterator[str]:
    journal.append(f"faked {request.url.path} {name}")
    yield "faked"
    journal.append("faked closed")


class Overrides(dict[Callable[..., Any], Callable[..., Any]]):
    """A mapping of the user's own."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(key, default)


@pytest.mark.parametrize("mapping", [dict, Overrides])
def test_overrides_stay_in_force_and_are_noted(mapping: Any) -> None:
    app = shop()
    app.dependency_overrides = overrides = mapping({session: faked_session, for_the_app: setting})
    journal.clear()
    asyncio.run(request(app, "/items"))
    plain = journal[:]
    journal.clear()
    trace = mwviz.trace(app, "/items")
    assert journal == plain
    assert "faked /items s" in journal
    assert app.dependency_overrides is overrides
    assert overrides == {session: faked_session, for_the_app: setting}
    noted = calls(trace, details=True)
    assert noted[0] == "enter dependency setting (in a worker thread, instead of for_the_app)"
    assert "enter dependency faked_session (on the event loop, instead of session)" in noted
    assert "leave dependency faked_session" in noted
    assert not any("dependency session" in line for line in noted)


class Page:
    def __init__(self, size: int = 3) -> None:
        journal.append(f"page {size}")


class Checks:
    def __call__(self, size: int = 1) -> int:
        journal.append(f"checks {size}")
        return size


class Awaited:
    async def __call__(self) -> str:
        journal.append("awaited")
        return "a"


class Opens:
    def __call__(self) -> Iterator[str]:
        journal.append("opens")
        yield "o"
        journal.append("opened")

    async def by_method(self) -> str:
        journal.append("by method")
        return "m"


class OpensAsync:
    async def __call__(self) -> AsyncIterator[str]:
        journal.append("opens async")
        yield "oa"
        journal.append("opened async")


def added(first: int, size: int = 2) -> int:
    journal.append(f"added {first} {size}")
    return first + size


async def scoped(scopes: SecurityScopes) -> str:
    journal.append(f"scoped {scopes.scopes}")
    return " ".join(scopes.scopes)


async def fresh() -> None:
    journal.append("fresh")


def kinds() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def every(
        page: Page = Depends(),
        size: int = Depends(Checks()),
        awaited: str = Depends(Awaited()),
        opens: str = Depends(Opens()),
        method: str = Depends(Opens().by_method),
        opens_async: str = Depends(OpensAsync()),
        partial: int = Depends(functools.partial(added, 1)),
        nothing: object = Depends(lambda: journal.append("lambda")),
        reads: str = Security(scoped, scopes=["read"]),
        writes: str = Security(scoped, scopes=["write"]),
        reads_again: str = Security(scoped, scopes=["read"]),
        one: None = Depends(fresh, use_cache=False),
        two: None = Depends(fresh, use_cache=False),
        three: None = Depends(fresh),
    ) -> list[Any]:
        journal.append("every")
        return [type(page).__name__, size, awaited, opens, method, opens_async, partial, reads, writes, reads_again]

    return app


MARKS = ("", "#2", "#3")


def test_every_kind_of_callable_is_noted_and_runs_as_without() -> None:
    app = kinds()
    journal.clear()
    _, body = asyncio.run(request(app, "/"))
    plain = journal[:]
    assert body.startswith(b'["Page",1,"a","o","m","oa",3,')
    journal.clear()
    trace = mwviz.trace(app, "/")
    assert journal == plain
    assert trace.response is not None
    assert trace.response.body_bytes == len(body)
    assert [line for line in calls(trace, details=True) if line.startswith("enter")] == [
        f"enter dependency Page {THREAD}",
        f"enter dependency Checks {THREAD}",
        f"enter dependency Awaited {LOOP}",
        f"enter dependency Opens {THREAD}",
        f"enter dependency by_method {LOOP}",
        f"enter dependency OpensAsync {LOOP}",
        f"enter dependency added {THREAD}",
        f"enter dependency <lambda> {THREAD}",
        # 0.65.1 takes other scopes for the same
        *(
            f"enter dependency scoped{mark} {LOOP}"
            for mark in MARKS[: len([x for x in plain if x.startswith("scoped")])]
        ),
        *(f"enter dependency fresh{mark} {LOOP}" for mark in MARKS[: plain.count("fresh")]),
        f"enter endpoint {LOOP}",
    ]
    ended = [line for line in calls(trace) if line.startswith("leave dependency Opens")]
    assert ended == ["leave dependency OpensAsync", "leave dependency Opens"]


class Refused(Exception):
    """What the apps below raise."""


def raises() -> None:
    raise Refused("setup")


async def refuses() -> None:
    raise HTTPException(status_code=403, detail="no")


def raises_at_exit() -> Iterator[None]:
    yield
    raise Refused("exit")


async def tells(request: Request) -> AsyncIterator[None]:
    try:
        yield
    except Refused as error:
        journal.append(f"told of {error}")
        raise


def tells_in_thread() -> Iterator[None]:
    try:
        yield
    except Refused as error:
        journal.append(f"told of {error} in thread")
        raise


def breaks() -> None:
    raise Refused("background")


def failing() -> FastAPI:
    app = FastAPI()

    @app.get("/setup", dependencies=[Depends(tells), Depends(raises)])
    @app.get("/refused", dependencies=[Depends(tells_in_thread), Depends(refuses)])
    @app.get("/exit", dependencies=[Depends(raises_at_exit)])
    async def quiet() -> None:
        journal.append("quiet")

    @app.get("/endpoint", dependencies=[Depends(tells), Depends(tells_in_thread)])
    def loud() -> None:
        raise Refused("endpoint")

    @app.get("/background")
    def later(tasks: BackgroundTasks) -> None:
        tasks.add_task(breaks)

    @app.get("/missing")
    async def missing() -> None:
        raise HTTPException(status_code=404, detail="gone")

    return app


@pytest.mark.parametrize("path", ["/setup", "/refused", "/exit", "/endpoint", "/background", "/missing"])
def test_exceptions_go_where_they_would_have_gone(path: str) -> None:
    app = failing()
    journal.clear()
    status, raised = 0, None
    try:
        status, _ = asyncio.run(request(app, path))
    except Refused as error:
        raised = str(error)
    plain = journal[:]
    journal.clear()
    trace = mwviz.trace(app, path)
    assert journal == plain
    assert (trace.error.message if trace.error else None) == raised
    assert raised is not None or (trace.response and trace.response.status) == status


def test_an_exception_in_the_setup_is_the_dependencys_and_the_endpoint_is_not_called() -> None:
    trace = mwviz.trace(failing(), "/setup")
    assert "raise dependency raises (Refused: setup)" in calls(trace, details=True)
    assert "enter endpoint" not in calls(trace)
    assert "Dependency raises raised Refused: the endpoint was not called." in trace.notes


def test_a_dependency_that_answers_is_told_of() -> None:
    trace = mwviz.trace(failing(), "/refused")
    assert "raise dependency refuses" in calls(trace)
    assert "enter endpoint" not in calls(trace)
    assert trace.response is not None
    assert trace.response.status == 403
    assert "Dependency refuses raised HTTPException: the endpoint was not called." in trace.notes


def test_an_exception_of_the_endpoint_leaves_it_and_the_dependencies_around() -> None:
    trace = mwviz.trace(failing(), "/endpoint")
    raised = [line for line in calls(trace, details=True) if line.startswith("raise")]
    assert raised[0] == "raise endpoint (Refused: endpoint)"
    assert trace.notes == ()


def test_an_exception_at_the_exit_is_told() -> None:
    trace = mwviz.trace(failing(), "/exit")
    assert calls(trace, details=True)[-1] == "raise dependency raises_at_exit (Refused: exit)"
    assert not any("ran" in note for note in trace.notes)


def test_an_answer_is_told_though_a_background_task_raised_after_it() -> None:
    trace = mwviz.trace(failing(), "/background")
    assert calls(trace, details=True)[-1] == "raise background breaks (Refused: background)"
    assert trace.response is not None
    assert trace.response.status == 200
    assert "answered 200, then raised Refused" in str(render(trace, Format.TREE, width=120))


def test_an_exception_that_became_a_response_in_the_handler_is_the_functions_alone() -> None:
    trace = mwviz.trace(failing(), "/missing")
    assert calls(trace)[:2] == ["enter endpoint", "raise endpoint"]
    assert trace.answered_by == "endpoint"
    assert trace.error is None


def test_requests_of_others_pass_unnoted() -> None:
    app = FastAPI()
    seen: list[Any] = []

    async def slow() -> None:
        if not seen:
            seen.append(None)
            task = asyncio.get_running_loop().create_task(asyncio.sleep(0))
            await task
            seen.append(await contextless(request(app, "/other")))

    @app.get("/probed", dependencies=[Depends(slow)])
    async def probed() -> None:
        pass

    @app.get("/other")
    def other(tasks: BackgroundTasks, db: str = Depends(database)) -> str:
        tasks.add_task(mail, "others")
        return db

    journal.clear()
    trace = mwviz.trace(app, "/probed")
    assert seen[1] == (200, b'"db s"')
    assert "mail others" in journal
    assert {line.partition(" ")[2] for line in calls(trace)} == {"dependency slow", "endpoint"}


async def contextless(call: Any) -> Any:
    """Await a call in a task of another's: with a context in which no probe runs."""
    from contextvars import Context

    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    async def work() -> None:
        future.set_result(await call)

    task = Context().run(loop.create_task, work())
    await task
    return await future


def watched_names() -> dict[str, Any]:
    import fastapi.routing
    import starlette.background

    return {
        "solve": vars(fastapi.routing)["solve_dependencies"],
        "run": vars(fastapi.routing)["run_endpoint_function"],
        "background": vars(starlette.background.BackgroundTask)["__call__"],
    }


def dependants(app: Any) -> list[Any]:
    pending = [route.dependant for route in app.routes if hasattr(route, "dependant")]
    found = []
    while pending:
        each = pending.pop()
        found.append(each.call)
        pending += each.dependencies
    return found


@pytest.mark.parametrize("path", ["/items", "/stream", "/nowhere"])
def test_the_app_is_left_as_it_was_found(path: str) -> None:
    app = shop()
    names, before = watched_names(), dependants(app)
    mwviz.trace(app, path)
    assert all(one is other for one, other in zip(watched_names().values(), names.values(), strict=True))
    assert all(one is other for one, other in zip(dependants(app), before, strict=True))
    assert not any("mwviz" in type(call).__module__ for call in dependants(app))


def test_no_stand_in_of_ours_is_asked_for_anything_with_the_stand_in_endpoint() -> None:
    names, seen = watched_names(), []

    class Looks:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            seen.append(watched_names())
            await self.app(scope, receive, send)

    app = shop()
    app.add_middleware(Looks)
    trace = mwviz.trace(app, "/items", endpoint="stand-in")
    assert seen == [names]
    assert calls(trace) == ["enter endpoint", "leave endpoint"]


def test_a_probe_within_a_probe_takes_nothing_away_from_the_outer_one() -> None:
    inner = shop()
    app = FastAPI()
    traces: list[Trace] = []

    async def probes() -> None:
        traces.append(await mwviz.trace_async(inner, "/items"))

    @app.get("/", dependencies=[Depends(probes), Depends(setting)])
    def root() -> None:
        pass

    names = watched_names()
    trace = mwviz.trace(app, "/")
    assert [line for line in calls(trace) if line.startswith("enter")] == [
        "enter dependency probes",
        "enter dependency setting",
        "enter endpoint",
    ]
    assert "enter dependency user" in calls(traces[0])
    assert watched_names() == names


@pytest.mark.skipif(VERSION < (0, 137), reason="endpoints that yield are newer")
@pytest.mark.parametrize("asynchronous", [True, False])
def test_an_endpoint_that_yields_runs_while_its_response_is_sent(asynchronous: bool) -> None:
    app = FastAPI()

    async def chunks(db: str = Depends(database)) -> AsyncIterator[str]:
        yield "a"
        yield "b"

    def chunks_in_thread(db: str = Depends(database)) -> Iterator[str]:
        yield "a"
        yield "b"

    app.get("/", response_class=StreamingResponse)(chunks if asynchronous else chunks_in_thread)
    before = dependants(app)
    _, body = asyncio.run(request(app, "/"))
    trace = mwviz.trace(app, "/")
    assert told(trace, details=True)[3:] == [
        "send endpoint start",
        f"enter endpoint {LOOP if asynchronous else THREAD}",
        "send endpoint body",
        "send endpoint body",
        "leave endpoint",
        "send endpoint body",
        "leave dependency database",
    ]
    assert body == b"ab"
    assert all(one is other for one, other in zip(dependants(app), before, strict=True))


def test_what_outlives_the_probe_holds_nothing_of_it() -> None:
    import gc
    import weakref

    from mwviz.collect.probe.calls import Calls

    gc.collect()
    alive = weakref.WeakSet(each for each in gc.get_objects() if type(each) is Calls)
    mwviz.trace(shop(), "/items")
    gc.collect()
    left = [each for each in gc.get_objects() if type(each) is Calls and each not in alive]
    assert left == []
    assert "mwviz.collect.probe.calls" in sys.modules


def test_another_app_that_is_asked_in_between_keeps_its_calls_to_itself() -> None:
    other, app = FastAPI(), FastAPI()

    @other.get("/o")
    async def of_the_other(name: str = Depends(setting)) -> str:
        return name

    async def asking() -> str:
        return (await request(other, "/o"))[1].decode()

    @app.get("/")
    async def own(asked: str = Depends(asking)) -> str:
        return asked + (await request(other, "/o"))[1].decode()

    trace = mwviz.trace(app, "/")
    assert calls(trace) == [
        "enter dependency asking",
        "leave dependency asking",
        "enter endpoint",
        "leave endpoint",
    ]
    assert trace.response is not None
    assert trace.response.status == 200
