"""Orders near to today's. An order is a permutation of `range(n)`, outermost first; today's is `0, 1, 2 ...`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain, combinations
from typing import TypeAlias

Order: TypeAlias = tuple[int, ...]
#: Two layers, the outer one first.
Pair: TypeAlias = tuple[int, int]

#: Layers that move at once, orders that are looked at, and layers up to which every gap is one to move to.
MOST_MOVES, MOST_ORDERS, FEW_LAYERS = 4, 6_000, 7


def moved(order: Order) -> tuple[int, ...]:
    """The fewest layers that have to move to get from today's order to this one, by their places in today's."""
    best: list[Order] = []
    for at, layer in enumerate(order):
        before: list[Order] = [(), *(run for run in best[:at] if run[-1] < layer)]
        best.append((*max(before, key=len), layer))
    longest: Order = max(best, key=len, default=())
    stay = frozenset(longest)
    return tuple(layer for layer in sorted(order) if layer not in stay)


def distance(order: Order) -> int:
    """By how many places all layers together are away from today's."""
    return sum(abs(at - layer) for at, layer in enumerate(order))


def near(count: int, concerned: Collection[int], wanted: Iterable[Pair]) -> tuple[tuple[Order, ...], bool]:
    """Orders of `count` layers with few moves, today's not among them; and whether there would be more of them.

    Those come first that move `concerned` layers alone; the order that gives every `wanted` pair what it wants comes
    before all, however many moves it takes.
    """
    found: dict[Order, None] = {}
    today = tuple(range(count))
    for order in chain([sorted_by(count, wanted)], _moving(count, sorted(concerned))):
        if order != today:
            found.setdefault(order)
        if len(found) == MOST_ORDERS:
            return tuple(found), True
    return tuple(found), len(concerned) > MOST_MOVES + 1


def sorted_by(count: int, wanted: Iterable[Pair]) -> Order:
    """The order nearest to today's that keeps the wanted pairs; one that contradicts those before it is left out."""
    inside: dict[int, set[int]] = {layer: set() for layer in range(count)}
    for outer, inner in wanted:
        if outer not in _reached(inside, inner):
            inside[outer].add(inner)
    order: list[int] = []
    left = list(range(count))
    while left:
        layer = next(each for each in left if not any(each in inside[other] for other in left))
        order.append(layer)
        left.remove(layer)
    return tuple(order)


def _reached(inside: dict[int, set[int]], start: int) -> set[int]:
    seen, ahead = {start}, [start]
    while ahead:
        for layer in inside[ahead.pop()] - seen:
            seen.add(layer)
            ahead.append(layer)
    return seen


def _moving(count: int, concerned: list[int]) -> Iterator[Order]:
    small = count <= FEW_LAYERS
    others = [layer for layer in range(count) if layer not in concerned]
    for size in range(1, min(MOST_MOVES, count) + 1):
        for taken in combinations(concerned, size):
            yield from _placed(count, taken, None if small else concerned)
    for size in range(1, min(MOST_MOVES, count) + 1):
        for taken in combinations([*concerned, *others], size):
            if any(layer in others for layer in taken):
                yield from _placed(count, taken, None if small else concerned)


def _placed(count: int, taken: tuple[int, ...], beside: Collection[int] | None) -> Iterator[Order]:
    orders: list[Order] = [tuple(layer for layer in range(count) if layer not in taken)]
    for layer in taken:
        orders = [(*order[:gap], layer, *order[gap:]) for order in orders for gap in _gaps(order, beside)]
    yield from orders


def _gaps(order: Order, beside: Collection[int] | None) -> Iterator[int]:
    """Each place between layers that is one to move to: at an end, or next to one of `beside` (None: everywhere)."""
    for gap in range(len(order) + 1):
        neighbours = order[max(gap - 1, 0) : gap + 1]
        if beside is None or gap in (0, len(order)) or any(layer in beside for layer in neighbours):
            yield gap
