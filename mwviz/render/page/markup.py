"""HTML that cannot hold anything of others but text: the type checker lets nothing else become `Html`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from typing import NewType

from mwviz.render.plain import visible

#: Markup of our own making; foreign text becomes some through `text` alone.
Html = NewType("Html", str)

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[/.])(?=\w)")
#: What would end a script, or be read by JavaScript as the end of a line.
_LIVE = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029\x7f"}


def text(foreign: str) -> Html:
    """Return foreign text as what it says, control characters made visible."""
    return Html(escape(visible(foreign)))


def name(foreign: str) -> Html:
    """Return a name or a path that a narrow page breaks between its words."""
    return Html("<wbr>".join(text(part) for part in _WORDS.split(foreign)))


def element(tag: str, *inside: Html, **attributes: str | int | bool | None) -> Html:
    """Return an element; an attribute that is None or False is left out, `class_` is `class`, `data_at` `data-at`."""
    return Html(f"{_opened(tag, attributes)}{''.join(inside)}</{tag}>")


def block(tag: str, *inside: Html, **attributes: str | int | bool | None) -> Html:
    """Return an element whose parts each begin a line."""
    return Html("\n".join((_opened(tag, attributes), *filter(None, inside), f"</{tag}>")))


def joined(parts: Iterable[Html]) -> Html:
    """Return parts one below the other."""
    return Html("\n".join(filter(None, parts)))


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
