"""Every order of a small app, tried: what the search may be held against."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import permutations
from pathlib import Path
from typing import Any

from mwviz import checking, linting, suggesting
from mwviz.analysis.lint import chosen
from mwviz.analysis.suggest.judged import Change, Judged, Weight, compared, judged, weight
from mwviz.api import Target
from mwviz.collect import ProbeOptions, subject_of_object
from mwviz.collect.linting.tried import tried_here
from mwviz.errors import MwvizError
from mwviz.model.contracts import Contract
from mwviz.model.suggestion import Suggestion

OPTIONS = ProbeOptions(timeout=5.0)


def asked(*contracts: Contract, select: tuple[str, ...] = ()) -> suggesting.Asked:
    rules = linting.Job(Target(), None, tuple(rule.code for rule in chosen(select, ())))
    return suggesting.Asked(rules, checking.Job(Target(), None, contracts))


def suggested(app: Any, *contracts: Contract, select: tuple[str, ...] = ()) -> Suggestion:
    def stuck(found: object) -> None:
        raise AssertionError(found)

    subject = subject_of_object(app, Path.cwd())
    return suggesting.suggest(subject, asked(*contracts, select=select), OPTIONS, stuck=stuck)


def linted(app: Any, order: tuple[int, ...] | None) -> Judged:
    subject = subject_of_object(app, Path.cwd())
    evidence, entries = tried_here(subject, OPTIONS, order, lambda: None)
    found = linting.judged(subject, asked().rules, OPTIONS, evidence)
    return judged(found.findings, evidence, entries, ())


def moves(order: tuple[int, ...]) -> int:
    """How many layers have to be taken out until the others stand as today: by trying all, fewest first."""
    return next(
        size
        for size in range(len(order) + 1)
        for kept in permutations(order, len(order) - size)
        if list(kept) == sorted(kept) and kept == tuple(each for each in order if each in kept)
    )


def better(app: Any) -> Iterator[tuple[Weight, int, int, tuple[int, ...]]]:
    """Each order that is better, by what there is to find that it or another could mend, what of it is new, and moves.

    None has more findings, more errors, or more errors and warnings than today's.
    """
    before = linted(app, None)
    for order in permutations(range(len(app.user_middleware))):
        with suppress(MwvizError):
            after = linted(app, order)
            change: Change = compared(before, after)
            mendable = [each for each in change.revealed if each.code in ("MW006", "MW015")]
            stay = weight([*change.left, *change.unseen, *mendable, *change.new])
            today = weight(before.findings)
            fewer = stay != today and all(there <= then for there, then in zip(stay, today, strict=True))
            if after.whole and change.gone and fewer:
                yield stay, len(change.new), moves(order), order
