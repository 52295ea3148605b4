from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mwviz.model import TracedError
from mwviz.render.mermaid import render
from tests.render import diagram_traces, traces


def test_healthy() -> None:
    assert (
        render(diagram_traces.tiny())
        == """\
flowchart TD
  client(["<b>GET /</b><br/><small>client</small><br/>200 OK"]):::client
  n0("<b>ServerErrorMiddleware</b><br/><small>framework ASGI, starlette.middleware.errors</small>"):::framework
  n1("<b>Outer</b><br/><small>user BaseHTTP, shop/main.py:10</small>"):::user
  n2("<b>Inner</b><br/><small>user BaseHTTP, shop/main.py:11</small>"):::user
  handler(["<b>stand-in endpoint</b><br/>answered 200"]):::answered
  client -->|1| n0
  n0 -->|2| n1
  n1 -->|3| n2
  n2 --> handler
  handler --> n2
  n2 -->|1| n1
  n1 -->|2| n0
  n0 -->|3| client
  linkStyle 0,1,2,3 stroke:#2f7ee6,stroke-width:2px
  linkStyle 4,5,6,7 stroke:#2a9d4e,stroke-width:2px
  classDef client fill:#1f2937,stroke:#3d4b5f,color:#ffffff
  classDef user fill:#ffffff,stroke:#8b949e,color:#1f2328
  classDef framework fill:#f3f5f7,stroke:#b9c2cc,color:#57606a,stroke-dasharray:5 3
  classDef answered fill:#e8f7ec,stroke:#4fb36c,color:#1f2328
"""
    )


def test_short_circuit() -> None:
    assert (
        render(diagram_traces.refused())
        == """\
flowchart TD
  client(["<b>GET /</b><br/><small>client</small><br/>401 Unauthorized"]):::client
  n0("<b>ServerErrorMiddleware</b><br/><small>framework ASGI, starlette.middleware.errors</small>"):::framework
  n1("<b>Auth</b><br/><small>user BaseHTTP, shop/main.py:10</small><br/>answered 401"):::took_over
  n2("<b>Inner</b><br/><small>user BaseHTTP, shop/main.py:11, not reached</small>"):::unreached
  handler(["<b>stand-in endpoint</b><br/>not reached"]):::unreached
  client -->|1| n0
  n0 -->|2| n1
  n1 -->|1| n0
  n0 -->|2| client
  n1 -.- n2
  n2 -.- handler
  linkStyle 0,1 stroke:#2f7ee6,stroke-width:2px
  linkStyle 2,3 stroke:#2a9d4e,stroke-width:2px
  linkStyle 4,5 stroke:#8b949e
  classDef client fill:#1f2937,stroke:#3d4b5f,color:#ffffff
  classDef framework fill:#f3f5f7,stroke:#b9c2cc,color:#57606a,stroke-dasharray:5 3
  classDef took_over fill:#fff5da,stroke:#d3a429,color:#1f2328
  classDef unreached fill:#f3f5f7,stroke:#d5dae0,color:#98a1ab
"""
    )


def arrows(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if re.match(r"  \w+ -", line)]


