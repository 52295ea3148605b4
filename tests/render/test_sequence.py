from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mwviz.model import Trace, TracedError
from mwviz.render.look import Look
from mwviz.render.sequence import render
from tests.render import diagram_traces, socket_traces, traces


def test_healthy() -> None:
    assert (
        render(diagram_traces.tiny())
        == """\
%%{init: {"sequence": {"width": 90, "actorMargin": 8, "mirrorActors": false, "messageMargin": 26}}}%%
sequenceDiagram
  actor client as client
  participant n0 as ServerError<br/>Middleware
  participant n1 as Outer
  participant n2 as Inner
  participant handler as stand-in<br/>endpoint
  client->>n0: GET /
  activate n0
  n0->>n1: in 2
  activate n1
  n1->>n2: in 3
  activate n2
  n2->>handler: in
  activate handler
  Note over handler: answered 200
  handler-->>n2: out
  deactivate handler
  n2-->>n1: out 1
  deactivate n2
  n1-->>n0: out 2
  deactivate n1
  n0-->>client: 200 OK
  deactivate n0
"""
    )


def messages(trace: Trace) -> list[str]:
    return [line.strip() for line in render(trace).splitlines() if re.match(r"  \w+(?:->>|-->>|--\)|-x)\w+: ", line)]


def test_a_short_circuit_goes_no_further() -> None:
    text = render(diagram_traces.refused())

    assert messages(diagram_traces.refused()) == [
        *("client->>n0: GET /", "n0->>n1: in 2", "n1-->>n0: out 1", "n0-->>client: 401<br/>Unauthorized"),
    ]
    assert "  Note over n1: answered 401\n  n1-->>n0" in text
    assert text.endswith("  Note over client,n1: not reached#58;<br/>Inner<br/>stand-in endpoint\n")


def test_messages_stand_in_the_order_of_time() -> None:
    """The outer layer sent its own start before the inner one did."""
    made = diagram_traces.ALL["askew"]()
    early = replace(made.steps[1], responded_ns=made.steps[2].entered_ns)
    steps = (made.steps[0], early, *made.steps[2:])
    trace = replace(made, steps=steps, timeline=traces.events(steps))

    found = messages(trace)

    assert found.index("n1-->>n0: out 1") < found.index("n2->>n3: in 4")


def test_messages_stand_in_order_even_where_no_event_tells_of_them() -> None:
    made = diagram_traces.ALL["rejected"]()

    assert messages(replace(made, timeline=())) == messages(made)


def test_an_exception_ends_in_a_cross_at_each_layer_that_it_left() -> None:
    found = messages(traces.crashed())

    assert [each for each in found if "-x" in each] == [
        "handler-xn9: exception",
        *(f"n{at}-xn{at - 1}: exception" for at in range(9, 0, -1)),
        "n0-xclient: exception",
    ]
    assert "n0-->>client: 500 Internal<br/>Server Error" in found


def test_what_came_after_the_response_is_told_after_it() -> None:
    """That an exception went through, its arrow tells."""
    made = traces.trace(
        (traces.ERRORS, traces.own("A", 10)),
        [replace(traces.step(at), raised=raised) for at, raised in enumerate(("KeyError: 1", "KeyError: 1"))],
        error=TracedError("KeyError", "1", 1, "probe", "", ""),
    )
    text = render(made)

    assert "then let" not in text
    assert text.index("Note over n1: then raised KeyError") > text.index("n0-->>client: 200 OK")
    assert text.index("Note over n1: then raised KeyError") < text.index("n1-xn0: exception")


def test_framework_layers_that_only_passed_on_share_a_column() -> None:
    text = render(traces.healthy())

    assert "  participant n9 as 2 framework<br/>layers\n" in text
    assert (
        "  Note over client,handler: 2 framework layers#58;<br/>ExceptionMiddleware<br/>AsyncExitStackMiddleware\n"
        in text
    )
    assert "n10" not in text


def test_changes_are_notes_before_the_message_that_carries_them() -> None:
    made = diagram_traces.tiny()
    changed = replace(made.steps[1], request_changes=("+ scope user",), response_changes=("+ x-id: 1",))
    text = render(replace(made, steps=(made.steps[0], changed, made.steps[2])), look=Look(changes=True))

    assert "  Note over n1: #43; scope user\n  n1->>n2: in 3\n" in text
    assert "  Note over n1: #43; x-id\n  n1-->>n0: out 2\n" in text


@pytest.mark.parametrize("name", [*diagram_traces.ALL, *(f"websocket {name}" for name in socket_traces.ALL)])
def test_a_column_is_active_once_and_no_longer_than_it_takes_part(name: str) -> None:
    socket = name.removeprefix("websocket ")
    trace = diagram_traces.ALL[name]() if name in diagram_traces.ALL else socket_traces.ALL[socket]
    found = re.findall(r"^  (activate|deactivate) (\w+)$", render(trace), re.MULTILINE)

    for column in {column for _, column in found}:
        assert [what for what, of in found if of == column] == ["activate", "deactivate"]


@pytest.mark.parametrize("name", diagram_traces.NAMES)
def test_hostile_text_stays_inside_its_line(name: str) -> None:
    lines = render(diagram_traces.named(name)).splitlines()
    ours = re.compile(
        r"%%\{init: .*\}%%|sequenceDiagram|  (?:actor|participant) \w+ as [^\n]*|  (?:de)?activate \w+"
        r"|  Note over [\w,]+: [^\n]*|  \w+(?:->>|-->>|--\)|-x)\w+: [^\n]*"
    )

    assert [line for line in lines if not ours.fullmatch(line)] == []
    texts = "".join(
        re.sub(r"^.*?(?: as |: )", "", line).replace("<br/>", "") for line in lines[2:] if "activate" not in line
    )
    assert not set("`*[]{}<>$%@&()\\|~!\"'") & set(texts)
    assert re.findall(r";", re.sub(r"#\d+;", "", texts)) == []
