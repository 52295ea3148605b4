"""Tries faults. Probes alone need nothing of this: it is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mwviz.collect.faults import tell
from mwviz.collect.faults.trials import FaultExperiment
from mwviz.collect.probe.experiment import Subject
from mwviz.collect.probe.request import ProbeOptions
from mwviz.collect.read import report
from mwviz.collect.running import run, run_in_thread
from mwviz.errors import ProbeError
from mwviz.model.faults import Faults

__all__ = ["faults_here", "faults_in_thread"]


def faults_here(
    subject: Subject, options: ProbeOptions, stuck: Callable[[Faults | ProbeError], None], *, compared: bool = True
) -> Faults:
    """Try every fault in this thread, on a loop of its own; with an order also without it, where it is `compared`.

    `stuck` gets what was found so far, in another thread, if this one hangs in a call that cannot be interrupted; the
    error says why nothing was.
    """

    def tried(wanted: ProbeOptions, told: Callable[[Faults], Faults]) -> Faults:
        experiment = FaultExperiment(subject, wanted)
        run(experiment, experiment.conduct, lambda: stuck(_so_far(experiment, told)))
        return told(_faults(experiment))

    return _compared(tried, options) if compared else tried(options, lambda found: found)


def faults_in_thread(subject: Subject, options: ProbeOptions) -> Faults:
    """The same in a thread and a loop of its own; a thread that cannot be interrupted is left behind."""

    def tried(wanted: ProbeOptions, told: Callable[[Faults], Faults]) -> Faults:
        experiment = FaultExperiment(subject, wanted)
        run_in_thread(experiment, experiment.conduct)
        return told(_faults(experiment))

    return _compared(tried, options)


def _compared(tried: Callable[[ProbeOptions, Callable[[Faults], Faults]], Faults], options: ProbeOptions) -> Faults:
    if options.order is None:
        return tried(options, lambda found: found)
    before = tried(replace(options, order=None), lambda found: found)
    return tried(options, lambda found: replace(found, before=before))


def _so_far(experiment: FaultExperiment, told: Callable[[Faults], Faults]) -> Faults | ProbeError:
    try:
        return told(_faults(experiment))
    except ProbeError as error:
        return error


def _faults(experiment: FaultExperiment) -> Faults:
    """What was tried. Raises ProbeError where nothing could be: the stack was not built, startup failed."""
    if experiment.has_begun():
        return tell.faults(experiment)
    report.stack(experiment)  # raises what a constructor raised
    error = report.trace(experiment).error
    if error is None:
        raise ProbeError("The run ended before a request was sent.")
    when = {"build": "The stack could not be built", "startup": "Startup failed", "probe": "The normal request failed"}
    raise ProbeError(f"{when[error.during]}: {error.type}: {error.message}".rstrip(": "))
