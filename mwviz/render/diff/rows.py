"""Both orders as one list, and every change in words. Texts are visible but still foreign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from mwviz.model.diff import Change, Detail, Difference
from mwviz.render.plain import visible
from mwviz.values import dataclass

Mark: TypeAlias = Literal[" ", "+", "-", ">", "~"]

#: So many routes are named that a change concerns; the JSON has all of them.
_ROUTES = 4
_MARKS: dict[str, Mark] = {"added": "+", "removed": "-", "moved": ">", "changed": "~"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: what became of the thing named, and all that is to be said of that."""

    mark: Mark
    name: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Changes beside those of the stack, under a title of their own."""

    title: str
    rows: tuple[Row, ...]


def title(difference: Difference) -> str:
    """Both sides, the old one first."""
    return f"{visible(difference.old.name)} → {visible(difference.new.name)}"


def stack(difference: Difference) -> tuple[Row, ...]:
    """Every compared layer, outermost first; what was removed stands where it was."""
    rows = [
        _row([each for each in _of_layers(difference) if each.after == at], visible(layer.label), difference)
        for at, layer in enumerate(difference.after)
    ]
    names = [layer.label for layer in difference.after]
    for change in _of_layers(difference):
        if change.kind == "removed" and change.before is not None:
            place = _after_neighbour(change.before, difference, names)
            rows.insert(place, _row([change], visible(change.layer), difference))
            names.insert(place, change.layer)
    return tuple(rows)


def sections(difference: Difference) -> tuple[Section, ...]:
    """What else has changed: layers of mounts and routes, ways to routes, routes, and the answer to the probe."""
    told: dict[str, list[Row]] = {}
    shown = {id(each) for each in _of_layers(difference)}
    for change in difference.changes:
        if id(change) not in shown:
            told.setdefault(_heading(change), []).append(_row([change], visible(change.layer), difference))
    return tuple(Section(heading, tuple(rows)) for heading, rows in told.items())


def summary(difference: Difference) -> str:
    """How many changes there are of which kind."""
    if not difference.changes:
        count = len(difference.after)
        return f"No difference in {'one layer' if count == 1 else f'{count} layers'}."
    kinds = [change.kind for change in difference.changes]
    counts = (f"{kinds.count(kind)} {kind}" for kind in _MARKS if kind in kinds)
    return f"{', '.join(counts)}."


def told(detail: Detail) -> str:
    """One detail in words."""
    what, before, after = visible(detail.what), _text(detail.before), _text(detail.after)
    if what == "passes":
        return f"passes {after or before}"
    if before is None:
        return f"{what} added: {after}"
    return f"{what}: {before} → {after}" if after is not None else f"{what} removed: {before}"


def _text(text: str | None) -> str | None:
    return None if text is None else visible(text)


def _of_layers(difference: Difference) -> list[Change]:
    labels = {(layer.label, layer.within) for layer in (*difference.before, *difference.after)}
    changes = (each for each in difference.changes if each.what == "layer" and not each.routes)
    return [each for each in changes if (each.layer, each.within) in labels]


def _after_neighbour(before: int, difference: Difference, names: Sequence[str]) -> int:
    moved = {change.before for change in difference.changes if change.kind == "moved" and not change.routes}
    for at, layer in reversed([*enumerate(difference.before[:before])]):
        if layer.label in names and at not in moved:
            return names.index(layer.label) + 1
    return 0


def _row(changes: Sequence[Change], name: str, difference: Difference) -> Row:
    mark: Mark = _MARKS[changes[0].kind] if changes else " "
    return Row(mark, name, tuple(fact for change in changes for fact in _facts(change, difference)))


def _facts(change: Change, difference: Difference) -> Iterator[str]:
    if change.kind == "moved" and not change.routes and change.before is not None and change.after is not None:
        way = "outward" if change.after < change.before else "inward"
        outside = visible(difference.before[change.before - 1].label) if change.before else None
        yield f"moved {way}: was {'the outermost' if outside is None else f'next inside {outside}'}"
    elif change.kind == "added" and change.what == "layer" and not change.routes and change.after is not None:
        layer = difference.after[change.after]
        yield from (f"{visible(name)}={visible(text)}" for name, text in layer.arguments)
    yield from map(told, change.details)


def _heading(change: Change) -> str:
    if change.what == "response":
        return "The answer to the probe"
    if change.what == "route":
        return "Routes"
    if change.routes:
        named, more = change.routes[:_ROUTES], len(change.routes) - _ROUTES
        return f"On the way to {', '.join(map(visible, named))}" + (f" and {more} more" if more > 0 else "")
    return f"Within {visible(change.within)}"
