"""`sarif`: SARIF 2.1.0, which code scanning services read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TypeAlias
from urllib.parse import quote

from mwviz import __version__
from mwviz.model import Place
from mwviz.model.findings import RULES, Finding, Findings, Severity
from mwviz.render.findings.told import file_of, sentence, whole
from mwviz.render.plain import visible

_Json: TypeAlias = "dict[str, _Json] | list[_Json] | str | int | bool | None"

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(findings: Findings, *, width: int, color: bool, verbose: bool) -> str:
    """Return one run with a result per finding."""
    codes = sorted({finding.code for finding in findings.findings})
    rules: list[_Json] = [_rule(code, findings) for code in codes]
    seen: Counter[str] = Counter()
    results: list[_Json] = [_result(finding, findings, codes, seen) for finding in findings.findings]
    driver: _Json = {"name": "mwviz", "semanticVersion": __version__, "rules": rules}
    run: _Json = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    document: _Json = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2).replace("\x7f", "\\u007f") + "\n"


def _rule(code: str, findings: Findings) -> _Json:
    rule: dict[str, _Json] = {"id": code, "shortDescription": {"text": f"{RULES.get(code, code)}."}}
    found = next(finding for finding in findings.findings if finding.code == code)
    if found.why:
        rule["fullDescription"] = {"text": visible(found.why)}
    if found.link:
        rule["helpUri"] = found.link
    return rule


def _result(finding: Finding, findings: Findings, codes: list[str], seen: Counter[str]) -> _Json:
    result: dict[str, _Json] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": {"text": whole(finding)},
        # services want a place of every result: what is absent is missing where it was asked for
        "locations": [_location(finding.place or Place(findings.source, 1), findings)],
        "partialFingerprints": {"mwviz/v1": _fingerprint(finding, seen)},
    }
    related: list[_Json] = [
        {"id": number, "message": {"text": sentence(site.layer)}, **_location(site.place, findings)}
        for number, site in enumerate(finding.sites)
        if site.place is not None and site.place != finding.place
    ]
    if related:
        result["relatedLocations"] = related
    return result


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    # without the line, so that a result stays the same one when code above it changes
    told = "|".join(map(visible, (finding.target, finding.check, finding.code, *finding.layers)))
    seen[told] += 1  # several absent names have no layer to tell them apart
    return told if seen[told] == 1 else f"{told}|{seen[told]}"


def _location(place: Place, findings: Findings) -> dict[str, _Json]:
    file = file_of(place, findings).replace("\\", "/")
    artifact: dict[str, _Json] = {"uri": quote(file, safe="/")}
    if file.startswith("/") or file[1:2] == ":":  # a Windows path begins with a drive
        artifact["uri"] = f"file://{'' if file.startswith('/') else '/'}{quote(file, safe='/:')}"
    else:
        artifact["uriBaseId"] = "%SRCROOT%"
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": place.line}}}
