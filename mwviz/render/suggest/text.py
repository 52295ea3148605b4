"""`text`: the two orders side by side, what goes and what stays, and the code as it is to be written."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from textwrap import dedent, wrap

from mwviz.model.findings import Finding
from mwviz.model.suggestion import Suggestion
from mwviz.render import words as shared
from mwviz.render.findings.told import SEVERITIES, sentence
from mwviz.render.plain import columns, shorten, visible
from mwviz.render.suggest import words
from mwviz.render.terminal import NARROWEST, Line, Part, fold, paint

_SUGGESTED = "suggested"
#: Room for the mark of a move, and between the columns.
_MARK, _GAP = len("  ↑ outward"), 4
#: Columns of code beside a comment: where it leaves less, as a path of an installed package does, it goes above.
_CODE_LEAST = 40


def render(suggestion: Suggestion, *, width: int, color: bool, verbose: bool) -> str:
    """Return lines of at most `width` columns; code may be longer. `verbose` tells the evidence, too."""
    width = max(width, NARROWEST)
    target, versions = shared.versioned(suggestion.target, suggestion.versions)
    head: Part = (words.headline(suggestion), "bold" if suggestion.order is None else "green")
    lines: list[Line] = [*fold([(target, "bold"), (versions, "dim")], width, 2), [], *fold([head], width, 2)]
    if suggestion.order is not None:
        lines += [[], *_orders(suggestion, width)]
        lines += _found("Gone", suggestion.gone, width, verbose, remedies=False)
        lines += _found(words.BROUGHT, suggestion.new, width, verbose, remedies=True)
        lines += _found(words.REVEALED, suggestion.revealed, width, verbose, remedies=True)
    for heading, left in words.groups(suggestion):
        lines += _found(heading, [each.finding for each in left], width, verbose, remedies=True)
    if suggestion.order is not None:
        place = f" in {words.file(suggestion)}" if words.file(suggestion) else ""
        lines += [[], *fold([(f"Write it in this order{place}", "bold")], width, 2), *_code(suggestion, width)]
        lines += [[], *fold([("Try it with any command: ", "bold"), (words.command(suggestion), "")], width, 2)]
    notes = list(words.remarks(suggestion))
    lines += [[]] if notes else []
    for note in notes:
        lines += fold([("Note: ", "dim"), (note, "")], width, 6)
    return "".join(f"{paint(line, color)}\n" for line in lines)


def _orders(suggestion: Suggestion, width: int) -> Iterator[Line]:
    today = [visible(name) for name in suggestion.today]
    order = [visible(name) for name in suggestion.order or ()]
    marks = {visible(name): way for name, way in words.marks(suggestion).items()}
    room = max((width - _MARK - _GAP - 2) // 2, 8)
    start = words.start(suggestion)
    column = min(max(map(columns, [*today, start])), room)
    wide = min(max(map(columns, [*order, _SUGGESTED])), room)
    yield [("  ", ""), (_padded(start, column + _GAP), "dim"), (_SUGGESTED, "dim")]
    for old, new in zip(today, order, strict=True):
        left: Part = (_padded(shorten(old, column), column + _GAP), "yellow" if old in marks else "")
        arrow = f"  {'↑' if marks.get(new) == 'outward' else '↓'} {marks.get(new)}" if new in marks else ""
        name = shorten(new, wide)
        yield [("  ", ""), left, (_padded(name, wide) if arrow else name, "green" if arrow else ""), (arrow, "dim")]


def _padded(text: str, width: int) -> str:
    return text + " " * max(width - columns(text), 0)


def _found(heading: str, found: Sequence[Finding], width: int, verbose: bool, *, remedies: bool) -> Iterator[Line]:
    if not found:
        return
    yield []
    yield from fold([(heading, "bold")], width, 2)
    for finding in found:
        severity: Part = (f"  {finding.severity:<8}", SEVERITIES[finding.severity])
        yield from fold([severity, (f"{finding.code}  ", ""), (sentence(finding.message), "")], width, 10)
        if verbose and finding.evidence:
            yield from fold([(" " * 10, ""), (sentence(finding.evidence), "dim")], width, 10)
        if remedies and finding.remedy:
            yield from fold([(" " * 10, ""), ("→ ", "yellow"), (visible(finding.remedy), "")], width, 12)


def _code(suggestion: Suggestion, width: int) -> Iterator[Line]:
    for source, comment in words.code(suggestion):
        beside = width - columns(comment) - 2  # not indented: it can be copied into a module
        above = bool(source) and beside < _CODE_LEAST
        if above:
            yield [(comment, "dim")]
        folded = _wrapped(source, width if above else beside)
        for line in folded[:-1]:
            yield [(line, "")]
        after = "" if above else comment
        yield [(folded[-1], ""), ("  " if source and after else "", ""), (after, "dim")]


def _wrapped(source: str, width: int) -> list[str]:
    """The line of code, divided between arguments where it is too long and stays the same code."""
    # `fold` breaks after slashes, too, and inside of what is longer than a line
    after = f"{source[: len(source) - len(source.lstrip())]}    "
    lines = wrap(source, width, subsequent_indent=after, break_long_words=False, break_on_hyphens=False)
    return lines if len(lines) > 1 and _code_of(lines) == _code_of([source]) is not None else [source]


def _code_of(lines: Sequence[str]) -> str | None:
    """What Python reads; None where that is no whole statement: a break in a text, or before a bracket, changes it."""
    try:
        return ast.dump(ast.parse(dedent("\n".join(lines)).replace("***", "_")))
    except SyntaxError:
        return None
