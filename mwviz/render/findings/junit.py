"""`junit`: the XML of JUnit, which CI servers read: a suite per app, a test case per contract or rule."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mwviz.model.findings import Check, CheckedApp, Findings
from mwviz.render.findings.told import name_of, of, sentence, whole
from mwviz.render.plain import visible

_SPECIAL = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
#: Printable, but no character of XML 1.0.
_NO_XML = re.compile("[\ufffe\uffff]")


def render(findings: Findings, *, width: int, color: bool, verbose: bool) -> str:
    """Return one document; a contract with several breaks has one failure that tells all of them."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuites name="mwviz" {_counts(findings.checks)}>',
        *(line for app in findings.apps for line in _suite(app, findings)),
        "</testsuites>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _suite(app: CheckedApp, findings: Findings) -> Iterator[str]:
    checks = tuple(check for check in findings.checks if check.target == app.target)
    yield f'  <testsuite name="{_text(app.target)}" {_counts(checks)}>'
    for check in checks:
        yield from _case(check, findings)
    yield "  </testsuite>"


def _case(check: Check, findings: Findings) -> Iterator[str]:
    begin = f'    <testcase classname="mwviz.{_text(check.target)}" name="{_text(name_of(check))}" time="0"'
    found = of(check, findings)
    if check.kept and not found:
        yield f"{begin} />"
        return
    message = _text(" ".join(sentence(finding.message) for finding in found))
    codes = ",".join(dict.fromkeys(finding.code for finding in found))
    told = "\n\n".join(_lines(whole(finding)) for finding in found)
    yield f"{begin}>"
    if check.kept:  # worth knowing, and no failure
        yield f"      <system-out>{told}</system-out>"
        yield "    </testcase>"
        return
    yield f'      <failure type="{_text(codes)}" message="{message}">{told}</failure>'
    yield "    </testcase>"


def _counts(checks: tuple[Check, ...]) -> str:
    broken = sum(not check.kept for check in checks)
    return f'tests="{len(checks)}" failures="{broken}" errors="0" skipped="0" time="0"'


def _lines(text: str) -> str:
    return "\n".join(_text(line) for line in text.split("\n"))


def _text(text: str) -> str:
    return _NO_XML.sub("?", visible(text)).translate(_SPECIAL)
