"""`github`: workflow commands, which GitHub Actions shows as annotations at the line of registration."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.model.findings import RULES, Finding, Findings, Severity
from mwviz.render.findings.told import file_of, summary, whole
from mwviz.render.plain import visible

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def render(findings: Findings, *, width: int, color: bool, verbose: bool) -> str:
    """Return an annotation per finding and, for the log, the summary."""
    lines = [_annotation(finding, findings) for finding in findings.findings]
    return "".join(f"{line}\n" for line in (*lines, summary(findings)))


def _annotation(finding: Finding, findings: Findings) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in _properties(finding, findings))
    return f"::{_COMMANDS[finding.severity]} {given}::{_data(whole(finding))}"


def _properties(finding: Finding, findings: Findings) -> Iterator[tuple[str, str]]:
    if finding.place is not None:
        yield "file", file_of(finding.place, findings)
        yield "line", str(finding.place.line)
    if finding.check == finding.code:
        yield "title", f"mwviz: {finding.code} {RULES[finding.code]}"
    else:
        yield "title", f"mwviz: {visible(finding.check)} ({finding.code})"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
