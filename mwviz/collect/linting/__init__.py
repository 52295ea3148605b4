"""Collects what the rules of `lint` are judged by. Probes alone need nothing of this."""

from __future__ import annotations

from collections.abc import Callable

from mwviz.collect.linting.experiment import LintExperiment
from mwviz.collect.linting.tell import evidence
from mwviz.collect.listing import list_here
from mwviz.collect.probe.experiment import Subject
from mwviz.collect.probe.request import ProbeOptions
from mwviz.collect.running import run
from mwviz.errors import ProbeError
from mwviz.model.evidence import Evidence
from mwviz.model.routes import Routes

__all__ = ["collected", "evidence_here"]


def evidence_here(subject: Subject, options: ProbeOptions, stuck: Callable[[Evidence], None]) -> Evidence:
    """Send every kind of probe, through one stack, in this thread and on a loop of its own. Raises ProbeError.

    `stuck` gets what was seen so far, in another thread, if this one hangs in a call that cannot be interrupted.
    """
    return collected(subject, options, stuck)[1]


def collected(
    subject: Subject, options: ProbeOptions, stuck: Callable[[Evidence], None]
) -> tuple[LintExperiment, Evidence]:
    """The same, with the experiment that has shown it."""
    routes, notes = _routes(subject, options)
    experiment = LintExperiment(subject, options, routes)
    run(experiment, experiment.conduct, lambda: stuck(evidence(experiment, notes)))
    return experiment, evidence(experiment, notes)


def _routes(subject: Subject, options: ProbeOptions) -> tuple[Routes | None, tuple[str, ...]]:
    try:
        return list_here(subject, options.order), ()
    except ProbeError as refused:
        first = str(refused).partition("\n")[0].rstrip(".")
        return None, (f"The routes could not be listed, so nothing is said of mounts: {first}.",)