ARROWS = {
    "skipping": [
        "client -->|1| n0", "n0 -->|2| n1", "n1 -->|3| n2", "n2 -->|4| n3", "n3 -->|5| n4", "n4 --> handler",
        "handler --> n4", "n4 -->|1| n1", "n1 -->|2| n0", "n0 -->|3| client",
    ],
    "thrown_away": [
        "client -->|1| n0", "n0 -->|2| n1", "n1 -->|3| n2", "n2 -->|4| n3", "n3 --> handler",
        "handler -.-> n3", "n3 -.->|1| n2", "n2 -.->|2| n1", "n1 -->|3| n0", "n0 -->|4| client",
    ],
    "dropped": [
        "client -->|1| n0", "n0 -->|2| n1", "n1 -->|3| n2", "n2 --> handler", "handler -.-> n2", "n2 -.->|1| n1",
    ],
    "partly_seen": [
        "client -->|1| n0", "n0 -->|2| n2", "n2 --> handler", "handler --> n2", "n2 -->|1| n0", "n0 -->|2| client",
        "n0 -.- n1", "n1 -.- n2",
    ],
    "not_found": [
        "client -->|1| n0", "n0 -->|2| n1", "n1 --> handler", "handler --> n1", "n1 -->|1| n0", "n0 -->|2| client",
    ],
    "rejected_by_handler": [
        "client -->|1| n0", "n0 -->|2| n1", "n1 -->|3| n2", "n2 -->|4| n3", "n3 --> handler",
        "n2 -->|1| n1", "n1 -->|2| n0", "n0 -->|3| client", "handler -.-> n3", "n3 -.-> n2",
    ],
    "askew": [
        "client -->|1| n0", "n0 -->|2| n1", "n1 -->|3| n2", "n2 -->|4| n3", "n3 -->|5| n4", "n4 --> handler",
        "n1 -->|1| n0", "n0 -->|2| client", "handler -.-> n4", "n4 -.->|3| n3", "n3 -.->|4| n2", "n2 -.->|5| n1",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", ARROWS)
def test_arrows_are_what_was_observed(name: str) -> None:
    assert arrows(render(diagram_traces.ALL[name]())) == ARROWS[name]


def test_an_exception_that_leaves_the_app_reaches_the_client() -> None:
    found = arrows(render(traces.crashed()))

    assert found[-12:] == ["handler -.-> n10", *(f"n{i} -.-> n{i - 1}" for i in range(10, 0, -1)), "n0 -.-> client"]
    assert "n0 -->|1| client" in found


def test_an_exception_of_the_endpoint_is_shown_even_where_no_event_tells_of_it() -> None:
    bare = replace(traces.crashed(), timeline=())
    rescued = replace(diagram_traces.rejected_by_handler(), timeline=())

    assert 'handler(["<b>stand-in endpoint</b><br/>raised ValueError"]):::failed' in render(bare)
    assert arrows(render(bare)) == arrows(render(traces.crashed()))
    assert "<br/>raised an exception" in render(rescued)
    assert arrows(render(rescued)) == arrows(render(diagram_traces.rejected_by_handler()))


def test_an_exception_nobody_answered_for_reaches_the_client() -> None:
    raised = "KeyError: 'x'"
    error = TracedError("KeyError", "'x'", "endpoint", "probe", "", "")
    step = replace(traces.step(0, status=None), raised=raised)
    made = traces.trace((traces.ERRORS,), [step], answered_by=None, status=None, error=error)

    assert arrows(render(made)) == ["client -->|1| n0", "n0 --> handler", "handler -.-> n0", "n0 -.-> client"]
    assert "<br/>raised KeyError" in render(made)


def test_a_response_that_no_layer_let_out_ends_at_the_first() -> None:
    step = traces.step(0, "silent", None, "dropped")
    made = traces.trace((traces.own("A", 1),), [step], answered_by=None, status=None, timeline=traces.events([step]))

    assert arrows(render(made)) == ["client -->|1| n0", "n0 --> handler", "handler -.-> n0"]


def test_nothing_is_crossed_where_nothing_was_sent() -> None:
    assert {arrow.split()[1] for arrow in arrows(render(traces.unbuilt()))} == {"-.-"}


def test_mounts_and_routes_are_framed() -> None:
    text = render(traces.surrounded())

    assert '  subgraph g1["mount /admin"]\n    n5("<b>TenantMiddleware</b>' in text
    assert '  subgraph g2["route /admin/report"]\n    n6("<b>GZipMiddleware</b>' in text


@pytest.mark.parametrize("name", diagram_traces.NAMES)
def test_hostile_text_stays_inside_its_label(name: str) -> None:
    text = render(diagram_traces.named(name))
    shape = re.sub(r'"[^"\n]*"', '""', text)

    assert shape == re.sub(r'"[^"\n]*"', '""', render(diagram_traces.named("plain")))
    labels = "".join(re.findall(r'"([^"\n]*)"', text))
    assert set(re.findall(r"<[^>]*>", labels)) == {"<b>", "</b>", "<small>", "</small>", "<br/>"}
    assert not set("`*[]{}$%@&()\\|~!") & set(labels)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("$$x$$", "#36;#8203;#36;x#36;#8203;#36;"),
        ("\n", "#92;#8203;n"),
        ("fa:fa-car", "fa#58;#8203;fa-car"),
        ("ﬂ°°35¶ß", "ﬂ#8203;#176;#176;35#182;#8203;ß"),
    ],
)
def test_what_mermaid_looks_for_after_decoding_is_kept_apart(name: str, shown: str) -> None:
    assert f"<b>{shown}</b>" in render(diagram_traces.named(name))
