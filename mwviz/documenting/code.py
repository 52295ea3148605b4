"""Which lines of a document are its text, and which are code that it shows: a marker in code is no marker.

Markup is read as far as that takes: fences, indented code and what lists, notes and footnotes hold in Markdown; literal
blocks, code directives and comments in reStructuredText.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_FENCE = re.compile(r"(`{3,})[^`]*|(~{3,}).*")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])(?:( {1,4})(?! )| +|$)")
#: What holds lines that are indented by four: admonitions and tabs of MkDocs, footnotes, definitions.
_HOLDER = re.compile(r"(?:!!!|\?\?\?\+?|===[+!]?) .*|\[\^[^\]]+\]:.*|: .*")

_DIRECTIVE = re.compile(r"\.\. +(?:\|[^|]*\| +)?([\w:.+-]+?) ?::(?: |$)")
#: Directives whose content is no reStructuredText.
_CODE = re.compile(
    r"code|code-block|sourcecode|parsed-literal|highlight|prompt|doctest|test(?:code|output|setup|cleanup)|raw|math"
    r"|graphviz|mermaid|productionlist"
)
_COMMENT = re.compile(r"\.\.(?: +(?!_|\[|\|)|$)")
_RST_ITEM = re.compile(r"(?:[-*+•‣]|\(?(?:#|\w{1,3})[.)]) +")


def mdx(lines: Sequence[str]) -> Iterator[bool]:
    """Yield for each line whether it is text; indented lines are, for MDX knows no code by indentation."""
    return markdown(lines, indented=False)


def markdown(lines: Sequence[str], *, indented: bool = True) -> Iterator[bool]:
    """Yield for each line whether it is text; `indented`: what is indented by four is not."""
    fence, fenced_in = "", 0
    offsets: list[int] = []
    for line in lines:
        body = line.expandtabs(4).rstrip()
        text = body.lstrip()
        indent = len(body) - len(text)
        if fence:
            if text and indent < fenced_in:  # what held the fence has ended, and the fence with it
                fence = ""
            else:
                fence = "" if _closes(text, fence) else fence
                yield False
                continue
        if not text:
            yield False
            continue
        while offsets and indent < offsets[-1]:
            offsets.pop()
        text, indent, is_code = _held(body, indent, offsets)
        is_code = is_code and indented
        if not is_code and (opened := _FENCE.fullmatch(text)):
            fence, fenced_in = opened[1] or opened[2], offsets[-1] if offsets else 0
        yield not is_code and not fence


def is_indented(line: str, offsets: list[int]) -> bool:
    """Whether a line of Markdown outside of fences is indented as code.

    `offsets` are where what holds the lines (lists, admonitions) begins; they are brought up to date.
    """
    body = line.expandtabs(4).rstrip()
    indent = len(body) - len(body.lstrip())
    while body and offsets and indent < offsets[-1]:
        offsets.pop()
    return bool(body) and _held(body, indent, offsets)[2]


def _held(body: str, indent: int, offsets: list[int]) -> tuple[str, int, bool]:
    """What a line holds further in than its lists, where that begins, and whether it is indented as code."""
    text = body[indent:]
    while indent - (offsets[-1] if offsets else 0) < 4:
        if item := _ITEM.match(text):
            mark = len(item[0].rstrip())
            offsets.append(indent + mark + (len(item[1]) if item[1] else 1))
            rest = text[mark:].lstrip()
            indent, text = indent + len(text) - len(rest), rest
            if not text:
                return text, indent, False
            continue
        if _HOLDER.fullmatch(text):
            offsets.append(indent + 4)
        return text, indent, False
    return text, indent, True


def _closes(text: str, fence: str) -> bool:
    return len(text) >= len(fence) and not text.strip(fence[0])


def rst(lines: Sequence[str]) -> Iterator[bool]:
    """Yield for each line whether it is text."""
    within: int | None = None
    for line in lines:
        body = line.expandtabs(8).rstrip()
        text = body.lstrip()
        indent = len(body) - len(text)
        if within is not None and (not text or indent > within):
            yield False
            continue
        within = None
        yield bool(text)
        while text and (item := _RST_ITEM.match(text)):
            indent, text = indent + item.end(), text[item.end() :]
        if directive := _DIRECTIVE.match(text):
            within = indent if _CODE.fullmatch(directive[1]) else None
        elif text.endswith("::") or _COMMENT.match(text):
            within = indent
