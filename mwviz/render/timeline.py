"""`timeline`: what crossed which boundary when, in both directions."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.model import Event, Trace
from mwviz.render.plain import columns, duration, shorten, visible
from mwviz.render.terminal import NARROWEST, Part, Style, end_name, fold, framed, paint, status_style

_ARROWS = {"enter": "→", "receive": "→", "send": "←", "leave": "←", "raise": "✗"}
_TIME_WIDTH = 8
_DEEPEST = 12


def render(trace: Trace, *, width: int, color: bool, verbose: bool) -> str:
    """Return a line per crossing, in lines of at most `width` columns; `verbose` adds how long after the one before."""
    width = max(width, NARROWEST)
    body = list(_drawn(trace, width, color, verbose)) or ["Nothing crossed a boundary."]
    return framed(trace, body, width=width, color=color)


def _drawn(trace: Trace, width: int, color: bool, verbose: bool) -> Iterator[str]:
    names = {index: _indented(trace, index) for index in {event.of for event in trace.timeline}}
    times_width = 2 * _TIME_WIDTH + 3 if verbose else _TIME_WIDTH
    room = min(max(map(columns, names.values()), default=0), (width - times_width) // 2)
    before = 0
    for event in trace.timeline:
        name = shorten(names[event.of], room)
        times = f"{duration(event.at_ns):>{_TIME_WIDTH}}"
        if verbose:
            times += f"  {'+' + duration(event.at_ns - before):>{_TIME_WIDTH + 1}}"
        before = event.at_ns
        sign = _ARROWS[event.event]
        start: list[Part] = [(f"{times}  ", "dim"), (f"{sign} ", "red" if sign == "✗" else "")]
        start.append((name + " " * (room - columns(name) + 2), _tone(trace, event.of)))
        indent = sum(columns(text) for text, _ in start)
        first, *more = fold(_told(event), width - indent)
        yield paint([*start, *first], color)
        for line in more:
            yield paint([(" " * indent, ""), *line], color)


def _indented(trace: Trace, of: int | str) -> str:
    """Return the name of a place, one column further in per layer around it, as far as that stays readable."""
    if isinstance(of, int):
        return " " * min(of, _DEEPEST) + visible(trace.layers[of].label)
    name = end_name(trace) if of == "endpoint" else visible(of)
    return " " * min(len(trace.layers), _DEEPEST) + name


def _told(event: Event) -> list[Part]:
    detail = visible(event.detail) if event.detail else ""
    said = f"{event.event} {visible(event.message)}" if event.message else event.event
    return [(said, ""), (f" {detail}" if detail else "", _detail_style(event))]


def _detail_style(event: Event) -> Style:
    if event.event == "raise":
        return "red"
    starts = event.message in ("http.response.start", "websocket.http.response.start")
    code = (event.detail or "").partition(",")[0] if starts else ""
    return status_style(int(code)) if code.isdecimal() else "dim"


def _tone(trace: Trace, of: int | str) -> Style:
    return "dim" if isinstance(of, int) and trace.layers[of].origin == "framework" else ""
