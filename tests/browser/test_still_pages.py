"""The pages that run no script, of the fault matrix and of a test suite, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mwviz.model.faults import Faults
from mwviz.render.faults import FaultsFormat
from mwviz.render.faults import render as faults_page
from mwviz.render.suite.html import render as suite_page
from tests.browser.pages import AXE, HOSTILE
from tests.render import faulted
from tests.render.test_suite import APP, SUITE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import NpmPackage

pytest.importorskip("playwright.sync_api")


def matrix(faults: Faults, *, every: bool = False) -> str:
    return faults_page(faults, FaultsFormat.HTML, verbose=True, every=every)


def named(bad: str) -> Faults:
    """Every text that has a place of its own in the matrix is this one."""
    made = faulted.tried()
    layers = tuple(replace(each, name=bad, label=bad) for each in made.layers)
    added = tuple(replace(each, name=f"{bad}{number}", layer=bad) for number, each in enumerate(made.normal.headers))
    names = tuple(each.name for each in added)
    rows = tuple(replace(row, layer=bad, note=bad, missing=names, present=()) for row in made.rows)
    normal = replace(made.normal, headers=added, probe=replace(made.normal.probe, path=f"/{bad}", order=(bad, bad)))
    return replace(
        made, target=bad, layers=layers, headers=names, preflight=None, preflight_headers=(), normal=normal, rows=rows,
        notes=(bad,), before=None,
    )  # fmt: skip


def suite(bad: str) -> str:
    layers = tuple(replace(each, name=bad, label=bad) for each in APP.layers)
    told = replace(APP, name=bad, layers=layers, never_reached=(1,), unwatched=(2,))
    return suite_page(replace(SUITE, apps=(told,), problems=(bad,), broken=(bad,), unheld=(bad,)))


#: Names without a place to break them at; a column for each layer of twenty; and what is shown as a rule.
PAGES: dict[str, Callable[[], str]] = {
    "all kinds": lambda: matrix(faulted.all_kinds()),
    "every row": lambda: matrix(faulted.all_kinds(), every=True),
    "before and after": lambda: matrix(faulted.tried()),
    "long names": lambda: matrix(named("x" * 150)),
    "many columns": lambda: matrix(faulted.many_columns()),
    "two dozen columns": lambda: matrix(faulted.many_columns(12)),
    "suite": lambda: suite("TrustedHostMiddleware"),
    "suite with long names": lambda: suite("x" * 150),
}


@pytest.fixture
def show(page: Page, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Opens a page that must not ask for anything else."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def opened(text: str) -> None:
        file = tmp_path / "page.html"
        file.write_text(text, "utf-8")
        page.goto(file.as_uri())

    yield opened
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    assert len({url for url in asked if url.startswith("file:")}) == 1


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_window(page: Page, show: Callable[[str], None], name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    show(PAGES[name]())

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for text in page.locator("dd, h1, li, p").all():
        box = text.bounding_box()
        assert box is not None
        assert box["width"] > 100, text.inner_text()[:80]


def test_a_matrix_wider_than_its_place_is_scrolled_by_keys_and_keeps_its_places(
    page: Page, show: Callable[[str], None]
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    show(PAGES["many columns"]())
    scrolled = page.locator(".scroll")
    place = page.locator("tbody tr:nth-child(2) th.where").first
    before = place.bounding_box()

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "scroll"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    for _ in range(5):
        page.keyboard.press("ArrowRight")

    page.wait_for_timeout(300)
    assert scrolled.evaluate("at => at.scrollLeft") > 0
    after = place.bounding_box()
    assert before is not None
    assert after is not None
    assert after["x"] == before["x"]


@pytest.mark.parametrize("name", ["all kinds", "suite"])
def test_dark_and_light_follow_the_reader(page: Page, show: Callable[[str], None], name: str) -> None:
    def ground() -> tuple[int, ...]:
        canvas = "getComputedStyle(document.body).color.match(/\\d+/g).slice(0, 3).map(Number)"
        return tuple(page.evaluate(canvas))

    show(PAGES[name]())
    page.emulate_media(color_scheme="light")
    assert max(ground()) < 80
    page.emulate_media(color_scheme="dark")
    assert min(ground()) > 180


@pytest.mark.parametrize(("name", "sheet"), [("before and after", 718), ("two dozen columns", 1047), ("suite", 718)])
def test_paper_has_all_of_it(page: Page, show: Callable[[str], None], name: str, sheet: int) -> None:
    """The widths are those of A4, upright and lying, within the margins that browsers leave."""
    show(PAGES[name]())
    page.emulate_media(media="print")
    page.set_viewport_size({"width": sheet, "height": 700})

    for table in page.locator("table").all():
        assert table.evaluate("at => getComputedStyle(at.parentElement).overflowX") == "visible"
        assert table.evaluate("at => Math.round(at.getBoundingClientRect().right)") <= sheet
        assert table.evaluate(
            "at => [...at.querySelectorAll('td')].every(each => each.scrollWidth <= each.clientWidth)"
        )
    assert page.pdf(format="A4", landscape=sheet > 1000).count(b"/Type /Page") > 1


@pytest.mark.parametrize("name", ["matrix", "suite"])
def test_what_others_wrote_stays_text(page: Page, show: Callable[[str], None], name: str) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    made: dict[str, Callable[[str], str]] = {"matrix": lambda bad: matrix(named(bad)), "suite": suite}
    tags = "[...new Set([...document.querySelectorAll('*')].map(each => each.localName))]"
    show(made[name]("RequestIdMiddleware"))
    known = set(page.evaluate(tags))
    for bad in HOSTILE:
        show(made[name](bad))

        assert set(page.evaluate(tags)) <= known, bad
        attributes = set(page.evaluate("[...document.querySelectorAll('*')].flatMap(each => each.getAttributeNames())"))
        assert not {each for each in attributes if each.startswith("on")} | attributes & {"src", "srcdoc", "action"}
        assert page.title() != "taken"
        shown = page.locator("body").inner_text()
        assert not {char for char in shown if not char.isprintable()} - {"\n", "\t", "\u00a0"}


@pytest.mark.parametrize("name", ["all kinds", "suite"])
def test_the_policy_lets_nothing_in(browser: Browser, tmp_path: Path, name: str) -> None:
    context = browser.new_context(offline=True)
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    file = tmp_path / "page.html"
    file.write_text(PAGES[name](), "utf-8")
    page.goto(file.as_uri())

    page.evaluate(
        "for (const [name, key, value] of [['script', 'textContent', 'document.title = \"taken\"'],"
        "['style', 'textContent', 'body { display: none }'], ['img', 'src', 'https://example.com/x.png']])"
        "{ const added = document.createElement(name); added[key] = value; document.body.append(added); }"
    )
    page.wait_for_timeout(100)

    assert page.title() != "taken"
    assert page.locator("h1").is_visible()
    assert len(refused) == 3
    assert all("Content Security Policy" in text for text in refused)
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["all kinds", "before and after", "suite"])
def test_axe_finds_nothing_serious(
    page: Page, show: Callable[[str], None], npm_package: NpmPackage, theme: str, name: str
) -> None:
    source = (npm_package(AXE) / "axe.min.js").read_text("utf-8")
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    show(PAGES[name]())

    page.evaluate(source)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")

    serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    told = [(each["id"], [node["html"][:120] for node in each["nodes"]][:3]) for each in serious]
    assert told == [], json.dumps(told, indent=2)
    assert found["passes"]
