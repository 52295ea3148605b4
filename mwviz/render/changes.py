"""What a layer changed, in a few words for the table, and whole for who asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mwviz.model import Layer, Step, Trace
from mwviz.render import words
from mwviz.render.plain import duration, visible

_NAMED_AT_MOST = 2
_UNTOUCHED = "messages untouched"


def short(layer: Layer, step: Step | None) -> str:
    """Return the changes of a layer of the user's, as `↓ +session  ↑ +x-request-id`; empty where there were none."""
    if step is None or layer.origin == "framework":
        return ""
    ways = (("↓", step.request_changes), ("↑", step.response_changes))
    told = [f"{arrow} {text}" for arrow, changes in ways if (text := ", ".join(_counted(changes or ())))]
    if not told and "same_messages" in step.observed and step.outcome == "passed":
        return _UNTOUCHED
    return "  ".join(told)


def whole(step: Step | None) -> Iterator[str]:
    """Yield every change of a layer as a line, and how long it held the response back."""
    if step is None:
        return
    yield from (f"request: {visible(change)}" for change in step.request_changes or ())
    yield from (f"response: {change}" for change in of_answer(step))


def of_answer(step: Step) -> tuple[str, ...]:
    """Return what a layer changed of an answer, and how long it held its start back."""
    return (*map(visible, step.response_changes or ()), *filter(None, [held_back(step)]))


def seen(trace: Trace) -> dict[int, tuple[tuple[int, str], ...]]:
    """Return what layers changed, as layer and text, by the number of the event that shows it first.

    Of the request that is where it enters what comes next, of the answer where it leaves the layer.
    """
    shown: dict[int, tuple[tuple[int, str], ...]] = {}
    sent: dict[tuple[int, bool], int] = {}
    above: Step | None = None
    for number, event in enumerate(trace.timeline):
        step = words.step_of(trace, event.of) if isinstance(event.of, int) else None
        if event.event == "enter":
            if above is not None and above.request_changes:
                shown[number] = tuple((above.layer, visible(text)) for text in above.request_changes)
            above = step
        elif step is not None and event.event == "send" and event.message in words.STARTS:
            sent.setdefault((step.layer, event.message == "websocket.close"), number)
    for step in trace.steps:
        for text in of_answer(step):
            ways = ((step.layer, is_close) for is_close in (text.startswith("close "), False, True))
            at = next((sent[way] for way in ways if way in sent), None)
            if at is not None:
                shown[at] = (*shown.get(at, ()), (step.layer, text))
    return shown


def held_back(step: Step) -> str:
    """Return for how long a layer held the start of the response back, and until which message; empty if it did not."""
    if step.held_ns is None:
        return ""
    until = f", until {visible(step.held_until)}" if step.held_until else ""
    return f"start held back for {duration(step.held_ns)}{until}"


def _counted(changes: Iterable[str]) -> Iterator[str]:
    """Yield names where they are few, else how many headers, or keys of the scope, were added, changed or removed."""
    groups: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        sign, _, rest = change.partition(" ")
        kind = "scope keys" if rest.startswith("scope ") else "headers"
        if sign in "+~-":
            groups.setdefault((sign, kind), []).append(rest.removeprefix("scope ").partition(":")[0])
        elif sign == "body":
            yield f"body {rest.removesuffix(' bytes')}"
    for (sign, kind), names in groups.items():
        if len(names) <= _NAMED_AT_MOST:
            yield from (f"{sign}{visible(name)}" for name in names)
        else:
            yield f"{sign}{len(names)} {kind}"
