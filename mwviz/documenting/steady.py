"""What was observed, without anything that differs from run to run or from machine to machine.

A document is committed: a time or a path of one machine in it would make it stale on every other.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from mwviz.analysis.behaviour import VOLATILE
from mwviz.model import Event, Layer, Place, Step, Trace, Versions
from mwviz.model.routes import Dependency, RouteChain, Routes
from mwviz.model.trace import Endpoint
from mwviz.render.places import inside

#: A time of day as `time.time()` tells it. Other numbers of arguments are the configuration's.
_MOMENT = re.compile(r"\b1\d{9}\.\d+\b")
#: What is left of an id or a time where a long value was cut.
_CUT = re.compile(r"(?<![\w.-])[0-9a-fA-F.-]+…")
#: Headers whose whole value is an id or a time, whatever its form.
_NAMED = re.compile(
    r"^([+~] (?:[\w-]*(?:request|correlation|trace|span|transaction)-?id|traceparent|server-timing"
    r"|x-(?:[\w-]*-)?(?:time|timing|duration|runtime)): ).*",
    re.IGNORECASE | re.DOTALL,
)
_UNSAID = Versions("", "", None, None)
_Placed = TypeVar("_Placed", Dependency, Endpoint)


def steady(seen: Trace | Routes, directory: Path | None = None) -> Trace | Routes:
    """The same without times, versions, ids and dates in values, and places outside of the project.

    Paths in arguments are told as seen from `directory`, and those below the user's home as `~`.
    """
    seen = replace(seen, layers=tuple(_layer(each, directory) for each in seen.layers))
    match seen:
        case Trace():
            return _trace(seen)
        case Routes():
            return replace(
                seen,
                versions=_UNSAID,
                dependencies=tuple(map(_placed, seen.dependencies)),
                routes=tuple(map(_route, seen.routes)),
            )


def _trace(trace: Trace) -> Trace:
    error = trace.error and replace(trace.error, message=_text(trace.error.message), frames="", traceback="")
    return replace(
        trace,
        versions=_UNSAID,
        endpoint=trace.endpoint and _placed(trace.endpoint),
        error=error,
        steps=tuple(map(_step, trace.steps)),
        timeline=_events(trace.timeline),
        lifespan=trace.lifespan and replace(trace.lifespan, timeline=_events(trace.lifespan.timeline)),
        duration_ns=None,
    )


def _layer(layer: Layer, directory: Path | None) -> Layer:
    return replace(
        layer,
        arguments={name: _argument(value, directory) for name, value in layer.arguments.items()},
        defined_at=_place(layer.defined_at),
        registered_at=_place(layer.registered_at),
    )


def _argument(value: str, directory: Path | None) -> str:
    value = _MOMENT.sub("…", value)
    for folder, name in ((directory, "."), (Path.home(), "~")):
        if folder is not None and folder != folder.parent:
            found = re.escape(repr(str(folder))[1:-1])  # as it stands in a text
            value = re.sub(rf"(?<![\w.~\\-]){found}(?![\w.-])", name, value)
    return value


def _placed(each: _Placed) -> _Placed:
    return replace(each, defined_at=_place(each.defined_at))


def _place(place: Place | None) -> Place | None:
    return place if place is not None and inside(place) else None


def _route(route: RouteChain) -> RouteChain:
    return replace(route, endpoint=_placed(route.endpoint))


def _step(step: Step) -> Step:
    request, response = _texts(step.request_changes), _texts(step.response_changes)
    if step.held_ns is not None:
        until = f" until {step.held_until}" if step.held_until else ""
        response = (*(response or ()), f"start held back{until}")
    return replace(
        step,
        entered_ns=None,
        self_request_ns=None,
        self_response_ns=None,
        request_changes=request,
        response_changes=response,
        raised=step.raised and _text(step.raised),
        held_ns=None,
        held_until=None,
    )


def _events(events: tuple[Event, ...]) -> tuple[Event, ...]:
    # what is said of an event depends on which one came first: its turn takes the place of its time
    return tuple(
        replace(event, at_ns=turn, detail=event.detail and _text(event.detail)) for turn, event in enumerate(events)
    )


def _texts(texts: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if texts is None else tuple(map(_text, texts))


def _text(text: str) -> str:
    return _CUT.sub("…", VOLATILE.sub("…", _NAMED.sub(r"\1…", text)))
