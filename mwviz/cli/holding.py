"""Opens one app and holds it to its contracts, or to the rules of lint, in the process that runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from mwviz.api import Target
from mwviz.cli import process
from mwviz.cli.opening import leaving, opened
from mwviz.collect import ProbeOptions
from mwviz.model.findings import Findings


class Job(Protocol):
    """One app, and what is asked of it."""

    @property
    def target(self) -> Target:
        """How to get the app."""

    @property
    def name(self) -> str | None:
        """What the configuration calls it."""


#: `checking.check` or `linting.judge`: subject, job and options, and `stuck` by name.
Use: TypeAlias = Callable[..., Findings]


def held(job: Job, probe: ProbeOptions, written: Callable[[Findings], int], use: Use) -> Findings:
    """Check one app in this process, which ends, its findings so far written, where the app cannot be interrupted."""
    diversion = process.Diversion()
    with opened(job.target, diversion) as subject:
        return use(subject, job, probe, stuck=leaving(diversion, written))
