"""The committed pictures, drawn by a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = Path(__file__).parents[2] / "samples" / "pictures"


@pytest.mark.parametrize("picture", sorted(PICTURES.glob("shop*.svg")), ids=lambda path: path.name)
def test_an_svg_is_drawn_with_every_layer_visible(page: Page, picture: Path) -> None:
    page.goto(picture.as_uri())
    texts = page.locator("text")
    assert "CORSMiddleware" in texts.all_text_contents()
    assert all(box is not None and box["width"] > 0 for box in (text.bounding_box() for text in texts.all()))
