"""Pictures and texts as HTML for the pages that site generators make: nothing is loaded, and no script is needed."""

from __future__ import annotations

import re
from html import escape

from mwviz.documenting import figures
from mwviz.documenting.commands import Command
from mwviz.documenting.looking import Seen
from mwviz.errors import OutputError
from mwviz.render import Format, render
from mwviz.render.svg import following_page

#: What a file begins with, and a page has no use for. Foreign text has no `<` of its own in an SVG.
_PROLOGUE = re.compile(r"<\?.*?\?>|<!DOCTYPE.*?>|<!--.*?-->", re.DOTALL)
_ROOT = re.compile(r"<svg\b([^<>]*)>(\s*<title>)?")
_TAG = re.compile(r"<[^<>!?/][^<>]*>")
#: Two pictures of one page must not have the same, and nothing in them refers to one.
_ID = re.compile(r"\sid=\"[^\"]*\"")
_ROLE = re.compile(r"\s(?:role|aria-label|style)=\"[^\"]*\"")


def picture(seen: Seen, command: Command, alternative: str | None = None) -> str:
    """The SVG as an element, named for who cannot see it. Raises OutputError where no engine can draw it."""
    drawn = render(seen, Format.SVG, verbose=command.verbose, look=command.look)
    svg = following_page(drawn.decode() if isinstance(drawn, bytes) else drawn)
    label = escape(alternative or figures.alternative(seen))

    def named(root: re.Match[str]) -> str:
        about = f'role="img" aria-label="{label}" style="max-width:100%;height:auto"'
        return f"<svg{_ROLE.sub('', root[1])} {about}>" + (root[2] or f"<title>{label}</title>")

    bare = _TAG.sub(lambda tag: _ID.sub("", tag[0]), _PROLOGUE.sub("", svg)).strip()
    # A blank line would end an element of HTML in Markdown.
    return f'<div class="mwviz">{re.sub(chr(10) + "+", chr(10), _ROOT.sub(named, bare, count=1))}</div>'


def code(seen: Seen, shape: Format, command: Command) -> str:
    """A text format as an element."""
    text = figures.text(seen, shape, verbose=command.verbose, look=command.look)
    return f'<pre class="mwviz"><code>{escape(text)}</code></pre>'


def preferred(seen: Seen, command: Command, alternative: str | None = None) -> str | None:
    """The picture where the command asks for one, or for nothing and it can be drawn; None: a text is to be shown.

    Raises OutputError where it asks for one that cannot be drawn.
    """
    if command.format not in (None, Format.SVG):
        return None
    try:
        return picture(seen, command, alternative)
    except OutputError:
        if command.format is not None:
            raise
        return None
