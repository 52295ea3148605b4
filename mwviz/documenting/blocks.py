"""Finds the blocks of a document: what stands between two comments, the first of which holds a command.

    Markdown  <!-- mwviz: show app:app -f mermaid -->   ...   <!-- /mwviz -->
    MDX       {/* mwviz: show app:app -f mermaid */}    ...   {/* /mwviz */}
    reST      .. mwviz: show app:app -f table           ...   .. /mwviz

Each marker stands alone on its line; how far it is indented does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypeAlias

from mwviz.documenting import code
from mwviz.values import dataclass

Markup: TypeAlias = Literal["markdown", "mdx", "rst"]

#: The markup of a document, by its ending.
MARKUP_OF_ENDING: dict[str, Markup] = {".md": "markdown", ".markdown": "markdown", ".mdx": "mdx", ".rst": "rst"}


@dataclass(frozen=True, slots=True)
class Block:
    """A block: the number of its first marker's line (from 1), its command and markup, and where its content is.

    `lines[first:last]` of the document is the content; `indent` and `newline` are those of the first marker.
    """

    line: int
    command: str
    markup: Markup
    first: int
    last: int
    indent: str
    newline: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a marker, or with the block that it begins; `line` is its number, from 1."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class _Comment:
    """One form of comment: how each marker is written, what of it is wrong, and the end to name in a message."""

    markup: Markup
    start: re.Pattern[str]
    end: re.Pattern[str]
    near: re.Pattern[str]
    closing: str


def _comment(markup: Markup, opening: str, over: str, closing: str, shown: str, before: str = "") -> _Comment:
    """`before` is what may stand in a line before a comment."""
    inner = rf"(?:(?!{over}).)*?"  # what ends a comment cannot stand in it
    return _Comment(
        markup,
        re.compile(rf"([ \t]*){opening}[ \t]*mwviz:(?!:)[ \t]*({inner})[ \t]*{closing}[ \t]*"),
        re.compile(rf"[ \t]*{opening}[ \t]*/mwviz[ \t]*{closing}[ \t]*"),
        re.compile(rf"{before}{opening}[ \t]*(?:mwviz:(?!:)|/mwviz\b|mwviz +(?:show|routes)\b)"),
        shown,
    )


_HTML = _comment("markdown", "<!--", "--!?>", "-->", "<!-- /mwviz -->")
_MDX = _comment("mdx", r"\{/\*", r"\*/", r"\*/\}", "{/* /mwviz */}")
_RST = _comment("rst", r"\.\.[ \t]", r"\n", r"(?=[ \t]*$)", ".. /mwviz", r"^[ \t]*(?:\S{1,4}[ \t]+)?")

_COMMENTS: dict[Markup, tuple[_Comment, ...]] = {"markdown": (_HTML, _MDX), "mdx": (_MDX, _HTML), "rst": (_RST,)}
_TEXT: dict[Markup, Callable[[Sequence[str]], Iterator[bool]]] = {
    "markdown": code.markdown,
    "mdx": code.mdx,
    "rst": code.rst,
}
#: Code between backticks, in all three.
_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def split(text: str) -> list[str]:
    """The lines of a text with their ends, whichever of the three they are."""
    return _LINE.findall(text)


def find(lines: Sequence[str], markup: Markup) -> tuple[list[Block], list[Mistake]]:
    """The blocks of a document in their order, and what is wrong with its markers."""
    blocks: list[Block] = []
    mistakes: list[Mistake] = []
    begun: tuple[int, _Comment, re.Match[str]] | None = None
    for number, comment, start in _markers(lines, markup):
        match start, begun:
            case None, _:
                mistakes.append(Mistake(number, _malformed(comment)))
            case re.Match() as found, None if found.lastindex:
                begun = number, comment, found
            case re.Match() as found, (line, *_) if found.lastindex:
                mistakes.append(Mistake(number, f"This block begins inside of the one of line {line}."))
            case _, None:
                mistakes.append(Mistake(number, f"`{comment.closing}` ends no block."))
            case _, (line, opened, first):
                newline = lines[line - 1][len(first[0]) :]
                blocks.append(Block(line, first[2], opened.markup, line, number - 1, first[1], newline))
                begun = None
    if begun is not None:
        mistakes.append(Mistake(begun[0], f"The block has no end: no line `{begun[1].closing}` follows."))
    return blocks, mistakes


def _markers(lines: Sequence[str], markup: Markup) -> Iterator[tuple[int, _Comment, re.Match[str] | None]]:
    """Yield every marker; None in the place of what is no marker and was meant to be one."""
    for number, (line, is_text) in enumerate(zip(lines, _TEXT[markup](lines), strict=True), 1):
        if not is_text or "mwviz" not in line:
            continue
        bare = line.rstrip("\r\n")
        for comment in _COMMENTS[markup]:
            if found := comment.start.fullmatch(bare) or comment.end.fullmatch(bare):
                yield number, comment, found
                break
            if comment.near.search(_SPAN.sub("", bare)):
                yield number, comment, None
                break


def _malformed(comment: _Comment) -> str:
    start = comment.closing.replace("/mwviz", "mwviz: show APP")
    return f"This is no marker: `{start}` and `{comment.closing}` stand alone on their lines, each whole."
