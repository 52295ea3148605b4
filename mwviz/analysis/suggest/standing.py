"""What contracts of the app's own stack would say of an order that nobody has built yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from mwviz.analysis.chains import Chain
from mwviz.analysis.contracts import hold
from mwviz.analysis.suggest.judged import Judged
from mwviz.analysis.suggest.moves import Order
from mwviz.model import Layer
from mwviz.model.contracts import Contract
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """Names of the contracts that an order breaks, and the registrations that these breaks are about."""

    broken: frozenset[str]
    concerned: frozenset[int]


def verdict(contracts: Sequence[Contract], today: Judged, order: Order) -> Verdict:
    """Hold the contracts that are about the app's own stack for its layers in that order, as they would be built."""
    stood = [number for number, entry in enumerate(today.entries) if entry is not None]
    by_entry = {today.entries[number]: number for number in stood}
    taken = iter([by_entry[entry] for entry in order if entry in by_entry])
    numbers = [next(taken) if number in stood else number for number in range(len(today.layers))]
    layers = _labelled([today.layers[number] for number in numbers])
    chain = Chain(tuple(layer for layer in layers if layer.within == "app"))
    entries = {layer.label: today.entries[number] for layer, number in zip(layers, numbers, strict=True)}
    held = [hold(contract, [chain], layers, "") for contract in contracts if not contract.of_routes]
    breaks = [finding for each in held for finding in each.findings]
    concerned = (entries.get(label) for finding in breaks for label in finding.layers)
    return Verdict(
        frozenset(finding.check for finding in breaks), frozenset(each for each in concerned if each is not None)
    )


def _labelled(layers: Sequence[Layer]) -> list[Layer]:
    """The layers with the labels that they get in this order: a second one of a name is `Name#2`."""
    seen: Counter[str] = Counter()
    found = []
    for index, layer in enumerate(layers):
        seen[layer.name] += 1
        number = seen[layer.name]
        label = layer.name if number == 1 else f"{layer.name}#{number}"
        found.append(replace(layer, index=index, label=label))
    return found
