"""Tells what came of all requests as the model's values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.collect.faults.observed import Observed, Trial
from mwviz.collect.faults.trials import FaultExperiment
from mwviz.collect.read import remarks, report
from mwviz.model import Layer, Position
from mwviz.model.faults import AT_ENDPOINT, AT_LAYERS, Added, At, Fault, FaultKind, Faults, Normal, Reply

#: Describe the body, or belong to it: another body has others, which nobody misses.
_OF_BODIES = frozenset(
    {
        "accept-ranges", "content-disposition", "content-encoding", "content-language", "content-length",
        "content-location", "content-md5", "content-range", "content-type", "etag", "last-modified", "trailer",
        "transfer-encoding",
    }
)  # fmt: skip


def faults(experiment: FaultExperiment) -> Faults:
    """All that was tried so far; may be called from another thread while one request is still stuck."""
    layers, normal = report.layers(experiment), experiment.normal
    if normal is None:
        raise ValueError("No request has been sent.")
    order = report.order_of(experiment)
    asked = experiment.preflight
    return Faults(
        target=experiment.subject.name,
        versions=report.versions_of(experiment),
        layers=layers,
        headers=_compared(normal),
        preflight_headers=_compared(asked) if asked is not None else (),
        normal=_normal(normal, layers, order),
        preflight=_normal(asked, layers, order) if asked is not None else None,
        rows=tuple(_row(each, normal, asked, layers) for each in _all(experiment, len(normal.layers))),
        notes=tuple(_notes(experiment, layers)),
    )


def _all(experiment: FaultExperiment, layers: int) -> list[Trial]:
    """What was tried, and what could not be, because a request before it never ended."""
    tried = {(trial.fault, trial.at) for trial in experiment.trials}
    wanted: list[tuple[FaultKind, At]] = [(fault, at) for at in range(layers) for fault in AT_LAYERS]
    wanted += [(fault, "endpoint") for fault in AT_ENDPOINT]
    told = "Not tried: a request before could not be ended."
    left = (Trial(*each, None, said=told) for each in wanted if each not in tried)
    return [*experiment.trials, *left]


def _compared(normal: Observed) -> tuple[str, ...]:
    return tuple(name for name in normal.names if name not in _OF_BODIES)


def _normal(seen: Observed, layers: Sequence[Layer], order: tuple[str, ...] | None) -> Normal:
    return Normal(
        probe=seen.request.described(order),
        response=seen.response,
        error=seen.error,
        answered_by=seen.answered_by,
        request_order=seen.entered,
        headers=tuple(_added(name, seen.added.get(name), layers) for name in _compared(seen)),
    )


def _added(name: str, at: Position | None, layers: Sequence[Layer]) -> Added:
    return Added(name, at, layers[at].label if isinstance(at, int) else at)


def _row(trial: Trial, normal: Observed, asked: Observed | None, layers: Sequence[Layer]) -> Fault:
    reply = _reply(trial.main, normal)
    return Fault(
        fault=trial.fault,
        at=trial.at,
        layer=layers[trial.at].label if isinstance(trial.at, int) else "endpoint",
        status=reply.status,
        present=reply.present,
        missing=reply.missing,
        reached=reply.reached,
        answered_by=_router(trial, reply.answered_by),
        handled_by=reply.handled_by,
        error=reply.error,
        complete=reply.complete,
        preflight=_reply(trial.preflight, asked) if trial.preflight is not None and asked is not None else None,
        note=trial.said,
    )


def _router(trial: Trial, answered_by: Position | None) -> Position | None:
    # The boundary around the router is that of the stand-in in its place, too.
    refused = trial.fault in ("not_found", "method_not_allowed") and trial.main is not None and trial.main.reached
    return "router" if refused and answered_by == "endpoint" else answered_by


def _reply(seen: Observed | None, normal: Observed) -> Reply:
    wanted = _compared(normal)
    if seen is None:
        return Reply(None, (), wanted, reached=False, complete=False)
    present = tuple(name for name in wanted if name in seen.names)
    missing = tuple(name for name in wanted if name not in seen.names)
    made = (seen.answered_by, seen.handled_by, seen.error, seen.complete)
    return Reply(seen.status, present, missing, seen.reached, *made)


def _notes(experiment: FaultExperiment, layers: Sequence[Layer]) -> Iterator[str]:
    normal, again = experiment.normal, experiment.again
    yield from remarks.of_stack(experiment)
    yield from experiment.chain.notes
    if experiment.request is not None:
        yield from experiment.request.reasons
    yield from experiment.said
    if normal is None:
        return
    if normal.error is not None:
        yield f"Without a fault the request already ends with {normal.error}."
    elif isinstance(normal.answered_by, int):
        answers = f"{layers[normal.answered_by].label} answers the normal request itself ({normal.status})"
        if _went_on(normal, normal.answered_by):
            yield f"{answers}, whatever comes from further in."
        else:
            wants = "Send what it wants, with -H 'Name: value' or another PATH."
            yield f"{answers}: what lies further in was not reached. {wants}"
    if again is not None and not _alike(normal, again):
        yield (
            f"When all was tried, the normal request got {again.status} instead of {normal.status}: a layer has "
            "remembered the faults, or had enough of the probes, and rows may show that."
        )


def _went_on(seen: Observed, by: int) -> bool:
    """Whether the request came further in than the layer that answered it."""
    return seen.ended or any(entered > by for entered in seen.entered)


def _alike(normal: Observed, again: Observed) -> bool:
    """Whether two requests went the same way; the second one is answered by a stand-in for the handler."""
    if normal.request.endpoint == "real" and normal.answered_by == again.answered_by == "endpoint":
        return True
    return (again.status, again.answered_by) == (normal.status, normal.answered_by)
