"""The page of `-f html` without a browser: what is in it, what its policy lets in, and that all of it is text."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest

from mwviz.model import Event, Trace
from mwviz.model.probes import Probes
from mwviz.render import PROBES_RENDERERS, RENDERERS, Format, render
from mwviz.render.page import steps
from mwviz.render.page.comparison import comparison
from tests.render import diagram_traces, socket_traces, traces

ALL = {
    **{name: made() for name, made in traces.ALL.items()},
    **{name: made() for name, made in diagram_traces.ALL.items()},
    **{f"socket {name}": trace for name, trace in socket_traces.ALL.items()},
}
#: Elements without an end.
VOID = {"meta", "link", "input", "path", "wbr"}


class Read(HTMLParser):
    """The elements of a page, its texts, and what scripts and styles hold; fails where tags do not fit."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.raw: list[tuple[dict[str, str | None], str]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("script", "style"):
            self.raw.append((self.elements[-1][1], data))
        else:
            self.texts.append(data)

    def of(self, name: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.elements if tag == name)

    def classes(self) -> list[str]:
        return [each for _, attributes in self.elements for each in (attributes.get("class") or "").split()]

    @property
    def text(self) -> str:
        return "".join(self.texts)


def page_of(value: Trace | Probes) -> str:
    made = render(value, Format.HTML)
    assert isinstance(made, str)
    return made


def data_of(page: str) -> dict[str, Any]:
    (found,) = (text for attributes, text in Read(page).raw if attributes.get("type") == "application/json")
    loaded: dict[str, Any] = json.loads(found)
    return loaded


def several() -> Probes:
    return Probes((("normal", traces.healthy()), ("preflight", traces.rejected()), ("error", traces.crashed())))


def test_one_renderer_takes_one_probe_and_several() -> None:
    assert set(PROBES_RENDERERS) <= set(RENDERERS)
    trace = traces.healthy()
    assert page_of(trace) == page_of(Probes((("normal", trace),)))


@pytest.mark.parametrize("name", ALL)
def test_every_trace_has_a_page(name: str) -> None:
    trace = ALL[name]
    page = page_of(trace)
    read = Read(page)
    data = data_of(page)

    assert page == page_of(trace)
    assert [each["kind"] for each in data["probes"]] == [dict(read.of("section").__next__())["data-kind"]]
    assert len(data["probes"][0]["steps"]) == len(trace.timeline)
    identities = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(set(identities)) == len(identities)
    assert {step["row"] for step in data["probes"][0]["steps"]} <= set(identities)
    assert read.classes().count("layer") == len(trace.layers)
    assert sum("data-step" in attributes for attributes in read.of("tr")) == len(trace.timeline)


@pytest.mark.parametrize("name", ["healthy", "hostile", "several"])
def test_the_policy_lets_in_what_is_there_and_nothing_else(name: str) -> None:
    page = page_of(several() if name == "several" else ALL[name])
    read = Read(page)
    (policy,) = (each["content"] or "" for each in read.of("meta") if "http-equiv" in each)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))

    runs = [text for attributes, text in read.raw if attributes.get("type") is None]
    hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in runs]
    assert [rules["style-src"], rules["script-src"]] == hashes
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    assert set(rules) == {"default-src", "style-src", "script-src", "base-uri", "form-action", "img-src"}
    for tag, attributes in read.elements:
        assert not any(key.startswith("on") or key in ("style", "src", "srcset", "action") for key in attributes), tag
        links = attributes.get("href") or "#"
        assert links.startswith("#") or (tag, links) == ("link", "data:,")


