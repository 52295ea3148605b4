"""`timeline`: what crossed which boundary when, in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.model import Event, Trace
from mwviz.render import changes, state, words
from mwviz.render.plain import columns, duration, shorten, visible
from mwviz.render.terminal import NARROWEST, Part, Style, end_name, fold, framed, paint, status_style

_ARROWS = {"enter": "→", "receive": "→", "send": "←", "leave": "←", "raise": "✗"}
_TIME_WIDTH = 8
_DEEPEST = 12


def render(trace: Trace, *, width: int, color: bool, verbose: bool) -> str:
    """Return a line per crossing, in lines of at most `width` columns; `verbose` adds how long after the one before."""
    width = max(width, NARROWEST)
    body = list(_drawn(trace, trace.timeline, width, color, verbose)) or ["Nothing crossed a boundary."]
    if trace.lifespan is not None and trace.lifespan.timeline:
        body += ["", "Startup and shutdown, by a clock of their own:"]
        body += _drawn(trace, trace.lifespan.timeline, width, color, verbose)
    body += state.section(trace, width=width, color=color, verbose=verbose)
    return framed(trace, body, width=width, color=color)


def _drawn(trace: Trace, events: Sequence[Event], width: int, color: bool, verbose: bool) -> Iterator[str]:
    changed = changes.seen(trace) if events is trace.timeline else {}
    names = _names(trace, events)
    timed = words.is_timed(trace)
    times_width = 0 if not timed else 2 * _TIME_WIDTH + 3 if verbose else _TIME_WIDTH
    room = min(max(map(columns, names.values()), default=0), (width - times_width) // 2)
    before = 0
    for number, event in enumerate(events):
        name = _fitted(names[event.of], room)
        times = f"{duration(event.at_ns):>{_TIME_WIDTH}}"
        if verbose:
            times += f"  {'+' + duration(event.at_ns - before):>{_TIME_WIDTH + 1}}"
        before = event.at_ns
        sign = _ARROWS[event.event]
        start: list[Part] = [(f"{times}  " if timed else "", "dim"), (f"{sign} ", "red" if sign == "✗" else "")]
        start.append((name + " " * (room - columns(name) + 2), _tone(trace, event.of)))
        indent = sum(columns(text) for text, _ in start)
        first, *more = fold(_told(event), width - indent)
        yield paint([*start, *first], color)
        for line in more:
            yield paint([(" " * indent, ""), *line], color)
        for _, text in changed.get(number, ()):
            for line in fold([(text, "dim")], width - indent - 2, 2):
                yield paint([(" " * (indent + 2), ""), *line], color)


def _names(trace: Trace, events: Sequence[Event]) -> dict[int | str, str]:
    """Return the names of places, one column further in per layer around it, as far as that stays readable."""
    names: dict[int | str, str] = {}
    depth = 0
    for event in events:
        if isinstance(event.of, int):
            depth = max(depth, event.of + 1)
            names[event.of] = " " * min(event.of, _DEEPEST) + visible(trace.layers[event.of].label)
        elif event.of not in names:
            name = end_name(trace) if event.of == "endpoint" else visible(event.of)
            names[event.of] = " " * min(depth, _DEEPEST) + name
    return names


def _fitted(name: str, room: int) -> str:
    """Return the name in at most `room` columns: the indentation gives way first, and the `#2` of a name never."""
    bare = name.lstrip()
    if columns(bare) <= room:
        return " " * min(room - columns(bare), len(name) - len(bare)) + bare
    head, mark, number = bare.rpartition("#")
    last = mark + number if number.isdecimal() else ""
    return shorten(head if last else bare, room - columns(last)) + last


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
