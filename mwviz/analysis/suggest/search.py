"""Searches an order with fewer findings: every try teaches which two layers must not stand as they do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from mwviz.analysis.suggest.judged import Change, Judged, Key, Weight, compared, is_mendable, weight
from mwviz.analysis.suggest.moves import Order, Pair, distance, moved, near
from mwviz.analysis.suggest.standing import Verdict, verdict
from mwviz.model.contracts import Contract
from mwviz.values import dataclass

#: Orders that are tried, how many of these may promise harm, and how many are held to the contracts to find one.
MOST_TRIED, MOST_HARMFUL, MOST_HELD = 24, 4, 500
#: What decides between two orders: the weight of the findings that stay, are new, or come to light and another order
#: mends; the new ones, contracts of the app's own stack that are broken, moves, all broken contracts, what else comes
#: to light, the way that all layers go, and at last the order itself.
_Cost: TypeAlias = tuple[Weight, int, int, int, int, int, int, Order]


@dataclass(frozen=True, slots=True)
class Better:
    """An order that was tried and is better than today's; `broken` are the contracts that it breaks."""

    order: Order
    judged: Judged
    change: Change
    broken: frozenset[str]


class Search:
    """What is known of the orders of `count` registrations: `next` tells what to try, `learn` takes what came of it."""

    def __init__(self, before: Judged, count: int, contracts: Sequence[Contract], broken: Iterable[str]) -> None:
        self.best: Better | None = None
        self.tried = 0
        self._before = before
        self._count = count
        self._contracts = contracts
        self._broken = frozenset(broken)
        self._best_cost: _Cost | None = None
        self._verdicts: dict[Order, Verdict] = {}
        self._against: dict[str, Weight] = {}
        self._done: set[Order] = set()
        self._bad: dict[Key, set[Pair]] = {}
        self._weights: dict[Key, Weight] = {}
        self._harm: dict[Pair, Weight] = {}
        self._revealed: dict[Pair, Weight] = {}
        self._least_revealed = 0
        self._concerned: set[int] = set()
        self._harmful = 0
        self._more = False
        fixed = []
        for finding in before.findings:
            pair = before.pair(finding)
            if pair is None or not is_mendable(finding, before):
                fixed.append(finding)
            else:
                self._bad.setdefault(before.key(finding), set()).add(pair)
                self._weights[before.key(finding)] = weight([finding])
                self._concerned.update(pair)
        self._fixed = weight(fixed)
        self._look_around()

    @property
    def cut(self) -> bool:
        """Whether an order that was not looked at might be better still."""
        return self._more and self._least_left() > self._fixed

    @property
    def against(self) -> tuple[str, ...]:
        """The contracts that forbid orders which promise fewer findings than the best one leaves."""
        return tuple(sorted(name for name, left in self._against.items() if left < self._least_left()))

    def next(self) -> Order | None:
        """The order that promises most of those that were not tried; None where none promises more than the best."""
        while True:
            concerned = len(self._concerned)
            found = self._promising()
            if found is None and len(self._concerned) > concerned:
                self._look_around()
                continue
            if found is None or (found[0][1] and self._harmful == MOST_HARMFUL) or self.tried == MOST_TRIED:
                self._more |= found is not None
                return None
            self._harmful += found[0][1] > 0
            return found[1]

    def stop(self) -> None:
        """Note that the search ends before its end."""
        self._more = True

    def learn(self, order: Order, after: Judged | None, broken: frozenset[str] = frozenset()) -> None:
        """Note what lint said of an order (None: it could not be judged), and which contracts it broke."""
        self.tried += 1
        self._done.add(order)
        if after is None:
            return
        change = compared(self._before, after)
        self._learn_pairs(order, after, change)
        mendable = [finding for finding in change.revealed if is_mendable(finding, after)]
        left = weight((*change.left, *change.unseen, *mendable, *change.new))
        today = weight(self._before.findings)
        if not change.gone or left >= today or today.grows_to(left):
            return
        if forbidding := broken - self._broken:
            self._forbid(forbidding, left)
            return
        revealed = len(change.revealed) - len(mendable)
        own = len(self._verdict(order).broken)
        cost = (left, len(change.new), own, len(moved(order)), len(broken), revealed, distance(order), order)
        if self._best_cost is None or cost < self._best_cost:
            self.best, self._best_cost = Better(order, after, change, broken), cost

    def _promising(self) -> tuple[_Cost, Order] | None:
        best: tuple[_Cost, Order] | None = None
        held = 0
        for cost in sorted(guess for order in self._orders if (guess := self._guess(order)) is not None):
            if (best is not None and best[0] <= cost) or (self._best_cost is not None and self._best_cost <= cost):
                break
            if best is not None and (held := held + 1) > MOST_HELD:
                break
            order = cost[-1]
            found = self._verdict(order)
            if forbidding := found.broken - self._broken:
                self._forbid(forbidding, cost[0])
                self._done.add(order)
                self._concerned |= found.concerned
                continue
            exact: _Cost = (*cost[:2], len(found.broken), *cost[3:])
            best = (exact, order) if best is None else min(best, (exact, order))
        return best

    def _guess(self, order: Order) -> _Cost | None:
        """What an order would cost if only those pairs counted that are known; None where nothing would be gone."""
        if order in self._done:
            return None
        at = {layer: place for place, layer in enumerate(order)}
        bad = [key for key, pairs in self._bad.items() if any(at[outer] < at[inner] for outer, inner in pairs)]
        if len(bad) == len(self._bad):
            return None
        harm = [told for (outer, inner), told in self._harm.items() if at[outer] < at[inner]]
        revealed = [told for (outer, inner), told in self._revealed.items() if at[outer] < at[inner]]
        left = self._fixed
        for each in (*(self._weights[key] for key in bad), *harm, *revealed):
            left = left.plus(each)
        moves, way = self._orders[order]
        return left, len(harm), 0, moves, 0, self._least_revealed, way, order

    def _verdict(self, order: Order) -> Verdict:
        if order not in self._verdicts:
            self._verdicts[order] = verdict(self._contracts, self._before, order)
        return self._verdicts[order]

    def _forbid(self, names: Iterable[str], left: Weight) -> None:
        for name in names:
            self._against[name] = min(left, self._against.get(name, left))

    def _least_left(self) -> Weight:
        return self._best_cost[0] if self._best_cost is not None else weight(self._before.findings)

    def _learn_pairs(self, order: Order, after: Judged, change: Change) -> None:
        concerned = len(self._concerned)
        for finding in (*change.left, *change.unseen):
            if (pairs := self._bad.get(self._before.key(finding))) is not None:
                outer, inner = sorted(self._before.registered(finding), key=order.index)
                pairs |= set(after.hiding((outer, inner))) if finding in change.unseen else {(outer, inner)}
                self._concerned.update(layer for pair in pairs for layer in pair)
        mendable = [finding for finding in change.revealed if is_mendable(finding, after)]
        for known, findings in ((self._harm, change.new), (self._revealed, mendable)):
            known.update({pair: weight([each]) for each in findings if (pair := after.pair(each)) is not None})
        if self._best_cost is None:  # most orders let the same come to light
            self._least_revealed = len(change.revealed) - len(mendable)
        self._concerned.update(layer for pair in (*self._harm, *self._revealed) for layer in pair)
        if len(self._concerned) != concerned:
            self._look_around()

    def _look_around(self) -> None:
        bad = [pair for pairs in self._bad.values() for pair in sorted(pairs)]
        wanted = [(inner, outer) for outer, inner in (*bad, *sorted({**self._harm, **self._revealed}))]
        orders, more = near(self._count, self._concerned, wanted)
        self._orders = {order: (len(moved(order)), distance(order)) for order in orders}
        self._more |= more
