"""What lint said of one order, beside what it said of another: layers are known by registration, not by label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from mwviz.analysis.lint import OF_RESPONSES, UNORDERED
from mwviz.analysis.lint.met import stopped
from mwviz.analysis.suggest.moves import Pair
from mwviz.model import Layer
from mwviz.model.evidence import Evidence
from mwviz.model.findings import Finding
from mwviz.values import dataclass

#: A finding by its code and by who its layers are, whatever they are called: `X#2` may be `X` in another order.
Key: TypeAlias = tuple[str, tuple[str, ...]]


class Weight(NamedTuple):
    """How many findings there are, how many of them are errors, and how many are errors or warnings.

    Weights are compared in this order; that none of the three grows is `<=` of each.
    """

    findings: int
    errors: int
    failing: int

    def plus(self, other: Weight) -> Weight:
        """Both together."""
        return Weight(*(a + b for a, b in zip(self, other, strict=True)))

    def grows_to(self, other: Weight) -> bool:
        """Whether the other one has more of anything."""
        return any(a < b for a, b in zip(self, other, strict=True))


@dataclass(frozen=True, slots=True)
class Judged:
    """One order as lint judged it. `entries` tells by layer which registration of today's it is, if it is one.

    `stopper` is the layer that let the plain request no further; `whole` is False where not every request was sent.
    """

    findings: tuple[Finding, ...]
    layers: tuple[Layer, ...]
    entries: tuple[int | None, ...]
    stopper: int | None
    whole: bool
    notes: tuple[str, ...]

    def key(self, finding: Finding) -> Key:
        """Which finding it is, in any order."""
        return finding.code, tuple(sorted(map(self._who, finding.layers)))

    def registered(self, finding: Finding) -> tuple[int, ...]:
        """The registrations that it is about."""
        found = (self._entry(label) for label in finding.layers)
        return tuple(entry for entry in found if entry is not None)

    def pair(self, finding: Finding) -> Pair | None:
        """The two registrations that it is about, as they stand; None where it is about others, or about one."""
        entries = self.registered(finding)
        if len(entries) != 2 or len(finding.layers) != 2 or entries[0] == entries[1]:
            return None
        first, second = sorted(entries, key=self.entries.index)
        return first, second

    def hiding(self, registered: tuple[int, ...]) -> Iterator[Pair]:
        """The stopper with each of the registrations that the plain request did not get to, as it stopped it."""
        outer = self.entries[self.stopper] if self.stopper is not None else None
        if self.stopper is not None and outer is not None:
            inside = self.entries[self.stopper + 1 :]
            yield from ((outer, entry) for entry in registered if entry in inside)

    def _entry(self, label: str) -> int | None:
        found = (entry for layer, entry in zip(self.layers, self.entries, strict=True) if layer.label == label)
        return next(found, None)

    def _who(self, label: str) -> str:
        entry = self._entry(label)
        return label if entry is None else f"registration {entry}"


@dataclass(frozen=True, slots=True)
class Change:
    """What another order makes of the findings: all but `new` and `revealed` are those that there were before.

    `unseen` are not found any more, but nothing shows that they are gone. `new` and `revealed` are of the other order;
    `revealed` are such as this order does not cause: the layers stand as they did, but could not be judged before.
    """

    gone: tuple[Finding, ...]
    left: tuple[Finding, ...]
    unseen: tuple[Finding, ...]
    new: tuple[Finding, ...]
    revealed: tuple[Finding, ...]


def weight(findings: Iterable[Finding]) -> Weight:
    """How much there is to say."""
    found = Counter(finding.severity for finding in findings)
    return Weight(found.total(), found["error"], found["error"] + found["warning"])


def judged(
    findings: tuple[Finding, ...], evidence: Evidence, entries: tuple[int | None, ...], notes: tuple[str, ...]
) -> Judged:
    """What lint found in one order, with what of the evidence tells how far it could see."""
    stopper = next((layer for _, layer in stopped(evidence.plain)), None)
    return Judged(findings, evidence.layers, entries, stopper, evidence.faults is not None, notes)


def is_mendable(finding: Finding, stands: Judged) -> bool:
    """Whether another order of the registrations might do without it."""
    return finding.code not in UNORDERED and stands.pair(finding) is not None


def compared(before: Judged, after: Judged) -> Change:
    """The findings of `after` beside those of `before`."""
    there = Counter(map(after.key, after.findings))
    gone, left, unseen = [], [], []
    for finding in before.findings:
        key = before.key(finding)
        if there[key]:
            there[key] -= 1
            left.append(finding)
        elif finding.code in UNORDERED or _is_hidden(finding, before, after):
            unseen.append(finding)
        else:
            gone.append(finding)
    new: list[Finding] = []
    revealed: list[Finding] = []
    for finding in after.findings:
        key = after.key(finding)
        if there[key]:
            there[key] -= 1
            (revealed if _was_hidden(finding, before, after) else new).append(finding)
    return Change(tuple(gone), tuple(left), tuple(unseen), tuple(new), tuple(revealed))


def _is_hidden(finding: Finding, before: Judged, after: Judged) -> bool:
    if finding.code not in OF_RESPONSES or after.stopper is None:
        return False
    return before.stopper is None or any(after.hiding(before.registered(finding)))


def _was_hidden(finding: Finding, before: Judged, after: Judged) -> bool:
    if finding.code not in OF_RESPONSES or before.stopper is None:
        return False
    pair = after.pair(finding)  # of two that stand as they did it was true before
    return finding.code in UNORDERED or pair is None or before.entries.index(pair[0]) < before.entries.index(pair[1])
