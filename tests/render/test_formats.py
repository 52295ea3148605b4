from __future__ import annotations

import subprocess
import sys

import pytest

from mwviz.model import Trace
from mwviz.render import FORMAT_OF_ENDING, RENDERERS, Format, render
from tests.render import diagram_traces, traces

DIAGRAMS = (Format.JSON, Format.MARKDOWN, Format.MERMAID, Format.SEQUENCE, Format.DOT, Format.HTML)
EVERY_TEXT = (*DIAGRAMS, Format.TABLE, Format.TREE, Format.TIMELINE)


def rendered(trace: Trace, format: Format) -> str:
    text = render(trace, format)
    assert isinstance(text, str)
    return text


def test_enum_and_table_name_the_same_formats() -> None:
    assert list(RENDERERS) == list(Format)


def test_every_ending_names_a_format_and_every_file_format_has_one() -> None:
    asked_for = {Format.TREE, Format.TIMELINE, Format.SEQUENCE}  # theirs are .txt and .mmd, which have a first choice

    assert set(FORMAT_OF_ENDING.values()) == set(Format) - asked_for
    assert all(ending.startswith(".") and ending.islower() for ending in FORMAT_OF_ENDING)


def test_importing_the_table_loads_no_renderer_and_nothing_heavy() -> None:
    code = (
        "import sys; from mwviz.render import Format, render; "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'rich', 'graphviz', 'typer', 'fastapi'}), "
        "sorted(name for name in sys.modules if name.startswith('mwviz.render.')))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[] []\n"


@pytest.mark.parametrize("format", DIAGRAMS)
def test_machine_formats_load_no_rich(format: Format) -> None:
    code = (
        "import sys; from mwviz.render import Format, render; from tests.render import diagram_traces; "
        f"text = render(diagram_traces.tiny(), Format({format.value!r})); "
        "print(len(text) > 0, sorted({name.partition('.')[0] for name in sys.modules} & {'rich', 'typer', 'fastapi'}))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "True []\n"


@pytest.mark.parametrize("format", EVERY_TEXT)
@pytest.mark.parametrize("name", diagram_traces.ALL)
def test_every_trace_has_every_text(name: str, format: Format) -> None:
    text = rendered(diagram_traces.ALL[name](), format)

    assert text.strip()
    assert text == rendered(diagram_traces.ALL[name](), format)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("format", DIAGRAMS)
@pytest.mark.parametrize("name", diagram_traces.NAMES)
def test_no_control_character_of_foreign_text_stays_live(name: str, format: Format) -> None:
    text = rendered(diagram_traces.named(name), format)

    layout = "\n\t" if format is Format.DOT else "\n"
    assert [char for char in text if not char.isprintable() and char not in layout] == []
    text.encode()


@pytest.mark.parametrize("format", [Format.MARKDOWN, Format.MERMAID, Format.SEQUENCE, Format.DOT])
def test_times_and_machine_stay_out_of_what_is_committed(format: Format) -> None:
    text = rendered(diagram_traces.healthy_elsewhere(), format)

    assert text == rendered(diagram_traces.ALL["healthy"](), format)


@pytest.mark.parametrize("format", DIAGRAMS)
def test_size_grows_with_the_stack_and_not_faster(format: Format) -> None:
    small, large = (len(rendered(traces.deep(count), format)) for count in (100, 1_000))

    assert large < 12 * small
