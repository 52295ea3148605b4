"""Who sets state and who sees it, by hand for each app; the names of places are those that a reader would say."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

import mwviz
from mwviz.collect.probe.sight import Sight
from mwviz.collect.stack.recorder import Recorder
from mwviz.model import Trace
from tests.collect.loops import usable_trio

first: ContextVar[object] = ContextVar("first")
second: ContextVar[object] = ContextVar("second", default=None)
before: ContextVar[object] = ContextVar("before")
before.set("set when the module was imported")


class Holder:
    variable: ContextVar[object] = ContextVar("held by a class")


class Layer:
    """Hands everything on."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class Plain(Layer):
    pass


class Outer(Layer):
    pass


class Sets(Layer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        first.set(object())
        await self.app(scope, receive, send)


class SetsAgain(Layer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        first.set(object())
        await self.app(scope, receive, send)


class Resets(Layer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        token = first.set(object())
        try:
            await self.app(scope, receive, send)
        finally:
            first.reset(token)


class SetsOnTheWayOut(Layer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def setting(message: Any) -> None:
            if message["type"] == "http.response.start":
                first.set(object())
                scope["answered"] = True
            await send(message)

        await self.app(scope, receive, setting)


class SetsWhenRead(Layer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def setting() -> Any:
            message = await receive()
            first.set(object())
            return message

        await self.app(scope, setting, send)


class Cut(BaseHTTPMiddleware):
    async def dispatch(self, request: Any, call_next: Any) -> Response:
        return await call_next(request)  # type: ignore[no-any-return]


class CutThatSets(BaseHTTPMiddleware):
    async def dispatch(self, request: Any, call_next: Any) -> Response:
        first.set(object())
        response: Response = await call_next(request)
        second.set(object())
        return response


class CutThatResets(BaseHTTPMiddleware):
    async def dispatch(self, request: Any, call_next: Any) -> Response:
        token = first.set(object())
        response: Response = await call_next(request)
        first.reset(token)
        return response


class SetsScope(Layer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["session"] = {}
        scope.setdefault("state", {})["tenant"] = object()
        await self.app(scope, receive, send)


class Copies(Layer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(dict(scope), receive, send)


class Deletes(Layer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app({key: value for key, value in scope.items() if key != "session"}, receive, send)


class Unnamed(Layer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        Holder.variable.set(object())
        await self.app(scope, receive, send)


class Fails(Layer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        first.set(object())
        raise ValueError("a bug")


async def page(request: Request) -> JSONResponse:
    second.set(object())
    request.state.page = object()
    return JSONResponse({})


def plain_page(request: Request) -> JSONResponse:
    second.set(object())
    request.state.page = object()
    return JSONResponse({})


async def reading_page(request: Request) -> JSONResponse:
    second.set(object())
    await request.body()
    return JSONResponse({})


async def talk(websocket: WebSocket) -> None:
    second.set(object())
    await websocket.accept()
    await websocket.close()


ROUTES = [
    Route("/page", page),
    Route("/plain", plain_page),
    Route("/reads", reading_page, methods=["POST"]),
    WebSocketRoute("/talk", talk),
]


def app(*layers: Any) -> Starlette:
    return Starlette(routes=ROUTES, middleware=[Middleware(each) for each in layers])


def named(trace: Trace, places: Any) -> str:
    """Places in words, without the frameworks' own layers, and the router."""
    own = (each for each in places if not isinstance(each, int) or trace.layers[each].origin != "framework")
    names = (trace.layers[each].label if isinstance(each, int) else str(each) for each in own if each != "router")
    return " ".join(names)


def told(trace: Trace, name: str) -> tuple[str, str, str, str, str]:
    """Set by, seen on the way in, on the way out, reset by, cut off by."""
    (item,) = [each for each in trace.state or () if each.name == name]
    ways = (item.set_by, item.seen_in, item.seen_out, item.reset_by, item.cut_by)
    return tuple(named(trace, each) for each in ways)  # type: ignore[return-value]


#: what it is, the app, how it is probed, the name, and who sets it, sees it in, sees it out, resets it, cuts it off
TRUTH: list[tuple[str, Callable[[], Starlette], dict[str, Any], str, tuple[str, str, str, str, str]]] = [
    ("a pure layer sets for all", lambda: app(Outer, Sets, Plain), {}, "first",
     ("Sets", "Plain endpoint", "endpoint Plain Sets Outer", "", "")),
    ("it resets when all is over", lambda: app(Outer, Resets, Plain), {}, "first",
     ("Resets", "Plain endpoint", "endpoint Plain Resets Outer", "Resets", "")),
    ("what is set inside is cut off", lambda: app(Outer, Cut, Sets, Plain), {}, "first",
     ("Sets", "Plain endpoint", "endpoint Plain Sets", "", "Cut")),
    ("only the innermost of two cuts it off", lambda: app(Cut, CutThatSets, Cut, Sets), {}, "first",
     ("CutThatSets Sets", "Cut#2 Sets endpoint", "endpoint Sets Cut#2 CutThatSets", "", "Cut Cut#2")),
    ("a BaseHTTPMiddleware sets on its own way in", lambda: app(Outer, CutThatSets, Plain), {}, "first",
     ("CutThatSets", "Plain endpoint", "endpoint Plain CutThatSets Outer", "", "")),
    ("and on its way out, for who stands outside", lambda: app(Outer, CutThatSets, Plain), {}, "second",
     ("CutThatSets", "", "CutThatSets Outer", "", "")),
    ("a BaseHTTPMiddleware takes back what it has set itself", lambda: app(Outer, CutThatResets, Plain), {}, "first",
     ("CutThatResets", "Plain endpoint", "endpoint Plain", "", "")),
    ("another value on the way out cuts nothing off", lambda: app(Outer, SetsOnTheWayOut, Sets), {}, "first",
     ("Sets SetsOnTheWayOut", "endpoint", "endpoint Sets SetsOnTheWayOut Outer", "", "")),
    ("a layer sets on the way out", lambda: app(Outer, SetsOnTheWayOut, Plain), {}, "first",
     ("SetsOnTheWayOut", "", "SetsOnTheWayOut Outer", "", "")),
    ("a key is set on the way out", lambda: app(Outer, Cut, SetsOnTheWayOut), {}, "answered",
     ("SetsOnTheWayOut", "", "SetsOnTheWayOut Cut Outer", "", "")),
    ("two layers set it", lambda: app(Sets, Plain, SetsAgain), {}, "first",
     ("Sets SetsAgain", "Plain SetsAgain endpoint", "endpoint SetsAgain Plain Sets", "", "")),
    ("an async handler sets", lambda: app(Outer, Plain), {"path": "/page"}, "second",
     ("endpoint", "", "endpoint Plain Outer", "", "")),
    ("an async handler behind a BaseHTTPMiddleware", lambda: app(Outer, Cut, Plain), {"path": "/page"}, "second",
     ("endpoint", "", "endpoint Plain", "", "Cut")),
    ("a handler in a thread sets for nobody", lambda: app(Outer, Plain), {"path": "/plain"}, "second",
     ("endpoint", "", "", "", "endpoint")),
    ("the state of a request is one for all", lambda: app(Outer, Cut, Plain), {"path": "/plain"}, "state.page",
     ("endpoint", "", "endpoint Plain Cut Outer", "", "")),
    ("a handler sets before it reads", lambda: app(Outer, Plain), {"path": "/reads", "data": "x"}, "second",
     ("endpoint", "", "endpoint Plain Outer", "", "")),
    ("receive sets, or who called it", lambda: app(Outer, SetsWhenRead), {"path": "/reads", "data": "x"}, "first",
     ("SetsWhenRead", "", "endpoint SetsWhenRead Outer", "", "")),
    ("which of them cannot be told", lambda: app(SetsWhenRead, Plain), {"path": "/reads", "data": "x"}, "second",
     ("None", "", "endpoint Plain SetsWhenRead", "", "")),
    ("a session, for all that follow", lambda: app(Outer, SetsScope, Cut), {}, "session",
     ("SetsScope", "Cut endpoint", "endpoint Cut SetsScope Outer", "", "")),
    ("a key of the state", lambda: app(Outer, SetsScope, Cut), {}, "state.tenant",
     ("SetsScope", "Cut endpoint", "endpoint Cut SetsScope Outer", "", "")),
    ("a copied scope keeps it in", lambda: app(Outer, Copies, SetsScope), {}, "session",
     ("SetsScope", "endpoint", "endpoint SetsScope", "", "Copies")),
    ("a key is taken away for who stands inside", lambda: app(SetsScope, Deletes, Plain), {}, "session",
     ("SetsScope", "Deletes", "Deletes SetsScope", "", "")),
    ("a websocket passes a BaseHTTPMiddleware by", lambda: app(Outer, Cut, Sets),
     {"path": "/talk", "websocket": True}, "second",
     ("endpoint", "", "endpoint Sets Cut Outer", "", "")),
    ("a layer that raises", lambda: app(Outer, Fails), {}, "first",
     ("Fails", "", "Fails Outer", "", "")),
    ("a variable that no module has", lambda: app(Unnamed), {}, "held by a class",
     ("Unnamed", "endpoint", "endpoint Unnamed", "", "")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "options", "name", "expected"), [each[1:] for each in TRUTH], ids=[each[0] for each in TRUTH]
)
def test_who_sets_and_who_sees(make: Any, options: dict[str, Any], name: str, expected: tuple[str, ...]) -> None:
    found = told(mwviz.trace(make(), state=True, **options), name)
    assert tuple(" ".join(sorted(each.split())) for each in found) == tuple(
        " ".join(sorted(each.split())) for each in expected
    )


def test_nobody_asked_and_nothing_was_set() -> None:
    assert mwviz.trace(app(Sets)).state is None
    assert mwviz.trace(app(Plain, Cut), state=True).state == ()


def test_a_variable_is_named_with_its_module() -> None:
    items = mwviz.trace(app(Sets, Unnamed), state=True).state or ()
    assert [(each.kind, each.label) for each in items] == [
        ("context", f"{__name__}:first"), ("context", "held by a class"),
    ]  # fmt: skip


def test_the_values_are_told_nowhere() -> None:
    class Secret(Layer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            first.set("s3cret")
            scope["session"] = {"token": "s3cret"}
            await self.app(scope, receive, send)

    assert "s3cret" not in repr(mwviz.trace(app(Secret), state=True))


def observed(trace: Trace) -> tuple[object, ...]:
    steps = [
        (each.outcome, each.observed, each.request_changes, each.response_changes, each.raised) for each in trace.steps
    ]
    events = [(each.event, each.message, each.of, each.detail) for each in trace.timeline]
    return trace.request_order, trace.response_order, trace.answered_by, trace.response, steps, events, trace.notes


#: With a handler in a thread the loop hears of its end at one moment or another: the order of two tasks is not ours.
STEADY = [each for each in TRUTH if each[2].get("path") != "/plain"]


@pytest.mark.parametrize(("make", "options"), [each[1:3] for each in STEADY], ids=[each[0] for each in STEADY])
def test_to_look_changes_nothing_else(make: Any, options: dict[str, Any]) -> None:
    assert observed(mwviz.trace(make(), state=True, **options)) == observed(mwviz.trace(make(), **options))
    assert first.get(None) is None


def test_the_looking_ends_with_the_probe() -> None:
    subject = app(Sets)
    assert mwviz.trace(subject, state=True).state
    assert mwviz.trace(subject).state is None


@pytest.mark.parametrize("name", ["asyncio", "trio"])
def test_a_running_loop_is_one_like_any_other(name: str) -> None:
    anyio = pytest.importorskip("anyio")
    if name == "trio":
        usable_trio()

    async def call() -> Trace:
        return await mwviz.trace_async(app(Outer, Sets, Plain), state=True)

    expected = ("Sets", "Plain endpoint", "Outer Sets Plain endpoint", "", "")
    assert told(anyio.run(call, backend=name), "first") == expected


def test_a_dependency_that_yields_sets_for_the_handler_and_takes_back() -> None:
    fastapi = pytest.importorskip("fastapi")
    subject = fastapi.FastAPI()

    async def get_db() -> Any:
        token = first.set(object())
        yield
        first.reset(token)

    @subject.get("/")  # type: ignore[untyped-decorator]
    async def home(_db: None = fastapi.Depends(get_db)) -> None:
        second.set(object())

    trace = mwviz.trace(subject, "/", state=True)
    set_by, seen_in, _, reset_by, cut_by = told(trace, "first")
    assert (set_by, seen_in, reset_by, cut_by) == ("dependency get_db", "endpoint", "dependency get_db", "")
    assert told(trace, "second")[0] == "endpoint"


def test_a_thread_that_is_used_again_remembers_nothing() -> None:
    fastapi = pytest.importorskip("fastapi")
    subject = fastapi.FastAPI()

    def one() -> None:
        first.set(object())

    def two() -> None:
        second.set(object())

    @subject.get("/")  # type: ignore[untyped-decorator]
    def home(_one: None = fastapi.Depends(one), _two: None = fastapi.Depends(two)) -> None:
        first.set(object())

    trace = mwviz.trace(subject, "/", state=True)
    assert told(trace, "first") == ("dependency one endpoint", "", "dependency one", "", "dependency one endpoint")
    assert told(trace, "second") == ("dependency two", "", "dependency two", "", "dependency two")


def test_the_clock_stands_still_while_we_look(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(0, 100, 10))
    monkeypatch.setattr("mwviz.collect.probe.sight.perf_counter_ns", lambda: next(ticks))
    recorder = Recorder()
    Sight(recorder)
    assert [recorder.now() for _ in range(3)] == [0, 10, 20]  # and not 0, 20, 40
