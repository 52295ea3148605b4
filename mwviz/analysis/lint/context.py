"""Context variables that somebody asks for in vain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mwviz.analysis.lint import cors
from mwviz.analysis.lint.met import Met, got, sent
from mwviz.analysis.remedies import move
from mwviz.model import Layer
from mwviz.model.evidence import Evidence, Missed
from mwviz.model.state import Where

_ID = re.compile(r"(request|correlation|trace|transaction)[_-]?id", re.IGNORECASE)


def cut_off(evidence: Evidence) -> Iterator[Met]:
    """MW008: a layer asks for a variable that is set further in, behind a layer that runs all of that elsewhere."""
    done: set[tuple[str, int]] = set()
    for each in evidence.missed:
        if each.by is None or (each.variable, each.reader) in done:
            continue
        done.add((each.variable, each.reader))
        yield _cut_off(each, each.by)


def _cut_off(found: Missed, by: int) -> Met:
    layers = found.trace.layers
    reader, keeper, setter = layers[found.reader], layers[by], _named(found.setter, layers)
    handles = reader.origin == "framework" and found.trace.handled_by == found.reader
    asking = "the app's handler for any exception" if handles else reader.label
    mended = (
        f"Write {keeper.label} as a plain ASGI middleware, which starts no task"
        if keeper.kind in ("base_http", "function")
        else f"Let {keeper.label} call what is further in in its own task"
    )
    request = f"Sent {sent(found.trace)}{' to an endpoint that raises' if handles else ''}: {got(found.trace)}"
    return Met(
        f"{'The' + asking[3:] if handles else asking} asks for the context variable {found.variable} in vain: {setter} "
        f"sets it, but {keeper.label} runs everything inside of it in another task, which keeps it.",
        f"{request}. When {asking} asked for {found.variable}, it was set inside of {keeper.label}, and not outside.",
        _concerned(found, keeper),
        f"{mended}, {_otherwise(found, setter)}.",
    )


def _concerned(found: Missed, keeper: Layer) -> tuple[Layer, ...]:
    """The layer to be mended, and the one that would see the value if it stood on the other side of it."""
    layers = found.trace.layers
    if found.reader != keeper.index:
        return keeper, layers[found.reader]
    return (keeper, layers[found.setter]) if isinstance(found.setter, int) else (keeper,)


def _otherwise(found: Missed, setter: str) -> str:
    layers = found.trace.layers
    shared = f"let {setter} put the value into request.state, which is one for all"
    if not isinstance(found.setter, int) or {layers[found.setter].origin, layers[found.reader].origin} != {"user"}:
        return f"or {shared}"
    return f"{shared}, or let {setter} stand outside of {layers[found.reader].label}"


def lost(evidence: Evidence) -> Iterator[Met]:
    """MW009: what finds a request in the logs is gone when it is needed most: its header, or its variable."""
    yield from cors.lost_id(evidence)
    done: set[tuple[str, Where]] = set()
    for each in evidence.missed:
        if each.by is None and each.trace.handled_by == each.reader and (each.variable, each.setter) not in done:
            done.add((each.variable, each.setter))
            yield _lost(each)


def _lost(found: Missed) -> Met:
    layers = found.trace.layers
    handler, setter = layers[found.reader], _named(found.setter, layers)
    concerned = (layers[found.setter], handler) if isinstance(found.setter, int) else (handler,)
    return Met(
        f"The app's handler for any exception asks for the context variable {found.variable} in vain: {setter} has "
        "reset it by then.",
        f"Sent {sent(found.trace)} to an endpoint that raises: {got(found.trace)}. {handler.label} called the handler "
        f"when the exception had left {setter}.",
        concerned,
        "No order mends it: keep the value in request.state as well, and let the handler read it there, or wrap the "
        "whole app in what sets it.",
    )


def logged_without(evidence: Evidence) -> Iterator[Met]:
    """MW019: a layer outside of the one that gives a request its id writes log records without one."""
    done: set[tuple[str, int]] = set()
    for each in evidence.logged:
        layers = each.trace.layers
        layer = layers[each.layer]
        if not _ID.search(each.variable.rpartition(":")[2]) or layer.origin == "framework":
            continue
        if not isinstance(each.setter, int) or (each.variable, each.layer) in done:
            continue
        done.add((each.variable, each.layer))
        by = layers[each.setter]
        yield Met(
            f"{layer.label} logs without the {each.variable} of {by.label}, which stands further in.",
            f"Sent {sent(each.trace)}: {layer.label} emitted a record of the logger '{each.logger}' where the variable "
            "was not set.",
            (by, layer),
            move(by, layer, layers, outward=True),
        )


def _named(place: Where, layers: tuple[Layer, ...]) -> str:
    if isinstance(place, int):
        return layers[place].label
    return f"the {place}" if place in ("endpoint", "router") else place
