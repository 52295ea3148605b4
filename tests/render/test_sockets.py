from __future__ import annotations

from dataclasses import replace

import pytest

from mwviz.model import Observation
from mwviz.render import Format, sockets, words
from mwviz.render.graph import diagram
from mwviz.render.plain import columns
from mwviz.render.summary import summary
from tests.render import socket_traces as traces

BY_ENDPOINT, BY_LAYER = "answered by the stand-in endpoint", "answered by OriginCheck"
IN_AND_OUT = (
    "The handshake went in from OriginCheck to Auth, the stand-in endpoint accepted the websocket, and the answer came "
    "out in reverse order."
)
SKIPPED = "Timing took no part: a BaseHTTPMiddleware is for HTTP only."
UNREACHED = "Timing, Auth and the endpoint were never reached."
MET = {
    "accepted": (
        f"accepted, 2 messages out, closed 1000 in 1.24 ms, {BY_ENDPOINT}",
        f"{IN_AND_OUT} The stand-in endpoint closed it with 1000. {SKIPPED}",
    ),
    "left": (
        f"accepted, 1 message in, 2 messages out, the client closed 1000 in 1.24 ms, {BY_ENDPOINT}",
        f"{IN_AND_OUT} The client closed it with 1000. {SKIPPED}",
    ),
    "open": (f"accepted, left open in 1.24 ms, {BY_ENDPOINT}", f"{IN_AND_OUT} Nobody closed it. {SKIPPED}"),
    "chosen": (
        f"accepted as chat, 1 message in, 2 messages out, the client closed 1000 in 1.24 ms, {BY_ENDPOINT}",
        f"{IN_AND_OUT} The client closed it with 1000. {SKIPPED}",
    ),
    "closed": (
        f"denied 403 (closed 1008: no token) in 1.24 ms, {BY_LAYER}",
        f"OriginCheck closed the websocket without accepting it, which a server turns into 403: {UNREACHED}",
    ),
    "denied": (
        f"denied 401 in 1.24 ms, {BY_LAYER}",
        f"OriginCheck denied the websocket with 401: {UNREACHED}",
    ),
    "taken over": (
        f"accepted, 2 messages out, closed 1001 in 1.24 ms, {BY_LAYER}",
        f"OriginCheck accepted the websocket: {UNREACHED} OriginCheck closed it with 1001.",
    ),
    "replaced": (
        f"denied 401 in 1.24 ms, {BY_LAYER}",
        f"OriginCheck threw away the answer from further in and denied the websocket with 401. {SKIPPED}",
    ),
    "handled": (
        "denied 403 (closed 1008: no token) in 1.24 ms, sent by OriginCheck",
        (
            "The stand-in endpoint raised ValueError, and OriginCheck turned it into a close 1008: "
            "the answer never passed Timing and Auth."
        ),
    ),
    "closed late": (
        f"accepted, 2 messages out, closed 1011 in 1.24 ms, {BY_ENDPOINT}",
        f"{IN_AND_OUT} OriginCheck closed it with 1011.",
    ),
    "raised": (
        "ValueError left the app in 1.24 ms",
        "ValueError raised by the stand-in endpoint left the app, and no answer was sent.",
    ),
    "raised late": (
        f"accepted in 1.24 ms, {BY_ENDPOINT}, then ValueError left the app",
        "ValueError raised by the stand-in endpoint left the app after the websocket had been accepted.",
    ),
    "hung": (
        f"accepted in 1.24 ms, {BY_ENDPOINT}, then timed out",
        "Timing still held the websocket at the time limit: it had been accepted.",
    ),
    "hung denied": (
        f"denied 401 in 1.24 ms, {BY_ENDPOINT}, then timed out",
        "Timing still held the websocket at the time limit: it had been denied.",
    ),
    "hung closed": (
        f"accepted, 2 messages out, closed 1000 in 1.24 ms, {BY_ENDPOINT}, then timed out",
        "Timing still held the websocket at the time limit: it had been closed.",
    ),
    "silent": ("no answer in 1.24 ms", "Timing returned and sent nothing."),
    "half denied": (
        f"denied 401 in 1.24 ms, {BY_ENDPOINT}, then no answer",
        "The denial 401 had started but did not end.",
    ),
}


