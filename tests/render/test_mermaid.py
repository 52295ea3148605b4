from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mwviz.model import TracedError
from mwviz.render.look import Look
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
  client -->|request 1| n0
  n0 -->|2| n1
  n1 -->|3| n2
  n2 --> handler
  handler -.-> n2
  n2 -.->|1| n1
  n1 -.->|2| n0
  n0 -.->|response 3| client
  linkStyle 0,1,2,3 stroke:#2f7ee6,stroke-width:2px
  linkStyle 4,5,6,7 stroke:#2a9d4e,stroke-width:2px
  classDef client fill:#e9edf2,stroke:#24292f,color:#1f2328,stroke-width:2px
  classDef user fill:#fefefe,stroke:#424a53,color:#1f2328
  classDef framework fill:#f6f8fa,stroke:#7d8690,color:#57606a,stroke-dasharray:5 3
  classDef answered fill:#e3f6e8,stroke:#1b7838,color:#1f2328,stroke-width:2px
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
  client -->|request 1| n0
  n0 -->|2| n1
  n1 -.->|1| n0
  n0 -.->|response 2| client
  n1 -.- n2
  n2 -.- handler
  linkStyle 0,1 stroke:#2f7ee6,stroke-width:2px
  linkStyle 2,3 stroke:#2a9d4e,stroke-width:2px
  linkStyle 4,5 stroke:#8b949e
  classDef client fill:#e9edf2,stroke:#24292f,color:#1f2328,stroke-width:2px
  classDef framework fill:#f6f8fa,stroke:#7d8690,color:#57606a,stroke-dasharray:5 3
  classDef took_over fill:#fff3d1,stroke:#8c5d00,color:#1f2328,stroke-width:2px
  classDef unreached fill:#f7f8f9,stroke:#838c96,color:#59616b,stroke-dasharray:2 3
"""
    )


def arrows(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if re.match(r"  \w+ [-=]", line)]


ARROWS = {
    "skipping": [
        "client -->|request 1| n0", "n0 -->|2| n1", "n1 -->|3| n2", "n2 -->|4| n3", "n3 -->|5| n4", "n4 --> handler",
        "handler -.-> n4", "n4 -.->|1| n1", "n1 -.->|2| n0", "n0 -.->|response 3| client",
    ],
    "thrown_away": [
        "client -->|request 1| n0", "n0 -->|2| n1", "n1 -->|3| n2", "n2 -->|4| n3", "n3 --> handler",
        "handler -.-x n3", "n3 -.-x|1| n2", "n2 -.-x|2| n1", "n1 -.->|3| n0", "n0 -.->|response 4| client",
    ],
    "dropped": [
        "client -->|request 1| n0", "n0 -->|2| n1", "n1 -->|3| n2", "n2 --> handler", "handler -.-x n2",
        "n2 -.-x|1| n1",
    ],
    "partly_seen": [
        "client -->|request 1| n0", "n0 -->|2| n2", "n2 --> handler", "handler -.-> n2", "n2 -.->|1| n0",
        "n0 -.->|response 2| client", "n0 -.- n1", "n1 -.- n2",
    ],
    "not_found": [
        "client -->|request 1| n0", "n0 -->|2| n1", "n1 --> handler", "handler -.-> n1", "n1 -.->|1| n0",
        "n0 -.->|response 2| client",
    ],
    "rejected_by_handler": [
        "client -->|request 1| n0", "n0 -->|2| n1", "n1 -->|3| n2", "n2 -->|4| n3", "n3 --> handler", "n2 -.->|1| n1",
        "n1 -.->|2| n0", "n0 -.->|response 3| client", "handler ==> n3", "n3 ==> n2",
    ],
    "askew": [
        "client -->|request 1| n0", "n0 -->|2| n1", "n1 -->|3| n2", "n2 -->|4| n3", "n3 -->|5| n4", "n4 --> handler",
        "n1 -.->|1| n0", "n0 -.->|response 2| client", "handler -.-x n4", "n4 -.-x|3| n3", "n3 -.-x|4| n2",
        "n2 -.-x|5| n1",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", ARROWS)
def test_arrows_are_what_was_observed(name: str) -> None:
    assert arrows(render(diagram_traces.ALL[name]())) == ARROWS[name]


def test_an_exception_that_leaves_the_app_reaches_the_client() -> None:
    found = arrows(render(traces.crashed()))

    assert found[-12:] == [
        *("handler ==> n10", *(f"n{i} ==> n{i - 1}" for i in range(10, 0, -1)), "n0 ==>|exception| client"),
    ]
    assert "n0 -.->|response 1| client" in found


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

    assert arrows(render(made)) == [
        *("client -->|request 1| n0", "n0 --> handler", "handler ==> n0", "n0 ==>|exception| client"),
    ]
    assert "<br/>raised KeyError" in render(made)


def test_a_response_that_no_layer_let_out_ends_at_the_first() -> None:
    step = traces.step(0, "silent", None, "dropped")
    made = traces.trace((traces.own("A", 1),), [step], answered_by=None, status=None, timeline=traces.events([step]))

    assert arrows(render(made)) == ["client -->|request 1| n0", "n0 --> handler", "handler -.-x n0"]


def test_nothing_is_crossed_where_nothing_was_sent() -> None:
    assert {arrow.split()[1] for arrow in arrows(render(traces.unbuilt()))} == {"-.-"}


def test_changes_stand_on_the_arrow_by_which_they_left_their_layer() -> None:
    made = diagram_traces.tiny()
    changed = replace(
        made.steps[1], request_changes=("+ scope user",), response_changes=("+ x-id: 1", "~ vary: a -> b")
    )
    text = render(replace(made, steps=(made.steps[0], changed, made.steps[2])), look=Look(changes=True))

    assert '  n1 -->|"3<br/>#43; scope user"| n2\n' in text
    assert '  n1 -.->|"2<br/>#43; x-id<br/>#126; vary"| n0\n' in text


def test_no_two_origins_have_the_same_form_and_border_but_the_users_own() -> None:
    text = render(traces.surrounded())

    assert '  n0["<b>ProxyHeadersMiddleware</b>' in text
    assert '  n2[["<b>OpenTelemetryMiddleware</b>' in text
    assert '  n3("<b>RequestIdMiddleware</b>' in text
    assert "classDef framework" in text
    assert re.search(r"classDef framework .*stroke-dasharray", text)


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
