"""Both Mermaid diagrams, parsed and drawn by the Mermaid of npm at GitHub's strict security level.

GitHub and the tools for documentation lag behind: the last release of each of three major versions is tried.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from mwviz.model import Trace
from mwviz.render import Format, mermaid, render, sequence
from mwviz.render.look import Look
from mwviz.render.plain import visible
from tests.browser.conftest import NpmPackage
from tests.render import diagram_traces, route_lists, traces
from tests.render.socket_traces import ALL as SOCKETS

if TYPE_CHECKING:
    from playwright.sync_api import Page

Draw: TypeAlias = Callable[..., dict[str, Any]]

GOLDEN = Path(__file__).parents[1] / "golden"
VERSIONS = ("mermaid@12.3.0", "mermaid@11.17.2", "mermaid@10.9.4")
TRACES: dict[str, Callable[[], Trace]] = {
    **diagram_traces.ALL,
    "deep": lambda: traces.deep(12),
}
KINDS = {"mermaid": mermaid.render, "sequence": sequence.render}

_DRAW = """async ({source, theme}) => {
    mermaid.initialize({startOnLoad: false, securityLevel: 'strict', theme});
    const parsed = await mermaid.parse(source);
    const {svg} = await mermaid.render('drawn', source);
    document.body.innerHTML = svg;
    const drawn = document.querySelector('svg');
    const shown = [...drawn.querySelectorAll('foreignObject, text')].map(each => {
        const copy = each.cloneNode(true);
        copy.querySelectorAll('br').forEach(end => end.replaceWith('\\n'));
        return copy.textContent;
    });
    const live = drawn.querySelectorAll('script, a, img, iframe, .katex, .fa, i').length;
    const size = drawn.viewBox.baseVal;
    return {parsed: Boolean(parsed), shown, live, kind: drawn.getAttribute('aria-roledescription'), width: size.width};
}"""


@pytest.fixture(params=VERSIONS)
def draw(request: pytest.FixtureRequest, page: Page, npm_package: NpmPackage, tmp_path: Path) -> Draw:
    script = npm_package(request.param) / "dist" / "mermaid.min.js"
    html = tmp_path / "page.html"
    html.write_text(f'<!doctype html><meta charset="utf-8"><body><script src="{script.as_uri()}"></script>', "utf-8")
    page.goto(html.as_uri())

    def drawn(source: str, theme: str = "default") -> dict[str, Any]:
        result: dict[str, Any] = page.evaluate(_DRAW, {"source": source, "theme": theme})
        return result

    return drawn


def seen(result: dict[str, Any]) -> str:
    """Return all text of a drawing, without the blanks of no width and without the breaks of lines."""
    text = "".join(result["shown"])
    return "".join(char for char in text if not char.isspace() and char != "\u200b")


def wanted(name: str) -> str:
    """Return a name as it can be found in such a text, where it is cut if it is long."""
    return "".join(char for char in visible(name)[:50] if not char.isspace())


def test_every_trace_is_drawn(draw: Draw) -> None:
    made = {**{name: make() for name, make in TRACES.items()}, **SOCKETS}
    for name, trace in made.items():
        for kind, rendered in KINDS.items():
            result = draw(rendered(trace, look=Look(changes=True)))
            assert (result["parsed"], result["live"]) == (True, 0), (name, kind)
            assert result["kind"] == {"mermaid": "flowchart-v2", "sequence": "sequence"}[kind], name


def test_every_sample_is_drawn(draw: Draw) -> None:
    sources = sorted(GOLDEN.glob("*.mmd"))
    assert len(sources) > 20
    for path in sources:
        assert draw(path.read_text("utf-8"))["kind"] in ("flowchart-v2", "sequence"), path.name
    assert draw(str(render(route_lists.shop(), Format.MERMAID)))["kind"] == "flowchart-v2"


HOSTILE = (
    *diagram_traces.NAMES,
    *("</script><script>x()</script>", "a; b", "a:b", "as b", "Note over n0: x", "activate n0", "+n0", "#quot;"),
    *("end\nend", "loop x", "x" * 50, "<br/>", "n0-->>n1: x", "autonumber", "accTitle: x", "%% x", "\\n", "é" * 20),
)


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_names_are_shown_as_they_are(draw: Draw, kind: str) -> None:
    for name in HOSTILE:
        result = draw(KINDS[kind](diagram_traces.named(name)))
        assert result["live"] == 0, name
        assert seen(result).count(wanted(name)) >= 3, json.dumps([name, result["shown"]])


def test_hostile_names_are_shown_as_they_are_among_routes(draw: Draw) -> None:
    for name in HOSTILE:
        result = draw(str(render(route_lists.named(name), Format.MERMAID)))
        assert result["live"] == 0, name
        assert wanted(name) in seen(result), json.dumps([name, result["shown"]])


@pytest.mark.parametrize("theme", ["default", "dark", "neutral"])
def test_a_dozen_layers_stay_readable(draw: Draw, theme: str) -> None:
    """At the width of a page on GitHub, about 900 pixels, a text of 16 pixels keeps 9 or more."""
    result = draw((GOLDEN / "shop.sequence.mmd").read_text("utf-8"), theme)

    assert {"CORS", "process_time", "200 OK", "answered 200"} <= {text.strip() for text in result["shown"]}
    assert result["width"] < 1_600
