"""`sequence`: the probe as a Mermaid sequence diagram: what crossed between the layers, in the order of time.

Runs of framework layers that only passed things on share a column, so that a stack of a dozen layers stays readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from mwviz.model import Trace
from mwviz.render import words
from mwviz.render.carried import told
from mwviz.render.graph import CLIENT, END, Diagram, Edge, EdgeKind, Node, diagram
from mwviz.render.look import PLAIN, Look
from mwviz.render.mermaid import escaped
from mwviz.render.plain import visible
from mwviz.values import dataclass

#: Filled heads go in, dashed lines come out, an exception ends in a cross.
_ARROWS: dict[EdgeKind, str] = {"request": "->>", "response": "-->>", "discarded": "--)", "exception": "-x"}
#: What an event of the timeline is to an arrow.
_CROSSED: dict[str, EdgeKind] = {"enter": "request", "send": "response", "raise": "exception"}
_COLUMN, _NOTE = 13, 24
#: How a badge begins that tells what came after the response; such a one may tell of no more than the arrow does.
_LATER, _THROUGH = "then ", re.compile(r"then let \S+ through")
#: Narrow columns: the widths that Mermaid takes by itself make a dozen of them wider than a page.
_CONFIG = '%%{init: {"sequence": {"width": 90, "actorMargin": 8, "mirrorActors": false, "messageMargin": 26}}}%%'


@dataclass(frozen=True, slots=True)
class _Column:
    """One lifeline: a box of the diagram, or several of the framework's that only passed on."""

    key: str
    lines: tuple[str, ...]
    keys: frozenset[str]


def render(trace: Trace, *, width: int = 80, color: bool = False, verbose: bool = False, look: Look = PLAIN) -> str:
    """Return a Mermaid sequence diagram; no times are in it, so it may be committed."""
    drawn = told(diagram(trace), trace) if look.changes else diagram(trace)
    columns = tuple(_columns(drawn))
    lines = [_CONFIG, "sequenceDiagram", *map(_participant, columns), *_told(trace, drawn, columns)]
    return "\n".join(lines) + "\n"


def _columns(drawn: Diagram) -> Iterator[_Column]:
    reached = [node for node in drawn.nodes if node.state != "unreached"]
    for (quiet, _), run in groupby(reached, key=lambda node: (_quiet(node), node.group)):
        nodes = tuple(run)
        if quiet and len(nodes) > 1:
            # not their names: in Mermaid 11 and older a text of more than three lines leaves its box
            yield _Column(nodes[0].key, (f"{len(nodes)} framework", "layers"), frozenset(node.key for node in nodes))
        else:
            yield from (_Column(node.key, _name(node), frozenset({node.key})) for node in nodes)


def _name(node: Node) -> tuple[str, ...]:
    return ("client",) if node.key == CLIENT else tuple(_wrapped(node.name))


def _quiet(node: Node) -> bool:
    return node.role == "framework" and node.state == "plain"


def _participant(column: _Column) -> str:
    kind = "actor" if column.key == CLIENT else "participant"
    return f"  {kind} {column.key} as {_lines(column.lines)}"


def _told(trace: Trace, drawn: Diagram, columns: tuple[_Column, ...]) -> Iterator[str]:
    """Yield the messages as they crossed; a layer is active from its first until its last one."""
    of = {key: column.key for column in columns for key in column.keys}
    nodes = {node.key: node for node in drawn.nodes}
    messages = [edge for edge in _in_time(trace, drawn.edges) if of[edge.tail] != of[edge.head] or edge.changes]
    last = {of[edge.tail]: number for number, edge in enumerate(messages) if edge.kind != "request"}
    raising = {edge.tail for edge in messages if edge.kind == "exception"}
    active: set[str] = set()
    told_of: set[str] = set()
    for number, edge in enumerate(messages):
        tail, head = of[edge.tail], of[edge.head]
        if edge.kind == "exception" or edge.tail not in raising or not nodes[edge.tail].badge.startswith(_LATER):
            yield from _badge(nodes[edge.tail], edge, told_of)
        yield from _changes(edge, tail)
        if tail == head:
            continue
        yield f"  {tail}{_ARROWS[edge.kind]}{head}: {_message(trace, edge)}"
        if edge.kind == "request" and head not in active:
            active.add(head)
            yield f"  activate {head}"
        if last.get(tail) == number and tail in active:
            active.remove(tail)
            yield f"  deactivate {tail}"
    yield from _silent(drawn, of, told_of, active)
    yield from _footnotes(drawn, columns)


