"""The page of `-f html` in a real browser: played, searched, printed, read aloud, and fed with what would break out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from mwviz.model import Trace
from mwviz.model.probes import Probes
from mwviz.render import Format, render
from tests.browser.pages import AXE, HOSTILE
from tests.render import diagram_traces, socket_traces, traces

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import NpmPackage

expect = pytest.importorskip("playwright.sync_api").expect
#: Writes a page and opens it at a fragment.
Show: TypeAlias = Callable[..., None]


def healthy() -> Trace:
    """A header that a layer adds is told the way that a probe tells it."""
    made = traces.healthy()
    steps = list(made.steps)
    steps[2] = replace(steps[2], request_changes=("+ scope state.request_id",), response_changes=("+ x-request-id: 1",))
    steps[7] = replace(steps[7], response_changes=("+ vary: Accept-Encoding",))
    return replace(made, steps=tuple(steps))


def several() -> Probes:
    return Probes((("normal", healthy()), ("preflight", traces.rejected()), ("error", traces.crashed())))


def written(value: Trace | Probes, folder: Path) -> str:
    file = folder / "page.html"
    text = render(value, Format.HTML)
    assert isinstance(text, str)
    file.write_text(text, "utf-8")
    return file.as_uri()


@pytest.fixture
def show(page: Page, tmp_path: Path) -> Iterator[Show]:
    """Opens a page that must not ask for anything else."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def opened(value: Trace | Probes, fragment: str = "") -> None:
        page.goto(written(value, tmp_path) + fragment)

    yield opened
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    assert len({url.partition("#")[0] for url in asked if url.startswith("file:")}) == 1


def said(page: Page) -> str:
    return page.locator("#says").inner_text()


def now(page: Page) -> list[str]:
    """The names of the rows that are marked as the current one."""
    return page.locator(".row.now:visible .name").all_inner_texts()


def test_it_opens_with_the_whole_of_it(page: Page, show: Show) -> None:
    show(several())

    assert page.locator(".probe:visible").count() == 1
    assert page.locator("#normal .row, #probe\\=normal .row").count() == len(traces.SHOP) + 2
    assert now(page) == []
    assert page.locator("#probe\\=normal .change:visible").count() == 3
    assert said(page).startswith("Normal request: the whole of it.")


def test_steps_lead_through_the_stack_and_show_changes_where_they_happen(page: Page, show: Show) -> None:
    show(several())
    change = page.locator("#normal-n2 .change.response")

    page.click("#forward")
    assert now(page) == ["ServerErrorMiddleware"]
    assert said(page) == "↓ The request enters ServerErrorMiddleware."
    assert not change.is_visible()

    page.click("#last")
    assert change.is_visible()
    page.click("#back")
    page.click("#first")
    assert now(page) == ["ServerErrorMiddleware"]
    at = int(change.get_attribute("data-at") or 0)
    for _ in range(at - 1):
        page.click("#forward")
    assert now(page) == ["RequestIdMiddleware"]
    assert "RequestIdMiddleware changed the response: + x-request-id: 1." in said(page)
    assert change.is_visible()


def test_the_token_stands_on_the_lane_of_its_row(page: Page, show: Show) -> None:
    show(several())
    page.emulate_media(reduced_motion="reduce")
    for number, lane in ((3, "in"), (20, "out")):
        page.evaluate(f"location.hash = '#step={number}'")
        expect(page.locator("#at")).to_have_value(str(number))
        token = page.locator(".probe:visible .token").bounding_box()
        station = page.locator(f".row.now .lane.{lane}").bounding_box()
        assert token is not None
        assert station is not None
        for side, size in (("x", "width"), ("y", "height")):
            middle = station[side] + station[size] / 2  # type: ignore[literal-required]
            assert token[side] + token[size] / 2 == pytest.approx(middle, abs=1)  # type: ignore[literal-required]


