"""The rows and columns of the matrix: headers by the layer that adds them, and neighbours that came to the same."""

from __future__ import annotations

from functools import partial
from itertools import groupby

from mwviz.model import Position
from mwviz.model.faults import Fault, FaultKind, Faults, Normal
from mwviz.values import dataclass

_FRAMEWORK = "framework"


@dataclass(frozen=True, slots=True)
class Group:
    """The headers that one place adds; `layer` is its label, `"endpoint"` or `"router"`, None where it is not known."""

    at: Position | None
    layer: str | None
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring rows of one fault that came to the same, outermost first; there is at least one."""

    rows: tuple[Fault, ...]

    @property
    def first(self) -> Fault:
        """The row that stands for all."""
        return self.rows[0]


def groups(normal: Normal | None) -> tuple[Group, ...]:
    """The headers of a normal response by the place that adds them, outermost first, those of no known place last."""
    found: dict[Position | None, list[str]] = {}
    labels: dict[Position | None, str | None] = {}
    for added in normal.headers if normal is not None else ():
        found.setdefault(added.at, []).append(added.name)
        labels[added.at] = added.layer
    order = sorted(found, key=lambda at: (at is None, not isinstance(at, int), at if isinstance(at, int) else 0))
    return tuple(Group(at, labels[at], tuple(sorted(found[at]))) for at in order)


def runs(faults: Faults, *, every: bool = False) -> tuple[Run, ...]:
    """The rows fault by fault, as the matrix shows them; neighbours that came to the same are one, unless `every`."""
    kinds: dict[FaultKind, list[Fault]] = {}
    for row in faults.rows:
        kinds.setdefault(row.fault, []).append(row)
    found = []
    for rows in kinds.values():
        came_to = partial(_came_to, faults)
        alike = [[row] for row in rows] if every else [list(run) for _, run in groupby(rows, came_to)]
        found += [Run(tuple(run)) for run in alike]
    return tuple(found)


def answerer(faults: Faults, row: Fault) -> Position | None:
    """Who answers where that is another one than failed; None where the framework does as it always does."""
    if not row.reached:
        return row.answered_by
    if row.handled_by is not None and faults.layers[row.handled_by].origin != _FRAMEWORK:
        return row.handled_by
    outside = row.handled_by is None and isinstance(row.answered_by, int) and row.answered_by != row.at
    return row.answered_by if outside or row.fault == "too_large" else None


def _came_to(faults: Faults, row: Fault) -> tuple[object, ...]:
    preflight = row.preflight if faults.preflight_headers else None
    return (
        row.at == "endpoint",
        row.status,
        row.missing,
        row.reached,
        answerer(faults, row),
        row.handled_by is None,
        row.complete,
        (row.error or "").partition(":")[0],
        row.note,
        None if preflight is None else (preflight.status, preflight.missing, preflight.reached),
    )
