from __future__ import annotations

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest

from mwviz.model import Response, Stack
from mwviz.render.json import render
from tests.render import diagram_traces, traces

ERRORS = {
    "index": 0,
    "name": "ServerErrorMiddleware",
    "label": "ServerErrorMiddleware",
    "qualified_name": "starlette.middleware.errors.ServerErrorMiddleware",
    "origin": "framework",
    "within": "app",
    "kind": "asgi",
    "arguments": {},
    "defined_at": {"file": "/opt/venv/lib/python3.11/site-packages/starlette/middleware/errors.py", "line": 138},
    "registered_at": None,
    "registered_by": None,
    "registered_in": None,
}
PROBE = {
    "type": "http",
    "method": "GET",
    "path": "/",
    "headers": [["host", "testserver"]],
    "scheme": "http",
    "client": "127.0.0.1",
    "body_bytes": 0,
    "endpoint": "stand-in",
    "lifespan": False,
    "order": None,
    "reasons": [],
    "raises": False,
    "repeat": None,
    "extensions": [],
}
VERSIONS = {"mwviz": "0.1.0", "python": "3.11.9", "starlette": "0.46.2", "fastapi": "0.115.12"}
HEADERS = [["content-type", "application/json"], ["content-length", "17"]]


def own(index: int, name: str, line: int) -> dict[str, Any]:
    return {
        "index": index,
        "name": name,
        "label": name,
        "qualified_name": f"shop.middleware.{name}",
        "origin": "user",
        "within": "app",
        "kind": "base_http",
        "arguments": {},
        "defined_at": {"file": "shop/middleware.py", "line": 2 * line},
        "registered_at": {"file": "shop/main.py", "line": line},
        "registered_by": None,
        "registered_in": None,
    }


def step(layer: int, outcome: str, status: int | None) -> dict[str, Any]:
    reached = outcome != "not_reached"
    return {
        "layer": layer,
        "outcome": outcome,
        "observed": [],
        "status": status,
        "entered_ns": 4_000 * layer + 1_000 if reached else None,
        "responded_ns": 900_000 - 5_000 * layer if reached else None,
        "left_ns": 950_000 - 4_000 * layer if reached else None,
        "self_request_ns": 3_000 + 400 * layer if reached else None,
        "self_response_ns": 2_000 + 700 * layer if reached else None,
        "request_changes": [] if reached else None,
        "response_changes": [] if reached else None,
        "raised": None,
        "held_ns": None,
        "held_until": None,
        "websocket": None,
    }


def event(at: int, what: str, of: int | str, message: str | None = None, detail: str | None = None) -> dict[str, Any]:
    return {"at_ns": at, "event": what, "message": message, "of": of, "detail": detail}


def test_healthy() -> None:
    assert json.loads(render(diagram_traces.tiny())) == {
        "format": "mwviz.trace/1",
        "target": "shop.main:app",
        "versions": VERSIONS,
        "layers": [ERRORS, own(1, "Outer", 10), own(2, "Inner", 11)],
        "probe": PROBE,
        "endpoint": {"name": "stand-in", "defined_at": None},
        "response": {"status": 200, "headers": HEADERS, "body_bytes": 17, "complete": True, "trailers": []},
        "error": None,
        "request_order": [0, 1, 2],
        "response_order": [2, 1, 0],
        "answered_by": "endpoint",
        "handled_by": None,
        "not_reached": [],
        "steps": [step(0, "passed", 200), step(1, "passed", 200), step(2, "passed", 200)],
        "timeline": [
            event(1_000, "enter", 0),
            event(5_000, "enter", 1),
            event(9_000, "enter", 2),
            event(500_000, "enter", "endpoint"),
            event(600_000, "send", "endpoint", "http.response.start", "200"),
            event(620_000, "send", "endpoint", "http.response.body", "17 bytes"),
            event(700_000, "leave", "endpoint"),
            event(890_000, "send", 2, "http.response.start", "200"),
            event(895_000, "send", 1, "http.response.start", "200"),
            event(900_000, "send", 0, "http.response.start", "200"),
            event(942_000, "leave", 2),
            event(946_000, "leave", 1),
            event(950_000, "leave", 0),
        ],
        "lifespan": None,
        "duration_ns": 1_240_000,
        "notes": [],
        "lost_headers": None,
        "websocket": None,
        "state": None,
    }


def test_short_circuit() -> None:
    document = json.loads(render(diagram_traces.refused()))

    assert document["answered_by"] == 1
    assert document["not_reached"] == [2]
    assert document["request_order"] == [0, 1]
    assert document["response_order"] == [1, 0]
    assert document["steps"] == [step(0, "passed", 401), step(1, "answered", 401), step(2, "not_reached", None)]
    assert document["endpoint"] is None
    assert document["response"] == {
        "status": 401,
        "headers": HEADERS,
        "body_bytes": 17,
        "complete": True,
        "trailers": [],
    }


def test_keys_stand_in_the_order_of_the_contract() -> None:
    assert list(json.loads(render(traces.healthy()))) == [
        "format", "target", "versions", "layers", "probe", "endpoint", "response", "error", "request_order",
        "response_order", "answered_by", "handled_by", "not_reached", "steps", "timeline", "lifespan", "duration_ns",
        "notes", "lost_headers", "websocket", "state",
    ]  # fmt: skip


def test_error_and_lifespan_are_objects() -> None:
    document = json.loads(render(traces.unstarted()))

    assert document["error"] == {
        "type": "RuntimeError",
        "message": "no database",
        "raised_by": None,
        "during": "startup",
        "frames": "",
        "traceback": "",
    }
    assert document["lifespan"] == {
        "startup": "failed",
        "shutdown": "not_run",
        "message": "startup failed: no database",
        "request_order": [],
        "startup_order": [],
        "shutdown_order": [],
        "stopped_at": None,
        "timeline": [],
    }
    assert document["response"] is None


def test_a_status_of_an_enum_is_a_number() -> None:
    made = replace(diagram_traces.tiny(), response=Response(HTTPStatus.NOT_FOUND, (), 0, True))

    assert json.loads(render(made))["response"]["status"] == 404
    assert '"status": 404,' in render(made)


def test_stack() -> None:
    made = diagram_traces.tiny()

    assert json.loads(render(Stack(made.target, made.versions, made.layers[:1], ("One note.",)))) == {
        "format": "mwviz.stack/1",
        "target": "shop.main:app",
        "versions": VERSIONS,
        "layers": [ERRORS],
        "notes": ["One note."],
    }


@pytest.mark.parametrize("name", diagram_traces.NAMES)
def test_hostile_text_comes_back_as_it_was_and_is_ascii(name: str) -> None:
    text = render(diagram_traces.named(name))
    document = json.loads(text)

    assert text.isascii()
    assert "\x7f" not in text
    assert document["target"] == name
    assert document["layers"][0]["arguments"] == {name: name}
    assert document["layers"][0]["registered_at"] == {"file": name, "line": 2}


def test_a_value_that_is_none_of_the_model_is_told() -> None:
    odd = replace(diagram_traces.tiny(), target=1.5)  # type: ignore[arg-type]

    with pytest.raises(TypeError, match="the model holds no float"):
        render(odd)
