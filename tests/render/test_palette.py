"""The colours, measured as WCAG does: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio."""

from __future__ import annotations

import re
from typing import get_args
from xml.etree import ElementTree as ET

import pytest

from mwviz.cli.options import ThemeChoice
from mwviz.errors import OutputError
from mwviz.render import picture
from mwviz.render.look import Look
from mwviz.render.palette import CARDS, COLORS, Theme, color
from tests.render import diagram_traces
from tests.render.socket_traces import ALL as SOCKETS

THEMES: tuple[Theme, ...] = ("light", "dark")
GROUNDS = ("page", *(card.fill for card in CARDS.values()))
INKS = ("ink", "faint", "good", "warn", "bad", "request", "response", "exception")


def luminance(shade: str) -> float:
    parts = [int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_what_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_can_be_read_on_every_ground(theme: Theme) -> None:
    pairs = [*((ink, ground) for ink in INKS for ground in GROUNDS), ("unreached-ink", "unreached-fill")]

    assert [pair for pair in pairs if contrast(color(pair[0], theme), color(pair[1], theme)) < 4.5] == []


@pytest.mark.parametrize("theme", THEMES)
def test_every_line_can_be_seen(theme: Theme) -> None:
    pairs = [(card.line, ground) for card in CARDS.values() for ground in (card.fill, "page")]
    pairs += [(way, "page") for way in ("request", "response", "exception", "lost")]

    assert [pair for pair in pairs if contrast(color(pair[0], theme), color(pair[1], theme)) < 3] == []


def test_a_light_colour_names_one_role_only() -> None:
    lights = [each.light for each in COLORS.values()]

    assert len(set(lights)) == len(lights)
    assert [shade for each in COLORS.values() for shade in each if not re.fullmatch("#[0-9a-f]{6}", shade)] == []


def test_the_command_line_knows_the_same_themes() -> None:
    assert [each.value for each in ThemeChoice] == list(get_args(Theme))


def texts(svg: bytes) -> list[tuple[str, str, str, float]]:
    """Return each text of a picture with its colour, the colour of what it stands on, and its size in points."""
    found, shapes = [], []
    for element in ET.fromstring(svg).iter():
        tag = element.tag.rpartition("}")[2]
        if tag in ("polygon", "path") and element.get("fill") not in (None, "none", "transparent"):
            drawn = element.get("points") or element.get("d") or ""
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", drawn)]
            shapes.append((numbers[::2], numbers[1::2], element.get("fill") or ""))
        if tag == "text" and (element.text or "").replace("\xa0", " ").strip():
            x, y = float(element.get("x") or 0), float(element.get("y") or 0)
            grounds = [fill for xs, ys, fill in shapes if min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys)]
            ink, size = element.get("fill") or "#000000", float(element.get("font-size") or 0)
            found.append((element.text or "", ink, grounds[-1], size))
    return found


@pytest.mark.parametrize("theme", THEMES)
def test_what_is_drawn_can_be_read_at_half_its_size(theme: Theme) -> None:
    made = [*(made() for made in diagram_traces.ALL.values()), *SOCKETS.values()]
    try:
        drawn = [text for trace in made for text in texts(picture.svg(trace, look=Look(theme=theme, changes=True)))]
    except OutputError as without:
        pytest.skip(str(without))

    assert len(drawn) > 1_000
    assert [text for text, ink, ground, _ in drawn if contrast(ink, ground) < 4.5] == []
    assert {text for text, *_, size in drawn if size < 13} == set()
