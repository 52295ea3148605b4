"""The use case of `lint`: the rules that are on, each judged by what probes of the app showed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mwviz import checking, config
from mwviz.analysis.lint import UNORDERED, chosen, lint
from mwviz.analysis.lint.met import NO_ORDER
from mwviz.api import Target
from mwviz.collect import ProbeOptions, Subject
from mwviz.collect.linting import evidence_here
from mwviz.errors import ConfigError, ProbeError, SelectionError
from mwviz.linting.ignoring import without_ignored
from mwviz.model.evidence import Evidence
from mwviz.model.findings import Finding, Findings
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """One app to lint: how to get it, what the configuration calls it, and the codes of the rules that are on."""

    target: Target
    name: str | None
    codes: tuple[str, ...]


def jobs(target: Target, select: Sequence[str], ignore: Sequence[str]) -> tuple[Job, ...]:
    """What there is to lint: the app that the command line names, or all that are configured.

    `select` takes the place of the configuration's, `ignore` is added to it. Raises ConfigError and SelectionError.
    """
    settings = config.find(target.directory, target.config)
    chosen(select, ignore)  # a mistake on the command line is told as one of the command line
    try:
        rules = chosen(select or settings.lint.select, (*settings.lint.ignore, *ignore))
    except SelectionError as mistake:
        raise ConfigError(f"{settings.file}: {settings.lint.place}: {mistake}") from mistake
    if not rules:
        raise SelectionError("No rule is left: --select, --ignore and the configuration turn all of them off.")
    codes = tuple(rule.code for rule in rules)
    return tuple(Job(each.target, each.name, codes) for each in checking.configured(target, settings))


def judge(subject: Subject, job: Job, options: ProbeOptions, *, stuck: Callable[[Findings], None]) -> Findings:
    """Send all probes to an opened app and judge what they showed. Raises MwvizError.

    `stuck` gets the findings so far, in another thread, where the app cannot be interrupted.
    """
    seen = evidence_here(subject, options, lambda so_far: stuck(judged(subject, job, options, so_far)))
    return judged(subject, job, options, seen)


def judged(subject: Subject, job: Job, options: ProbeOptions, evidence: Evidence) -> Findings:
    """What the rules of the job, and the comments at the registrations, make of the evidence. Raises ProbeError."""
    found = lint(evidence, chosen(job.codes, ()), job.name or evidence.target)
    if (error := evidence.startup) is not None and not found.findings:
        raise ProbeError(f"Nothing could be judged. Startup failed: {error.type}: {error.message}".rstrip(": "))
    places = [layer.registered_at for layer in evidence.layers]
    return _as_tried(without_ignored(found, [each for each in places if each is not None], subject.base), options)


def _as_tried(findings: Findings, options: ProbeOptions) -> Findings:
    # The lines of the code do not show an order that is only tried: no moving of them mends it.
    if options.order is None:
        return findings
    told = "This is the order that --order gives: correct it there."
    return replace(
        findings,
        findings=tuple(each if _is_unordered(each) else replace(each, remedy=told) for each in findings.findings),
    )


def _is_unordered(finding: Finding) -> bool:
    return finding.code in UNORDERED or finding.remedy.startswith(NO_ORDER)


def fails(findings: Findings) -> bool:
    """Whether there is an error or a warning; what is only worth knowing fails no build."""
    return any(finding.severity != "info" for finding in findings.findings)
