"""`table`: the matrix for the terminal, a column per layer that adds headers, under its number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from mwviz.model.faults import Fault, Faults, Reply
from mwviz.render.faults import words
from mwviz.render.faults.matrix import Group, Run, runs
from mwviz.render.faults.meaning import meaning
from mwviz.render.faults.words import Cell, State
from mwviz.render.plain import columns, shorten, visible
from mwviz.render.terminal import NARROWEST, Line, Part, Style, fold, paint, status_style
from mwviz.values import dataclass

_GAP = 2
_STYLES: dict[State, Style] = {"kept": "green", "some": "yellow", "lost": "red", "unreached": "dim"}
_INDENT, _REMARK = 2, 6
#: Room that the places keep, however many columns there are.
_PLACES_LEAST = 24


@dataclass(frozen=True, slots=True)
class Band:
    """Columns that stand side by side: `main` has the status of the request itself, only the `first` has remarks."""

    normal: tuple[Group, ...]
    asked: tuple[Group, ...]
    main: bool
    first: bool

    @property
    def width(self) -> int:
        """Columns of the terminal that it takes beside the places."""
        return (_cells_width(self.normal) if self.main else 0) + (_cells_width(self.asked) if self.asked else 0)

    def has(self, run: Run) -> bool:
        """Whether it has anything to say of some rows."""
        return self.main or run.first.preflight is not None


def render(faults: Faults, *, width: int = 80, color: bool = False, verbose: bool = False, every: bool = False) -> str:
    """Return the matrix in lines of at most `width` columns; `verbose` names the headers that each row has lost."""
    width = max(width, NARROWEST)
    parts: list[Line | None] = []
    if faults.before is not None:
        parts += [*_matrix(faults.before, width, verbose, every, "as it is"), None]
        parts += _matrix(faults, width, verbose, every, f"as tried: {words.order(faults)}")
    else:
        parts += _matrix(faults, width, verbose, every, None)
    return "\n".join(paint(line, color) if line is not None else "" for line in parts) + "\n"


def _matrix(faults: Faults, width: int, verbose: bool, every: bool, named: str | None) -> Iterator[Line | None]:
    yield from fold([(visible(faults.target), "bold"), (f" · {named}" if named else "", "")], width, 2)
    yield from fold([(words.request(faults.normal), "")], width, 2)
    if faults.preflight is not None:
        yield from fold([(words.request(faults.preflight), "")], width, 2)
    yield None
    yield from _legend(faults, width)
    yield from _rows(faults, width, verbose, every)
    yield None
    for note in faults.notes:
        yield from fold([("Note: ", "dim"), (visible(note), "")], width, 6)
    if faults.notes:
        yield None
    for sentence in meaning(faults):
        yield from fold([(sentence, "bold")], width, 2)


def _legend(faults: Faults, width: int) -> Iterator[Line | None]:
    told = words.legend(faults)
    if not told:
        yield from fold([("The normal response has no headers but those of its body.", "")], width, 2)
        yield None
        return
    digits = max(columns(words.head(group)) for group, _ in told)
    names = min(max(columns(words.adder(group)) for group, _ in told), width // 2 - digits - 2 * _GAP)
    yield from fold([("Headers by the layer that adds them: ", ""), (words.KEY, "dim")], width, 2)
    for group, kind in told:
        indent, name = digits + names + 2 * _GAP, words.adder(group)
        head: list[Part] = [(f"{words.head(group):>{digits}}", "bold"), (f"  {name}", "")]
        if (left := names - columns(name)) < 0:
            yield from fold(head, width, digits + _GAP)
            head, left = [], indent - _GAP
        what = kind + ", ".join(map(visible, group.names))
        yield from fold([*head, (" " * (left + _GAP), ""), (what, "dim")], width, indent)
    yield None


def _rows(faults: Faults, width: int, verbose: bool, every: bool) -> Iterator[Line | None]:
    found = runs(faults, every=every)
    names = [" … ".join(words.where(run)) for run in found] + [words.section(run)[_INDENT:] for run in found]
    for band in _bands(*words.blocks(faults), width - _INDENT - _PLACES_LEAST):
        places = min(max(map(columns, names), default=0), max(width - band.width - _INDENT, _PLACES_LEAST))
        yield from [] if band.first else [None]
        yield from _band(faults, [run for run in found if band.has(run)], band, places, width, verbose)


def _bands(normal: Sequence[Group], asked: Sequence[Group], room: int) -> Iterator[Band]:
    """Columns that fit beside the places: all of them where they do, else one part below the other."""
    whole = Band(tuple(normal), tuple(asked), main=True, first=True)
    if whole.width <= room:
        yield whole
        return
    for at, groups in enumerate(_fitting(normal, room)):
        yield Band(groups, (), main=True, first=at == 0)
    for groups in _fitting(asked, room) if asked else ():
        yield Band((), groups, main=False, first=False)


def _fitting(groups: Sequence[Group], room: int) -> Iterator[tuple[Group, ...]]:
    part: tuple[Group, ...] = ()
    for group in groups:
        if part and _cells_width((*part, group)) > room:
            yield part
            part = ()
        part = (*part, group)
    yield part


def _band(
    faults: Faults, found: Sequence[Run], band: Band, places: int, width: int, verbose: bool
) -> Iterator[Line | None]:
    for at, (section, rows) in enumerate(groupby(found, words.section)):
        yield from [None] if at else []
        yield _headings(band, section, places)
        for run in rows:
            yield from _run(faults, run, band, places, width, verbose)


def _cells_width(groups: Sequence[Group]) -> int:
    return _GAP + len("status") + sum(_GAP + _cell_width(group) for group in groups)


def _cell_width(group: Group) -> int:
    return max(columns(words.head(group)), 1 if len(group.names) < 2 else 2 * len(str(len(group.names))) + 1)


def _headings(band: Band, section: str, places: int) -> Line:
    title = shorten(section, places + _INDENT)
    status = "  status" if band.main else ""
    line: list[Part] = [(title, "bold"), (" " * (places + _INDENT - columns(title)) + status, "dim")]
    if band.main:
        line += [(f"  {words.head(group):>{_cell_width(group)}}", "dim") for group in band.normal]
    if band.asked and section != words.AT_ENDPOINT:
        line += [("  prefl.", "dim")]
        line += [(f"  {words.head(group):>{_cell_width(group)}}", "dim") for group in band.asked]
    return line


def _run(faults: Faults, run: Run, band: Band, places: int, width: int, verbose: bool) -> Iterator[Line]:
    row = run.first
    first, *more = _where(run, places)
    line: list[Part] = [(" " * _INDENT, ""), *first, (" " * (places - sum(columns(text) for text, _ in first)), "")]
    if band.main:
        line += [(" " * _GAP, ""), _status(row), *_cells(row, band.normal)]
    if band.asked and row.preflight is not None:
        line += [(" " * _GAP, ""), _status(row.preflight), *_cells(row.preflight, band.asked)]
    told = words.remark(faults, row, verbose=verbose) if band.first else ""
    left = width - sum(columns(text) for text, _ in line) - _GAP
    aside = told if told and columns(told) <= left else ""
    yield [*line, ("  " if aside else "", ""), (aside, "dim")]
    for rest in more:
        yield [(" " * _INDENT, ""), *rest]
    if told and not aside:
        yield from fold([(" " * _REMARK, ""), (told, "dim")], width, _REMARK)


def _where(run: Run, width: int) -> list[list[Part]]:
    whole = " … ".join(words.where(run))
    if columns(whole) <= width:
        return [[(whole, "")]]
    begin, *end = words.where(run)  # a number stays with its name
    lines = fold([(f"{begin} …" if end else begin, "")], width, 2)
    return [*lines, *([(" " * 2, ""), *line] for each in end for line in fold([(each, "")], width - 2, 2))]


def _status(reply: Fault | Reply) -> Part:
    style: Style = "dim" if not reply.reached else status_style(reply.status)
    return f"{words.status(reply):>{len('status')}}", style


def _cells(reply: Fault | Reply, groups: Sequence[Group]) -> Iterator[Part]:
    for group in groups:
        told: Cell = words.cell(reply, group.names)
        yield " " * (_GAP + _cell_width(group) - columns(told.text)) + told.text, _STYLES[told.state]
