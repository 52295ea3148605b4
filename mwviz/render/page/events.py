"""Every crossing of a boundary as a table, and the same as steps for the player."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from mwviz.model import Event, Trace
from mwviz.render.graph import END
from mwviz.render.markup import Html, block, element, joined, name, text
from mwviz.render.page import steps
from mwviz.render.page.steps import Change, Playable
from mwviz.render.plain import duration, visible

_SIGNS: dict[steps.Way, str] = {"in": "↓", "out": "↑", "left": "↩", "raised": "✗"}
_COLUMNS = ("step", "time", "", "where", "what crossed")


def table(probe: str, trace: Trace, played: Playable) -> Html:
    """Return all steps as a table; the number of each leads the player there."""
    found = _by_step(played)
    rows = [
        _row(trace, event, number, found.get(number, ()), f"#probe={probe}&step={number}")
        for number, event in enumerate(played.events, 1)
    ]
    more = played.total - len(played.events)
    left_out = element("p", text(f"{more} more steps are left out."), class_="note") if more else Html("")
    return joined((_table("Every crossing, in the order of time", rows), left_out))


def lifespan(trace: Trace) -> Html:
    """Return startup and shutdown as a table; nothing where they were not run."""
    if trace.lifespan is None or not trace.lifespan.timeline:
        return Html("")
    events = trace.lifespan.timeline[: steps.AT_MOST]
    rows = [_row(trace, event, number, (), None) for number, event in enumerate(events, 1)]
    return _table("Startup and shutdown, by a clock of their own", rows)


def played_steps(probe: str, trace: Trace, played: Playable) -> list[dict[str, object]]:
    """Return the steps as data: the row that each is at, its way, its time, and its sentence."""
    found = _by_step(played)
    return [
        {
            "row": f"{probe}-{played.rows.get(event.of, END)}",
            "way": steps.way(event),
            "at": duration(event.at_ns),
            "quick": steps.is_quick(event),
            "says": steps.sentence(trace, event, found.get(number, ())),
        }
        for number, event in enumerate(played.events, 1)
    ]


def ledger(trace: Trace, played: Playable) -> Html:
    """Return what was changed on the way, in the order in which it was seen, each with the layer that did it."""
    if not played.changes:
        return element("p", text("No layer changed anything."), class_="note")
    return block("ol", *_entries(trace, played.changes), class_="ledger")


def _entries(trace: Trace, found: Iterable[Change]) -> Iterator[Html]:
    for (layer, way), group in groupby(found, key=lambda change: (change.layer, change.way)):
        sign = element("span", text("↓ " if way == "request" else "↑ "), aria_hidden="true")
        who = element("span", sign, text(steps.place(trace, layer)), class_="who")
        told = element("span", text(f" changed the {way}:"), class_="spoken")
        changes = list(group)
        items = (element("li", text(change.text), class_="code") for change in changes)
        yield element("li", who, told, element("ul", *items), class_=f"entry {way}", data_at=changes[0].at)


def _by_step(played: Playable) -> dict[int, list[Change]]:
    found: dict[int, list[Change]] = {}
    for change in played.changes:
        if change.at is not None:
            found.setdefault(change.at, []).append(change)
    return found


def _row(trace: Trace, event: Event, number: int, found: Sequence[Change], link: str | None) -> Html:
    way = steps.way(event)
    count = element("a", text(str(number)), href=link) if link is not None else text(str(number))
    said = f"{event.event} {visible(event.message)}" if event.message else event.event
    detail = element("span", text(f" {event.detail}"), class_="detail") if event.detail else Html("")
    changed = [element("span", text(change.text), class_=f"change {change.way}") for change in found]
    return element(
        "tr",
        element("td", count, class_="number"),
        element("td", text(duration(event.at_ns)), class_="number"),
        element("td", text(_SIGNS[way]), class_=f"way {way}", aria_hidden="true"),
        element("td", name(steps.place(trace, event.of)), class_="where"),
        element("td", text(said), detail, *changed),
        data_step=number if link is not None else None,
    )


def _table(title: str, rows: Sequence[Html]) -> Html:
    heads = (
        element("th", text(column), scope="col", class_="number" if column in ("step", "time") else None)
        if column
        else element("td")
        for column in _COLUMNS
    )
    head = element("thead", element("tr", *heads))
    made = block("table", element("caption", text(title)), head, block("tbody", *rows), class_="events")
    scroll = block("div", made, class_="scroll", role="region", aria_label=title, tabindex=0)
    label = element("summary", text(f"{title}: {len(rows)} steps"))
    return block("details", label, scroll, class_="crossings", open=True)
