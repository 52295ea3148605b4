"""What differs between two orders, told as a reviewer would: a layer that was moved is one change, and not two."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

from mwviz.analysis.behaviour import behaved
from mwviz.model.diff import Change, ChangeKind, Detail, Difference, Lock, LockedLayer, LockedRoute, Side, Subject

_T = TypeVar("_T")
#: Positions of one thing on both sides.
_Pair: TypeAlias = tuple[int, int]
#: Where a layer was registered on both sides.
_Files: TypeAlias = tuple[str | None, str | None]
_Key: TypeAlias = tuple[ChangeKind, Subject, str, int | None, int | None]


def difference(old: Side, new: Side) -> Difference:
    """Both sides with all changes: those of the order, then those of what the probe met, where both sides sent one."""
    before, after = _compared(old.lock, new.lock)
    found = list(changes(old.lock, new.lock))
    if old.behaviour is not None and new.behaviour is not None:
        for change in behaved(old.behaviour, new.behaviour):
            _join(found, _placed(change, before, after))
    return Difference(old, new, before, after, tuple(sorted(found, key=_turn)))


def _placed(change: Change, before: Sequence[LockedLayer], after: Sequence[LockedLayer]) -> Change:
    if change.what != "layer":
        return change
    at, to = (_index(change.layer, side) for side in (before, after))
    within = after[to].within if to is not None else change.within
    return replace(change, before=at, after=to, within=within)


def _index(label: str, layers: Sequence[LockedLayer]) -> int | None:
    return next((at for at, layer in enumerate(layers) if layer.label == label), None)


def _join(found: list[Change], change: Change) -> None:
    """Add what a layer did to what else of it has changed: that is one change."""
    for at, each in enumerate(found):
        if each.kind == change.kind and (each.what, each.layer, each.after) == (
            change.what,
            change.layer,
            change.after,
        ):
            found[at] = replace(each, details=(*each.details, *change.details))
            return
    found.append(change)


def changes(old: Lock, new: Lock) -> tuple[Change, ...]:
    """What leads from one order to the other: removed, added, moved and changed layers, outermost first.

    Routes are compared where both sides hold them; layers of mounts and routes then count with the routes they guard,
    and where one side alone holds routes they are left out.
    """
    before, after = _compared(old, new)
    found = list(_moves(before, after)) + list(_altered(before, after))
    if old.routes is not None and new.routes is not None:
        found += _altered(*(tuple(each for each in side.layers if each.within != "app") for side in (old, new)))
        found += _routed(old.routes, new.routes)
    return tuple(sorted(found, key=_turn))


def _compared(old: Lock, new: Lock) -> tuple[tuple[LockedLayer, ...], tuple[LockedLayer, ...]]:
    if old.routes is None and new.routes is None:
        return old.layers, new.layers
    before, after = (tuple(layer for layer in side.layers if layer.within == "app") for side in (old, new))
    return before, after


def _turn(change: Change) -> tuple[bool, int, int]:
    at = change.after if change.after is not None else change.before
    return change.what != "layer" or bool(change.routes), at if at is not None else 1 << 30, change.kind == "changed"


def _moves(before: Sequence[LockedLayer], after: Sequence[LockedLayer]) -> Iterator[Change]:
    pairs = layer_pairs(before, after)
    for kind, at, to in _steps(len(before), len(after), pairs):
        side, place = (before, at) if to is None else (after, to)
        assert place is not None  # noqa: S101 - a step has a place on one side at least
        yield Change(kind, side[place].label, "layer", at, to, side[place].within)


def _steps(before: int, after: int, pairs: Sequence[_Pair]) -> Iterator[tuple[ChangeKind, int | None, int | None]]:
    stay = _unmoved(pairs)
    left, right = {at for at, _ in pairs}, {to for _, to in pairs}
    yield from (("removed", at, None) for at in range(before) if at not in left)
    yield from (("added", None, to) for to in range(after) if to not in right)
    yield from (("moved", at, to) for at, to in pairs if (at, to) not in stay)


def _unmoved(pairs: Sequence[_Pair]) -> set[_Pair]:
    """The most pairs that keep their order among each other: all others were moved."""
    tails: list[int] = []
    ends: list[_Pair] = []
    parents: dict[_Pair, _Pair | None] = {}
    for pair in sorted(pairs):
        place = bisect_left(tails, pair[1])
        parents[pair] = ends[place - 1] if place else None
        tails[place : place + 1], ends[place : place + 1] = [pair[1]], [pair]
    stay, last = set(), ends[-1] if ends else None
    while last is not None:
        stay.add(last)
        last = parents[last]
    return stay


def layer_pairs(before: Sequence[LockedLayer], after: Sequence[LockedLayer]) -> tuple[_Pair, ...]:
    """Which layer of one side is which of the other: of several with one name, those that are alike come first."""

    def same(layer: LockedLayer) -> Hashable:
        return layer.label.partition("#")[0], layer.within

    alike = _paired(before, after, lambda layer: (same(layer), layer.qualified_name, layer.arguments), ())
    return (*alike, *_paired(before, after, same, alike))


def _paired(
    before: Sequence[_T], after: Sequence[_T], key: Callable[[_T], Hashable], taken: Sequence[_Pair]
) -> tuple[_Pair, ...]:
    gone, there = {at for at, _ in taken}, {to for _, to in taken}
    free: dict[Hashable, list[int]] = {}
    for to, each in enumerate(after):
        if to not in there:
            free.setdefault(key(each), []).append(to)
    found = []
    for at, each in enumerate(before):
        if at not in gone and (places := free.get(key(each))):
            found.append((at, places.pop(0)))
    return tuple(found)


def _altered(before: Sequence[LockedLayer], after: Sequence[LockedLayer]) -> Iterator[Change]:
    pairs = sorted(layer_pairs(before, after))
    files = {(before[at].file, after[to].file) for at, to in pairs}
    for at, to in pairs:
        details = tuple(_layer_details(before[at], after[to], files))
        if details:
            yield Change("changed", after[to].label, "layer", at, to, after[to].within, details)


def _layer_details(old: LockedLayer, new: LockedLayer, files: set[_Files]) -> Iterator[Detail]:
    if old.qualified_name != new.qualified_name:
        yield Detail("class", old.qualified_name, new.qualified_name)
    if old.origin != new.origin:
        yield Detail("origin", old.origin, new.origin)
    if old.file is not None and new.file is not None and not _renamed(old.file, new.file, files):
        yield Detail("file", old.file, new.file)
    before, after = dict(old.arguments), dict(new.arguments)
    for name in dict.fromkeys((*before, *after)):
        if not _agree(before.get(name), after.get(name)):
            yield Detail(f"argument {name}", before.get(name), after.get(name))


def _agree(old: str | None, new: str | None) -> bool:
    """Whether both are one text; of a path in a folder with a long name one side may hold the beginning alone."""
    if old is None or new is None or old == new:
        return old == new
    pairs = ((old, new), (new, old))
    return any(cut.endswith("./…") and whole.startswith(cut[:-1]) for cut, whole in pairs)


def _renamed(old: str, new: str, files: set[_Files]) -> bool:
    """Whether all that one file registered is now in the other: it has another name, and no layer another place."""
    return old == new or [pair for pair in files if pair[0] == old or pair[1] == new] == [(old, new)]


def _routed(before: Sequence[LockedRoute], after: Sequence[LockedRoute]) -> Iterator[Change]:
    olds, news = ({route.name: route for route in side} for side in (before, after))
    yield from (_whole("removed", route) for name, route in olds.items() if name not in news)
    yield from (_whole("added", route) for name, route in news.items() if name not in olds)
    common: dict[_Key, list[str]] = {}
    for name, old in olds.items():
        for key in _on_the_way(old, news[name]) if name in news else ():
            common.setdefault(key, []).append(name)
    for (kind, what, label, at, to), names in common.items():
        yield Change(kind, label, what, at, to, "route", routes=tuple(names))
    for name, old in olds.items():
        if name in news and old.skipped != news[name].skipped:
            detail = Detail("skipped layers", _listed(old.skipped), _listed(news[name].skipped))
            yield Change("changed", name, "route", details=(detail,))


def _whole(kind: ChangeKind, route: LockedRoute) -> Change:
    passed = _listed((*route.layers, *route.dependencies))
    detail = Detail("passes", passed if kind == "removed" else None, passed if kind == "added" else None)
    return Change(kind, route.name, "route", details=(detail,) if passed else ())


def _listed(labels: Sequence[str]) -> str | None:
    return " > ".join(labels) or None


def _on_the_way(old: LockedRoute, new: LockedRoute) -> Iterator[_Key]:
    before, after = (_chain(route) for route in (old, new))
    for kind, at, to in _steps(len(before), len(after), _paired(before, after, lambda each: each, ())):
        side, place = (before, at) if to is None else (after, to)
        assert place is not None  # noqa: S101 - a step has a place on one side at least
        what, label = side[place]
        yield kind, what, label, at, to


def _chain(route: LockedRoute) -> tuple[tuple[Subject, str], ...]:
    layers: list[tuple[Subject, str]] = [("layer", label) for label in route.layers]
    return (*layers, *(("dependency", label) for label in route.dependencies))
