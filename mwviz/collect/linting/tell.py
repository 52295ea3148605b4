"""Tells what all probes have shown as the model's values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mwviz.collect.faults import tell
from mwviz.collect.linting.experiment import LintExperiment
from mwviz.collect.read import remarks, report
from mwviz.collect.stack.describe import place
from mwviz.errors import ProbeError
from mwviz.model import Place, TracedError
from mwviz.model.evidence import Evidence

#: A frame, as Python prints it.
_FRAME = re.compile(r'^  File "(.*)", line (\d+)', re.MULTILINE)


def evidence(experiment: LintExperiment, said: Sequence[str] = ()) -> Evidence:
    """All that was seen so far; may be called from another thread while one request is still stuck.

    Raises ProbeError where nothing could be sent, unless the app refused to start: that tells something itself.
    """
    if experiment.request is None:
        report.stack(experiment)  # raises what a constructor raised
        raise ProbeError("The run ended before a request was sent.")
    startup = None
    if not experiment.plain:
        report.stack(experiment)
        error = report.trace(experiment).error
        startup = error if error is not None and error.during != "probe" else None
    return Evidence(
        target=experiment.subject.name,
        versions=report.versions_of(experiment),
        layers=report.layers(experiment),
        plain=experiment.plain,
        cross_origin=experiment.cross_origin,
        preflight=experiment.asked,
        insecure=experiment.insecure,
        forwarded=experiment.forwarded,
        direct=experiment.direct,
        supplied=experiment.supplied,
        small=experiment.small,
        stream=experiment.stream,
        lingered=experiment.lingered,
        sockets=experiment.sockets,
        behind=experiment.behind,
        routed=experiment.asked_of_routes,
        elsewhere=experiment.elsewhere,
        faults=tell.faults(experiment) if experiment.finished and experiment.normal is not None else None,
        routes=experiment.listed,
        startup=startup,
        failed_at=_last_place(startup, experiment.subject.base) if startup is not None else None,
        renders_errors=experiment.renders_errors,
        lifespans=tuple(experiment.lifespans.told(experiment.subject.base, started=_started(experiment))),
        notes=tuple(dict.fromkeys((*_notes(experiment), *said))),
        missed=tuple(each for look in experiment.looks for each in look.missed),
        logged=tuple(each for look in experiment.looks for each in look.logged),
    )


def _started(experiment: LintExperiment) -> bool:
    return experiment.conversation is not None and experiment.conversation.startup == "complete"


def _last_place(error: TracedError, base: Path) -> Place | None:
    frames = _FRAME.findall(error.frames)
    return place(frames[-1][0], int(frames[-1][1]), base) if frames else None


def _notes(experiment: LintExperiment) -> Iterator[str]:
    yield from experiment.plain[0].trace.notes if experiment.plain else remarks.of_stack(experiment)
    yield from experiment.told
    hung = experiment.hung
    if hung is None and experiment.timed_out and not experiment.finished:
        hung = report.trace(experiment)  # it could not be interrupted
    if hung is not None:
        held = next((hung.layers[step.layer].label for step in hung.steps if step.outcome == "hung"), "the app")
        asked = f"{hung.probe.method} {hung.probe.path}"
        yield (
            f"{asked} hung in {held} for {experiment.options.timeout:g} s: no further request was sent, and what those "
            "would have shown is not judged."
        )
    if experiment.plain and experiment.plain[0].trace.probe.endpoint == "real":
        yield "With a PATH, websockets and mounts are not asked for: rules about them judge nothing."