def test_it_plays_to_the_end_and_stops_there(page: Page, show: Show) -> None:
    show(diagram_traces.tiny())
    page.clock.install(time=0)
    page.reload()
    page.clock.pause_at(3_600_000)
    steps = len(diagram_traces.tiny().timeline)

    page.click("#play")
    assert page.locator("#play").get_attribute("aria-label") == "Pause"
    assert page.locator("#says").get_attribute("aria-live") == "off"
    page.clock.run_for(700)
    assert page.locator("#at").input_value() == "2"
    page.clock.run_for(60_000)

    assert page.locator("#at").input_value() == str(steps)
    assert page.locator("#play").get_attribute("aria-label") == "Play"
    assert page.locator("#says").get_attribute("aria-live") == "polite"


def test_a_step_taken_by_hand_stops_the_play_and_speed_is_heeded(page: Page, show: Show) -> None:
    show(diagram_traces.tiny())
    page.clock.install(time=0)
    page.reload()
    page.clock.pause_at(3_600_000)
    page.select_option("#speed", "4")

    page.click("#play")
    page.clock.run_for(400)
    assert page.locator("#at").input_value() == "3"
    page.click("#back")
    page.clock.run_for(60_000)

    assert page.locator("#at").input_value() == "2"


def test_the_keyboard_alone_is_enough(page: Page, show: Show) -> None:
    show(several())
    keyboard = page.keyboard
    steps = len(traces.healthy().timeline)

    keyboard.press("ArrowRight")
    keyboard.press("ArrowRight")
    assert page.locator("#at").input_value() == "2"
    keyboard.press("ArrowLeft")
    assert page.locator("#at").input_value() == "1"
    keyboard.press("End")
    assert page.locator("#at").input_value() == str(steps)
    keyboard.press("Home")
    assert page.locator("#at").input_value() == "1"
    keyboard.press("Space")
    assert page.locator("#play").get_attribute("aria-label") == "Pause"
    keyboard.press("Space")
    assert page.locator("#play").get_attribute("aria-label") == "Play"


def test_every_control_is_reached_and_seen_by_tab(page: Page, show: Show) -> None:
    show(several())
    reached = []
    for _ in range(80):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "(at => at === document.body ? null : [at.id || at.localName, getComputedStyle(at).outlineStyle])"
            "(document.activeElement)"
        )
        if found is None:
            break
        reached.append((found[0], found[1]))

    assert {"find", "theme", "a", "summary", "first", "back", "play", "forward", "last", "speed", "at"} <= {
        name for name, _ in reached
    }
    assert {outline for _, outline in reached} == {"solid"}


def test_arrows_scroll_a_table_that_is_wider_than_its_place(page: Page, show: Show) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    show(several(), "#step=3")
    table = page.locator(".comparison .scroll")

    table.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")

    page.wait_for_timeout(300)
    assert table.evaluate("at => at.scrollLeft") > 0
    assert page.locator("#at").input_value() == "3"
    page.set_viewport_size({"width": 1600, "height": 844})
    page.keyboard.press("ArrowRight")
    assert page.locator("#at").input_value() == "4"


def test_what_is_read_aloud_is_written_once_and_where_it_stops_again(page: Page, show: Show) -> None:
    show(diagram_traces.tiny(), "#step=2")
    page.evaluate(
        "window.written = [];"
        "const heard = () => { if (says.ariaLive === 'polite' && says.textContent) written.push(says.textContent); };"
        "new MutationObserver(heard).observe(says, {childList: true})"
    )

    page.locator(".more summary").first.click()
    page.fill("#find", "inner")
    page.fill("#find", "")
    assert page.evaluate("written") == []
    page.click("#play")
    page.wait_for_timeout(50)
    page.click("#play")

    page.wait_for_timeout(300)
    assert page.evaluate("written") == [said(page)]
    assert page.locator("#play").get_attribute("aria-pressed") is None


def test_lanes_lead_past_a_layer_that_was_gone_round(page: Page, show: Show) -> None:
    show(diagram_traces.gone_round())
    style = "getComputedStyle(at.querySelector(`.lane.${side}`), pseudo).borderLeftStyle"
    drawn = f"at => [['in', '::before'], ['out', '::after']].map(([side, pseudo]) => {style})"

    assert page.locator("#normal-n2").evaluate(drawn) == ["solid", "dotted"]
    assert page.locator("#normal-n2 .station").count() == 0
    page.click("#forward")
    assert page.locator("#normal-n2 .badge").is_visible()


