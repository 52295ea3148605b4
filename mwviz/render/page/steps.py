"""The probe as steps to be played: one per crossing of a boundary, each with its place, its way and its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Literal, TypeAlias

from mwviz.model import Event, Trace
from mwviz.render import changes, words
from mwviz.render.graph import END, diagram
from mwviz.render.plain import visible
from mwviz.values import dataclass

Way: TypeAlias = Literal["in", "out", "left", "raised"]

#: More than this nobody steps through; a stream of a thousand parts would be most of the page.
AT_MOST = 2_000

_WAYS: dict[str, Way] = {"enter": "in", "receive": "in", "send": "out", "leave": "left", "raise": "raised"}


@dataclass(frozen=True, slots=True)
class Change:
    """What a layer changed on one of the two ways, and the number of the step that shows it; None if none does."""

    layer: int
    way: Literal["request", "response"]
    text: str
    at: int | None


@dataclass(frozen=True, slots=True)
class Playable:
    """The steps of a trace, counted from 1, and what they show when.

    `rows` names the row of each place, `calls` are those of `rows` that are no layers and not the end. `events` may be
    fewer than `total` where there are very many. `answered` is the number of the step that shows the client the answer.
    """

    events: tuple[Event, ...]
    total: int
    rows: Mapping[int | str, str]
    calls: tuple[str, ...]
    changes: tuple[Change, ...]
    answered: int | None

    def done(self, of: int | str) -> int | None:
        """Return the number of the step after which it is known what a place did: it answered, raised or returned."""
        ends = (self.first(of, "send", starts=True), self.first(of, "raise", "leave"))
        return min((number for number in ends if number is not None), default=None)

    def first(self, of: int | str, *events: str, starts: bool = False) -> int | None:
        """Return the number of the first step in which this happens at a place."""
        for number, event in enumerate(self.events, 1):
            if event.of == of and event.event in events and (not starts or event.message in words.STARTS):
                return number
        return None


def playable(trace: Trace) -> Playable:
    """Return the steps of a trace."""
    events = trace.timeline[:AT_MOST]
    rows: dict[int | str, str] = {layer.index: f"n{layer.index}" for layer in trace.layers}
    rows[diagram(trace).nodes[-1].role] = END
    calls = tuple(dict.fromkeys(event.of for event in events if isinstance(event.of, str) and event.of not in rows))
    rows |= {call: f"c{number}" for number, call in enumerate(calls, 1)}
    outermost = trace.request_order[0] if trace.request_order else None
    sent = (at for at, event in enumerate(events, 1) if event.of == outermost and event.event in ("send", "raise"))
    return Playable(events, len(trace.timeline), rows, calls, tuple(_changes(trace)), next(sent, None))


def _changes(trace: Trace) -> Iterator[Change]:
    """Yield every change in the order in which it is seen, then those that no event shows."""
    shown: set[tuple[int, str]] = set()
    for number, found in sorted(changes.seen(trace).items()):
        way: Literal["request", "response"] = "request" if trace.timeline[number].event == "enter" else "response"
        for layer, text in found:
            shown.add((layer, text))
            yield Change(layer, way, text, number + 1 if number < AT_MOST else None)
    for step in trace.steps:
        for text in map(visible, step.request_changes or ()):
            if (step.layer, text) not in shown:
                yield Change(step.layer, "request", text, None)
        for text in changes.of_answer(step):
            if (step.layer, text) not in shown:
                yield Change(step.layer, "response", text, None)


def way(event: Event) -> Way:
    """Return the way that a crossing goes."""
    return _WAYS[event.event]


def is_quick(event: Event) -> bool:
    """Tell whether a step is one of many that look alike: the body on its way, calls that end."""
    return event.event == "leave" or (event.event == "send" and event.message not in words.STARTS)


def place(trace: Trace, of: int | str) -> str:
    """Return a place as it is named in a sentence; `of` may be a call of the handler's."""
    return words.place(trace, of)


def sentence(trace: Trace, event: Event, found: Sequence[Change]) -> str:
    """Return a step in words, with what is seen to have been changed on the way there."""
    told = f"{_told(trace, event)}."
    for (layer, way), group in groupby(found, key=lambda change: (change.layer, change.way)):
        texts = "; ".join(change.text for change in group)
        told += f" {words.place(trace, layer)} changed the {_noun(trace, way)}: {texts}."
    return f"The {told[4:]}" if told.startswith("the ") else told  # a function's name stays as it is


def _noun(trace: Trace, way: Literal["request", "response"]) -> str:
    if trace.probe.type == "http":
        return way
    return "handshake" if way == "request" else "answer"


def _told(trace: Trace, event: Event) -> str:
    who, detail = place(trace, event.of), f" {visible(event.detail)}" if event.detail else ""
    message = visible(event.message) if event.message else ""
    match event.event:
        case "enter" if isinstance(event.of, int) or event.of in ("router", "endpoint"):
            return f"the {_noun(trace, 'request')} enters {who}{detail and f',{detail}'}"
        case "enter":
            return f"{who} is called{detail and f',{detail}'}"
        case "leave":
            return f"{who} returns{detail}"
        case "raise":
            return f"{who} raises{detail or ' an exception'}"
        case "receive":
            return f"{who} receives {message}{detail}"
        case "send":
            return f"{who} sends {message}{detail}"
