"""Whose turn it was at every moment of the probe: own times, and who held the request in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mwviz.collect.read.passages import Passage
from mwviz.collect.stack.crossing import Note

_SERVER = -1


@dataclass(slots=True, eq=False, repr=False)
class Accounts:
    """Nanoseconds that each rank held the request itself, before and after an answer reached it."""

    inward: dict[int, int]
    outward: dict[int, int]
    holder: int


def account(notes: Sequence[Note], passages: Sequence[Passage], until: int) -> Accounts:
    """Give every gap between two notes to the place that had control in it. `until` closes the last gap."""
    by_crossing = {id(passage.crossing): passage for passage in passages}
    turned = _turning_points(passages)
    accounts = Accounts({}, {}, _SERVER)
    before = notes[0][0] if notes else until
    for at, happening, crossing, _ in notes:
        _charge(accounts, before, at, turned)
        before = at
        passage = by_crossing[id(crossing)]
        outer = passage.parent.rank if passage.parent is not None else _SERVER
        accounts.holder = outer if happening in ("leave", "raise", "send") else passage.rank
    _charge(accounts, before, until, turned)
    return accounts


def _turning_points(passages: Sequence[Passage]) -> dict[int, int]:
    """When a place's way in ended: an answer came from inside, or it gave one itself."""
    turned: dict[int, int] = {}
    for passage in passages:
        times = [time for time in (passage.first_answer_from_inside(), passage.responded) if time is not None]
        if times:
            turned[passage.rank] = min(*times, turned.get(passage.rank, times[0]))
    return turned


def _charge(accounts: Accounts, start: int, end: int, turned: dict[int, int]) -> None:
    rank = accounts.holder
    if rank == _SERVER or end <= start:
        return
    turn = turned.get(rank)
    side = accounts.inward if turn is None or start < turn else accounts.outward
    side[rank] = side.get(rank, 0) + end - start
