"""Pages with our pictures in a real browser: named for who cannot see them, as wide as the screen, without network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.plugins.conftest import HOSTILE, Run, run

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["run"]

PAGE = "T\n=\n\n.. mwviz:: main:app\n\n.. mwviz:: main:app\n   :alt: The second\n   :caption: Below\n"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_of_sphinx_shows_its_pictures(run: Run, page: Page, tmp_path: Path, scheme: str) -> None:
    pytest.importorskip("sphinx")
    (tmp_path / "conf.py").write_text('extensions = ["mwviz.plugins.sphinx"]\nhtml_theme = "basic"\n', "utf-8")
    (tmp_path / "index.rst").write_text(PAGE, "utf-8")
    (tmp_path / "main.py").write_text(HOSTILE, "utf-8")
    done = run("sphinx", "-W", "-q", "-b", "html", ".", "out", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": 360, "height": 800})

    page.goto((tmp_path / "out" / "index.html").as_uri())
    if page.locator(".mwviz svg").count() == 0:
        pytest.skip("nothing here draws an SVG")

    first, second = page.get_by_role("img").all()
    assert str(first.get_attribute("aria-label")).startswith("The middleware of main:app, outermost first: <script>")
    assert second.get_attribute("aria-label") == "The second"
    for picture in (first, second):
        box = picture.bounding_box()
        assert box is not None
        assert 200 < box["width"] <= 360
        assert picture.locator("script, b, i").count() == 0
    assert [url for url in asked if not url.startswith("file:")] == []
    for dark in (False, True):  # the page's, whatever its reader's is
        page.add_style_tag(content=f":root{{color-scheme:{'dark' if dark else 'light'}}}")
        ground = page.evaluate("getComputedStyle(document.querySelector('svg .mwviz-page')).fill")
        assert ground == ("rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)")
