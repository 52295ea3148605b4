"""`mwviz show --websocket`: what it prints, what it cannot be combined with, and its exit codes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import Project

CHAT = """\
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.routing import WebSocketRoute


class Timing(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        return await call_next(request)


async def chat(websocket):
    await websocket.accept("chat" if websocket.scope["subprotocols"] else None)
    async for said in websocket.iter_text():
        await websocket.send_text(said.upper())


async def broken(websocket):
    await websocket.accept()
    raise ValueError("no database")


async def silent(websocket):
    pass


async def endless(websocket):
    await websocket.receive()
    await websocket.receive()


ends = {"/chat": chat, "/broken": broken, "/silent": silent, "/endless": endless}
routes = [WebSocketRoute(path, end) for path, end in ends.items()]
app = Starlette(routes=routes, middleware=[Middleware(Timing)])
"""
ANSWERED = {
    "accepted": True,
    "status": 101,
    "subprotocol": "chat",
    "headers": [],
    "close_code": 1000,
    "close_reason": None,
    "closed_by": "client",
    "messages_in": 1,
    "messages_out": 1,
    "body_bytes": 0,
    "complete": True,
}


@pytest.fixture(autouse=True)
def written(project: Project) -> None:
    project.write({"main.py": CHAT, "hello.txt": "hello"})


def shown(project: Project, *arguments: str, code: int = 0) -> dict[str, Any]:
    ran = project.call("show", "main:app", *arguments, "--websocket", "-f", "json")
    assert ran.code == code
    trace: dict[str, Any] = json.loads(ran.stdout)
    return trace


def test_the_json_of_a_websocket(project: Project) -> None:
    trace = shown(project, "/chat", "-d", "@hello.txt", "-H", "Sec-WebSocket-Protocol: chat", "--scheme", "https")
    probe = trace["probe"]
    assert (probe["type"], probe["method"], probe["scheme"], probe["body_bytes"]) == ("websocket", "GET", "wss", 5)
    assert probe["headers"] == [["host", "testserver"], ["sec-websocket-protocol", "chat"]]
    assert (trace["response"], trace["websocket"], trace["error"]) == (None, ANSWERED, None)
    assert [step["websocket"] for step in trace["steps"]] == [ANSWERED] * len(trace["steps"])
    outcomes = {layer["name"]: step["outcome"] for layer, step in zip(trace["layers"], trace["steps"], strict=True)}
    assert outcomes["Timing"] == "skipped"
    assert trace["endpoint"]["name"] == "chat"
    assert trace["answered_by"] == "endpoint"
    events = [(event["event"], event["message"], event["detail"]) for event in trace["timeline"] if event["of"] == 0]
    assert events == [
        ("enter", None, None),
        ("receive", "websocket.connect", None),
        ("send", "websocket.accept", "subprotocol chat"),
        ("receive", "websocket.receive", "5 characters"),
        ("send", "websocket.send", "5 characters"),
        ("receive", "websocket.disconnect", "1000"),
        ("leave", None, None),
    ]


def test_without_a_path_the_stand_in_answers(project: Project) -> None:
    trace = shown(project)
    assert (trace["probe"]["path"], trace["probe"]["endpoint"]) == ("/", "stand-in")
    assert (trace["websocket"]["closed_by"], trace["websocket"]["close_code"]) == ("app", 1000)


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("/chat",), 0, "WEBSOCKET /chat → accepted, the client closed 1000 in "),
        (("/nowhere",), 0, "WEBSOCKET /nowhere → denied 403 (closed 1000) in "),
        (("/broken",), 1, "WEBSOCKET /broken → accepted in "),
        (("/silent",), 1, "WEBSOCKET /silent → no answer in "),
        (("/endless", "--timeout", "0.2"), 1, "WEBSOCKET /endless → timed out in "),
        (("--raise",), 1, "WEBSOCKET / → RuntimeError left the app in "),
    ],
)
def test_the_exit_code_tells_how_it_went(project: Project, arguments: tuple[str, ...], code: int, line: str) -> None:
    ran = project.call("show", "main:app", *arguments, "--websocket")
    assert ran.code == code
    assert ran.stdout.splitlines()[1].startswith(line)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--websocket", "-X", "GET"), "A websocket has no method 'GET': leave out either --websocket or -X."),
        (
            ("--websocket", "--preflight", "https://a.example"),
            "A browser sends no preflight for a websocket: leave out either --websocket or --preflight.",
        ),
        (
            ("--websocket", "--extension", "http.response.trailers"),
            "A websocket knows no 'http.response.trailers': leave out either --websocket or --extension.",
        ),
        (("--websocket", "--scheme", "gopher"), "'gopher' is no scheme of a websocket: http, https, ws or wss."),
        (("--scheme", "ws"), "'ws' is no scheme of an HTTP request: add --websocket."),
        (
            ("--extension", "http.response.trailer"),
            "'http.response.trailer' is no extension of ASGI that mwviz knows: did you mean http.response.trailers?",
        ),
        (
            ("--websocket", "--raise", "/chat"),
            "Only the stand-in endpoint raises on demand, and PATH goes to the real one: add --endpoint stand-in.",
        ),
    ],
)
def test_what_cannot_be_combined_is_one_clear_message(project: Project, arguments: tuple[str, ...], said: str) -> None:
    ran = project.call("show", "main:app", *arguments)
    assert (ran.code, ran.stdout, ran.stderr) == (2, "", f"Error: {said}\n")


def test_an_extension_is_offered_to_the_app(project: Project) -> None:
    project.write({"hints.py": HINTS})
    ran = project.call("show", "hints:app", "--extension", "http.response.early_hint", "-f", "json")
    assert ran.code == 0
    trace = json.loads(ran.stdout)
    assert trace["probe"]["extensions"] == ["http.response.early_hint"]
    sent = [event["message"] for event in trace["timeline"] if event["event"] == "send" and event["of"] == 0]
    assert sent == ["http.response.early_hint", "http.response.start", "http.response.body"]


HINTS = """\
from starlette.applications import Starlette


class Hints:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and "http.response.early_hint" in scope.get("extensions", {}):
            await send({"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]})
        await self.app(scope, receive, send)


app = Hints(Starlette())
"""