def test_keys_stay_with_the_field_that_is_typed_in(page: Page, show: Show) -> None:
    show(several())
    page.locator("#find").focus()

    page.keyboard.type("cors ")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Home")

    assert page.locator("#find").input_value() == "cors "
    assert page.locator("#at").input_value() == "0"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("session", ["SessionMiddleware"]),
        ("shop/main.py:24", ["CORSMiddleware"]),
        ("X-Request-ID", ["RequestIdMiddleware"]),
        ("accept-encoding", ["GZipMiddleware"]),
        ("nothing like it", []),
    ],
)
def test_search_finds_layers_by_name_place_and_header(page: Page, show: Show, wanted: str, found: list[str]) -> None:
    show(several())

    page.fill("#find", wanted)

    assert page.locator(".layer:visible .name").all_inner_texts() == found
    assert page.locator("#found").inner_text() == f"{len(found)} of {len(traces.SHOP)} layers"
    page.fill("#find", "")
    assert page.locator(".layer:visible").count() == len(traces.SHOP)
    assert page.locator("#found").inner_text() == ""


def test_an_address_selects_a_probe_and_a_step(page: Page, show: Show) -> None:
    show(several(), "#probe=error&step=12")

    assert page.locator(".probe:visible").get_attribute("data-kind") == "error"
    assert page.locator(".choice a[aria-current]").inner_text().startswith("Error path")
    assert page.locator("#at").input_value() == "12"
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("#probe=error&step=13$"))
    page.click(".choice a >> nth=1")
    assert page.locator(".probe:visible").get_attribute("data-kind") == "preflight"
    assert now(page) == []


@pytest.mark.parametrize("fragment", ["#step=end", "#step=-3", "#step=x", "#probe=none&step=1", "#%", "#step=99999"])
def test_an_address_that_makes_no_sense_does_no_harm(page: Page, show: Show, fragment: str) -> None:
    show(several(), fragment)

    assert page.locator(".probe:visible").get_attribute("data-kind") == "normal"
    assert 0 <= int(page.locator("#at").input_value()) <= len(traces.healthy().timeline)


def test_dark_and_light_follow_the_reader_and_the_button(page: Page, show: Show) -> None:
    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    show(several())
    page.emulate_media(color_scheme="light")
    assert ground() == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    dark = ground()
    assert dark == "rgb(13, 17, 23)"
    page.click("#theme")
    assert page.locator("#theme").inner_text() == "Theme: dark"
    page.emulate_media(color_scheme="light")
    assert ground() == dark
    page.click("#theme")
    page.emulate_media(color_scheme="dark")
    assert ground() == "rgb(255, 255, 255)"


