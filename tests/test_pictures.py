"""The README's pictures of terminals show what mwviz answers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import pictures
from tests.conftest import golden_fastapi
from tests.pictures import Screen
from tests.test_readme import steady


@golden_fastapi
@pytest.mark.parametrize(
    ("file", "screen", "theme"), pictures.pictures(), ids=[file.name for file, _, _ in pictures.pictures()]
)
def test_a_picture_of_a_terminal_is_true(file: Path, screen: Screen, theme: str) -> None:
    now = pictures.drawn(screen, pictures.answered(screen), theme)
    shown = pictures.spoken(file.read_text("utf-8"))
    assert screen.command in shown
    assert steady(shown) == steady(pictures.spoken(now)), "`python -m tests.pictures terminal` draws it anew"


@golden_fastapi
@pytest.mark.parametrize("file", [file for file, _ in pictures.pages()], ids=lambda file: file.name)
def test_a_picture_of_the_page_is_of_the_page_as_it_is(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pictures.ROOT)
    monkeypatch.delitem(sys.modules, "shop", raising=False)  # where it was registered is seen on import alone
    pytest.importorskip("itsdangerous")
    assert pictures.shown_in(file.read_bytes()) == pictures.digest(), "`python -m tests.pictures page` takes it anew"


@pytest.mark.parametrize("file", [file for file, _, _ in pictures.pictures()], ids=lambda file: file.name)
def test_a_picture_of_a_terminal_needs_no_network(file: Path) -> None:
    text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert "http" not in text
    assert "@import" not in text
