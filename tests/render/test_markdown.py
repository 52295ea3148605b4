from __future__ import annotations

import re

import pytest

from mwviz.render.markdown import render
from tests.render import diagram_traces, traces


def test_healthy() -> None:
    assert (
        render(diagram_traces.tiny())
        == """\
**shop.main:app** · GET / → 200 OK, answered by the stand-in endpoint

| Request | Response | Layer | Kind | Place | What happened |
| --: | --: | --- | --- | --- | --- |
| 1 | 3 | ServerErrorMiddleware | framework ASGI | starlette.middleware.errors | passed on |
| 2 | 2 | **Outer** | user BaseHTTP | shop/main.py:10 | passed on |
| 3 | 1 | **Inner** | user BaseHTTP | shop/main.py:11 | passed on |
| | | **stand-in endpoint** | | | answered 200 |

The request went in from Outer to Inner, the stand-in endpoint answered 200, and the response came out in reverse order.
"""
    )


def test_short_circuit() -> None:
    assert (
        render(diagram_traces.refused())
        == """\
**shop.main:app** · GET / → 401 Unauthorized, answered by Auth

| Request | Response | Layer | Kind | Place | What happened |
| --: | --: | --- | --- | --- | --- |
| 1 | 2 | ServerErrorMiddleware | framework ASGI | starlette.middleware.errors | passed on |
| 2 | 1 | **Auth** | user BaseHTTP | shop/main.py:10 | answered 401 |
| | | **Inner** | user BaseHTTP | shop/main.py:11 | not reached |
| | | **stand-in endpoint** | | | not reached |

Auth answered 401: Inner and the endpoint were never reached.
"""
    )


def test_verbose_adds_versions_and_arguments() -> None:
    text = render(traces.healthy(), verbose=True)

    assert "\n\nshop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9\n\n" in text
    assert "| allow_origins=&#91;'https&#58;//shop.example'&#93;, allow_credentials=True |" in text
    assert "0.115.12" not in render(traces.healthy())


@pytest.mark.parametrize(("verbose", "empty"), [(False, "| | |"), (True, "| | | |")])
def test_layers_further_in_stand_below_their_home(verbose: bool, empty: str) -> None:
    rows = render(traces.surrounded(), verbose=verbose).split("\n")
    homes = [index for index, row in enumerate(rows) if re.match(r"\| \| \| \w", row)]
    assert [rows[index] for index in homes] == [
        f"| | | mount /admin {empty} |",
        f"| | | route /admin/report {empty} |",
    ]
    assert "TenantMiddleware" in rows[homes[0] + 1]
    assert "GZipMiddleware" in rows[homes[1] + 1]


def test_remarks_follow_the_summary() -> None:
    assert render(traces.surrounded()).endswith("\n\nThe app accepts https only.\n\nOne layer was injected.\n")


@pytest.mark.parametrize("name", diagram_traces.NAMES)
def test_hostile_text_stays_text(name: str) -> None:
    markdown_it = pytest.importorskip("markdown_it", reason="an old Rich brings no Markdown parser")
    text = render(diagram_traces.named(name), verbose=True)
    html = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)

    assert "<" not in text
    tags = set(re.findall(r"<(\w+)", html))
    assert tags <= {"p", "strong", "table", "thead", "tbody", "tr", "th", "td"}
    assert html.count("<tr>") == 7
    assert html.count("<td") == 6 * 7
    assert "href" not in html


@pytest.mark.parametrize("live", ["@someone", "#12", ":bug:", "http://", "www.", "a@example"])
def test_what_github_looks_for_in_plain_text_is_kept_apart(live: str) -> None:
    text = render(diagram_traces.named("@someone #12 :bug: http://example.com www.example.com a@example.com"))

    assert live not in text


def test_ordinary_names_stay_readable() -> None:
    text = render(traces.healthy())

    assert "**process_time**" in text
    assert "&" not in text