@pytest.mark.parametrize("name", ["hostile", "surrounded", "rescued", "unbuilt", "several"])
def test_a_phone_is_wide_enough(page: Page, show: Show, name: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    show(several() if name == "several" else traces.ALL[name](), "#step=5")

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(".probe:visible .crossings summary").first.click()
    for summary in page.locator(".probe:visible .more summary").all()[:3]:
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_paper_shows_every_step_and_no_control(page: Page, show: Show) -> None:
    show(several(), "#step=7")
    page.fill("#find", "cors")

    page.emulate_media(media="print")

    expect(page.locator(".stepping")).to_have_count(0)
    assert (
        page.locator(".player:visible, .tools:visible, .choice:visible, .token:visible, summary:visible").count() == 0
    )
    assert page.locator(".probe:visible").count() == 3
    assert page.locator(".layer:visible").count() == 3 * len(traces.SHOP)
    lines = sum(len(trace.timeline) for _, trace in several().probes)
    assert page.locator("tr[data-step]:visible").count() == lines
    assert page.locator("#probe\\=normal .change:visible").count() >= 3
    assert page.locator("#normal-n5 dd:visible").count() > 5
    page.emulate_media(media="screen")
    expect(page.locator(".stepping")).to_have_count(1)
    assert page.locator("tr[data-step]:visible").count() == 0


def test_it_prints_to_some_pages(page: Page, show: Show) -> None:
    show(several())
    made = page.pdf(format="A4")
    pages = made.count(b"/Type /Page") - made.count(b"/Type /Pages")
    assert 4 <= pages <= 14


def test_without_javascript_all_of_it_is_there(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(written(several(), tmp_path))
    assert page.locator(".probe:visible").count() == 3
    assert page.locator(".layer:visible").count() == 3 * len(traces.SHOP)
    assert page.locator("tr[data-step]:visible").count() == sum(len(trace.timeline) for _, trace in several().probes)
    assert page.locator(".player:visible, .tools:visible").count() == 0
    page.locator("#normal-n5 summary").click()
    assert page.locator("#normal-n5 dd:visible").count() > 5
    context.close()


#: Each would run, or become an element, if it were taken for more than text.
def hostile(bad: str) -> Probes:
    """Every text that has a place of its own on the page is this one."""
    made = healthy()
    layers = tuple(
        replace(layer, name=bad, label=bad, within=bad, qualified_name=bad, arguments={bad: bad})
        if layer.index == 2
        else layer
        for layer in made.layers
    )
    steps = tuple(
        replace(step, request_changes=(bad,), response_changes=(f"+ {bad}: {bad}",)) if step.layer == 2 else step
        for step in made.steps
    )
    probe = replace(made.probe, path=f"/{bad}", headers=((bad, bad),))
    trace = replace(made, target=bad, layers=layers, steps=steps, probe=probe, notes=(bad,))
    return Probes((("normal", trace), ("error", trace)), (bad,))


def test_what_others_wrote_stays_text(page: Page, show: Show) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    tags = "[...new Set([...document.querySelectorAll('*')].map(each => each.localName))]"
    show(several())
    known = set(page.evaluate(tags))
    for bad in HOSTILE:
        show(hostile(bad))
        page.keyboard.press("End")

        assert set(page.evaluate(tags)) <= known, bad
        assert page.evaluate("document.scripts.length") == 2
        attributes = set(page.evaluate("[...document.querySelectorAll('*')].flatMap(each => each.getAttributeNames())"))
        assert not {name for name in attributes if name.startswith("on")} | attributes & {"src", "srcdoc", "action"}
        assert page.title() != "taken"
        shown = page.locator("body").inner_text()
        assert not {char for char in shown if not char.isprintable()} - {"\n", "\t", "\u00a0"}


def test_the_policy_holds_against_what_is_put_in_later(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(offline=True)
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.goto(written(several(), tmp_path))

    page.evaluate(
        "for (const [name, key, value] of [['script', 'textContent', 'document.title = \"taken\"'],"
        "['style', 'textContent', 'body { display: none }'], ['img', 'src', 'https://example.com/x.png'],"
        "['script', 'src', 'https://example.com/x.js']])"
        "{ const added = document.createElement(name); added[key] = value; document.body.append(added); }"
    )
    page.wait_for_timeout(100)

    assert page.title() != "taken"
    assert page.locator("h1").is_visible()
    assert len(refused) == 4
    assert all("Content Security Policy" in text for text in refused)
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("fragment", ["", "#step=21", "#probe=preflight&step=7", "#probe=error&step=17"])
def test_axe_finds_nothing_serious(page: Page, show: Show, npm_package: NpmPackage, theme: str, fragment: str) -> None:
    source = (npm_package(AXE) / "axe.min.js").read_text("utf-8")
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    show(several(), fragment)
    page.locator(".probe:visible .more summary").first.click()
    page.locator(".probe:visible .crossings summary").click()

    page.evaluate(source)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")

    serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    told = [(each["id"], [node["html"][:120] for node in each["nodes"]][:3]) for each in serious]
    assert told == [], json.dumps(told, indent=2)
    assert found["passes"]


def test_a_websocket_is_played_message_by_message(page: Page, show: Show) -> None:
    show(socket_traces.ALL["accepted"], "#step=1")

    assert said(page).startswith("↓ The handshake enters ")
    assert page.locator(".probe:visible h2").inner_text() == "Websocket"
