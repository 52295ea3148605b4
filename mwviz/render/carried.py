"""What layers changed of what the arrows of a diagram carry: names alone, so that it may be committed, cut visibly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mwviz.model import Step, Trace
from mwviz.render.graph import Diagram, Edge
from mwviz.render.plain import columns, shorten, visible

_AT_MOST, _WIDTH = 4, 34


def told(drawn: Diagram, trace: Trace) -> Diagram:
    """Return the diagram with the changes of each layer on the arrow by which they left it."""
    steps = {f"n{step.layer}": step for step in trace.steps}
    edges = (replace(edge, changes=_carried(edge, steps.get(edge.tail))) for edge in drawn.edges)
    return replace(drawn, edges=tuple(edges))


def _carried(edge: Edge, step: Step | None) -> tuple[str, ...]:
    if step is None or edge.kind not in ("request", "response"):
        return ()
    changes = step.request_changes if edge.kind == "request" else step.response_changes
    names = [*_named(changes or ())]
    more = len(names) - _AT_MOST
    return tuple(names) if more <= 1 else (*names[:_AT_MOST], f"... {more} more")


def _named(changes: tuple[str, ...]) -> Iterator[str]:
    """Yield each change once, without values, which differ from run to run."""
    seen: set[str] = set()
    for change in changes:
        sign, _, rest = change.partition(" ")
        name = f"{sign} {rest.partition(':')[0]}" if sign in ("+", "~", "-") else _plain(change)
        if name not in seen:
            seen.add(name)
            yield cut(visible(name), _WIDTH)


def _plain(change: str) -> str:
    """Return a change that has no sign: of a body only that there was one, for its bytes may differ."""
    sign, _, rest = change.partition(" ")
    return "body changed" if sign == "body" and "->" in rest else change


def cut(text: str, width: int) -> str:
    """Return a text in at most `width` columns, cut with dots that any engine's font has."""
    return text if columns(text) <= width else f"{shorten(text, width - 2).removesuffix('…')}..."
