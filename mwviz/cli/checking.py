"""Checks apps for the command line: one in this process, several in processes of their own, one report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

from mwviz import checking
from mwviz.api import Target
from mwviz.cli import messages, output, reports
from mwviz.cli.holding import held
from mwviz.cli.reports import Report
from mwviz.collect import ProbeOptions
from mwviz.errors import MwvizError
from mwviz.model.findings import Findings
from mwviz.render.findings import ReportFormat, render


def check(target: Target, probe: ProbeOptions, wanted: Sequence[Report], *, whole: bool) -> None:
    """Hold what is configured and write the reports. Raises typer.Exit: 1 where there are findings, 2 for a mistake.

    `whole`: where one of several apps cannot be checked, its traceback is not cut.
    """
    jobs = checking.jobs(target)
    folder = checking.folder_from(target, Path(os.environ.get("GITHUB_WORKSPACE") or target.directory))

    def placed(findings: Findings) -> Findings:
        return replace(findings, folder=folder, source=checking.source_of(target))

    def written(findings: Findings) -> int:
        reports.write(wanted, placed(findings))
        return messages.FINDINGS if findings.findings else 0

    if len(jobs) == 1:
        code = written(held(jobs[0], probe, written))
    else:
        from mwviz.cli.workers import held_apart  # most projects have one app

        parts = held_apart(jobs, probe)
        findings = checking.joined([part for part in parts if isinstance(part, Findings)])
        failed = [(job.name or "", part) for job, part in zip(jobs, parts, strict=True) if isinstance(part, MwvizError)]
        code = _told(placed(findings), failed, whole=whole) if failed else written(findings)
    if code:
        raise typer.Exit(code)


def _told(findings: Findings, failed: Sequence[tuple[str, MwvizError]], *, whole: bool) -> int:
    """Tell of a check that is not whole on stderr alone: what reads a report would take it for all there is."""
    if findings.apps:
        messages.say(render(findings, ReportFormat.TEXT, width=output.width()))
    for name, error in failed:
        messages.say(f"\n{name} could not be checked, so no report is written.")
        messages.tell_exception(error, whole=whole)
    return messages.MISTAKE
