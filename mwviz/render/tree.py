"""`tree`: the onion, every layer opened on the way in and closed on the way out."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.model import Layer, Step, Trace
from mwviz.render import words
from mwviz.render.plain import duration, visible
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
    paint,
    source,
    too_early,
)
from mwviz.values import dataclass

_TIME_WIDTH = 7


@dataclass(frozen=True, slots=True)
class _Ring:
    """One line of the onion: turn and own time, the rails left of its sign, what it says, and further lines below."""

    turn: str
    time: str
    rails: str
    sign: str
    said: tuple[Part, ...]
    style: Style = ""
    more: tuple[str, ...] = ()


def render(trace: Trace, *, width: int, color: bool, verbose: bool) -> str:
    """Return the onion in lines of at most `width` columns; `verbose` adds kinds, arguments and changes."""
    width = max(width, NARROWEST)
    rails = _rails(len(trace.request_order) + 1, width // 3)
    digits = len(str(len(trace.layers) + 1))
    rings = [*_way_in(trace, rails, verbose), *_core(trace, rails), *_way_out(trace, rails, verbose)]
    return framed(trace, _drawn(rings, digits, width, color, timed=words.is_timed(trace)), width=width, color=color)


def _rails(depth: int, most: int) -> list[str]:
    """Return the rails left of each level; from `most` columns on they stay where they are, however deep it goes."""
    step = "│ " if 2 * depth <= most else "│"
    deepest = most // len(step)
    return [step * level if level < deepest else step * (deepest - 1) + "┊" for level in range(depth + 1)]


def _way_in(trace: Trace, rails: list[str], verbose: bool) -> Iterator[_Ring]:
    entered = set(trace.request_order)
    hidden = [layer.index for layer in trace.layers if layer.index not in entered]
    for level, index in enumerate(trace.request_order):
        while hidden and hidden[0] < index:
            yield _unseen(trace, hidden.pop(0), rails[level])
        layer, step = trace.layers[index], words.step_of(trace, index)
        more = _particulars(layer, step) if verbose else ()
        home = trace.layers[trace.request_order[level - 1]].within if level else "app"
        said = tuple(_titled(layer, verbose, is_first=layer.within != home))
        time = duration(step.self_request_ns) if step is not None else "-"
        yield _Ring(f"↓{level + 1}", time, rails[level], "╭ ", said, _tone(layer, step), more)
    for index in hidden:
        yield _unseen(trace, index, rails[len(trace.request_order)])


def _titled(layer: Layer, verbose: bool, *, is_first: bool) -> Iterator[Part]:
    yield visible(layer.label), _tone_of_name(layer)
    if is_first and not mark(layer):
        yield f"  {visible(layer.within)}", "dim"
    if layer.origin != "framework" or verbose:
        shown = source(layer.registered_at or layer.defined_at, whole=verbose)
        about = " · ".join(filter(None, (mark(layer), words.KINDS[layer.kind] if verbose else "", shown)))
        yield f"  {about}", "dim"


def _tone_of_name(layer: Layer) -> Style:
    return "dim" if layer.origin == "framework" else ""


def _tone(layer: Layer, step: Step | None) -> Style:
    return "dim" if is_faint(layer, step) else ""


def _unseen(trace: Trace, index: int, rails: str) -> _Ring:
    said = f"{visible(trace.layers[index].label)}  {words.happened(trace, index)}"
    return _Ring("-", "", rails, "┄ ", ((said, "dim"),), "dim")


def _core(trace: Trace, rails: list[str]) -> Iterator[_Ring]:
    text, style = end_happened(trace)
    level = len(trace.request_order)
    if text == "not reached":
        yield _Ring("-", "", rails[level], "┄ ", ((f"{end_name(trace)}  {text}", "dim"),), "dim")
        return
    defined = trace.endpoint.defined_at if trace.endpoint is not None else None
    place: Part = (f"  {source(defined, whole=False)}".rstrip(), "dim")
    yield _Ring(f"↓{level + 1}", "", rails[level], "● ", ((end_name(trace), ""), place, (f"  {text}", style)))


def _way_out(trace: Trace, rails: list[str], verbose: bool) -> Iterator[_Ring]:
    turns, early = words.turns(trace.response_order), too_early(trace)
    for level, index in reversed(list(enumerate(trace.request_order))):
        layer, step = trace.layers[index], words.step_of(trace, index)
        turn = turns.get(index)
        if step is None or (turn is None and step.left_ns is None and step.outcome == "passed"):
            continue
        arrow = f"↑{turn}" if turn else "✗" if step.raised or step.outcome == "hung" else "-"
        happened = words.happened(trace, index, verbose=verbose).removeprefix("passed on").removeprefix(", ")
        said: tuple[Part, ...] = (visible(layer.label), _tone_of_name(layer)), (f"  {happened}", outcome_style(step))
        more = tuple(visible(change) for change in step.response_changes or ()) if verbose else ()
        said = said if happened else said[:1]
        style: Style = "yellow" if index in early else "red" if arrow == "✗" else _tone(layer, step)
        yield _Ring(arrow, duration(step.self_response_ns), rails[level], "╰ ", said, style, more)


def _particulars(layer: Layer, step: Step | None) -> tuple[str, ...]:
    arguments = (f"{visible(name)}={visible(text)}" for name, text in layer.arguments.items())
    changes = step.request_changes or () if step is not None else ()
    return (*arguments, *map(visible, changes))


def _drawn(rings: list[_Ring], digits: int, width: int, color: bool, *, timed: bool) -> Iterator[str]:
    for ring in rings:
        turn = f"{ring.turn[:1]} {ring.turn[1:]:>{digits}}"
        margin = f"  {ring.time:>{_TIME_WIDTH}}  " if timed else "  "
        indent = " " * len(turn + margin)
        room = width - len(indent) - len(ring.rails) - len(ring.sign)
        texts = [*fold(ring.said, room, 2), *(line for text in ring.more for line in fold([(text, "dim")], room, 2))]
        beside = "│ " if ring.sign == "╭ " else "  "
        for at, line in enumerate(texts):
            start: Line = [(indent, "")] if at else [(turn, ring.style), (margin, "dim")]
            yield paint([*start, (ring.rails, "dim"), (beside if at else ring.sign, "dim"), *line], color)
