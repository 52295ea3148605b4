"""Every link and picture of the README and the changelog leads somewhere: to files, headings, pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "CHANGELOG.md")
_FENCE = re.compile(r"^( *)(`{3,}|~{3,})[^\n]*\n.*?^ *\2[`~]*$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_DEFINED = re.compile(r"^ {0,3}\[([^\]]+)\]: *<?(\S+?)>?$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


class _Tags(HTMLParser):
    """The links, pictures and named places that stand as HTML in Markdown."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str | None]] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.names |= {name for name in (held.get("id"), held.get("name")) if name}
        if tag == "a" and held.get("href"):
            self.found.append((held["href"] or "", "a link"))
        if tag == "img":
            self.found.append((held.get("src") or "", held.get("alt")))
        if tag == "source":
            self.found += [(each.split()[0], "a source") for each in (held.get("srcset") or "").split(",")]


def text_of(document: str) -> str:
    """Return a document without its code."""
    return _SPAN.sub("", _FENCE.sub("", (ROOT / document).read_text("utf-8")))


def links(document: str) -> Iterator[tuple[str, str | None]]:
    """Yield where each link and picture leads, with what a picture shows instead; None where it says nothing."""
    text = text_of(document)
    for is_picture, label, target in _LINK.findall(text):
        yield target, label if is_picture else "a link"
        for _, inner, shown in _LINK.findall(label):
            yield shown, inner
    yield from ((target, "a link") for _, target in _DEFINED.findall(text))
    tags = _Tags()
    tags.feed(text)
    yield from tags.found


def anchors(document: Path) -> set[str]:
    """Return the names that GitHub gives to the headings of a document, and those that HTML in it gives."""
    text = document.read_text("utf-8")
    tags = _Tags()
    tags.feed(_SPAN.sub("", _FENCE.sub("", text)))
    names: set[str] = set(tags.names)
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = plain = re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
        count = 0
        while name in names:
            count += 1
            name = f"{plain}-{count}"
        names.add(name)
    return names


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file_or_a_heading(document: str) -> None:
    for target, _ in links(document):
        url = urlsplit(target)
        if url.scheme:
            assert (url.scheme, bool(url.netloc)) == ("https", True), target
            continue
        file = (ROOT / document).parent / unquote(url.path) if url.path else ROOT / document
        assert file.exists(), target
        assert file.resolve().is_relative_to(ROOT), target
        if url.fragment:
            line = re.fullmatch(r"L(\d+)", url.fragment)
            if line:
                assert int(line[1]) <= len(file.read_text("utf-8").splitlines()), target
            else:
                assert url.fragment in anchors(file), target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_picture_says_what_it_shows_and_can_be_read(document: str) -> None:
    for target, shown in links(document):
        file = ROOT / urlsplit(target).path
        if urlsplit(target).scheme or file.suffix not in (".svg", ".png"):
            continue
        assert shown, f"{target} has no text for who cannot see it"
        if file.suffix == ".svg":
            root = ET.parse(file).getroot()
            assert root.tag == "{http://www.w3.org/2000/svg}svg", target
            assert not any("script" in each.tag for each in root.iter()), target
        else:
            assert file.read_bytes().startswith(b"\x89PNG\r\n\x1a\n"), target


def test_links_are_found_in_every_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_links.ROOT", tmp_path)
    (tmp_path / "a.md").write_text(
        "# A `b` & c: [d](e)\n\n## A b  c d\n\n[x](one.md#a) ![y](two.svg) [![z](three.png)](four) `[no](no.md)`\n"
        '```\n[no](no.md)\n```\n<picture><source srcset="five.svg 2x, six.svg">'
        '<img src="seven.png" alt="t"></picture>\n'
        '[w][ref] <a id="here" href="#there">x</a>\n\n[ref]: eight.md\n',
        "utf-8",
    )

    assert [target for target, _ in links("a.md")] == [
        "e", "one.md#a", "two.svg", "four", "three.png", "eight.md", "five.svg", "six.svg", "seven.png", "#there",
    ]  # fmt: skip
    assert anchors(tmp_path / "a.md") == {"a-b--c-d", "a-b--c-d-1", "here"}