@pytest.mark.parametrize("name", traces.ALL)
def test_request_line_and_summary(name: str) -> None:
    made = traces.ALL[name]
    line, told = MET[name]
    assert words.request_line(made) == f"WEBSOCKET /ws → {line}"
    assert summary(made) == told


@pytest.mark.parametrize("name", traces.ALL)
@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("format", [Format.TABLE, Format.TREE, Format.TIMELINE])
def test_every_way_fits_the_terminal(name: str, width: int, format: Format) -> None:
    from mwviz.render import render

    text = render(traces.ALL[name], format, width=width)
    assert isinstance(text, str)
    assert max(map(columns, text.splitlines())) <= width
    assert "WEBSOCKET /ws" in text


@pytest.mark.parametrize(
    ("name", "layer", "said"),
    [
        ("accepted", 1, "passed on"),
        ("accepted", 2, "skipped"),
        ("closed", 1, "closed 1008: no token"),
        ("denied", 1, "denied 401"),
        ("taken over", 1, "accepted, closed 1001"),
        ("replaced", 1, "replaced the answer: denied 401"),
        ("handled", 1, "turned ValueError into a close 1008"),
        ("closed late", 1, "turned ValueError into a close 1011"),
        ("silent", 2, "never answered"),
        ("hung", 2, "hung"),
    ],
)
def test_what_a_layer_did_has_words_of_websockets(name: str, layer: int, said: str) -> None:
    assert words.happened(traces.ALL[name], layer) == said


@pytest.mark.parametrize(
    ("observed", "said"),
    [
        ("twice", "passed on, answered twice"),
        ("rewrote_body", "passed on, changed the messages"),
        ("held_back", "passed on, held the answer back"),
        ("closed", "passed on, closed 1000"),
        ("copied_scope", "passed on, copied the scope"),
    ],
)
def test_what_was_seen_at_a_layer_has_words_of_websockets(observed: Observation, said: str) -> None:
    made = traces.accepted()
    steps = list(made.steps)
    steps[3] = replace(steps[3], observed=(observed,))
    assert words.happened(replace(made, steps=tuple(steps)), 3) == said


def test_a_skipped_layer_that_an_exception_passed_says_both() -> None:
    made = traces.accepted()
    steps = list(made.steps)
    steps[2], steps[3] = (replace(step, raised="ValueError: late") for step in steps[2:])
    assert words.happened(replace(made, steps=tuple(steps)), 2) == "skipped, let ValueError through"


def test_the_diagram_draws_the_answer_from_where_it_came() -> None:
    drawn = diagram(traces.accepted())
    client, *layers, end = drawn.nodes
    assert (client.name, client.badge) == ("WEBSOCKET /ws", "accepted, 2 messages out, closed 1000")
    assert [(node.badge, node.state) for node in layers[1:3]] == [("", "plain"), ("skipped", "plain")]
    assert (end.badge, end.state) == ("accepted, closed 1000", "answered")
    assert [edge.tail for edge in drawn.edges if edge.kind == "response"] == ["handler", "n3", "n2", "n1", "n0"]
    silent = diagram(traces.ALL["silent"])
    assert (silent.nodes[0].badge, silent.nodes[0].state) == ("no answer", "failed")


def test_an_exception_may_be_turned_into_any_answer() -> None:
    told = [sockets.turned_into(each) for each in (traces.CLOSED, traces.DENIED, traces.OPEN)]
    assert told == ["a close 1008", "a denial 401", "an accept"]


def test_a_reason_is_foreign_text() -> None:
    made = traces.closed(replace(traces.CLOSED, close_reason="\x1b[31m<b>" + "x" * 200))
    line = words.request_line(made)
    assert "\\x1b[31m<b>" in line
    assert len(line) < 150
