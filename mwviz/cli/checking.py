"""Checks apps for the command line: one in this process, several in processes of their own, one report."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import typer

from mwviz import checking
from mwviz.api import Target
from mwviz.cli import messages, reports
from mwviz.cli.holding import Job, Use, held
from mwviz.cli.reports import Report
from mwviz.collect import ProbeOptions
from mwviz.model.findings import Findings


def check(target: Target, probe: ProbeOptions, wanted: Sequence[Report]) -> None:
    """Hold what is configured and write the reports. Raises typer.Exit with 1 where there are findings."""
    hold(checking.jobs(target), target, probe, wanted, checking.check, lambda findings: bool(findings.findings))


def hold(
    jobs: Sequence[Job],
    target: Target,
    probe: ProbeOptions,
    wanted: Sequence[Report],
    use: Use,
    fails: Callable[[Findings], bool],
) -> None:
    """Do all jobs and write the reports. Raises typer.Exit with 1 where what was found `fails` the run."""
    folder = checking.folder_from(target, Path(os.environ.get("GITHUB_WORKSPACE") or target.directory))

    def written(findings: Findings) -> int:
        reports.write(wanted, replace(findings, folder=folder, source=checking.source_of(target)))
        return messages.FINDINGS if fails(findings) else 0

    if len(jobs) == 1:
        code = written(held(jobs[0], probe, written, use))
    else:
        from mwviz.cli.workers import held_apart  # most projects have one app

        code = written(checking.joined(held_apart(jobs, probe, use)))
    if code:
        raise typer.Exit(code)
