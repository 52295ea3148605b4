"""The words and places that the reports of findings share."""

from __future__ import annotations

from collections import Counter

from mwviz.model import Place
from mwviz.model.findings import RULES, Check, Finding, Findings, Severity
from mwviz.render.places import inside
from mwviz.render.plain import visible
from mwviz.render.terminal import Style

#: In the order of their weight, with their colours.
SEVERITIES: dict[Severity, Style] = {"error": "red", "warning": "yellow", "info": "dim"}


def is_rule(check: Check) -> bool:
    """Tell whether it is a rule of `lint`, and neither contract nor lock."""
    return check.kind == "rule"


def name_of(check: Check) -> str:
    """Return what a check is called where it stands alone."""
    return f"{check.name} {RULES.get(check.name, '')}".rstrip() if is_rule(check) else check.name


def summary(findings: Findings) -> str:
    """Return how many contracts were kept and broken, in one sentence; locks and rules are counted by themselves."""
    if rules := {check.name for check in findings.checks if is_rule(check)}:
        return f"{_counted(findings)} {len(rules)} rule{'' if len(rules) == 1 else 's'} judged."
    told = []
    for kind in ("contract", "lock"):
        kept = [check.kept for check in findings.checks if check.kind == kind]
        if kept:
            noun = kind if len(kept) == 1 else f"{kind}s"
            told.append(f"{len(kept)} {noun}: {kept.count(True)} kept, {kept.count(False)} broken")
    return f"{'; '.join(told) or 'Nothing was held'}."


def _counted(findings: Findings) -> str:
    found = Counter(finding.severity for finding in findings.findings)
    if not found:
        return "No findings."
    plural = {"error": "errors", "warning": "warnings", "info": "info"}
    each = (f"{found[one]} {one if found[one] == 1 else plural[one]}" for one in SEVERITIES if found[one])
    return f"{found.total()} finding{'' if found.total() == 1 else 's'}: {', '.join(each)}."


def of(check: Check, findings: Findings) -> tuple[Finding, ...]:
    """Return what was found for one contract of one app."""
    return tuple(each for each in findings.findings if (each.target, each.check) == (check.target, check.name))


def sentence(text: str) -> str:
    """Return harmless text that ends in a full stop."""
    shown = visible(text)
    return f"{shown}{'' if shown.endswith(('.', '?')) else '.'}"


def whole(finding: Finding) -> str:
    """Return message, places of the layers, evidence, whom it hurts, remedy and link, a line each."""
    sites = (f"{visible(site.layer)}: {at(site.place)}" for site in finding.sites if site.place is not None)
    lines = [sentence(finding.message), *sites, sentence(finding.evidence) if finding.evidence else ""]
    remedy = f"Remedy: {visible(finding.remedy)}" if finding.remedy else ""
    return "\n".join(filter(None, (*lines, visible(finding.why), remedy, visible(finding.link))))


def at(place: Place) -> str:
    """Return a place as `file:line`."""
    return f"{visible(place.file)}:{place.line}"


def file_of(place: Place, findings: Findings) -> str:
    """Return the file as seen from where the checks ran, which is the repository's root in CI."""
    file = visible(place.file)
    return f"{visible(findings.folder)}/{file}" if findings.folder and inside(place) else file
