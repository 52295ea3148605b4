"""Layers that need what another layer brings, and exceptions that no layer takes."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.analysis.behaviour import VOLATILE
from mwviz.analysis.lint.met import Met, got, sent, stopped, tried
from mwviz.analysis.remedies import move
from mwviz.model import Trace
from mwviz.model.evidence import Evidence, Supplied

_SESSION = "session"


def needs_session(evidence: Evidence) -> Iterator[Met]:
    """MW004: the layer raises, and no longer does once the session is in the scope."""
    yield from (_needs(each, trace) for each, trace in _proven(evidence) if _SESSION in each.keys)


def needs_scope(evidence: Evidence) -> Iterator[Met]:
    """MW005: the same for any other key, as `user` or `state.tenant`, and for context variables."""
    yield from (_needs(each, trace) for each, trace in _proven(evidence) if _SESSION not in each.keys)


def _proven(evidence: Evidence) -> Iterator[tuple[Supplied, Trace]]:
    """What is supplied, and the request as it failed; what has raised only once, or another text each time, is none."""
    done: set[int] = set()
    for place in tried(evidence):
        for each in place.supplied:
            error = each.trace.error
            fails = error is not None and (error.raised_by == each.layer or error.during != "probe")
            before, after, again = map(_steady, (each.raised, each.trace.steps[each.layer].raised, each.again))
            if each.layer not in done and not fails and after != before == again:
                done.add(each.layer)
                yield each, place.plain[0].trace


def _steady(raised: str | None) -> str | None:
    return None if raised is None else VOLATILE.sub("…", raised)


def _needs(found: Supplied, trace: Trace) -> Met:
    layers = trace.layers
    layer, by = layers[found.layer], layers[found.by]
    keys = " and ".join((*(f"scope {key}" for key in found.keys), *(f"variable {name}" for name in found.variables)))
    return Met(
        f"{layer.label} needs what {by.label} brings, but stands outside of it.",
        f"Sent {sent(trace)}: {layer.label} raised {found.raised}. The same with the {keys} of "
        f"{by.label}: {got(found.trace)}.",
        (by, layer),
        move(by, layer, layers, outward=True),
    )


def raised_http_exception(evidence: Evidence) -> Iterator[Met]:
    """MW010: what FastAPI answers for handlers is an unhandled exception in a layer."""
    done: set[int] = set()
    for attempt, index in (each for place in tried(evidence) for each in stopped(place.plain)):
        trace = attempt.trace
        raised = trace.steps[index].raised
        status = trace.response.status if trace.response is not None else None
        # a handler for any exception may have made of it what was meant
        if attempt.refused is None or raised is None or status == attempt.refused or (status or 500) < 500:
            continue
        if index in done:
            continue
        done.add(index)
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
