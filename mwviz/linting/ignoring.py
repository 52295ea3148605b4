"""`# mwviz: ignore[MW003]` at a line of registration: what it says of whom is not reported."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mwviz.analysis.lint import RULES
from mwviz.errors import closest
from mwviz.linting.syntax import name_of
from mwviz.model import Place
from mwviz.model.findings import Finding, Findings
from mwviz.values import dataclass

#: Codes may stand in brackets or without them: somebody who writes them means those, and not all.
_COMMENT = re.compile(
    r"#\s*mwviz:\s*ignore(?:\s*\[(?P<codes>[^\]]*)|[\s:=]+(?P<bare>MW\w*(?:[\s,]+MW\w*)*)|(?=\s|$|#|,|;))",
    re.IGNORECASE,
)
#: What registers middleware: the smallest such call around a line is the one that counts.
_REGISTERS = ("add_middleware", "middleware", "Middleware", "wrap")


@dataclass(frozen=True, slots=True)
class Ignore:
    """One comment: its line, and the codes that it names; none stand for all."""

    line: int
    codes: tuple[str, ...]

    def covers(self, code: str) -> bool:
        """Whether it speaks of that rule."""
        return not self.codes or code in self.codes


class _Source:
    """A file of the user's: its comments, and from which line to which its calls go."""

    def __init__(self, text: str) -> None:
        self.ignores = tuple(_ignores(text))
        self._calls: list[ast.Call] = []
        #: Lines from a decorator to the end of the `def` below, on which Python 3.10 calls it.
        self._decorated: list[tuple[ast.Call, int, int]] = []
        if self.ignores:
            with suppress(SyntaxError, ValueError):  # code of another Python: its lines count one by one
                for node in ast.walk(ast.parse(text)):
                    if isinstance(node, ast.Call):
                        self._calls.append(node)
                    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                        decorators = (each for each in node.decorator_list if isinstance(each, ast.Call))
                        last = max(node.lineno, node.body[0].lineno - 1)
                        self._decorated += ((each, each.lineno, last) for each in decorators)

    def at(self, line: int) -> Iterator[Ignore]:
        """The comments on any line of the registration that begins or lies at this line."""
        first, last = self._extent(line)
        return (each for each in self.ignores if first <= each.line <= last)

    def _extent(self, line: int) -> tuple[int, int]:
        heads = [each for each in self._decorated if each[1] <= line <= each[2] and name_of(each[0].func) in _REGISTERS]
        if heads:
            return heads[-1][1:]
        around = [node for node in self._calls if node.lineno <= line <= (node.end_lineno or node.lineno)]
        named = [node for node in around if name_of(node.func) in _REGISTERS]
        best = min(named or around, key=lambda node: (node.end_lineno or 0) - node.lineno, default=None)
        return (line, line) if best is None else (best.lineno, best.end_lineno or best.lineno)


def without_ignored(findings: Findings, places: Sequence[Place], base: Path) -> Findings:
    """The findings that no comment suppresses; notes name comments that suppress nothing.

    A comment counts at the registration of any layer that a finding is about; `places` are those of all layers.
    """
    files = dict.fromkeys([place.file for place in places])
    sources = {file: source for file in files if (source := _read(base / file)) is not None}
    used: set[tuple[str, int]] = set()
    kept = tuple(finding for finding in findings.findings if not _ignored(finding, sources, used))
    on = {check.name for check in findings.checks}
    notes = tuple(_notes(sources, used, on))
    apps = tuple(replace(app, notes=(*app.notes, *notes)) for app in findings.apps)
    failed = {finding.code for finding in kept if finding.severity != "info"}
    checks = tuple(replace(check, kept=check.name not in failed) for check in findings.checks)
    return replace(findings, findings=kept, checks=checks, apps=apps)


def _ignored(finding: Finding, sources: dict[str, _Source], used: set[tuple[str, int]]) -> bool:
    met = [
        (site.place.file, ignore.line)
        for site in finding.sites
        if site.place is not None and site.place.file in sources
        for ignore in sources[site.place.file].at(site.place.line)
        if ignore.covers(finding.code)
    ]
    used.update(met)
    return bool(met)


def _notes(sources: dict[str, _Source], used: set[tuple[str, int]], on: set[str]) -> Iterator[str]:
    codes = [rule.code for rule in RULES]
    for file, source in sources.items():
        for ignore in source.ignores:
            named = f"[{', '.join(ignore.codes)}]" if ignore.codes else ""
            for code in (each for each in ignore.codes if each not in codes):
                close = closest(code, codes)
                yield f"{file}:{ignore.line}: {code} is no rule of lint{f': did you mean {close}?' if close else '.'}"
            # a rule that is off might have met what the comment is for
            idle = not ignore.codes or any(code in on for code in ignore.codes)
            if (file, ignore.line) not in used and idle:
                yield f"{file}:{ignore.line}: `# mwviz: ignore{named}` suppresses nothing."


def _ignores(text: str) -> Iterator[Ignore]:
    if "mwviz:" not in text:
        return
    for line, comment in _comments(text):
        if (found := _COMMENT.search(comment)) is not None:
            codes = re.split(r"[\s,]+", found["codes"] or found["bare"] or "")
            yield Ignore(line, tuple(code.upper() for code in codes if code))


def _comments(text: str) -> Iterator[tuple[int, str]]:
    tokens: Iterable[tokenize.TokenInfo] = tokenize.generate_tokens(io.StringIO(text).readline)
    try:
        yield from ((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)
    except (tokenize.TokenError, SyntaxError):
        return


def _read(file: Path) -> _Source | None:
    try:
        with tokenize.open(file) as stream:
            return _Source(stream.read())
    except (OSError, SyntaxError, ValueError):  # not there any more, or no source
        return None
