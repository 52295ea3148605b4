"""Holds the order that a probe observed against one that is wanted: `"A > B | C > (D)"`, outermost first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from mwviz.analysis.names import fits_layer, is_exact
from mwviz.errors import SelectionError, closest
from mwviz.model import Layer, Trace
from mwviz.model.order import Absent, Comparison, Misplaced

#: `<lambda>` and `f.<locals>.g` are names, too.
_STEP = re.compile(r"(?<!<lambda)(?<!<locals)>")


@dataclass(frozen=True, slots=True)
class Named:
    """One name of a wanted order, in its step (0 is the outermost); an `optional` one may be absent."""

    name: str
    step: int
    optional: bool


def parse(wanted: str) -> tuple[Named, ...]:
    """The names of an order, step by step. Raises SelectionError for one without a name, or with an open bracket."""
    names: list[Named] = []
    for step, text in enumerate(_STEP.split(wanted)):
        names += (Named(name, step, optional) for name, optional in _step(text.strip(), wanted))
    return tuple(names)


def _step(text: str, wanted: str) -> list[tuple[str, bool]]:
    whole = re.fullmatch(r"\(([^()]*)\)", text)
    found = []
    for part in (whole[1] if whole else text).split("|"):
        alone = re.fullmatch(r"\(([^()]*)\)", part.strip())
        name = (alone[1] if alone else part).strip()
        if not name or re.search(r"[()]", name):
            raise SelectionError(
                f"An order is names with '>' between them, outermost first, '(A)' for one that may be absent and "
                f"'A | B' for either order, not '{wanted}'."
            )
        found.append((name, bool(whole or alone)))
    return found


def as_met(trace: Trace) -> tuple[int, ...]:
    """All layers in the order in which the probe met them; one that it did not meet stands where the stack has it."""
    met = list(trace.request_order)
    for layer in trace.layers:
        if layer.index not in met:
            met.insert(met.index(layer.index - 1) + 1 if layer.index else 0, layer.index)
    return tuple(met)


def compared(trace: Trace, wanted: Sequence[Named]) -> Comparison:
    """The observed order beside the wanted one."""
    absent = (each.name for each in wanted if not each.optional and not _is_there(each, trace))
    steps, met = _steps(trace.layers, wanted), as_met(trace)
    named = [index for index in met if index in steps]
    wrong = (pair for pair in combinations(named, 2) if steps[pair[0]] > steps[pair[1]])
    kept = _longest_in_order(named, steps)
    return Comparison(
        met=met,
        absent=tuple(_absent(name, trace.layers) for name in absent),
        misplaced=tuple(Misplaced(*pair) for pair in wrong),
        moved=tuple(index for index in named if index not in kept),
        mended=tuple(sorted(named, key=steps.__getitem__)),
    )


def _is_there(named: Named, trace: Trace) -> bool:
    return any(fits_layer(named.name, layer) for layer in trace.layers)


def _steps(layers: Sequence[Layer], wanted: Sequence[Named]) -> dict[int, int]:
    """The step that each named layer belongs to: the one that names it outright goes before one whose glob fits."""
    steps: dict[int, int] = {}
    for layer in layers:
        fitting = [each for each in wanted if fits_layer(each.name, layer)]
        exact = [each for each in fitting if is_exact(each.name, layer)]
        if fitting:
            steps[layer.index] = (exact or fitting)[0].step
    return steps


def _absent(name: str, layers: Sequence[Layer]) -> Absent:
    own = [layer.label for layer in layers if layer.origin != "framework"]
    part = (label for label in own if name.lower() in label.lower())
    return Absent(name, closest(name, own) or next(part, None))


def _longest_in_order(met: Sequence[int], steps: dict[int, int]) -> frozenset[int]:
    """The most layers that may stay where they are: the others are the fewest to move."""
    best: dict[int, tuple[int, ...]] = {}
    for at, index in enumerate(met):
        before: list[tuple[int, ...]] = [(), *(best[other] for other in met[:at] if steps[other] <= steps[index])]
        best[index] = (*max(before, key=len), index)
    longest = max((*best.values(), ()), key=len)
    return frozenset(longest)
