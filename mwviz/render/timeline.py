"""`timeline`: what crossed which boundary when, in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from mwviz.model import Event, Trace
from mwviz.render import changes, words
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
    return framed(trace, body, width=width, color=color)


def _drawn(trace: Trace, events: Sequence[Event], width: int, color: bool, verbose: bool) -> Iterator[str]:
    changed = _changes(trace) if events is trace.timeline else {}  # the lifespan's tells of no request
    names = {index: _indented(trace, index) for index in {event.of for event in events}}
    times_width = 2 * _TIME_WIDTH + 3 if verbose else _TIME_WIDTH
    room = min(max(map(columns, names.values()), default=0), (width - times_width) // 2)
    before = 0
    for at, event in enumerate(events):
        name = _fitted(names[event.of], room)
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
        for text in changed.get(at, ()):
            for line in fold([(text, "dim")], width - indent - 2, 2):
                yield paint([(" " * (indent + 2), ""), *line], color)


def _changes(trace: Trace) -> dict[int, tuple[str, ...]]:
    """Return by event what layers changed: of the request where it enters what comes next, of the answer where it goes.

    Both are told at the first event that shows them.
    """
    shown: dict[int, tuple[str, ...]] = {}
    calls = [at for at, event in enumerate(trace.timeline) if event.event == "enter"]
    after = dict(zip_longest(calls, calls[1:]))
    entered = {trace.timeline[at].of: at for at in reversed(calls)}
    answered = {event.of: at for at, event in reversed([*enumerate(trace.timeline)]) if _is_answer(event)}
    for index in trace.request_order:
        step = words.step_of(trace, index)
        if step is None:
            continue
        inside, out = after.get(entered.get(index)), answered.get(index)
        if step.request_changes and inside is not None:
            shown[inside] = tuple(map(visible, step.request_changes))
        told = (*map(visible, step.response_changes or ()), *filter(None, [changes.held_back(step)]))
        if told and out is not None:
            shown[out] = told
    return shown


def _is_answer(event: Event) -> bool:
    return event.event == "send" and event.message in words.STARTS


def _indented(trace: Trace, of: int | str) -> str:
    """Return the name of a place, one column further in per layer around it, as far as that stays readable."""
    if isinstance(of, int):
        return " " * min(of, _DEEPEST) + visible(trace.layers[of].label)
    name = end_name(trace) if of == "endpoint" else visible(of)
    return " " * min(len(trace.layers), _DEEPEST) + name


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
