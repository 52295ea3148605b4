"""The committed pictures, drawn by a real browser: alone, as images of a page, and inside of one."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from mwviz.render.palette import COLORS

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = Path(__file__).parents[2] / "samples" / "pictures"


@pytest.mark.parametrize("picture", sorted(PICTURES.glob("shop*.svg")), ids=lambda path: path.name)
def test_an_svg_is_drawn_with_every_layer_visible(page: Page, picture: Path) -> None:
    page.goto(picture.as_uri())
    texts = page.locator("text")
    assert "CORSMiddleware" in texts.all_text_contents()
    assert all(box is not None and box["width"] > 0 for box in (text.bounding_box() for text in texts.all()))


_FILLS = """() => [...document.querySelectorAll('svg [class^=mwviz]')].map(
    each => [each.getAttribute('class'), getComputedStyle(each).fill, getComputedStyle(each).stroke])"""


def rgb(shade: str) -> str:
    return f"rgb({', '.join(str(int(shade[at : at + 2], 16)) for at in (1, 3, 5))})"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_follows_what_its_reader_prefers(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto((PICTURES / "shop.svg").as_uri())
    found = page.evaluate(_FILLS)
    assert len(found) > 50
    for names, fill, stroke in found:
        for name in names.split():
            role = name.removeprefix("mwviz-")
            shown = stroke if role.endswith("-stroke") else fill
            assert shown == rgb(getattr(COLORS[role.removesuffix("-stroke")], scheme)), names


_GROUND = """async address => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const brush = canvas.getContext('2d');
    brush.drawImage(image, 0, 0);
    return 'rgb(' + [...brush.getImageData(9, 9, 1, 1).data.slice(0, 3)].join(', ') + ')';
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_image_follows_too(page: Page, scheme: Literal["light", "dark"]) -> None:
    """As in a README, where the picture is an image in which nothing may run or load."""
    address = "data:image/svg+xml;base64," + b64encode((PICTURES / "shop.svg").read_bytes()).decode()
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate(_GROUND, address) == rgb(getattr(COLORS["page"], scheme))


def test_two_pictures_stand_in_one_page(page: Page) -> None:
    pictures = [path.read_text("utf-8").partition("?>")[2] for path in sorted(PICTURES.glob("*.svg"))]
    page.set_content("<!doctype html><title>x</title>" + "".join(pictures))
    for name in ("samples/shop.py: The request", "samples/shop_misordered.py: AuthMiddleware answered 401"):
        assert page.get_by_role("img", name=name).count() == 1
    assert page.locator("svg [id], svg a, svg script, svg image").count() == 0
