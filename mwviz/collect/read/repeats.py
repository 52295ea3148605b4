"""What repeated probes tell together: the usual time of every layer, and whether all went the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from mwviz.collect.read.interpret import Reading
from mwviz.model import Position, Step

Way: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], Position | None, int | None]


def way(reading: Reading) -> Way:
    """What two probes have in common that went the same way."""
    status = reading.status()
    return reading.request_order(), reading.response_order(), reading.answered()[0], status


def medians(shown: Sequence[Step], repeated: Sequence[Sequence[Step]]) -> tuple[Step, ...]:
    """The steps of the probe that is shown, with the median of each layer's own times: one slow probe moves none."""
    return tuple(_with_medians(step, [steps[step.layer] for steps in repeated]) for step in shown)


def median(times: Sequence[int]) -> int | None:
    """The time in the middle; None where there is none."""
    ordered, half = sorted(times), len(times) // 2
    if not ordered:
        return None
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) // 2


def _with_medians(step: Step, repeated: Sequence[Step]) -> Step:
    inward = [each.self_request_ns for each in repeated if each.self_request_ns is not None]
    outward = [each.self_response_ns for each in repeated if each.self_response_ns is not None]
    return replace(
        step,
        self_request_ns=median(inward),
        self_response_ns=median(outward),
    )
