"""Opens one app and holds it to its contracts, or to the rules of lint, in the process that runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol, TypeAlias

from mwviz import api
from mwviz.api import Target
from mwviz.cli import messages, process
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
        return use(subject, job, probe, stuck=stuck)
