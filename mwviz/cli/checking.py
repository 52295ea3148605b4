"""Checks apps for the command line: one in this process, several in processes of their own, one report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

from mwviz import checking
from mwviz.api import Target
from mwviz.cli import messages, reports
from mwviz.cli.holding import held
from mwviz.cli.reports import Report
from mwviz.collect import ProbeOptions
from mwviz.model.findings import Findings


def check(target: Target, probe: ProbeOptions, wanted: Sequence[Report]) -> None:
    """Hold what is configured and write the reports. Raises typer.Exit with 1 where there are findings."""
    jobs = checking.jobs(target)
    folder = checking.folder_from(target, Path(os.environ.get("GITHUB_WORKSPACE") or target.directory))

    def written(findings: Findings) -> int:
        reports.write(wanted, replace(findings, folder=folder, source=checking.source_of(target)))
        return messages.FINDINGS if findings.findings else 0

    if len(jobs) == 1:
        code = written(held(jobs[0], probe, written))
    else:
        from mwviz.cli.workers import held_apart  # most projects have one app

        code = written(checking.joined(held_apart(jobs, probe)))
    if code:
        raise typer.Exit(code)
