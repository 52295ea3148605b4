"""HTML that cannot hold anything of others but text: the type checker lets nothing else become `Html`."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from typing import NewType

from mwviz.render.plain import visible

#: Markup of our own making; foreign text becomes some through `text` alone.
Html = NewType("Html", str)

#: What every page starts with: its policy lets in what it names alone, and nothing that would be loaded.
HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; {policy}; img-src data:; base-uri 'none'; \
form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
"""

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[/.])(?=\w)")
#: What would end a script, or be read by JavaScript as the end of a line.
_LIVE = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029\x7f"}


def text(foreign: str) -> Html:
    """Return foreign text as what it says, control characters made visible."""
    return Html(escape(visible(foreign)))


def name(foreign: str, words: re.Pattern[str] = _WORDS) -> Html:
    """Return a name or a path that a narrow page breaks between its words, where the pattern fits."""
    return Html("<wbr>".join(text(part) for part in words.split(foreign)))


def element(tag: str, *inside: Html, **attributes: str | int | bool | None) -> Html:
    """Return an element; an attribute that is None or False is left out, `class_` is `class`, `data_at` `data-at`."""
    return Html(f"{_opened(tag, attributes)}{''.join(inside)}</{tag}>")


def block(tag: str, *inside: Html, **attributes: str | int | bool | None) -> Html:
    """Return an element whose parts each begin a line."""
    return Html("\n".join((_opened(tag, attributes), *filter(None, inside), f"</{tag}>")))


def joined(parts: Iterable[Html]) -> Html:
    """Return parts one below the other."""
    return Html("\n".join(filter(None, parts)))


def digest(source: str) -> str:
    """Return the source of a policy that lets an inline element with this text in; its newlines are part of it."""
    return f"sha256-{b64encode(sha256(source.encode()).digest()).decode()}"


def still(title: str, style: str, body: Iterable[Html]) -> str:
    """Return a page of one style and no script, with what stands in its body."""
    head = HEAD.format(policy=f"style-src '{digest(style)}'", title=text(title), style=style)
    return f"{head}<body>\n{joined(body)}\n</body>\n</html>\n"


def data(value: object) -> str:
    """Return JSON that may stand inside of a script element: nothing in it ends that."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True).translate(_LIVE)


def _opened(tag: str, attributes: dict[str, str | int | bool | None]) -> str:
    given = []
    for key, value in attributes.items():
        said = key.rstrip("_").replace("_", "-")
        if value is True:
            given.append(f" {said}")
        elif value is not None and value is not False:
            given.append(f' {said}="{escape(visible(str(value)))}"')
    return f"<{tag}{''.join(given)}>"
