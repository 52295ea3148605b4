"""The function of a Starlette route and background tasks, where no FastAPI takes part."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

import mwviz
from tests.collect.called import calls, request, told

THREAD, LOOP = "(in a worker thread)", "(on the event loop)"


def mail(to: str) -> None:
    pass


async def audit() -> None:
    pass


class Sends:
    """A task that is an object."""

    async def __call__(self, to: str) -> None:
        pass


def plain(request: Request) -> Response:
    return PlainTextResponse("plain", background=BackgroundTask(mail, "ann"))


async def awaited(request: Request) -> Response:
    tasks = BackgroundTasks()
    tasks.add_task(audit)
    tasks.add_task(functools.partial(mail, "ann"))
    tasks.add_task(Sends().__call__, "bob")
    return PlainTextResponse("awaited", background=tasks)


def partial(status: int, request: Request) -> Response:
    return PlainTextResponse("partial", status)


class ByClass(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return PlainTextResponse("by class", background=BackgroundTask(audit))

    async def by_method(self, request: Request) -> Response:
        return PlainTextResponse("by method")


async def raises(request: Request) -> Response:
    raise LookupError("of the function")


def app() -> Starlette:
    routes = [
        Route("/plain", plain),
        Route("/awaited", awaited),
        Route("/partial", functools.partial(partial, 202)),
        Route("/class", ByClass),
        Route("/raises", raises),
        Mount("/below", routes=[Route("/plain", plain)]),
    ]
    return Starlette(routes=routes)


ANSWER = ["send endpoint start", "send endpoint body"]
MAILED = [f"enter background mail {THREAD}", "leave background mail"]
ORDERS = {
    "/plain": [f"enter endpoint {THREAD}", "leave endpoint", *ANSWER, *MAILED],
    "/below/plain": [f"enter endpoint {THREAD}", "leave endpoint", *ANSWER, *MAILED],
    "/awaited": [
        f"enter endpoint {LOOP}",
        "leave endpoint",
        *ANSWER,
        f"enter background audit {LOOP}",
        "leave background audit",
        *MAILED,
        f"enter background __call__ {LOOP}",
        "leave background __call__",
    ],
    "/partial": [f"enter endpoint {THREAD}", "leave endpoint", *ANSWER],
    # a class is called with the request and sends the response itself: its boundary is all that there is
    "/class": [
        "enter endpoint",
        *ANSWER,
        f"enter background audit {LOOP}",
        "leave background audit",
        "leave endpoint",
    ],
    "/raises": [f"enter endpoint {LOOP}", "raise endpoint (LookupError: of the function)"],
}


@pytest.mark.parametrize("path", ORDERS)
def test_the_function_and_what_it_leaves_to_be_done(path: str) -> None:
    assert told(mwviz.trace(app(), path), details=True) == ORDERS[path]


@pytest.mark.parametrize("path", ORDERS)
def test_the_routes_are_left_as_they_were_found(path: str) -> None:
    starlette = app()
    before, task = cells(starlette), vars(BackgroundTask)["__call__"]
    mwviz.trace(starlette, path)
    assert all(one is other for one, other in zip(cells(starlette), before, strict=True))
    assert vars(BackgroundTask)["__call__"] is task


def cells(starlette: Any) -> list[object]:
    apps = [route.app for route in starlette.routes]
    return [cell.cell_contents for each in apps for cell in getattr(each, "__closure__", None) or ()]


def test_requests_of_others_pass_unnoted() -> None:
    seen: list[Any] = []

    async def both(request_: Request) -> Response:
        if not seen:
            seen.append(None)
            seen.append(await elsewhere(lambda: request(starlette, "/")))
        return PlainTextResponse("both", background=BackgroundTask(audit))

    starlette = Starlette(routes=[Route("/", both)])
    trace = mwviz.trace(starlette, "/")
    assert seen[1] == (200, b"both")
    assert calls(trace) == ["enter endpoint", "leave endpoint", "enter background audit", "leave background audit"]


async def elsewhere(call: Callable[[], Any]) -> Any:
    """Await a call in a thread of its own, as a server's other requests run."""
    return await asyncio.get_running_loop().run_in_executor(None, lambda: asyncio.run(call()))


def test_a_task_that_raises_is_told_and_the_answer_before_it() -> None:
    def breaks() -> None:
        raise LookupError("late")

    async def answers(request: Request) -> Response:
        return PlainTextResponse("yes", background=BackgroundTask(breaks))

    trace = mwviz.trace(Starlette(routes=[Route("/", answers)]), "/")
    assert calls(trace, details=True)[-1] == "raise background breaks (LookupError: late)"
    assert trace.response is not None
    assert trace.response.status == 200
    assert trace.error is not None
    assert trace.error.raised_by == "endpoint"
