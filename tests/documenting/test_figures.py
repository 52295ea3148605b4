"""What blocks hold: each format in each markup, pictures of every engine, and all that may stand around a block."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mwviz.documenting import encodings, fences, figures, inline, pictures
from mwviz.documenting.blocks import MARKUP_OF_ENDING, Markup, find, split
from mwviz.documenting.commands import FORMATS, Command, read
from mwviz.documenting.steady import steady
from mwviz.model import Trace
from mwviz.model.routes import Routes
from mwviz.render import ROUTES_RENDERERS, Format, render
from mwviz.render.markdown import escaped
from tests.render import diagram_traces, traces
from tests.render.route_lists import ALL as ROUTE_LISTS

TRACES: dict[str, Any] = {**traces.ALL, **diagram_traces.ALL}
MARKUPS: tuple[Markup, ...] = ("markdown", "mdx", "rst")
TEXTS = [each for each in FORMATS if each is not Format.SVG]
#: reStructuredText holds no Markdown.
PAIRS = [(shape, markup) for shape in TEXTS for markup in MARKUPS if (shape, markup) != (Format.MARKDOWN, "rst")]


def trace_of(name: str) -> Trace:
    made: Trace = TRACES[name]() if callable(TRACES[name]) else TRACES[name]
    return made


def assert_whole(trace: Trace, shape: Format, markup: Markup) -> None:
    """What is made of the trace stands between its markers, and nothing in it is taken for one of them."""
    start, end = {
        "markdown": ("<!-- mwviz: show a -->", "<!-- /mwviz -->"),
        "mdx": ("{/* mwviz: show a */}", "{/* /mwviz */}"),
        "rst": (".. mwviz: show a", ".. /mwviz"),
    }[markup]

    made = figures.lines(steady(trace), shape, markup, verbose=True, picture=None)

    assert made[0] == made[-1] == ""
    assert not [line for line in made if line != line.rstrip() or "\n" in line]
    for indent in ("", "  "):
        document = [f"{indent}{line}\n" for line in (start, *made, end)]
        (block,), mistakes = find(document, markup)
        assert (block.first, block.last, mistakes) == (1, len(document) - 1, [])


@pytest.mark.parametrize(("shape", "markup"), PAIRS)
@pytest.mark.parametrize("name", TRACES)
def test_every_block_is_parted_from_its_markers_and_ends_nowhere_else(name: str, shape: Format, markup: Markup) -> None:
    assert_whole(trace_of(name), shape, markup)


HOSTILE = (
    "<!-- /mwviz -->",
    "<!-- mwviz: show x -->",
    "{/* /mwviz */}",
    ".. /mwviz",
    "```",
    "~~~~",
    "import x",
    "::",
    ":a: b",
)


@pytest.mark.parametrize(("shape", "markup"), PAIRS)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_ends_a_block(name: str, shape: Format, markup: Markup) -> None:
    for width in ("", " " * 40, "x" * 70 + " "):
        assert_whole(diagram_traces.named(f"{width}{name}"), shape, markup)


@pytest.mark.parametrize("name", ["import", "export"])
def test_no_name_is_code_in_mdx(name: str) -> None:
    made = figures.lines(steady(diagram_traces.named(f"{name} x")), Format.MARKDOWN, "mdx", verbose=True, picture=None)

    assert not [line for line in made if line.startswith(name)]


@pytest.mark.parametrize("shape", [Format.TABLE, Format.TREE, Format.TIMELINE])
@pytest.mark.parametrize("name", sorted(set(TRACES) - {"hostile"}))
def test_a_steady_trace_has_no_times(name: str, shape: Format) -> None:
    made = figures.text(steady(trace_of(name)), shape)

    assert "µs" not in made
    assert " ms" not in made
    assert "own time" not in made
    assert "FastAPI" not in made.partition("\n")[0]


VOLATILE = {
    "+ x-process-time: 27": "+ x-process-time: …",
    "+ x-request-id: V1StGXR8_Z5jdHi6B-myT": "+ x-request-id: …",
    "~ traceparent: 00-ab-cd-01 -> 00-ef-cd-01": "~ traceparent: …",
    "+ server-timing: app;dur=1.2, db": "+ server-timing: …",
    "+ x-took: 27905.265ms": "+ x-took: …",
    "+ x-took: db=3 ms, all=0.25s": "+ x-took: db=…, all=…",
    "+ x-ticket: 01ARZ3NDEKTSV4RRFFQ69G5FAV": "+ x-ticket: …",
    "+ content-security-policy: script-src 'nonce-r4nd0m+/x==' 'self'": (
        "+ content-security-policy: script-src 'nonce-…' 'self'"
    ),
    "+ x-owner: <Thing object at 0x7f0fa98d8a50>": "+ x-owner: <Thing object at …>",
    "+ x-frame-options: DENY": "+ x-frame-options: DENY",
    "+ cache-control: max-age=3600": "+ cache-control: max-age=3600",
    "+ x-ratelimit-limit: 100 per 60 s": "+ x-ratelimit-limit: 100 per 60 s",
    "+ x-tenant-id: acme": "+ x-tenant-id: acme",
}


@pytest.mark.parametrize(("change", "told"), VOLATILE.items())
def test_a_value_that_no_two_probes_share_is_left_out(change: str, told: str) -> None:
    trace = traces.healthy()
    seen = steady(replace(trace, steps=(replace(trace.steps[0], response_changes=(change,)), *trace.steps[1:])))

    assert isinstance(seen, Trace)
    assert seen.steps[0].response_changes == (told,)


@pytest.mark.skipif(os.name == "nt", reason="the paths are those of POSIX")
def test_arguments_tell_no_paths_of_one_machine_and_no_time(tmp_path: Path) -> None:
    trace = traces.healthy()
    told = {
        f"'{tmp_path}'": "'.'",
        f"['{tmp_path / 'static'}']": "['./static']",
        f"'{tmp_path}2'": f"'{tmp_path}2'",
        f"'sqlite:///{tmp_path}/x.db'": "'sqlite:///./x.db'",
        f"'{Path.home() / 'data'}'": "'~/data'",
        "1795382318.3915322": "…",
        "0.125": "0.125",
        "'/api/v1'": "'/api/v1'",
    }
    layer = replace(trace.layers[0], arguments={str(at): value for at, value in enumerate(told)})

    seen = steady(replace(trace, layers=(layer, *trace.layers[1:])), tmp_path)

    assert tuple(seen.layers[0].arguments.values()) == tuple(told.values())


@pytest.mark.parametrize("shape", TEXTS)
def test_places_outside_of_the_project_are_told_by_module(shape: Format) -> None:
    assert traces.SITE not in figures.text(steady(traces.healthy()), shape, verbose=True)


def test_routes_have_blocks_too() -> None:
    for made in ROUTE_LISTS.values():
        routes = made()
        for shape in (each for each in TEXTS if each in ROUTES_RENDERERS):
            assert figures.lines(steady(routes), shape, "markdown", verbose=False, picture=None)


def test_a_fence_is_longer_than_any_in_it() -> None:
    assert figures._fenced("a ````` b\n", Format.TABLE, "markdown") == ["", "``````text", "a ````` b", "``````", ""]


def test_alternative_text_is_harmless_in_every_markup() -> None:
    hostile = steady(traces.hostile())
    shown = figures.alternative(hostile)

    assert figures._image("x.svg", shown, "rst")[2] == f"   :alt: {shown}"
    assert "\n" not in shown
    assert "<" in shown
    assert figures._image("x.svg", shown, "markdown")[1] == f"![{escaped(shown)}](x.svg)"
    assert "<" not in escaped(shown)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return read("show app:app -o x.svg", tmp_path)


def drawn(seen: Trace | Routes, command: Command, before: bytes | None) -> bytes:
    from mwviz.errors import OutputError

    try:
        return pictures.drawn(seen, command, before)
    except OutputError as error:
        pytest.skip(str(error))


def test_a_picture_of_another_engine_is_fresh_and_an_edited_one_is_not(command: Command, tmp_path: Path) -> None:
    seen = steady(traces.healthy())
    made = drawn(seen, command, None)
    other = _sealed_anew(made.replace(b'x="', b'x="1'))

    assert drawn(seen, command, made) == made
    assert drawn(seen, command, made.replace(b"\n", b"\r\n")) == made.replace(b"\n", b"\r\n")
    assert drawn(seen, command, other) == other
    assert drawn(seen, command, made.replace(b'x="', b'x="1')) == made
    assert drawn(steady(traces.rejected()), command, made) != made
    assert drawn(seen, read("show app:app -o x.svg --verbose", tmp_path), made) != made
    ET.fromstring(made)


def _sealed_anew(edited: bytes) -> bytes:
    body, _, seal = edited.rpartition(b"<!-- mwviz docs ")
    return body + b"<!-- mwviz docs " + seal[:16] + f" {pictures._digest(body)} -->\n".encode()


@pytest.mark.parametrize("name", TRACES)
def test_a_picture_in_a_page_is_whole_and_named(name: str, command: Command) -> None:
    seen = steady(trace_of(name))
    drawn(seen, command, None)

    root = ET.fromstring(inline.picture(seen, command))
    (svg,) = root

    assert (root.tag, root.get("class")) == ("div", "mwviz")
    assert (svg.get("role"), svg.get("aria-label")) == ("img", figures.alternative(seen))
    assert next(iter(svg)).tag.endswith("title")
    assert not [each for each in svg.iter() if each.get("id")]
    assert "\n\n" not in inline.picture(seen, command)
    assert "prefers-color-scheme" not in inline.picture(seen, command)  # a page may be dark where its reader is not
    assert ".mwviz-page{fill:light-dark(#ffffff,#0d1117)}" in inline.picture(seen, command)


@given(st.lists(st.sampled_from(["```mwviz", "```", "````", "~~~ mwviz", "~~~", "  ```mwviz", "show a", "", "> x"])))
def test_fences_are_found_whole_and_apart(lines: list[str]) -> None:
    at = 0
    for fence in fences.find(lines):
        assert at <= fence.first < fence.last - 1 < len(lines)
        assert "mwviz" in lines[fence.first]
        assert lines[fence.last - 1].strip().strip("`~") == ""
        at = fence.last


_AROUND = st.lists(
    st.sampled_from(
        ["text", "# T", "", "- item", "  more", "> quote", "a | b", "\tx", "Ü \u2028", "*", "1. x", "\x0c"]
    ),
    max_size=6,
)


@settings(deadline=None)
@given(st.data(), st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from([".md", ".mdx", ".rst"]))
def test_what_stands_around_a_block_survives(data: st.DataObject, newline: str, ending: str) -> None:
    markup = MARKUP_OF_ENDING[ending]
    start, end = (".. mwviz: show a", ".. /mwviz") if ending == ".rst" else ("{/* mwviz: show a */}", "{/* /mwviz */}")
    before, old, after = (data.draw(_AROUND) for _ in range(3))
    text = newline.join([*before, "", start, *old, "", end, *after])
    mark, encoding = data.draw(
        st.sampled_from([(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le")])
    )
    content = mark + text.encode(encoding)

    decoded = encodings.decoded(content)
    lines = split(decoded.text)
    blocks, mistakes = find(lines, markup)

    assert decoded.encoded("".join(lines)) == content
    assume(not mistakes and len(blocks) == 1)
    (block,) = blocks
    head, tail = (len(newline.join(part).encode(encoding)) for part in ([*before, "", start, ""], [end, *after]))
    made = decoded.encoded("".join([*lines[: block.first], f"new{block.newline}", *lines[block.last :]]))
    assert made[: len(mark) + head] == content[: len(mark) + head]
    assert made[len(made) - tail :] == content[len(content) - tail :]
    assert made[len(mark) + head : len(made) - tail] == f"new{newline}".encode(encoding)


@given(st.binary(max_size=40))
def test_any_bytes_come_out_as_they_went_in(content: bytes) -> None:
    try:
        decoded = encodings.decoded(content)
    except UnicodeDecodeError:
        assert content.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"))
        return
    assert decoded.encoded(decoded.text) == content


def test_steady_values_are_models_still() -> None:
    text = render(steady(traces.healthy()), Format.JSON)
    assert isinstance(text, str)
    assert json.loads(text)["format"] == "mwviz.trace/1"