@pytest.mark.parametrize("name", ["page.js", "page.css", "page.html"])
def test_the_parts_of_the_page_load_nothing_and_make_no_markup(name: str) -> None:
    source = files("mwviz.render.page").joinpath(name).read_text("utf-8")

    assert not re.search(r"https?:|//[a-z]|@import|url\(", source)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(|DOMParser", source)
    assert "fetch(" not in source
    assert "\r" not in source


BAD = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'`&lt;\u2028\u2029\u202e\x1b[31m{{ script }}"


def bad() -> Trace:
    """Every text of a trace is one that tries to break out."""
    made = traces.healthy()
    layers = tuple(
        replace(layer, name=BAD, label=f"{BAD}#{layer.index}", qualified_name=BAD, within=BAD, arguments={BAD: BAD})
        for layer in made.layers
    )
    changed = tuple(replace(step, request_changes=(BAD,), response_changes=(BAD,), held_ns=1, held_until=BAD)
                    for step in made.steps)  # fmt: skip
    probe = replace(made.probe, method=BAD, path=BAD, headers=((BAD, BAD),), reasons=(BAD,))
    response = made.response and replace(made.response, headers=((BAD, BAD),), trailers=((BAD, BAD),))
    events = (*made.timeline, Event(999_000, "enter", None, BAD, BAD), Event(999_001, "send", BAD, BAD, BAD))
    return replace(
        made, target=BAD, layers=layers, steps=changed, probe=probe, response=response, timeline=events, notes=(BAD,)
    )


def test_what_others_wrote_is_text_wherever_it_stands() -> None:
    plain, page = Read(page_of(traces.healthy())), page_of(Probes((("normal", bad()), ("error", bad())), (BAD,)))
    read = Read(page)

    assert {tag for tag, _ in read.elements} <= {tag for tag, _ in plain.elements} | {"nav", "td", "th"}
    assert len(read.raw) == len(plain.raw) == 3
    assert "alert(1)" in read.text
    assert not [char for char in page if not char.isprintable() and char != "\n"]
    assert re.findall(r"<(?:img|script>alert)", page) == []
    says = [step["says"] for probe in data_of(page)["probes"] for step in probe["steps"]]
    assert any("</script><script>alert(1)</script>" in each for each in says)


def test_secrets_and_times_are_those_of_the_trace() -> None:
    page = page_of(traces.healthy())
    later = page_of(replace(traces.healthy(), duration_ns=7_770_000))
    assert "***" in page
    assert page != later
    assert page.replace("1.24 ms", "T") == later.replace("7.77 ms", "T")


def test_steps_tell_who_did_what_in_words() -> None:
    trace = traces.rescued()
    played = steps.playable(trace)
    told = [steps.sentence(trace, event, ()) for event in played.events]

    assert told[0] == "The request enters ServerErrorMiddleware."
    assert "AuthMiddleware raises PermissionError: no token." in told
    assert "RequestIdMiddleware sends http.response.start 503." in told
    assert told[-1] == "ServerErrorMiddleware returns."
    healthy = traces.healthy()
    events = steps.playable(healthy).events
    assert "process_time returns." in [steps.sentence(healthy, event, ()) for event in events]


def test_a_change_is_shown_by_the_step_that_shows_it_first() -> None:
    made = traces.healthy()
    changed = [replace(step, request_changes=(f"+ scope k{step.layer}",), response_changes=(f"+ x-{step.layer}: 1",))
               for step in made.steps]  # fmt: skip
    trace = replace(made, steps=tuple(changed))
    played = steps.playable(trace)

    for change in played.changes:
        assert change.at is not None or change.way == "request"
        if change.at is None:
            continue
        event = played.events[change.at - 1]
        if change.way == "request":
            assert (event.event, change.text) == ("enter", f"+ scope k{change.layer}")
            entered = [each.of for each in played.events[: change.at] if each.event == "enter"]
            assert entered[-2] == change.layer
        else:
            assert (event.event, event.of, event.message) == ("send", change.layer, "http.response.start")
    assert [change.at or 0 for change in played.changes if change.at] == sorted(
        change.at for change in played.changes if change.at
    )
    assert len(played.changes) == 2 * len(made.steps)


def test_calls_of_the_handler_stand_where_they_were_called() -> None:
    made = traces.healthy()
    calls = (
        Event(480_000, "enter", None, "dependency get_db", "in a worker thread"),
        Event(910_000, "enter", None, "background send_mail", None),
        Event(911_000, "leave", None, "background send_mail", None),
        Event(912_000, "leave", None, "dependency get_db", None),
    )
    trace = replace(made, timeline=tuple(sorted((*made.timeline, *calls), key=lambda event: event.at_ns)))
    page = page_of(trace)

    order = re.findall(r'<strong class="name">([^<]*)</strong>', page.replace("<wbr>", ""))
    assert order[-3:] == ["dependency get_db", "stand-in endpoint", "background send_mail"]
    assert "in a worker thread" in page


def test_very_many_steps_are_cut_and_that_is_said() -> None:
    made = traces.healthy()
    more = tuple(Event(10**9 + at, "send", "http.response.body", 0, "1 bytes") for at in range(2 * steps.AT_MOST))
    page = page_of(replace(made, timeline=(*made.timeline, *more)))

    left = len(made.timeline) + len(more) - steps.AT_MOST
    assert len(data_of(page)["probes"][0]["steps"]) == steps.AT_MOST
    assert f"{left} more steps are left out." in page


def test_side_by_side_every_layer_has_a_row_and_every_probe_a_column() -> None:
    page = Read(comparison(several().probes))
    rows = list(page.of("tr"))

    assert len(rows) == 1 + len(traces.SHOP) + 1
    assert sum(1 for _ in page.of("td")) == 1 + 3 * (len(traces.SHOP) + 1)
    assert page.text.count("not reached") == len(traces.rejected().not_reached) + 1
    assert comparison(several().probes[:1]) == ""


def test_what_the_router_did_is_not_said_to_be_the_endpoint_s() -> None:
    probes = Probes((("normal", traces.healthy()), ("preflight", diagram_traces.not_found())))

    assert "router: answered 404" in comparison(probes.probes)
    assert "router: " not in comparison((("normal", traces.healthy()), ("error", traces.crashed())))


def test_only_the_stand_in_stands_in_place_of_the_app_s_own() -> None:
    made = diagram_traces.refused()
    real = replace(made, probe=replace(made.probe, endpoint="real"))
    own = "in place of the app&#x27;s own"

    assert own in page_of(made)
    assert own not in page_of(real)
    assert own not in page_of(diagram_traces.not_found())


def test_layers_of_one_probe_alone_are_not_on_the_way_of_the_other() -> None:
    made = comparison((("normal", traces.healthy()), ("websocket", traces.surrounded())))
    page = Read(made.replace("<wbr>", ""))
    heads = [text for text in page.texts if text.endswith("Middleware") or text == "process_time"]

    assert page.text.count("not on the way") > 5
    assert heads.index("ProxyHeadersMiddleware") < heads.index("ServerErrorMiddleware")
    both = (*traces.healthy().layers, *traces.surrounded().layers)
    assert len(heads) == len({(layer.within, layer.label) for layer in both})


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("rejected", ["took_over", "unreached", "out-response", "turn"]),
        ("crashed", ["failed", "took_over", "out-exception"]),
        ("replaced", ["took_over", "out-discarded", "out-response"]),
        ("hung", ["failed", "unreached"]),
        ("surrounded", ["outer", "injected", "mount", "route", "group"]),
    ],
)
def test_what_became_of_the_request_is_marked(name: str, marks: list[str]) -> None:
    assert set(marks) <= set(Read(page_of(ALL[name])).classes())


def test_the_colours_are_those_of_the_pictures() -> None:
    palette = pytest.importorskip("mwviz.render.palette")
    style = files("mwviz.render.page").joinpath("page.css").read_text("utf-8")
    own = {name: (light, dark) for name, light, dark in
           re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", style) if name != "rule"}  # fmt: skip

    assert own == {name: tuple(color) for name, color in palette.COLORS.items() if name in own}


def test_the_size_grows_with_the_stack_and_not_faster() -> None:
    small, large = (len(page_of(traces.deep(count))) for count in (50, 500))
    assert large < 12 * small