def _in_time(trace: Trace, edges: Iterable[Edge]) -> list[Edge]:
    """Return the arrows as they were crossed in time; where that is not known, after those before them."""
    times, timed, now = _times(trace), [], 0
    for edge in (each for each in edges if each.kind != "unseen"):
        kind = "response" if edge.kind == "discarded" else edge.kind
        now = times.get((kind, edge.head if kind == "request" else edge.tail), now)
        timed.append((now, edge))
    return [edge for _, edge in sorted(timed, key=lambda each: each[0])]


def _times(trace: Trace) -> dict[tuple[EdgeKind, str], int]:
    """Return when each box was entered, let a response out, or an exception: in nanoseconds, the first time."""
    times: dict[tuple[EdgeKind, str], int] = {}
    for event in trace.timeline:
        kind = _CROSSED.get(event.event) if event.event != "send" or event.message in words.STARTS else None
        key = f"n{event.of}" if isinstance(event.of, int) else END if event.of in ("endpoint", "router") else None
        if kind is not None and key is not None:
            times.setdefault((kind, key), event.at_ns)
    for step in trace.steps:
        raised = step.left_ns if step.raised else None
        known: tuple[tuple[EdgeKind, int | None], ...]
        known = (("request", step.entered_ns), ("response", step.responded_ns), ("exception", raised))
        for kind, at in known:
            if at is not None:
                times.setdefault((kind, f"n{step.layer}"), at)
    return times


def _message(trace: Trace, edge: Edge) -> str:
    match edge.kind:
        case "request":
            asked = _lines(_wrapped(words.asked(trace), _NOTE))
            return asked if edge.tail == CLIENT else _turned("in", edge)
        case "exception":
            return "exception"
        case "discarded":
            return "thrown away"
        case _:
            got = words.got(trace) if edge.head == CLIENT else None
            return _lines(_wrapped(got)) if got else _turned("out", edge)


def _turned(name: str, edge: Edge) -> str:
    return f"{name} {edge.turn}" if edge.turn is not None else name


def _badge(node: Node, edge: Edge, told_of: set[str]) -> Iterator[str]:
    """Yield once what happened at a place, before the first thing that left it outward."""
    # an exception that goes through is the arrow itself
    plain = edge.kind == "exception" and node.state == "plain" and node.key != END
    through = plain and (not node.badge.startswith(_LATER) or _THROUGH.fullmatch(node.badge) is not None)
    if edge.kind != "request" and node.badge and not through and node.key not in told_of:
        told_of.add(node.key)
        yield f"  Note over {node.key}: {_lines(_wrapped(node.badge, _NOTE))}"


def _changes(edge: Edge, column: str) -> Iterator[str]:
    if edge.changes:
        yield f"  Note over {column}: {_lines(edge.changes)}"


def _silent(drawn: Diagram, of: dict[str, str], told_of: set[str], active: set[str]) -> Iterator[str]:
    """Yield what is left to say of layers that let nothing out."""
    for node in drawn.nodes:
        if node.key in active and node.badge and node.key not in told_of:
            yield f"  Note over {node.key}: {_lines(_wrapped(node.badge, _NOTE))}"
    yield from (f"  deactivate {key}" for key in of if key in active)


def _footnotes(drawn: Diagram, columns: tuple[_Column, ...]) -> Iterator[str]:
    """Yield the names of the layers that share a column, and of those that nothing reached."""
    over = f"{CLIENT},{columns[-1].key}" if columns[1:] else CLIENT
    for column in columns:
        shared = [node.name for node in drawn.nodes if node.key in column.keys and len(column.keys) > 1]
        if shared:
            yield f"  Note over {over}: {_lines((' '.join(column.lines) + ':', *shared))}"
    missed = [node.name for node in drawn.nodes if node.state == "unreached"]
    if missed:
        yield f"  Note over {over}: {_lines(('not reached:', *missed))}"


_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z_ ]+[_ ]*|[_ ]+")


def _wrapped(text: str, width: int = _COLUMN) -> Iterator[str]:
    """Yield a name in lines that break where a hump, a blank or an underscore lets them, else where they must."""
    line = ""
    for piece in _HUMP.findall(visible(text)) or [text]:
        for part in (piece[at : at + width] for at in range(0, len(piece), width)):
            if line and len(line) + len(part.rstrip()) > width:
                yield line.rstrip()
                line = ""
            line += part
    yield line.rstrip()


def _lines(lines: Iterable[str]) -> str:
    return "<br/>".join(escaped(line) for line in lines)
