from __future__ import annotations

from types import ModuleType

import pytest
from rich.cells import cell_len

from mwviz.render import table, timeline, tree
from mwviz.render.terminal import ascii_only
from tests.render import traces

VIEWS = pytest.mark.parametrize("view", [table, tree, timeline], ids=lambda view: view.__name__.rpartition(".")[2])


@VIEWS
@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("width", [40, 61, 80, 120, 400])
@pytest.mark.parametrize("name", traces.ALL)
def test_no_line_is_wider_than_the_terminal_and_nothing_foreign_is_alive(
    view: ModuleType, width: int, name: str, verbose: bool
) -> None:
    made = traces.ALL[name]()
    text = view.render(made, width=width, color=False, verbose=verbose)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    for line in text[:-1].split("\n"):
        assert cell_len(line) <= width
        assert line.isprintable()
        assert line == line.rstrip()
    colored = view.render(made, width=width, color=True, verbose=verbose)
    assert all(line.isprintable() for line in traces.stripped(colored).split("\n"))


@VIEWS
def test_foreign_text_is_neither_markup_nor_emoji(view: ModuleType) -> None:
    text = traces.stripped(view.render(traces.hostile(), width=400, color=True, verbose=True))
    assert r"\x1b[31mred\x1b[0m[bold]x[/bold]:bug:<script>alert(1)</script>\n\u202eevil\ud800" in text


@VIEWS
def test_ascii_only_keeps_every_column(view: ModuleType) -> None:
    for name in traces.ALL.keys() - {"hostile"}:
        text = view.render(traces.ALL[name](), width=80, color=False, verbose=True)
        mapped = ascii_only(text)
        assert mapped.isascii()
        assert [len(line) for line in mapped.split("\n")] == [len(line) for line in text.split("\n")]


@VIEWS
def test_a_thousand_layers_all_stand_there(view: ModuleType) -> None:
    text = view.render(traces.deep(), width=120, color=False, verbose=False)
    for index in range(2, 1_001):
        assert f"LayerMiddleware#{index} " in text or f"LayerMiddleware#{index}\n" in text
