"""Finds the fenced blocks of a Markdown page whose language is `mwviz`, and which hold a command."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mwviz.documenting import code
from mwviz.values import dataclass

_OPENING = re.compile(r"([ \t]*)(`{3,}|~{3,})[ \t]*(.*)")
_OURS = re.compile(r"mwviz\b(?![-.:]).*|\{ *\.mwviz\b[^}]*\}")


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: `lines[first:last]` of the page, both fences included, and what stands between them."""

    first: int
    last: int
    indent: str
    body: str


def find(lines: Sequence[str]) -> tuple[Fence, ...]:
    """The fences of ours in a page, in their order; one inside of code is code itself, and one without end none."""
    found: list[Fence] = []
    at = 0
    offsets: list[int] = []
    while at < len(lines):
        is_code = code.is_indented(lines[at], offsets)
        opening = None if is_code else _OPENING.fullmatch(lines[at])
        end = None if opening is None or _is_inline(opening) else _end(lines, at, opening[2])
        if opening is None or end is None:
            at += 1
            continue
        if _OURS.fullmatch(opening[3].strip()):
            found.append(Fence(at, end + 1, opening[1], " ".join(line.strip() for line in lines[at + 1 : end])))
        at = end + 1
    return tuple(found)


def _is_inline(opening: re.Match[str]) -> bool:
    return opening[2][0] == "`" and "`" in opening[3]


def _end(lines: Sequence[str], first: int, fence: str) -> int | None:
    for at in range(first + 1, len(lines)):
        text = lines[at].strip()
        if len(text) >= len(fence) and not text.strip(fence[0]):
            return at
    return None
