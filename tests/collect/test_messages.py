"""Every kind of message that crosses a boundary has its name in the timeline, and is read for what it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

import mwviz
from mwviz.collect.read.messages import detail
from mwviz.errors import ProbeError
from mwviz.model import Trace
from tests.collect import behaviours as kinds
from tests.collect.test_behaviours import OLD

START: kinds.Message = {"type": "http.response.start", "status": 200, "headers": []}
BODY: kinds.Message = {"type": "http.response.body", "body": b"whole"}
TRAILER = (b"x-checksum", b"12")


def sending(*messages: kinds.Message) -> type[kinds.Layer]:
    """A layer that answers with these messages."""

    class Sends(kinds.Layer):
        async def __call__(self, scope: kinds.Scope, receive: kinds.Receive, send: kinds.Send) -> None:
            for message in messages:
                await send(dict(message))

    return Sends


def traced(*messages: kinds.Message, extensions: tuple[str, ...] = (), **options: Any) -> Trace:
    return mwviz.trace(kinds.app_of(kinds.Outer, sending(*messages)), extensions=extensions, **options)


def sent(trace: Trace, of: int | str) -> list[tuple[str | None, str | None]]:
    return [(event.message, event.detail) for event in trace.timeline if event.of == of and event.event == "send"]


@pytest.mark.parametrize(
    ("extension", "message", "said"),
    [
        ("http.response.early_hint", {"links": [b"</a.css>; rel=preload"]}, "1 link"),
        ("http.response.push", {"path": "/a.css?token=abc", "headers": []}, "/a.css?token=***"),
        ("http.response.debug", {"info": {"template": object(), "context": {}}}, "template, context"),
    ],
)
def test_a_message_aside_is_named_and_no_part_of_the_response(
    extension: str, message: dict[str, Any], said: str
) -> None:
    aside = {"type": extension, **message}
    trace = traced(aside, START, BODY, extensions=(extension,))
    assert trace.error is None
    assert trace.response is not None
    assert (trace.response.status, trace.response.body_bytes, trace.response.complete) == (200, 5, True)
    assert sent(trace, 0)[:2] == [(extension, said), ("http.response.start", "200")]
    assert (trace.answered_by, trace.probe.extensions) == (2, (extension,))


def test_a_message_of_an_extension_that_was_not_offered_is_refused_as_uvicorn_refuses_it() -> None:
    trace = traced({"type": "http.response.early_hint", "links": []}, START, BODY)
    assert trace.error is not None
    assert trace.error.message == "Expected ASGI message 'http.response.start', but got 'http.response.early_hint'."
    assert sent(trace, 0)[0] == ("http.response.early_hint", "0 links")


def test_a_file_that_the_server_is_told_to_send_completes_the_response(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(b"x" * 1234)
    path = {"type": "http.response.pathsend", "path": str(file)}
    trace = traced(START, path, extensions=("http.response.pathsend",))
    assert trace.error is None
    assert trace.response is not None
    assert (trace.response.body_bytes, trace.response.complete) == (1234, True)
    assert sent(trace, 0)[1] == ("http.response.pathsend", "report.pdf")
    assert trace.steps[1].response_changes == ()
    late = traced(START, path, BODY, extensions=("http.response.pathsend",))
    assert late.error is not None
    assert late.error.message.startswith("Unexpected ASGI message 'http.response.body' sent, after")


def test_parts_of_a_file_are_a_body(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"x" * 100)
    with (tmp_path / "part").open("rb") as file:
        part = {"type": "http.response.zerocopysend", "file": file}
        first, rest = {**part, "count": 30, "more_body": True}, {**part, "offset": 30}
        trace = traced(START, first, rest, extensions=("http.response.zerocopysend",))
    assert trace.response is not None
    assert (trace.response.body_bytes, trace.response.complete) == (100, True)
    kind = "http.response.zerocopysend"
    assert sent(trace, 0)[1:] == [(kind, "30 bytes of a file, more to come"), (kind, "a file")]
    assert trace.steps[1].observed == ("same_messages",)


@pytest.mark.parametrize("offered", [True, False])
def test_the_framework_s_own_file_response_does_as_the_server_offers(tmp_path: Path, offered: bool) -> None:
    if OLD:
        pytest.importorskip("aiofiles")  # Starlette's way to read files then
    file = tmp_path / "own.txt"
    file.write_text("own file")

    async def download(request: Request) -> Response:
        return FileResponse(str(file))

    app = kinds.app_of(kinds.Outer, routes=[Route("/", download)])
    extensions = ("http.response.pathsend",) if offered else ()
    trace = mwviz.trace(app, "/", extensions=extensions)
    assert trace.response is not None
    assert (trace.response.body_bytes, trace.response.complete) == (8, True)
    names = {name for name, _ in sent(trace, "endpoint")}
    knows = "pathsend" in Path(FileResponse.__call__.__code__.co_filename).read_text()
    assert ("http.response.pathsend" in names) == (offered and knows)


class AddsTrailers(kinds.Layer):
    """Announces a trailer, and adds it behind the body."""

    async def __call__(self, scope: kinds.Scope, receive: kinds.Receive, send: kinds.Send) -> None:
        async def trailed(message: kinds.Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "trailers": True}
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                await send({"type": "http.response.trailers", "headers": [TRAILER], "more_trailers": False})

        await self.app(scope, receive, trailed)


def test_a_layer_that_adds_trailers_is_told_by_them() -> None:
    app = kinds.app_of(kinds.Outer, AddsTrailers, kinds.Inner)
    trace = mwviz.trace(app, extensions=["http.response.trailers"])
    assert trace.error is None
    assert trace.response is not None
    assert (trace.response.trailers, trace.response.complete) == ((("x-checksum", "12"),), True)
    index = next(layer.index for layer in trace.layers if layer.name == "AddsTrailers")
    assert trace.steps[index].response_changes == ("+ trailer x-checksum: 12",)
    assert trace.steps[index - 1].response_changes == ()
    assert sent(trace, index)[0] == ("http.response.start", "200, trailers to come")
    assert sent(trace, index)[-1] == ("http.response.trailers", "1 trailer")
    plain = mwviz.trace(app)
    assert plain.error is not None
    assert "after response already completed" in plain.error.message


def test_trailers_that_were_announced_and_never_came_leave_the_response_open() -> None:
    trace = traced({**START, "trailers": True}, BODY, extensions=("http.response.trailers",))
    assert trace.error is not None
    assert trace.error.message == "The app's call returned, and the response began, but never ended."
    assert trace.response is not None
    assert not trace.response.complete


def test_trailers_may_come_in_parts() -> None:
    trailers = {"type": "http.response.trailers", "headers": [TRAILER]}
    trace = traced(
        {**START, "trailers": True}, BODY, {**trailers, "more_trailers": True}, trailers,
        extensions=("http.response.trailers",),
    )  # fmt: skip
    assert trace.error is None
    assert trace.response is not None
    assert len(trace.response.trailers) == 2
    assert sent(trace, 0)[-2:] == [
        ("http.response.trailers", "1 trailer, more to come"),
        ("http.response.trailers", "1 trailer"),
    ]


def test_the_body_of_a_head_request_is_said_to_stay_behind() -> None:
    async def page(request: Request) -> Response:
        return PlainTextResponse("a page")

    trace = mwviz.trace(kinds.app_of(kinds.Outer, routes=[Route("/", page)]), "/", method="HEAD")
    assert trace.response is not None
    assert (trace.response.status, trace.response.body_bytes) == (200, 6)
    assert "A server sends no body for HEAD: the 6 bytes that left the app go no further." in trace.notes


def test_events_are_told_chunk_by_chunk() -> None:
    async def events(request: Request) -> Response:
        async def chunks() -> AsyncIterator[str]:
            for number in range(3):
                yield f"data: {number}\n\n"

        return StreamingResponse(chunks(), media_type="text/event-stream")

    trace = mwviz.trace(kinds.app_of(kinds.Outer, routes=[Route("/", events)]), "/")
    chunk, end = ("http.response.body", "9 bytes, more to come"), ("http.response.body", "0 bytes")
    assert sent(trace, 0) == [("http.response.start", "200"), chunk, chunk, chunk, end]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"type": "http.request", "body": b"ab", "more_body": True}, "2 bytes, more to come"),
        ({"type": "http.disconnect"}, None),
        ({"type": "websocket.connect"}, None),
        ({"type": "websocket.accept"}, None),
        ({"type": "websocket.accept", "subprotocol": "chat"}, "subprotocol chat"),
        ({"type": "websocket.receive", "text": "zażółć"}, "6 characters"),
        ({"type": "websocket.send", "text": None, "bytes": b"abc"}, "3 bytes"),
        ({"type": "websocket.disconnect", "code": 1005}, "1005"),
        ({"type": "websocket.close", "code": 1008, "reason": "see https://u:pw@h/?token=1"}, "1008 see https://u:***@h/?token=***"),
        ({"type": "websocket.close"}, "1000"),
        ({"type": "websocket.close", "code": "odd", "reason": 7}, None),
        ({"type": "websocket.http.response.start", "status": 401}, "401"),
        ({"type": "websocket.http.response.body", "body": b"no"}, "2 bytes"),
        ({"type": "http.response.zerocopysend", "file": 3}, "a file"),
        ({"type": "http.response.pathsend", "path": "C:\\secret\\a.txt"}, "a.txt"),
        ({"type": "http.response.early_hint", "links": [b"a", b"b"]}, "2 links"),
        ({"type": "http.response.debug", "info": {}}, None),
        ({"type": "lifespan.startup"}, None),
        ({"type": 3}, None),
        ("no message", None),
    ],
)  # fmt: skip
def test_what_a_message_carries_is_said_in_a_few_words(message: Any, said: str | None) -> None:
    assert detail(message) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("http.response.trailer", "did you mean http.response.trailers?"),
        ("tls", "there are http.response.debug, http.response.early_hint,"),
    ],
)
def test_an_extension_that_nobody_knows_is_an_error(name: str, said: str) -> None:
    with pytest.raises(ProbeError) as raised:
        traced(START, BODY, extensions=(name,))
    assert said in str(raised.value)
