from __future__ import annotations

import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from graphviz.backend import dot_command

from mwviz.errors import OutputError
from mwviz.render import Format, dot, palette, picture, render
from mwviz.render.look import Look
from tests.render import diagram_traces, traces

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="session")
def engine() -> Path:
    """Return the executable of the extra, which the suite's environment installs: without it these tests fail."""
    found = shutil.which("graphviz-pure", path=str(Path(sys.executable).parent)) or shutil.which("graphviz-pure")
    assert found is not None, "the test environment lacks the extra mwviz[diagram]"
    return Path(found)


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def no_engine(no_dot: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))


def texts(svg: bytes) -> list[str]:
    return [(text.text or "").replace("\xa0", " ") for text in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.usefixtures("no_dot")
def test_svg_shows_every_box_and_both_directions(engine: Path) -> None:
    svg = picture.svg(diagram_traces.refused())

    assert svg.startswith(b"<?xml")
    assert {"GET /", "401 Unauthorized", "Auth", "answered 401", "stand-in endpoint", "not reached"} <= set(texts(svg))
    lines = re.findall(r'<path fill="none" stroke="(#\w+)" stroke-width="2.2"( stroke-dasharray)?', svg.decode())
    solid, dashed = (palette.color("request", "light"), ""), (palette.color("response", "light"), " stroke-dasharray")
    assert sorted(lines) == [solid, solid, dashed, dashed]


@pytest.mark.usefixtures("no_dot")
@pytest.mark.parametrize("name", diagram_traces.ALL)
def test_every_trace_has_a_picture_and_always_the_same(name: str, engine: Path) -> None:
    trace = diagram_traces.ALL[name]()

    svg = render(trace, Format.SVG)

    assert svg == render(trace, Format.SVG)
    assert isinstance(svg, bytes)
    assert texts(svg)


@pytest.mark.usefixtures("no_dot")
def test_png_is_twice_as_fine(engine: Path) -> None:
    png = picture.png(diagram_traces.tiny())

    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png != picture.png(diagram_traces.tiny(), look=Look(theme="dark"))
    plain = picture.render(dot.render(diagram_traces.tiny()), "png", engine=engine)
    assert int.from_bytes(png[16:20], "big") == pytest.approx(1.5 * int.from_bytes(plain[16:20], "big"), abs=2)


def test_every_text_is_set_in_one_font(engine: Path) -> None:
    """The engine measures with it, and what is drawn as PNG cannot be mended later."""
    made = diagram_traces.tiny()
    changed = replace(made.steps[1], request_changes=("+ scope user",), response_changes=("+ x-id: 1",))
    trace = replace(made, steps=(made.steps[0], changed, made.steps[2]))
    svg = picture.render(dot.render(trace, look=Look(changes=True)), "svg", engine=engine)

    assert "+ x-id" in {text.strip() for text in texts(svg)}
    families = {text.get("font-family") for text in ET.fromstring(svg).iter(f"{SVG}text") if (text.text or "").strip()}
    assert families == {"Helvetica,sans-Serif"}


@pytest.mark.parametrize("name", diagram_traces.NAMES)
def test_hostile_text_stays_text(name: str, engine: Path) -> None:
    svg = picture.render(dot.render(diagram_traces.named(name)), "svg", engine=engine)
    root = ET.fromstring(svg)

    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg",
        "g",
        "title",
        "polygon",
        "polyline",
        "path",
        "text",
    }
    attributes = {attribute for element in root.iter() for attribute in element.attrib}
    assert not [attribute for attribute in attributes if "href" in attribute or attribute.startswith("on")]
    assert "<script" not in svg.decode()


@pytest.mark.parametrize("name", [r"\G and \N and \\G", "&lt;b&gt; & &amp;", '"quoted"', "</B> <B>", "Größe 漢字"])
def test_names_are_shown_as_they_are(name: str, engine: Path) -> None:
    assert texts(picture.render(dot.render(diagram_traces.named(name)), "svg", engine=engine)).count(name) >= 5


def test_the_engine_is_quiet_and_the_package_is_left_as_it_was(engine: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = dot_command.DOT_BINARY

    picture.render(dot.render(diagram_traces.named("ünïcödé 漢字")), "svg", engine=engine)

    assert capfd.readouterr() == ("", "")
    assert before == dot_command.DOT_BINARY


def test_the_words_of_a_failing_engine_are_told(engine: Path) -> None:
    before = dot_command.DOT_BINARY

    with pytest.raises(OutputError, match=r"^graphviz-pure(\.exe)? could not draw the svg: .*syntax error"):
        picture.render("digraph { -> }", "svg", engine=engine)

    assert before == dot_command.DOT_BINARY


def test_an_engine_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"could not be run: .*install Graphviz"):
        picture.render("digraph {}", "svg", engine=tmp_path / "gone")
    with pytest.raises(OutputError, match=r"could not be run: .*install Graphviz"):
        picture.render("digraph {}", "svg", engine=tmp_path)


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize("format", [Format.SVG, Format.PNG])
def test_without_an_engine_one_message_names_the_ways_out(format: Format) -> None:
    with pytest.raises(OutputError) as caught:
        render(traces.healthy(), format)

    assert str(caught.value) == (
        f"no Graphviz to draw the {format.value}: install Graphviz (https://graphviz.org/download/) so that `dot` is "
        "on PATH, or `pip install 'mwviz[diagram]'`; the formats mermaid, dot and table need neither"
    )


@pytest.mark.usefixtures("no_dot")
def test_pdf_needs_the_real_dot(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(engine.parent))

    with pytest.raises(OutputError) as caught:
        render(traces.healthy(), Format.PDF)

    assert str(caught.value) == (
        "a pdf needs the `dot` program of Graphviz (graphviz-pure makes svg and png only): install Graphviz "
        "(https://graphviz.org/download/) so that `dot` is on PATH; the formats mermaid, dot and table need neither"
    )


@pytest.mark.usefixtures("no_engine")
def test_pdf_without_any_engine() -> None:
    with pytest.raises(OutputError, match=r"^a pdf needs the `dot` program of Graphviz: install"):
        render(traces.healthy(), Format.PDF)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for dot is a script")
def test_dot_on_path_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in = tmp_path / "dot"
    said = "print('<svg>', *sys.argv[1:], len(sys.stdin.read()) > 0, '</svg>')"
    stand_in.write_text(f"#!{sys.executable}\nimport sys\n{said}\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert picture.pdf(diagram_traces.tiny()) == b"<svg> -Kdot -Tpdf True </svg>\n"
    assert b" -Kdot -Tsvg True </svg>\n" in picture.svg(diagram_traces.tiny())


@pytest.mark.skipif(shutil.which("dot") is None, reason="no `dot` on PATH, and nothing else makes a pdf")
def test_pdf() -> None:
    assert picture.pdf(diagram_traces.tiny()).startswith(b"%PDF-")
