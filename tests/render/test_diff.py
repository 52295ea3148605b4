"""The views of a difference."""

from __future__ import annotations

import json
import re

import pytest

from mwviz.render import DIFF_RENDERERS, Format, render
from tests.conftest import Golden
from tests.render import orders

ENDINGS = {Format.TABLE: "txt", Format.MARKDOWN: "md", Format.JSON: "json"}
MADE = {made.__name__: made for made in (orders.changed, orders.same, orders.hostile)}


@pytest.mark.parametrize("format", list(DIFF_RENDERERS), ids=[each.value for each in DIFF_RENDERERS])
@pytest.mark.parametrize("name", MADE)
def test_golden(name: str, format: Format, golden: Golden) -> None:
    golden(f"diff/{name}.{ENDINGS[format]}", render(MADE[name](), format))


def test_verbose_lists_and_draws_what_stayed() -> None:
    assert "\n  TrustedHost\n" in str(render(orders.same(), Format.TABLE, verbose=True))
    assert "```mermaid" in str(render(orders.same(), Format.MARKDOWN, verbose=True))


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = str(render(orders.changed(), Format.TABLE, width=width)).splitlines()

    assert max(map(len, lines)) <= width


def test_colours_change_nothing_else() -> None:
    plain, coloured = (str(render(orders.changed(), Format.TABLE, color=color)) for color in (False, True))

    assert "\x1b[32m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured).replace(" \n", "\n") == plain


def test_nothing_foreign_stays_live() -> None:
    text, markdown, document = (str(render(orders.hostile(), each)) for each in ENDINGS)

    assert "\x1b" not in text + markdown + document
    assert "<script" not in markdown
    assert "<b>" not in markdown.partition("```mermaid")[0]
    assert json.loads(document)["changes"][1]["kind"] == "moved"


def test_json_has_the_promised_keys() -> None:
    document = json.loads(render(orders.changed(), Format.JSON))

    assert document["format"] == "mwviz.diff/1"
    moved = next(each for each in document["changes"] if each["kind"] == "moved")
    assert {key: moved[key] for key in ("kind", "layer", "from", "to")} == {
        "kind": "moved",
        "layer": "Auth",
        "from": 4,
        "to": 2,
    }
    assert {each["kind"] for each in document["changes"]} == {"added", "removed", "moved", "changed"}
