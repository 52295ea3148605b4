"""Checks apps for the command line: one in this process, several in processes of their own, one report."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import typer

from mwviz import api, checking
from mwviz.api import Target
from mwviz.checking import Job
from mwviz.cli import messages, process, reports
from mwviz.cli.reports import Report
from mwviz.collect import ProbeOptions
from mwviz.model.findings import Findings


def check(target: Target, probe: ProbeOptions, wanted: Sequence[Report]) -> None:
    """Hold what is configured and write the reports. Raises typer.Exit with 1 where there are findings."""
    jobs = checking.jobs(target)
    folder = checking.folder_from(target, Path(os.environ.get("GITHUB_WORKSPACE") or target.directory))

    def written(findings: Findings) -> int:
        reports.write(wanted, replace(findings, folder=folder))
        return messages.FINDINGS if findings.findings else 0

    if len(jobs) == 1:
        code = written(held(jobs[0], probe, written))
    else:
        from mwviz.cli.workers import held_apart  # most projects have one app

        code = written(checking.joined(held_apart(jobs, probe)))
    if code:
        raise typer.Exit(code)


def held(job: Job, probe: ProbeOptions, written: Callable[[Findings], int]) -> Findings:
    """Check one app in this process, which ends, its findings so far written, where the app cannot be interrupted."""
    diversion = process.Diversion()

    def stuck(findings: Findings) -> None:
        diversion.end()
        try:
            code = written(findings)
        except Exception as error:  # noqa: BLE001 - told, and nobody above this thread's function would be
            code = messages.tell_exception(error, whole=False)
        os._exit(code)

    with ExitStack() as undo:
        undo.callback(diversion.end)
        with process.quick_import(), process.own_interrupt():
            subject = undo.enter_context(api.opened(job.target))
        return checking.check(subject, job, probe, stuck=stuck)
