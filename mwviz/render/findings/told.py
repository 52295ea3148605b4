"""The words and places that the reports of findings share."""

from __future__ import annotations

from mwviz.model import Place
from mwviz.model.findings import Check, Finding, Findings
from mwviz.render.places import inside
from mwviz.render.plain import visible


def summary(findings: Findings) -> str:
    """Return how many contracts were kept and broken, in one sentence; locks are counted by themselves."""
    told = []
    for kind in ("contract", "lock"):
        kept = [check.kept for check in findings.checks if check.kind == kind]
        if kept:
            noun = kind if len(kept) == 1 else f"{kind}s"
            told.append(f"{len(kept)} {noun}: {kept.count(True)} kept, {kept.count(False)} broken")
    return f"{'; '.join(told) or 'Nothing was held'}."


def of(check: Check, findings: Findings) -> tuple[Finding, ...]:
    """Return what was found for one contract of one app."""
    return tuple(each for each in findings.findings if (each.target, each.check) == (check.target, check.name))


def sentence(text: str) -> str:
    """Return harmless text that ends in a full stop."""
    shown = visible(text)
    return f"{shown}{'' if shown.endswith(('.', '?')) else '.'}"


def whole(finding: Finding) -> str:
    """Return message, places of the layers, evidence and remedy, a line each."""
    sites = (f"{visible(site.layer)}: {at(site.place)}" for site in finding.sites if site.place is not None)
    lines = [sentence(finding.message), *sites, sentence(finding.evidence) if finding.evidence else ""]
    return "\n".join(filter(None, (*lines, f"Remedy: {visible(finding.remedy)}" if finding.remedy else "")))


def at(place: Place) -> str:
    """Return a place as `file:line`."""
    return f"{visible(place.file)}:{place.line}"


def file_of(place: Place, findings: Findings) -> str:
    """Return the file as seen from where the checks ran, which is the repository's root in CI."""
    file = visible(place.file)
    return f"{visible(findings.folder)}/{file}" if findings.folder and inside(place) else file
