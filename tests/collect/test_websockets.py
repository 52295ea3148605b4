"""One table: every kind of layer and end that a websocket can meet, and what must be told of it on every version."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import pytest
import starlette.exceptions
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

import mwviz
from mwviz.errors import ProbeError
from mwviz.model import Observation, Outcome, Trace, Websocket
from tests.collect import behaviours as kinds
from tests.collect import socket_behaviours as sockets
from tests.collect.loops import usable_trio
from tests.collect.test_behaviours import ALL, THROUGH, named


async def page(request: Request) -> PlainTextResponse:
    """A handler for HTTP."""
    return PlainTextResponse("page")


ENDS = {
    end.__name__: end
    for end in (
        *(sockets.echo, sockets.closing, sockets.leaving_open, sockets.raising, sockets.raising_late),
        *(sockets.refusing, sockets.silent, sockets.waiting),
    )
}


def app_of(*layers: Any) -> Starlette:
    routes = [WebSocketRoute(f"/{name}", end) for name, end in ENDS.items()]
    return kinds.app_of(*layers, routes=[*routes, Route("/page", page)])


@dataclass(frozen=True)
class Case:
    """A layer X between Outer and Inner, the end behind them, and the truth.

    `got` is the handshake's status, the messages that the client sent and got, the code of the close and who closed.
    """

    layer: Any
    outcome: Outcome = "passed"
    observed: tuple[Observation, ...] = ()
    entered: tuple[str, ...] = ALL
    answered: tuple[str, ...] = THROUGH
    answered_by: str | None = "endpoint"
    handled_by: str | None = None
    error: str | None = None
    got: tuple[object, ...] | None = (101, 0, 2, 1001, "app")
    changes: tuple[str, ...] | None = None
    end: str = "closing"


SAME: tuple[Observation, ...] = ("same_messages",)
BY_X: dict[str, Any] = {"entered": ALL[:2], "answered": ("X", "Outer"), "answered_by": "X"}
CASES = (
    Case(kinds.Layer, observed=SAME, changes=()),
    Case(kinds.Stamps, changes=()),
    Case(sockets.Stays, "skipped", SAME, changes=()),
    Case(sockets.Stays, "skipped", SAME, ALL, (), None, None, "ValueError", None, None, "raising"),
    Case(sockets.OwnCall, changes=()),
    Case(kinds.CopiesScope, observed=("copied_scope", *SAME), changes=()),
    Case(kinds.OtherTask, observed=("other_task", *SAME), changes=()),
    Case(sockets.Closes, "answered", got=(403, 0, 0, 1008, "app"), **BY_X),
    Case(sockets.Denies, "answered", got=(401, 0, 0, None, None), **BY_X),
    Case(sockets.DeniesHalf, "answered", got=(401, 0, 0, None, None), error="NoResponse", **BY_X),
    Case(sockets.Accepts, "answered", got=(101, 0, 1, 1001, "app"), **BY_X),
    Case(sockets.AcceptsFirst, "answered", (), ALL, ("X", "Outer", "Inner"), "X"),
    Case(sockets.ClosesInstead, "replaced", (), ALL, THROUGH, "X", got=(403, 0, 0, 1013, "app")),
    Case(sockets.ClosesInstead, "answered", (), ALL, ("X", "Outer"), "X", got=(403, 0, 0, 1013, "app"), end="silent"),
    Case(sockets.ClosesLate, observed=(), got=(101, 0, 2, 1012, "app"), changes=("close 1001 -> 1012",)),
    Case(
        sockets.ClosesLate, observed=("closed",), got=(101, 0, 0, 1012, "app"), changes=("+ close 1012",),
        end="leaving_open",
    ),
    Case(
        sockets.ChangesCode, got=(101, 0, 2, 4000, "app"), changes=("subprotocol none -> chat", "close 1001 -> 4000"),
    ),
    Case(sockets.ChangesCode, got=(403, 0, 0, 4000, "app"), changes=("close 1008 -> 4000",), end="refusing"),
    Case(sockets.DropsMessages, observed=("rewrote_body",), got=(101, 0, 0, 1001, "app"), changes=("messages 2 -> 0",)),
    Case(
        sockets.DropsMessages, observed=("rewrote_body",), got=(101, 1, 0, 1000, "client"),
        changes=("messages 2 -> 0",), end="echo",
    ),
    Case(sockets.Shouts, observed=("rewrote_body",), got=(101, 1, 2, 1000, "client"), changes=(), end="echo"),
    Case(sockets.Holds, observed=("held_back",), changes=()),
    Case(kinds.Buffers, observed=("buffered",), changes=()),
    Case(sockets.RescuesClosing, observed=SAME, changes=()),
    Case(
        sockets.RescuesClosing, "handled", SAME, ALL, ("X", "Outer"), "endpoint", "X", got=(403, 0, 0, 1011, "app"),
        end="raising",
    ),
    Case(
        sockets.RescuesClosing, "handled", ("closed", *SAME), got=(101, 0, 0, 1011, "app"), changes=("+ close 1011",),
        end="raising_late",
    ),
    Case(kinds.Swallows, "swallowed", SAME, ALL, (), None, None, "NoResponse", None, None, "raising"),
    Case(kinds.RaisesBefore, "raised", (), ALL[:2], (), None, None, "ValueError", None),
    Case(kinds.RaisesAfter, "raised", ("after_response", *SAME), error="ValueError", changes=()),
    Case(kinds.Silent, "silent", (), ALL[:2], (), None, None, "NoResponse", None),
    Case(kinds.Drops, "silent", ("dropped",), ALL, ("Inner",), None, None, "NoResponse", None),
    Case(kinds.Hangs, "hung", (), ALL[:2], (), None, None, "Timeout", None),
    Case(sockets.AcceptsTwice, "raised", ("after_response", "twice", *SAME), error="RuntimeError", changes=()),
    Case(kinds.Layer, observed=SAME, got=(101, 1, 2, 1000, "client"), changes=(), end="echo"),
    Case(kinds.Layer, observed=SAME, got=(101, 0, 0, None, None), changes=(), end="leaving_open"),
    Case(kinds.Layer, observed=SAME, got=(403, 0, 0, 1008, "app"), changes=(), end="refusing"),
    Case(kinds.Layer, "passed", SAME, ALL, (), None, None, "ValueError", None, None, "raising"),
    Case(kinds.Layer, observed=SAME, error="ValueError", got=(101, 0, 0, None, None), changes=(), end="raising_late"),
    Case(kinds.Layer, "passed", SAME, ALL, (), None, None, "NoResponse", None, None, "silent"),
    Case(kinds.Layer, "passed", SAME, ALL, (), None, None, "Timeout", None, None, "waiting"),
    Case(kinds.Layer, observed=SAME, answered_by="router", got=(403, 0, 0, 1000, "app"), changes=(), end="nowhere"),
    Case(kinds.Layer, observed=SAME, answered_by="router", got=(403, 0, 0, 1000, "app"), changes=(), end="page"),
)  # fmt: skip


def told(websocket: Websocket | None) -> tuple[object, ...] | None:
    if websocket is None:
        return None
    counts = (websocket.messages_in, websocket.messages_out)
    return (websocket.status, *counts, websocket.close_code, websocket.closed_by)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.layer.__name__}-{case.end}-{case.outcome}")
def test_what_a_layer_did_with_a_websocket(case: Case) -> None:
    app = app_of(kinds.Outer, case.layer, kinds.Inner)
    limit, data = 0.3 if case.error == "Timeout" else 10, "hi" if case.end == "echo" else None
    # Some of the layers drop the messages of the lifespan, too.
    trace = mwviz.trace(app, f"/{case.end}", websocket=True, data=data, timeout=limit, lifespan=False)
    users = {layer.index for layer in trace.layers if layer.origin == "user"}
    (index,) = (layer.index for layer in trace.layers if layer.name == case.layer.__name__)
    step = trace.steps[index]
    assert (step.outcome, step.observed) == (case.outcome, case.observed)
    assert tuple(named(trace.layers, case, each) for each in trace.request_order if each in users) == case.entered  # type: ignore[arg-type]
    assert tuple(named(trace.layers, case, each) for each in trace.response_order if each in users) == case.answered  # type: ignore[arg-type]
    assert named(trace.layers, case, trace.answered_by) == case.answered_by  # type: ignore[arg-type]
    assert named(trace.layers, case, trace.handled_by) == case.handled_by  # type: ignore[arg-type]
    assert (trace.error.type if trace.error is not None else None) == case.error
    assert told(trace.websocket) == case.got
    assert step.response_changes == case.changes
    assert trace.response is None
    assert told(trace.steps[0].websocket) == case.got
    assert step.status == (trace.websocket.status if trace.websocket is not None and step.websocket else None)


def probed(*layers: Any, **options: Any) -> Trace:
    return mwviz.trace(app_of(*layers), websocket=True, **options)


def test_without_a_path_the_stand_in_endpoint_is_a_websocket() -> None:
    trace = probed(kinds.Outer, sockets.Stays)
    assert (trace.probe.type, trace.probe.method, trace.probe.scheme) == ("websocket", "GET", "ws")
    assert trace.probe.headers == (("host", "testserver"),)
    assert told(trace.websocket) == (101, 0, 0, 1000, "app")
    assert trace.answered_by == "endpoint"
    at_end = [event.message for event in trace.timeline if event.of == "endpoint" and event.message]
    assert at_end == ["websocket.connect", "websocket.accept", "websocket.close"]


def test_the_stand_in_endpoint_hears_what_the_client_says() -> None:
    trace = probed(kinds.Outer, data=b"\xff\xfe")
    assert told(trace.websocket) == (101, 1, 0, 1000, "app")
    assert next(event.detail for event in trace.timeline if event.message == "websocket.receive") == "2 bytes"
    routed = probed(kinds.Outer, path="/raising", endpoint="stand-in", data="ok")
    assert told(routed.websocket) == (101, 1, 0, 1000, "app")
    assert routed.error is None


def test_the_stand_in_endpoint_raises_on_demand() -> None:
    trace = probed(sockets.RescuesClosing, raises=True)
    assert told(trace.websocket) == (403, 0, 0, 1011, "app")
    assert (trace.answered_by, trace.handled_by) == ("endpoint", 1)


def seen_scope(**options: Any) -> dict[str, Any]:
    scopes: list[Any] = []

    async def keeps(websocket: Any) -> None:
        scopes.append(dict(websocket.scope))
        await websocket.accept(websocket.scope["subprotocols"][0] if websocket.scope["subprotocols"] else None)

    app = Starlette(routes=[WebSocketRoute("/ws", keeps)], middleware=[Middleware(kinds.Layer)])
    trace = mwviz.trace(app, "/ws?a=b", websocket=True, **options)
    assert trace.error is None
    return {**scopes[0], "chosen": trace.websocket.subprotocol if trace.websocket is not None else None}


@pytest.mark.parametrize(
    ("given", "scheme", "port"),
    [(None, "ws", 80), ("http", "ws", 80), ("ws", "ws", 80), ("https", "wss", 443), ("wss", "wss", 443)],
)
def test_the_scope_is_the_one_that_uvicorn_makes(given: str | None, scheme: str, port: int) -> None:
    scope = seen_scope(scheme=given, headers={"Sec-WebSocket-Protocol": "chat, superchat"}, client="10.0.0.9")
    assert (scope["type"], scope["scheme"], scope["server"]) == ("websocket", scheme, ("testserver", port))
    assert (scope["path"], scope["query_string"], scope["client"][0]) == ("/ws", b"a=b", "10.0.0.9")
    assert scope["subprotocols"] == ["chat", "superchat"]
    assert scope["chosen"] == "chat"
    assert scope["extensions"] == {"websocket.http.response": {}}
    assert "method" not in scope


def test_a_token_among_the_subprotocols_is_kept_secret() -> None:
    headers = {"Sec-WebSocket-Protocol": "access_token, c3VwZXJz, chat"}
    trace = probed(kinds.Outer, path="/echo", headers=headers)
    assert trace.probe.headers[-1] == ("sec-websocket-protocol", "***, ***, chat")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "POST"}, "A websocket has no method 'POST': leave out either --websocket or -X."),
        ({"preflight": "https://a.example"}, "A browser sends no preflight for a websocket"),
        ({"extensions": ["http.response.push"]}, "A websocket knows no 'http.response.push'"),
        ({"scheme": "ftp"}, "'ftp' is no scheme of a websocket: http, https, ws or wss."),
        ({"raises": True, "path": "/echo"}, "Only the stand-in endpoint raises on demand"),
    ],
)
def test_what_does_not_go_with_a_websocket_is_said(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ProbeError) as raised:
        probed(kinds.Outer, **options)
    assert said in str(raised.value)


def test_a_scheme_of_websockets_needs_one() -> None:
    with pytest.raises(ProbeError, match="'wss' is no scheme of an HTTP request: add --websocket"):
        mwviz.trace(app_of(), scheme="wss")


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("silent", "The app's call returned, and the websocket was never answered."),
        ("waiting", "The websocket was neither accepted nor closed, and the app's call had not ended after 0.3 s."),
    ],
)
def test_an_error_speaks_of_websockets(end: str, said: str) -> None:
    trace = probed(kinds.Outer, path=f"/{end}", timeout=0.3)
    assert trace.error is not None
    assert (trace.error.message, trace.error.raised_by) == (said, "endpoint")


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (["websocket.send"], "Expected ASGI message 'websocket.accept', 'websocket.close' or"),
        (["websocket.accept", "http.response.body"], "Expected ASGI message 'websocket.send' or 'websocket.close'"),
        (["websocket.close", "websocket.accept"], "Unexpected ASGI message 'websocket.accept', after sending"),
        (["websocket.accept", "websocket.close", "websocket.close"], "Unexpected ASGI message 'websocket.close'"),
        (["websocket.http.response.start", "websocket.close"], "Expected ASGI message 'websocket.http.response.body'"),
    ],
)
def test_a_message_out_of_turn_is_refused_in_the_words_of_a_server(messages: list[str], said: str) -> None:
    class Awkward(kinds.Layer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            for kind in messages:
                await send({"type": kind, "status": 403, "headers": []})

    trace = probed(Awkward)
    assert trace.error is not None
    assert trace.error.message.startswith(said)
    assert trace.error.raised_by == 1


def test_what_is_sent_to_a_client_that_left_is_refused() -> None:
    class Persists(kinds.Layer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "websocket.accept"})
            received = [(await receive())["type"] for _ in range(3)]
            assert received == ["websocket.connect", "websocket.disconnect", "websocket.disconnect"]
            await send({"type": "websocket.send", "text": "still there?"})

    trace = probed(Persists)
    assert trace.error is not None
    assert trace.error.message.startswith("Unexpected ASGI message 'websocket.send'")
    assert told(trace.websocket) == (101, 0, 0, 1000, "client")


def test_a_ticker_without_an_end_is_told_in_bounds() -> None:
    class Ticks(kinds.Layer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": "x" * 2_000_000})
            for _ in range(20_000):
                await send({"type": "websocket.send", "bytes": b"tick"})

    trace = probed(Ticks)
    assert told(trace.websocket) == (101, 0, 20_001, None, None)
    assert told(trace.steps[0].websocket) == (101, 0, 20_001, None, None)
    assert len(trace.timeline) < 20_000
    assert trace.steps[0].response_changes == ()
    assert any(event.detail == "2000000 characters or bytes" for event in trace.timeline)


async def both_ways(websocket: Any) -> None:
    """Listens and talks in tasks of their own, as chats do."""

    import anyio

    async def listen() -> None:
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass

    await websocket.accept()
    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        group.start_soon(websocket.send_text, "one")
        group.start_soon(websocket.send_text, "two")


def test_the_client_hears_what_other_tasks_have_to_say_before_it_leaves() -> None:
    pytest.importorskip("anyio")
    app = kinds.app_of(kinds.Outer, routes=[WebSocketRoute("/ws", both_ways)])
    assert told(mwviz.trace(app, "/ws", websocket=True).websocket) == (101, 0, 2, 1000, "client")


def test_a_websocket_on_trio_goes_as_on_asyncio() -> None:
    trio = usable_trio()
    app = kinds.app_of(kinds.Outer, sockets.Stays, routes=[WebSocketRoute("/ws", both_ways)])

    async def traced() -> Trace:
        return await mwviz.trace_async(app, "/ws", websocket=True, data="hi")

    trace: Trace = trio.run(traced)
    assert told(trace.websocket) == (101, 1, 2, 1000, "client")
    assert [step.outcome for step in trace.steps] == ["passed", "passed", "skipped", "passed"]


@pytest.mark.skipif(not hasattr(starlette.exceptions, "WebSocketException"), reason="a newer Starlette's")
@pytest.mark.parametrize(("late", "got"), [(False, (403, 0, 0, 1008, "app")), (True, (101, 0, 0, 1008, "app"))])
def test_an_exception_for_websockets_is_handled_where_the_framework_does(late: bool, got: tuple[object, ...]) -> None:
    async def refused(websocket: Any) -> None:
        if late:
            await websocket.accept()
        raise starlette.exceptions.WebSocketException(1008, "no")

    app = kinds.app_of(kinds.Outer, routes=[WebSocketRoute("/ws", refused)])
    trace = mwviz.trace(app, "/ws", websocket=True)
    assert told(trace.websocket) == got
    assert trace.answered_by == "endpoint"
    handler = next(layer.index for layer in trace.layers if layer.name == "ExceptionMiddleware")
    # From Starlette 0.29 on a route handles the exceptions of its handler itself.
    in_route = find_spec("starlette._exception_handler") is not None
    assert trace.handled_by == (None if in_route or late else handler)
    assert trace.steps[handler].outcome == ("passed" if in_route else "handled")
    assert trace.steps[0].outcome == "passed"


def test_another_s_websocket_meanwhile_is_neither_noted_nor_changed() -> None:
    app = app_of(kinds.Outer, sockets.Stays)
    heard: list[str] = []

    async def other() -> None:
        said = [{"type": "websocket.disconnect", "code": 1000}, {"type": "websocket.receive", "text": "mine"}]
        said.append({"type": "websocket.connect"})

        async def receive() -> Any:
            await asyncio.sleep(0)
            return said.pop()

        async def send(message: Any) -> None:
            heard.append(message.get("text", message["type"]))

        scope = {"type": "websocket", "path": "/echo", "headers": [], "query_string": b"", "subprotocols": []}
        await app({**scope, "asgi": {"version": "3.0"}, "root_path": "", "scheme": "ws"}, receive, send)

    async def both() -> Trace:
        task = asyncio.ensure_future(other())
        trace = await mwviz.trace_async(app, "/echo", websocket=True, data="probe's", lifespan=False)
        await task
        return trace

    trace = asyncio.run(both())
    assert heard == ["websocket.accept", "hello", "echo mine"]
    assert told(trace.websocket) == (101, 1, 2, 1000, "client")
    assert sum(event.message == "websocket.receive" and event.of == 0 for event in trace.timeline) == 1
