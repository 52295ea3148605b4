"""`table`: a row per layer, outermost first, with its turn on the way in and on the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Literal

from mwviz.model import Layer, Step, Trace
from mwviz.render import changes, words
from mwviz.render.plain import columns, duration, visible
from mwviz.render.terminal import (
    NARROWEST,
    Line,
    Part,
    Style,
    end_happened,
    end_name,
    fold,
    framed,
    is_faint,
    mark,
    outcome_style,
    own_time,
    paint,
    source,
    too_early,
)
from mwviz.values import dataclass

_GAP = 2
_HAPPENED_LEAST, _CHANGES_LEAST = 18, 16
_NARROWEST = 13
_TWO_COLUMNS = 40
_SAMPLE = 20
_TIME_WIDTH = 8


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Row:
    """The texts of a row."""

    number: str
    way_in: str
    way_out: Part
    name: str
    mark: str
    happened: Part
    times: tuple[str, ...]
    kind: str
    place: str
    faint: bool
    changed: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Column:
    """One column: its heading, what it shows of a row as lines, and how many columns of the terminal it has."""

    heading: str
    width: int
    lines: Callable[[_Row], list[list[Part]]]
    justify: Literal["left", "right"] = "left"


def render(trace: Trace, *, width: int, color: bool, verbose: bool) -> str:
    """Return the table in lines of at most `width` columns; `verbose` adds what else is known of each layer."""
    digits = len(str(len(trace.layers) + 1))
    ins, outs = words.turns(trace.request_order), _turns_out(trace, digits)
    rows = []
    home = "app"
    for layer in trace.layers:
        if layer.within != home:
            home = layer.within
            rows.append(_heading(home, len(_headings(trace, verbose))))
        way_in = f"↓ {ins[layer.index]:>{digits}}" if layer.index in ins else "-"
        rows.append(_row(trace, layer, way_in, outs.get(layer.index), verbose))
    rows.append(_end_row(trace, digits, verbose))
    width = max(width, NARROWEST)
    body = _drawn(rows, _layout(rows, _headings(trace, verbose), width), color)
    if verbose:
        body += ["", *_details(trace, width, color)]
    return framed(trace, body, width=width, color=color)


def _heading(home: str, times: int) -> _Row:
    return _Row("", "", ("", ""), visible(home), "", ("", ""), ("",) * times, "", "", faint=True)


def _headings(trace: Trace, verbose: bool) -> tuple[str, ...]:
    apart = ("own in", "own out", "share") if trace.probe.repeat is not None else ("own in", "own out")
    return () if not words.is_timed(trace) else apart if verbose or apart[2:] else ("own time",)


def _times(trace: Trace, step: Step | None, verbose: bool) -> tuple[str, ...]:
    if len(_headings(trace, verbose)) == 1:
        return (own_time(step),)
    apart = (step.self_request_ns, step.self_response_ns) if step is not None else (None, None)
    share = f"{100 * sum(ns or 0 for ns in apart) / trace.duration_ns:.0f} %" if trace.duration_ns and step else "-"
    return (*map(duration, apart), share)[: len(_headings(trace, verbose))]


def _turns_out(trace: Trace, digits: int) -> dict[int, Part]:
    turns, early = words.turns(trace.response_order), too_early(trace)
    return {index: (f"↑ {turn:>{digits}}", "yellow" if index in early else "") for index, turn in turns.items()}


def _row(trace: Trace, layer: Layer, way_in: str, way_out: Part | None, verbose: bool) -> _Row:
    step = words.step_of(trace, layer.index)
    from_framework = layer.origin == "framework"
    shown = None if from_framework else layer.registered_at or layer.defined_at
    return _Row(
        number=str(layer.index + 1),
        way_in=way_in,
        way_out=way_out or (("✗", "red") if step is not None and step.raised else ("-", "")),
        name=visible(layer.label),
        mark="" if layer.within != "app" else mark(layer),
        happened=(words.happened(trace, layer.index, verbose=verbose), outcome_style(step)),
        times=_times(trace, step, verbose),
        kind="framework" if from_framework else words.KINDS[layer.kind],
        place=source(shown, whole=False),
        faint=is_faint(layer, step),
        changed=changes.short(layer, step),
    )


def _details(trace: Trace, width: int, color: bool) -> Iterator[str]:
    digits = len(str(len(trace.layers)))
    for layer in trace.layers:
        number: Part = (f"{layer.index + 1:>{digits}}  ", "dim")
        for line in fold([number, (visible(layer.qualified_name), "")], width, digits + 4):
            yield paint(line, color)
        for text in _particulars(layer, words.step_of(trace, layer.index)):
            for line in fold([(" " * (digits + 2), ""), (text, "dim")], width, digits + 4):
                yield paint(line, color)


def _particulars(layer: Layer, step: Step | None) -> Iterator[str]:
    if layer.registered_at is not None:
        yield f"registered at {source(layer.registered_at, whole=True)}"
    if layer.defined_at is not None:
        yield f"defined at {source(layer.defined_at, whole=True)}"
    for name, text in layer.arguments.items():
        yield f"{visible(name)}={visible(text)}"
    yield from changes.whole(step)


def _end_row(trace: Trace, digits: int, verbose: bool) -> _Row:
    happened = end_happened(trace)
    reached = happened[0] != "not reached"
    defined = trace.endpoint.defined_at if trace.endpoint is not None else None
    return _Row(
        number="",
        way_in=f"↓ {len(trace.request_order) + 1:>{digits}}" if reached else "-",
        way_out=("" if reached else "-", ""),
        name=end_name(trace),
        mark="",
        happened=happened,
        times=("",) * len(_headings(trace, verbose)),
        kind="" if trace.answered_by == "router" or trace.probe.endpoint == "stand-in" else "endpoint",
        place=source(defined, whole=False),
        faint=not reached,
    )


def _layout(rows: list[_Row], headings: Sequence[str], width: int) -> list[_Column]:
    """Return columns that give every layer one line; where that takes too much, what is known of it goes below."""
    left = [
        _sized("", rows, lambda row: (row.number, "dim"), "right"),
        _sized("in", rows, lambda row: (row.way_in, _tone(row))),
        _sized("out", rows, lambda row: (row.way_out[0], row.way_out[1] or _tone(row))),
    ]
    # Always one width: the layout must not change with the microseconds of a run.
    right = [_Column(heading, _TIME_WIDTH, _time_at(at), "right") for at, heading in enumerate(headings)]
    files = max(columns(row.place.rpartition("/")[2]) for row in rows) + 2
    place_width = min(_widest("place", *(row.place for row in rows)), max(files, width // 4))
    tail = [
        _sized("kind", rows, lambda row: (row.kind, "dim")),
        _Column("place", place_width, lambda row: fold([(row.place, "dim")], place_width, 2)),
    ]
    room = width - sum(column.width + _GAP for column in (*left, *right)) - _GAP
    titles = _widest("layer", *(_titled(row) for row in rows))
    wanted = _widest("what happened", *(row.happened[0] for row in rows))
    stacked = max(wanted, *(columns(row.changed) for row in rows))
    beside = room - sum(column.width + _GAP for column in tail) - titles
    if any(row.changed for row in rows) and beside >= _HAPPENED_LEAST + _GAP + _CHANGES_LEAST:
        changed = _widest("changes", *(row.changed for row in rows))
        happened = min(wanted, max(_HAPPENED_LEAST, beside - _GAP - changed))
        both = _happened(happened), _changed(min(changed, beside - _GAP - happened))
        return [*left, _named(titles, False), *both, *right, *tail]
    if beside >= min(wanted, _HAPPENED_LEAST):
        return [*left, _named(titles, False), _happened(min(stacked, beside), changes=True), *right, *tail]
    if room < _TWO_COLUMNS:
        return [*left, _stacked(room + sum(column.width + _GAP for column in right) + _GAP, headings)]
    name = _flattest(rows, room)
    return [*left, _named(name, True), _happened(min(stacked, room - name), changes=True), *right]


def _flattest(rows: list[_Row], room: int) -> int:
    """Return the width of the names that makes the fewest lines when what happened gets the rest of `room`."""
    # Both ends of a deep stack stand for all of it: this folds every cell once per width tried.
    sample = rows if len(rows) <= 2 * _SAMPLE else [*rows[:_SAMPLE], *rows[-_SAMPLE:]]
    full = _widest("layer", *(text for row in sample for text in (row.name, _about(row))))
    most = min(full, room - _NARROWEST)
    least = min(_widest("layer", *(row.name for row in sample)), most)

    def height(name: int) -> int:
        pair = _named(name, True), _happened(room - name, changes=True)
        return sum(max(len(column.lines(row)) for column in pair) for row in sample)

    return min(range(least, most + 1), key=height)


def _sized(
    heading: str, rows: list[_Row], part: Callable[[_Row], Part], justify: Literal["left", "right"] = "left"
) -> _Column:
    return _Column(heading, _widest(heading, *(part(row)[0] for row in rows)), lambda row: [[part(row)]], justify)


def _time_at(at: int) -> Callable[[_Row], list[list[Part]]]:
    return lambda row: [[(row.times[at], _tone(row))]]


def _named(width: int, folded: bool) -> _Column:
    def lines(row: _Row) -> list[list[Part]]:
        if not folded:
            return [[(row.name, _tone(row)), (f" · {row.mark}" if row.mark else "", "dim")]]
        about = _about(row)
        return [*fold([(row.name, _tone(row))], width), *(fold([(about, "dim")], width, 2) if about else [])]

    return _Column("layer", width, lines)


def _stacked(width: int, headings: Sequence[str]) -> _Column:
    # A time alone needs no name; of several nobody could tell which is which.
    named = [f"{heading.removeprefix('own ')} " if headings[1:] else "" for heading in headings]

    def lines(row: _Row) -> list[list[Part]]:
        told = zip(named, row.times, strict=True)
        times = "".join(f" · {name}{time}" for name, time in told if time.strip("-"))
        happened: Line = [(row.happened[0], row.happened[1] or _tone(row)), (times, "dim")]
        known: Line = [(_about(row), "dim")]
        changed: Line = [(row.changed, "dim")]
        below = [line for line in (happened, changed, known) if any(text for text, _ in line)]
        return [*fold([(row.name, _tone(row))], width), *(part for line in below for part in fold(line, width, 2))]

    return _Column("layer", width, lines)


def _happened(width: int, *, changes: bool = False) -> _Column:
    def lines(row: _Row) -> list[list[Part]]:
        below = fold([(row.changed, "dim")], width, 2) if changes and row.changed else []
        return [*fold([(row.happened[0], row.happened[1] or _tone(row))], width), *below]

    return _Column("what happened", width, lines)


def _changed(width: int) -> _Column:
    return _Column("changes", width, lambda row: fold([(row.changed, "dim")], width, 2))


def _tone(row: _Row) -> Style:
    return "dim" if row.faint else ""


def _titled(row: _Row) -> str:
    return f"{row.name} · {row.mark}" if row.mark else row.name


def _about(row: _Row) -> str:
    return " · ".join(filter(None, (row.mark, row.kind, row.place))) if row.place or row.mark else ""


def _widest(*texts: str) -> int:
    return max(map(columns, texts))


def _justified(column: _Column, line: list[Part]) -> list[Part]:
    if column.justify == "left":
        return line
    return [(" " * (column.width - sum(columns(text) for text, _ in line)), ""), *line]


def _drawn(rows: list[_Row], chosen: list[_Column], color: bool) -> list[str]:
    cells = [_filled(column, [(column.heading, "dim")]) for column in chosen]
    drawn = [_joined(cells, color)]
    for row in rows:
        lines = zip_longest(*(column.lines(row) for column in chosen), fillvalue=[])
        drawn += [_joined(map(_filled, chosen, line), color) for line in lines]
    return drawn


def _filled(column: _Column, line: list[Part]) -> list[Part]:
    justified = _justified(column, line)
    return [*justified, (" " * (column.width + _GAP - sum(columns(text) for text, _ in justified)), "")]


def _joined(cells: Iterable[list[Part]], color: bool) -> str:
    return paint([part for cell in cells for part in cell], color).rstrip()
