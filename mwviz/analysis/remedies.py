"""The smallest change of code that mends an order, as far as the places of registration tell it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from mwviz.model import Layer, Place

_FIXED = {
    "framework": "is the framework's own: its place is fixed",
    "injected": "is put there by an instrumentation library, which decides where",
}


def move(moved: Layer, beside: Layer, layers: Sequence[Layer], *, outward: bool, moves_too: bool = False) -> str:
    """Return how `moved` gets to the outer (`outward`) or inner side of `beside`, in a sentence.

    `layers` is the whole chain: together its lines tell calls of `add_middleware`, of which the last one stands
    outermost, from a list, of which the first one does. `moves_too`: another remedy has moved `beside` before.
    """
    for layer in (moved, beside):
        if layer.origin in _FIXED:
            return f"{layer.label} {_FIXED[layer.origin]}."
    side = "outside" if outward else "inside"
    if "outer" in (moved.origin, beside.origin):
        return _around(moved, beside, side)
    if moved.within != beside.within:
        return _across(moved, beside, side)
    here, there = moved.registered_at, beside.registered_at
    if here is None or there is None:
        return f"Register {moved.label} so that it stands {side} of {beside.label}."
    if here.file != there.file:
        return f"{_registered(moved, here, beside, there, side)}."
    if here.line == there.line:
        return f"{here.file}:{here.line} registers both: change their order there, so that {moved.label} stands {side}."
    line = f"line {there.line} ({beside.label}{', once that has moved' if moves_too else ''})"
    return _within_file(moved, here, beside, there, layers, line, outward=outward)


def _within_file(
    moved: Layer, here: Place, beside: Layer, there: Place, layers: Sequence[Layer], line: str, *, outward: bool
) -> str:
    calls = _calls(moved, layers, (here.line, there.line))
    if calls is None:
        return f"{_registered(moved, here, beside, there, 'outside' if outward else 'inside')}."
    at = f"In {here.file}, "
    if (moved.label in calls) == (beside.label in calls):
        # not by their lines: the other one may have moved past this one before
        way = "below" if (moved.label in calls) == outward else "above"
        why = "what is added last stands outermost" if moved.label in calls else "the first of a list stands outermost"
        return f"{at}move line {here.line} ({moved.label}) {way} {line}: {why}."
    if outward:
        return (
            f"{at}take line {here.line} ({moved.label}) out of the list, and add it below {line}: "
            "what is added after the list stands outside of it."
        )
    return (
        f"{at}take line {here.line} ({moved.label}) into the list, below {line}: "
        "what is added after the list stands outside of it."
    )


def _calls(moved: Layer, layers: Sequence[Layer], concerned: Sequence[int]) -> frozenset[str] | None:
    """Return which layers were added by calls: their lines fall from the outermost on, and rise again in a list.

    None where the lines do neither, as when functions add some, and where several layers share one of those
    `concerned`: a list or a loop, which does not move for one of them.
    """
    file = moved.registered_at.file if moved.registered_at is not None else None
    built = sorted((layer for layer in layers if layer.within == moved.within), key=lambda layer: layer.index)
    placed = [
        (layer, layer.registered_at.line)
        for layer in built
        if layer.registered_at is not None and layer.registered_at.file == file
    ]
    lines = [line for _, line in placed]
    rises = [first < second for first, second in pairwise(lines)]
    if rises != sorted(rises) or any(lines.count(line) > 1 for line in concerned):
        return None
    # The one at the turn may belong to either; a list of one is not told from a call.
    turn = rises.index(True) if True in rises else len(placed)
    return frozenset(layer.label for layer, _ in placed[:turn])


def _registered(moved: Layer, here: Place, beside: Layer, there: Place, side: str) -> str:
    first, second = f"{here.file}:{here.line}", f"{there.file}:{there.line}"
    return f"Register {moved.label} ({first}) so that it stands {side} of {beside.label} ({second}): {_RULE}"


_RULE = "what add_middleware adds last stands outermost, and so does the first of a list"


def _around(moved: Layer, beside: Layer, side: str) -> str:
    if moved.origin == beside.origin:
        return f"Wrap the app in another order, so that {moved.label} stands {side} of {beside.label}."
    wrapper = moved if moved.origin == "outer" else beside
    return (
        f"Register {wrapper.label} with add_middleware, so that {moved.label} can stand {side} of {beside.label}: "
        f"what wraps the app, as {wrapper.label} does, lies outside of all that is registered."
    )


def _across(moved: Layer, beside: Layer, side: str) -> str:
    inner = moved if moved.within != "app" else beside
    return (
        f"Register {moved.label} elsewhere, so that it stands {side} of {beside.label}: what belongs to {inner.within} "
        "lies inside of all of the app's own layers."
    )
