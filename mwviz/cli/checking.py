"""Checks apps for the command line: one in this process, several in processes of their own, one report."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote

import typer

from mwviz import checking
from mwviz.api import Target
from mwviz.cli import messages, reports
from mwviz.cli.holding import Job, Use, held
from mwviz.cli.reports import Report
from mwviz.collect import ProbeOptions
from mwviz.errors import MwvizError
from mwviz.model.findings import Findings
from mwviz.render.findings import told
from mwviz.values import dataclass


def check(target: Target, probe: ProbeOptions, wanted: Sequence[Report], *, whole: bool) -> None:
    """Hold what is configured and write the reports. Raises typer.Exit: 1 where there are findings, 2 for a mistake.

    `whole`: where one of several apps cannot be checked, its traceback is not cut.
    """
    jobs = checking.jobs(target)
    hold(
        Work("check", jobs, checking.check, lambda findings: bool(findings.findings)),
        target,
        probe,
        wanted,
        whole=whole,
    )


@dataclass(frozen=True, slots=True)
class Work:
    """A command's work: what is asked of each app, what does it, and whether what was found fails the run."""

    command: str
    jobs: Sequence[Job]
    use: Use
    fails: Callable[[Findings], bool]


def hold(work: Work, target: Target, probe: ProbeOptions, wanted: Sequence[Report], *, whole: bool) -> None:
    """Do all jobs and write the reports. Raises typer.Exit: 1 where what was found fails the run, 2 for a mistake."""
    folder = checking.folder_from(target, Path(os.environ.get("GITHUB_WORKSPACE") or target.directory))

    def placed(findings: Findings) -> Findings:
        return replace(findings, folder=folder, source=checking.source_of(target))

    def written(findings: Findings) -> int:
        reports.write(wanted, placed(findings))
        return messages.FINDINGS if work.fails(findings) else 0

    if len(work.jobs) == 1:
        code = written(held(work.jobs[0], probe, written, work.use))
    else:
        from mwviz.cli.workers import held_apart  # most projects have one app

        parts = held_apart(work.jobs, probe, work.use)
        kept = [part for part in parts if isinstance(part, Findings)]
        whole_of_it = len(kept) == len(parts)
        code = written(checking.joined(kept)) if whole_of_it else _incomplete(work, parts, whole=whole)
    if code:
        raise typer.Exit(code)


def _incomplete(work: Work, parts: Sequence[Findings | MwvizError], *, whole: bool) -> int:
    """Say, in one message, what kept apps from being checked, and how it went with the others; no report is written.

    What reads a report would take one of some apps for all there is.
    """
    named = [(job.name or "", part) for job, part in zip(work.jobs, parts, strict=True)]
    failed = [(name, part) for name, part in named if isinstance(part, MwvizError)]
    messages.say(f"Error: {len(failed)} of {len(named)} apps could not be checked, so no report is written.")
    for name, error in failed:
        messages.tell_exception(error, whole=whole, of=name)
    for name, part in named:
        if isinstance(part, Findings):
            more = f" `mwviz {work.command} {quote(name)}` tells more." if part.findings else ""
            messages.say(f"{name}: {told.summary(part)}{more}")
    return messages.MISTAKE
