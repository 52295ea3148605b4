"""What became of the request at the innermost place, told from the events there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mwviz.model import Event
from mwviz.render import end, mermaid
from tests.render import traces

START = Event(3, "send", "http.response.start", "endpoint", "200")
RAISED = "KeyError: 'x'"

#: The events of endpoint and router, and what is told of them.
TOLD: dict[str, tuple[tuple[Event, ...], str | None]] = {
    "nothing": ((), None),
    "answered": ((START,), "answered 200"),
    "raised": ((Event(1, "raise", None, "endpoint", RAISED),), "raised KeyError"),
    "raised through the router": (
        (Event(1, "enter", None, "router", None), Event(2, "raise", None, "router", RAISED)),
        "raised KeyError",
    ),
    "the function's exception became the response": (
        (Event(1, "raise", None, "endpoint", RAISED), START),
        "answered 200",
    ),
    "the same, and the router was left": (
        (Event(1, "raise", None, "endpoint", RAISED), START, Event(4, "leave", None, "router", None)),
        "answered 200",
    ),
    "a task raised after the response": (
        (START, Event(4, "raise", None, "background mail", RAISED), Event(5, "raise", None, "router", RAISED)),
        "answered 200, then raised KeyError",
    ),
    "called again after it had raised": ((Event(1, "raise", None, "router", RAISED), START), "raised KeyError"),
    "a websocket was closed for a reason": (
        (Event(1, "send", "websocket.close", "endpoint", "1008 no such room"),),
        "closed 1008: no such room",
    ),
    "a websocket was accepted, and closed": (
        (
            Event(1, "send", "websocket.accept", "endpoint", None),
            Event(2, "send", "websocket.close", "endpoint", "1000"),
        ),
        "accepted, closed 1000",
    ),
    "no word on the exception": ((Event(1, "raise", None, "router", None),), "raised an exception"),
}


@pytest.mark.parametrize("case", TOLD)
def test_the_end_is_told(case: str) -> None:
    timeline, told = TOLD[case]
    assert end.outcome(replace(traces.bare(), timeline=timeline)) == told


def test_a_diagram_shows_both_the_answer_and_the_exception_after_it() -> None:
    timeline, told = TOLD["a task raised after the response"]
    drawn = mermaid.render(replace(traces.bare(), timeline=timeline), width=80, color=False, verbose=False)
    assert f"<br/>{told}" in str(drawn)
    timeline, _ = TOLD["the function's exception became the response"]
    drawn = mermaid.render(replace(traces.bare(), timeline=timeline), width=80, color=False, verbose=False)
    assert "raised" not in str(drawn)
