"""The SVG of an engine made fit for a page: named for who cannot see it, without ids, following the reader's theme.

An `auto` picture is drawn light. Each colour of it that is a role of the palette becomes a class as well, and one style
sheet gives the classes their dark colours: where no style sheet may apply, the picture stays light and whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from mwviz.render.palette import COLORS, Color, Theme

#: What engines write beside the drawing; foreign text in it has no `<`, so that it cannot be taken for a tag.
_ASIDES = re.compile(r"<\?.*?\?>\s*|<!DOCTYPE.*?>\s*|<!--.*?-->\s*|<title>[^<]*</title>\s*", re.DOTALL)
_TAG = re.compile(r"<[^<>]+>")
_NAMES = re.compile(r'\s(?:id|class|xmlns:xlink)="[^"]*"')
_COLOR = re.compile(r'\s(fill|stroke)="(#[0-9a-fA-F]{6})"')
_FONT = "font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\""
_FAMILY = re.compile(r'font-family="[^"]*"')
_ROLES = {shade.light: role for role, shade in COLORS.items()}


def finished(drawn: bytes, title: str, description: str, theme: Theme) -> bytes:
    """Return an engine's SVG as one that stands on its own and in a page, beside others like it."""
    body = _TAG.sub(lambda tag: _cleaned(tag[0], theme), _ASIDES.sub("", drawn.decode()))
    name, told = escape(title), escape(description)
    about = f"\n<title>{name}</title>\n<desc>{told}</desc>" + (f"\n{_sheet()}" if theme == "auto" else "")
    spoken = f"{name}: {told}" if told else name
    # as wide as drawn, but never wider than the page that it stands in
    label = f' style="max-width:100%;height:auto" role="img" aria-label="{spoken}"'
    opened = re.sub(r"<svg\b([^<>]*)>", lambda root: f"<svg{root[1]}{label}>{about}", body, count=1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{opened}'.encode()


def _cleaned(tag: str, theme: Theme) -> str:
    bare = _FAMILY.sub(_FONT, _NAMES.sub("", tag))
    if theme != "auto":
        return bare
    roles = [(kind, _ROLES.get(shade.lower())) for kind, shade in _COLOR.findall(bare)]
    names = [_class(kind, role) for kind, role in roles if role is not None]
    return re.sub(r"(\s*/?>)$", rf' class="{" ".join(names)}"\1', bare) if names else bare


def _class(kind: str, role: str) -> str:
    return f"mwviz-{role}" if kind == "fill" else f"mwviz-{role}-stroke"


def following_page(svg: str) -> str:
    """An `auto` picture that stands in a page made to follow the page's `color-scheme` in place of its reader's.

    A page may be dark where its reader's system is light. Browsers that do not know `light-dark()` draw it light.
    """
    return svg.replace(_sheet(), f"<style>{_rules(lambda shade: f'light-dark({shade.light},{shade.dark})')}</style>")


def _sheet() -> str:
    return f"<style>@media (prefers-color-scheme:dark){{{_rules(lambda shade: shade.dark)}}}</style>"


def _rules(paint: Callable[[Color], str]) -> str:
    return "".join(
        f".mwviz-{role}{{fill:{paint(shade)}}}.mwviz-{role}-stroke{{stroke:{paint(shade)}}}"
        for role, shade in COLORS.items()
    )
