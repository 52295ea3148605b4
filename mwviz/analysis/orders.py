"""One order of a contract held against one chain: which layers are on the wrong side, and the fewest to move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mwviz.analysis.chains import Chain
from mwviz.analysis.names import fits_layer, is_exact
from mwviz.analysis.remedies import move
from mwviz.model import Layer
from mwviz.model.contracts import Sequence as Order
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True)
class Break:
    """A break as one chain shows it; the first of `layers` is the one to be mended. The message has no full stop.

    `everywhere`: it is the same for every chain of the app. `outward` is for those that a move mends, of the first
    layer to the outer, or inner, side of the last one.
    """

    code: str
    message: str
    layers: tuple[Layer, ...]
    remedy: str
    everywhere: bool = False
    outward: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Stand:
    """A layer that the order names: where it stands in the chain, and in which group of the order."""

    at: int
    rank: int
    layer: Layer


def matched(order: Order, layers: Sequence[Layer]) -> Iterator[tuple[int, Layer]]:
    """Yield each layer that the order names, with the number of its group; a plain name wins over a glob."""
    for layer in layers:
        fitting = [
            (not is_exact(name.text, layer), rank)
            for rank, group in enumerate(order)
            for name in group
            if fits_layer(name.text, layer)
        ]
        if fitting:
            yield min(fitting)[1], layer


def breaks(order: Order, chain: Chain) -> Iterator[Break]:
    """Yield a break for each of the fewest layers that have to move, with the one that it must get past.

    Each is told where it goes once those before it have moved.
    """
    stands = [_Stand(at, rank, layer) for at, (rank, layer) in enumerate(matched(order, chain.layers))]
    right = _longest(stands)
    stay = frozenset(right)
    for stand in sorted((each for each in stands if each not in stay), key=lambda each: (each.rank, each.at)):
        outward = any(each.rank > stand.rank and each.at < stand.at for each in right)
        if outward:
            goes = next(at for at, each in enumerate(right) if each.rank > stand.rank)
            beside = right[goes]
        else:
            goes = sum(each.rank < stand.rank for each in right)
            beside = right[goes - 1]
        remedy = move(stand.layer, beside.layer, chain.layers, outward=outward, moves_too=beside not in stay)
        yield _break(stand.layer, beside.layer, remedy, outward=outward)
        # who has left a list, or gone into it, is registered as the one beside, and where that is
        mended = stand.layer
        if mended.registered_by != beside.layer.registered_by:
            by, code = beside.layer.registered_by, beside.layer.registered_in
            mended = replace(mended, registered_by=by, registered_in=code)
        right.insert(goes, replace(stand, layer=mended))


def carried_out(layers: Sequence[Layer], found: Sequence[Break]) -> tuple[Layer, ...]:
    """The layers once every break that a move mends is mended so, one after the other, where it still has to be."""
    by_label = {layer.label: layer for layer in layers}
    labels = list(by_label)
    for each in found:
        if each.outward is not None:
            moved, beside = each.layers[0].label, each.layers[-1].label
            if (labels.index(moved) < labels.index(beside)) == each.outward:
                continue
            labels.remove(moved)
            labels.insert(labels.index(beside) + (not each.outward), moved)
    return tuple(by_label[label] for label in labels)


def _break(moved: Layer, beside: Layer, remedy: str, *, outward: bool) -> Break:
    outer, inner = (moved, beside) if outward else (beside, moved)
    told = f"{outer.label} must stand outside of {inner.label}, but stands inside of it"
    return Break("MW101", told, (moved, beside), remedy, outward=outward)


def _longest(stands: Sequence[_Stand]) -> list[_Stand]:
    """Return the most layers that stand in the right order among themselves, the outer ones where there is a tie."""
    best: list[list[_Stand]] = []
    for stand in stands:
        before = [run for run in best if run[-1].rank <= stand.rank]
        best.append([*max(before, key=len, default=[]), stand])
    return max(best, key=len, default=[])
