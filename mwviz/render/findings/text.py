"""`text`: KEPT or BROKEN per contract, below each broken one its breaks with what mends them; findings of `lint`."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.model.findings import Check, CheckedApp, Finding, Findings
from mwviz.render import words
from mwviz.render.findings.told import SEVERITIES, at, is_rule, of, sentence, summary
from mwviz.render.plain import columns, visible
from mwviz.render.terminal import NARROWEST, Line, Part, fold, paint

_INDENT = " " * 8
#: So many routes are told without being asked for.
_FEW = 4


def render(findings: Findings, *, width: int, color: bool, verbose: bool) -> str:
    """Return the report in lines of at most `width` columns; `verbose` tells the codes and all routes of a break."""
    width = max(width, NARROWEST)
    lines: list[tuple[Line, int]] = []
    for app in findings.apps:
        lines += [*_app(app, findings, verbose), ([], 0)]
    lines.append(([(summary(findings), "bold")], 0))
    return "".join(f"{paint(part, color)}\n" for line, indent in lines for part in fold(line, width, indent))


def _app(app: CheckedApp, findings: Findings, verbose: bool) -> Iterator[tuple[Line, int]]:
    target, versions = words.versioned(app.target, app.versions)
    yield [(target, "bold"), (versions, "dim")], 2
    yield [], 0
    for check in (each for each in findings.checks if each.target == app.target and not is_rule(each)):
        yield from _check(check, findings, verbose)
    found = [each for each in findings.findings if each.target == app.target and each.check == each.code]
    for number, finding in enumerate(found):
        yield from [([], 0)] if number else []
        yield from _met(finding, verbose)
    if not found and any(map(is_rule, findings.checks)):
        yield [("Nothing was found.", "green")], 0
    if app.notes:
        yield [], 0
    for note in app.notes:
        yield [("Note: ", "dim"), (visible(note), "")], 6


def _check(check: Check, findings: Findings, verbose: bool) -> Iterator[tuple[Line, int]]:
    count = f"  {check.routes} route{'' if check.routes == 1 else 's'}" if check.routes is not None else ""
    verdict: Part = ("KEPT    ", "green") if check.kept else ("BROKEN  ", "red")
    yield [verdict, (visible(check.name), "bold"), (count, "dim")], 8
    told = ""
    for finding in of(check, findings):
        yield from _finding(finding, verbose, evidence="" if finding.evidence == told else finding.evidence)
        told = finding.evidence
    for note in check.notes:
        yield [(_INDENT, ""), ("Note: ", "dim"), (visible(note), "")], 14


def _met(finding: Finding, verbose: bool) -> Iterator[tuple[Line, int]]:
    """Return the lines of what a rule has found."""
    severity: Part = (f"{finding.severity:<8}", SEVERITIES[finding.severity])
    yield [severity, (f"{finding.code}  ", "bold"), (sentence(finding.message), "bold")], 8
    yield from _sites(finding)
    for text, style in ((finding.evidence, "dim"), (finding.why, "")):
        if text:
            yield [(f"{_INDENT}  ", ""), (sentence(text), style)], 10  # type: ignore[list-item]
    if finding.routes and (verbose or len(finding.routes) < _FEW):
        yield [(f"{_INDENT}  {', '.join(map(visible, finding.routes))}", "dim")], 10
    if finding.remedy:
        yield [(f"{_INDENT}  ", ""), ("→ ", "yellow"), (visible(finding.remedy), "")], 12
    if finding.link:
        yield [(f"{_INDENT}  {visible(finding.link)}", "dim")], 10


def _sites(finding: Finding) -> Iterator[tuple[Line, int]]:
    placed = [site for site in finding.sites if site.place is not None]
    name_width = max((columns(visible(site.layer)) for site in placed), default=0)
    for site in placed:
        if site.place is not None:
            name = visible(site.layer)
            padding = " " * (name_width - columns(name))
            yield [(f"{_INDENT}  {name}{padding}", ""), (f"  {at(site.place)}", "dim")], 12


def _finding(finding: Finding, verbose: bool, *, evidence: str) -> Iterator[tuple[Line, int]]:
    code = f"{finding.code} " if verbose else ""
    yield [(_INDENT, ""), (code, "dim"), (sentence(finding.message), "")], 8
    yield from _sites(finding)
    if evidence:
        yield [(f"{_INDENT}  ", ""), (sentence(evidence), "dim")], 12
    if verbose and len(finding.routes) > 1:
        yield [(f"{_INDENT}  Routes: {', '.join(map(visible, finding.routes))}", "dim")], 12
    if finding.remedy:
        yield [(f"{_INDENT}  ", ""), ("→ ", "yellow"), (visible(finding.remedy), "")], 12
