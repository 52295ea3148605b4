"""Who sets context variables and keys of the scope, and who can see them: a lane for each of them through the stack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.model import Trace
from mwviz.model.state import Carried, Where
from mwviz.render.plain import columns, shorten, visible
from mwviz.render.terminal import Part, Style, end_name, fold, paint
from mwviz.values import dataclass

_SETS, _SEES, _IN, _OUT, _RESETS, _CUTS, _BLIND = "●", "│", "↓", "↑", "○", "┬", "·"
_MEANINGS = {
    _SETS: "sets it",
    _SEES: "sees it",
    _IN: "only on the way in",
    _OUT: "only on the way out",
    _RESETS: "resets it",
    _CUTS: "cuts it off",
}
_STYLES: dict[str, Style] = {_SETS: "green", _CUTS: "red", _RESETS: "yellow", _BLIND: "dim"}
_WIDEST, _GAP, _INDENT = 22, 2, 2


@dataclass(frozen=True, slots=True)
class _Grid:
    """The rows of the lanes with their names; the columns that names of places and of lanes have at most."""

    places: Sequence[tuple[Where, str]]
    room: int
    widest: int

    def wide(self, item: Carried) -> int:
        """Return how many columns the lane of an item needs."""
        return min(self.widest, max(columns(visible(item.name)), columns(_home(item))))

    def cell(self, text: str, item: Carried) -> str:
        """Return what stands in its lane, as wide as that is."""
        return " " * _GAP + text + " " * (self.wide(item) - columns(text))


def section(trace: Trace, *, width: int, color: bool, verbose: bool) -> Iterator[str]:
    """Return the lines of the section, none where nothing was carried; `verbose` adds the keys that the router sets."""
    items = [each for each in trace.state or () if verbose or set(each.set_by) != {"router"}]
    if not items:
        return
    places = _places(trace, items)
    room = min(max(columns(name) for _, name in places), width // 2)
    grid = _Grid(places, room, min(_WIDEST, width - _INDENT - room - _GAP))
    yield from ("", "State, and who can see it:")
    for block in _blocks(items, width - _INDENT - room, grid):
        for line in _block(block, grid, trace):
            yield paint(line, color)
        yield ""
    for line in (_legend(items, places), *_told(trace, items)):
        for part in fold([(" " * _INDENT, ""), *line], width, _INDENT):
            yield paint(part, color)


def _places(trace: Trace, items: Sequence[Carried]) -> list[tuple[Where, str]]:
    """Return the rows with their names: every layer that was reached, calls only where they set something, the end."""
    missed = {*trace.not_reached}
    rows: list[tuple[Where, str]] = [
        (each.index, visible(each.label)) for each in trace.layers if each.index not in missed
    ]
    acting = dict.fromkeys(place for each in items for place in (*each.set_by, *each.reset_by, *each.cut_by))
    seen = {place for each in items for place in (*each.seen_in, *each.seen_out)}
    if "router" in acting or ("router" in seen and "endpoint" not in seen | {*acting}):
        rows.append(("router", "router"))
    calls = [each for each in acting if isinstance(each, str) and each not in ("router", "endpoint")]
    rows += [(each, visible(each)) for each in calls if not each.startswith("background ")]
    if "endpoint" in seen | {*acting}:
        rows.append(("endpoint", end_name(trace)))
    return rows + [(each, visible(each)) for each in calls if each.startswith("background ")]


def _blocks(items: Sequence[Carried], room: int, grid: _Grid) -> Iterator[list[Carried]]:
    """Yield the columns that fit beside each other."""
    block: list[Carried] = []
    used = 0
    for each in items:
        needed = _GAP + grid.wide(each)
        if block and used + needed > room:
            yield block
            block, used = [], 0
        block.append(each)
        used += needed
    yield block


def _home(item: Carried) -> str:
    if item.kind == "scope":
        return "scope"
    return visible(item.module) if item.module is not None else "context"


def _block(items: Sequence[Carried], grid: _Grid, trace: Trace) -> Iterator[list[Part]]:
    start: Part = (" " * (_INDENT + grid.room), "")
    yield [start, *((grid.cell(shorten(visible(each.name), grid.widest), each), "bold") for each in items)]
    yield [start, *((grid.cell(_tail(_home(each), grid.widest), each), "dim") for each in items)]
    for place, name in grid.places:
        tone: Style = "dim" if isinstance(place, int) and trace.layers[place].origin == "framework" else ""
        named = shorten(name, grid.room)
        signs = [_sign(each, place) for each in items]
        lanes = [(grid.cell(sign, each), _STYLES.get(sign, "")) for sign, each in zip(signs, items, strict=True)]
        yield [(" " * _INDENT + named + " " * (grid.room - columns(named)), tone), *lanes]


def _tail(module: str, widest: int) -> str:
    """Return the end of a long module, which tells more than its beginning."""
    return shorten(module[::-1], widest)[::-1]


def _sign(item: Carried, place: Where) -> str:
    if place in item.set_by:
        return _SETS
    if place in item.cut_by:
        return _CUTS
    if place in item.reset_by:
        return _RESETS
    match place in item.seen_in, place in item.seen_out:
        case True, True:
            return _SEES
        case True, False:
            return _IN
        case False, True:
            return _OUT
        case _:
            return _BLIND


def _legend(items: Sequence[Carried], places: Sequence[tuple[Where, str]]) -> list[Part]:
    used = {_sign(each, place) for each in items for place, _ in places}
    return [("   ".join(f"{sign} {meaning}" for sign, meaning in _MEANINGS.items() if sign in used), "dim")]


def _told(trace: Trace, items: Sequence[Carried]) -> Iterator[list[Part]]:
    """Yield a sentence for each place that keeps what is set further in, and on what nobody was seen to set."""
    kept: dict[tuple[Where, str], list[Carried]] = {}
    for each in items:
        for place in each.cut_by:
            kept.setdefault((place, each.kind), []).append(each)
    for (place, kind), those in kept.items():
        names = _listed([visible(each.name) for each in those])
        yield [(f"{_name(trace, place)} {_why(place, kind)}: {names} {_stays(place, those)}.", "")]
    if unknown := [visible(each.name) for each in items if None in each.set_by]:
        yield [(f"Who set {_listed(unknown)} could not be observed every time.", "")]


def _name(trace: Trace, place: Where) -> str:
    if isinstance(place, int):
        return visible(trace.layers[place].label)
    return end_name(trace) if place == "endpoint" else visible(place)


def _why(place: Where, kind: str) -> str:
    if not isinstance(place, int):
        return "runs in a worker thread, with a copy of the context"
    return "runs what is inside of it in another task" if kind == "context" else "hands a copy of the scope inward"


def _stays(place: Where, those: Sequence[Carried]) -> str:
    verb = "is" if len(those) == 1 else "are"
    return f"{verb} seen nowhere else" if not isinstance(place, int) else f"{verb} not seen further out"


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
