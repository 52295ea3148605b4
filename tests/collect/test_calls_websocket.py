"""FastAPI's dependencies and the endpoint's function of a websocket; who is said to have raised, of any request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import version
from typing import Any

import pytest

pytest.importorskip("fastapi", exc_type=ImportError)

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, WebSocket

import mwviz
from mwviz.model import Trace
from tests.collect.called import calls, told
from tests.conftest import installed_fastapi

journal: list[str] = []


async def database() -> AsyncIterator[str]:
    journal.append("database")
    try:
        yield "db"
    finally:
        journal.append("database closed")


async def user(db: str = Depends(database)) -> str:
    journal.append(f"user in {db}")
    return "ann"


async def refuses() -> None:
    raise ValueError("no")


async def greeting(websocket: WebSocket, name: str = Depends(user)) -> None:
    journal.append("greeting")
    await websocket.accept()
    await websocket.send_text(f"hello {name}")
    await websocket.close(1000)


async def refusing(websocket: WebSocket, name: str = Depends(user)) -> None:
    await websocket.close(1008)


async def breaking(websocket: WebSocket, name: str = Depends(user)) -> None:
    await websocket.accept()
    raise ValueError("broken")


async def unreached(websocket: WebSocket, name: str = Depends(user), nothing: None = Depends(refuses)) -> None:
    journal.append("unreached")


async def numbered(websocket: WebSocket, number: int, name: str = Depends(user)) -> None:
    journal.append("numbered")


def chat() -> FastAPI:
    app, inner = FastAPI(), FastAPI()
    router = APIRouter()
    for end in (greeting, refusing, breaking, unreached, numbered):
        router.websocket(f"/{end.__name__}")(end)
        inner.websocket(f"/{end.__name__}")(end)
    app.include_router(router, prefix="/included")
    app.mount("/mounted", inner)
    return app


SETUP = [
    "enter dependency database (on the event loop)",
    "enter dependency user (on the event loop)",
    "leave dependency user",
]
RUN = ["enter endpoint (on the event loop)", "leave endpoint"]
EXIT = ["leave dependency database"]


def traced(path: str, **options: Any) -> Trace:
    return mwviz.trace(chat(), path, websocket=True, **options)


@pytest.mark.parametrize("path", ["/included/greeting", "/mounted/greeting"])
def test_dependencies_and_the_function_of_a_websocket_are_noted_in_order(path: str) -> None:
    journal.clear()
    trace = traced(path)
    sent = [f"send endpoint websocket.{kind}" for kind in ("accept", "send", "close")]
    assert told(trace, details=True) == [*SETUP, RUN[0], *sent, RUN[1], *EXIT]
    assert journal == ["database", "user in db", "greeting", "database closed"]
    assert trace.notes == ("The exit of dependency database ran after the websocket had been closed.",)


def test_a_repeated_probe_tells_the_last_one_alone() -> None:
    assert calls(traced("/included/greeting", repeat=3), details=True) == [*SETUP, *RUN, *EXIT]


def test_trio_runs_them_in_the_same_order() -> None:
    trio = pytest.importorskip("trio")
    if installed_fastapi() < (0, 69) or (version("anyio").startswith("3.") and not hasattr(trio, "MultiError")):
        pytest.skip("no trio with this framework")

    async def probe() -> Trace:
        return await mwviz.trace_async(chat(), "/included/greeting", websocket=True)

    assert calls(trio.run(probe), details=True) == [*SETUP, *RUN, *EXIT]


def test_overrides_stay_in_force() -> None:
    async def other() -> str:
        return "bob"

    app = chat()
    app.dependency_overrides[user] = other
    trace = mwviz.trace(app, "/included/greeting", websocket=True)
    assert calls(trace, details=True) == [
        "enter dependency other (on the event loop, instead of user)",
        "leave dependency other",
        *RUN,
    ]


def test_the_routes_are_left_as_they_were_found() -> None:
    app = FastAPI()
    for end in (greeting, unreached):
        app.websocket(f"/{end.__name__}")(end)
    for end in (greeting, unreached):
        mwviz.trace(app, f"/{end.__name__}", websocket=True)
        route: Any = next(each for each in app.routes if getattr(each, "endpoint", None) is end)
        assert route.dependant.call is end


def test_the_stand_in_endpoint_calls_none_of_them() -> None:
    journal.clear()
    trace = traced("/included/greeting", endpoint="stand-in")
    assert calls(trace) == ["enter endpoint", "leave endpoint"]
    assert journal == []


def test_a_websocket_that_is_refused_by_its_endpoint_is_told() -> None:
    trace = traced("/included/refusing")
    assert calls(trace, details=True) == [*SETUP, *RUN, *EXIT]
    assert trace.websocket is not None
    assert trace.websocket.close_code == 1008
    assert trace.notes == ("The exit of dependency database ran after the websocket had been closed.",)


def test_an_exception_of_the_endpoint_is_not_said_to_be_the_dependencys() -> None:
    trace = traced("/included/breaking")
    assert "raise endpoint (ValueError: broken)" in calls(trace, details=True)
    assert trace.error is not None
    assert trace.error.raised_by == "endpoint"
    assert trace.notes == ()


def test_a_dependency_that_raises_is_told() -> None:
    journal.clear()
    trace = traced("/included/unreached")
    assert "raise dependency refuses (ValueError: no)" in calls(trace, details=True)
    assert "enter endpoint" not in calls(trace)
    assert "unreached" not in journal
    assert trace.notes == ("Dependency refuses raised ValueError: the endpoint was not called.",)


def in_thread() -> Iterator[str]:
    yield "open"


@pytest.mark.parametrize("websocket", [True, False])
def test_no_dependency_is_said_to_have_raised_what_a_validation_did(websocket: bool) -> None:
    app = FastAPI()

    @app.get("/")
    async def page(number: int, db: str = Depends(database), other: str = Depends(in_thread)) -> None:
        journal.append("page")

    trace = traced("/included/numbered") if websocket else mwviz.trace(app, "/")
    assert "enter endpoint" not in calls(trace)
    assert "enter dependency database" in calls(trace)
    assert not any("raised" in note for note in trace.notes)


def test_a_background_task_that_raises_is_told_of() -> None:
    async def breaks() -> None:
        raise ValueError("late")

    app = FastAPI()

    @app.get("/")
    async def page(tasks: BackgroundTasks, db: str = Depends(database)) -> None:
        tasks.add_task(breaks)

    trace = mwviz.trace(app, "/")
    assert "Background task breaks raised ValueError, when the endpoint had returned." in trace.notes


def test_another_s_websocket_meanwhile_is_unnoted() -> None:
    sent: list[Any] = []

    async def other(app: Any) -> None:
        messages = iter(({"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}))

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        scope: dict[str, Any] = {
            "type": "websocket",
            "path": "/greeting",
            "raw_path": b"/greeting",
            "query_string": b"",
        }
        scope |= {"headers": [], "subprotocols": [], "root_path": "", "scheme": "ws", "asgi": {"version": "3.0"}}
        await app({**scope, "client": None, "server": None}, receive, send)

    app = FastAPI()
    app.websocket("/greeting")(greeting)

    @app.websocket("/probed")
    async def probed(websocket: WebSocket) -> None:
        from contextvars import Context

        await Context().run(asyncio.get_running_loop().create_task, other(app))
        await websocket.close()

    trace = mwviz.trace(app, "/probed", websocket=True)
    assert sent == ["websocket.accept", "websocket.send", "websocket.close"]
    assert calls(trace, details=True) == RUN
