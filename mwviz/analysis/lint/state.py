"""Layers that need what another layer brings, and exceptions that no layer takes."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.analysis.lint.met import Met, got, sent, stopped
from mwviz.analysis.remedies import move
from mwviz.model.evidence import Evidence, Supplied

_SESSION = "session"


def needs_session(evidence: Evidence) -> Iterator[Met]:
    """MW004: the layer raises, and no longer does once the session is in the scope."""
    yield from (_needs(each, evidence) for each in _proven(evidence) if _SESSION in each.keys)


def needs_scope(evidence: Evidence) -> Iterator[Met]:
    """MW005: the same for any other key, as `user` or `state.tenant`, and for context variables."""
    yield from (_needs(each, evidence) for each in _proven(evidence) if _SESSION not in each.keys)


def _proven(evidence: Evidence) -> Iterator[Supplied]:
    done: set[int] = set()
    for each in evidence.supplied:
        error = each.trace.error
        fails = error is not None and (error.raised_by == each.layer or error.during != "probe")
        if each.layer not in done and not fails and each.trace.steps[each.layer].raised != each.raised:
            done.add(each.layer)
            yield each


def _needs(found: Supplied, evidence: Evidence) -> Met:
    layers = evidence.plain[0].trace.layers
    layer, by = layers[found.layer], layers[found.by]
    keys = " and ".join((*(f"scope {key}" for key in found.keys), *(f"variable {name}" for name in found.variables)))
    return Met(
        f"{layer.label} needs what {by.label} brings, but stands outside of it.",
        f"Sent {sent(evidence.plain[0].trace)}: {layer.label} raised {found.raised}. The same with the {keys} of "
        f"{by.label}: {got(found.trace)}.",
        (by, layer),
        move(by, layer, layers, outward=True),
    )


def raised_http_exception(evidence: Evidence) -> Iterator[Met]:
    """MW010: what FastAPI answers for handlers is an unhandled exception in a layer."""
    for attempt, index in stopped(evidence.plain):
        trace = attempt.trace
        raised = trace.steps[index].raised
        if attempt.refused is None or raised is None or (trace.response and trace.response.status < 500):
            continue
        layer = trace.layers[index]
        yield Met(
            f"{layer.label} raises HTTPException: the client gets {_status(attempt.trace.response)} instead of "
            f"{attempt.refused}.",
            f"Sent {sent(trace)}: {layer.label} raised {raised}, and there was {got(trace)}.",
            (layer,),
            f"Return a response in {layer.label}, as JSONResponse({{...}}, status_code={attempt.refused}): handlers of "
            "HTTPException stand inside of all middleware.",
        )


def _status(response: object) -> str:
    return str(getattr(response, "status", "no answer"))
