"""The lock, held like a contract: every change since it was written is a break."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from mwviz import comparing
from mwviz.analysis.contracts import Held
from mwviz.model import Layer, Trace
from mwviz.model.diff import Difference
from mwviz.model.findings import Check, Finding, Site
from mwviz.model.routes import Routes
from mwviz.render.diff.rows import Row, sections, stack

_NAME = "mwviz.lock"
_DID = {"+": "was added", "-": "was removed", ">": "moved", "~": "has changed"}
_ACCEPT = "If this order is wanted, `mwviz lock` accepts it."


def held_lock(folder: Path, trace: Trace, routes: Routes | None, target: str) -> Held:
    """The lock in `folder` beside what was just probed. Raises ConfigError for a lock that is none."""
    difference = comparing.drifted(trace, routes, folder)
    layers = {layer.label: layer for layer in (*trace.layers, *(routes.layers if routes is not None else ()))}
    findings = tuple(_findings(difference, layers, target))
    count = None if routes is None else len(routes.routes)
    return Held(Check(target, _NAME, "lock", not findings, count, (_ACCEPT,) if findings else ()), findings)


def could_not_lock(target: str, reason: str) -> Held:
    """The lock of an app that could not be probed."""
    finding = Finding(
        "MW109", "error", f"{reason}.", (), None, "Run `mwviz show` for the whole of it.", "", target, _NAME
    )
    return Held(Check(target, _NAME, "lock", False), (finding,))


def _findings(difference: Difference, layers: Mapping[str, Layer], target: str) -> Iterator[Finding]:
    for row in stack(difference):
        if row.mark != " ":
            yield _finding(row, "", layers, target)
    for section in sections(difference):
        for row in section.rows:
            yield _finding(row, f"{section.title}: ", layers, target)


def _finding(row: Row, where: str, layers: Mapping[str, Layer], target: str) -> Finding:
    layer = layers.get(row.name)
    place = layer.registered_at if layer is not None else None
    first, *more = row.facts or ("",)
    # a move says itself what it is, and how far
    did = first if first.startswith("moved ") else f"{_DID[row.mark]} ({first})" if first else _DID[row.mark]
    message = f"{where}{row.name} {did}{''.join(f', {fact}' for fact in more)}."
    sites = (Site(row.name, place),) if layer is not None else ()
    return Finding("MW110", "error", message, (row.name,), place, "", "", target, _NAME, sites)
