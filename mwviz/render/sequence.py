"""`sequence`: the probe as a Mermaid sequence diagram: what crossed between the layers, in the order of time.

Runs of framework layers that only passed things on share a column, so that a stack of a dozen layers stays readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from mwviz.model import Trace
from mwviz.render import words
from mwviz.render.carried import told
from mwviz.render.graph import CLIENT, END, Diagram, Edge, EdgeKind, Node, diagram
from mwviz.render.look import PLAIN, Look
from mwviz.render.mermaid import escaped
from mwviz.render.plain import visible

#: Filled heads go in, dashed lines come out, an exception ends in a cross.
_ARROWS: dict[EdgeKind, str] = {"request": "->>", "response": "-->>", "discarded": "--)", "exception": "-x"}
_COLUMN, _NOTE = 16, 24
#: Narrow columns: the widths that Mermaid takes by itself make a dozen of them wider than a page.
_CONFIG = '%%{init: {"sequence": {"width": 110, "actorMargin": 14, "mirrorActors": false, "messageMargin": 26}}}%%'


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
    for quiet, run in groupby(reached, key=_quiet):
        nodes = tuple(run)
        if quiet and len(nodes) > 1:
            first, *more = (tuple(_wrapped(node.name)) for node in nodes)
            names = (*first, *(line for name in more for line in (f"+ {name[0]}", *name[1:])))
            yield _Column(nodes[0].key, names, frozenset(node.key for node in nodes))
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
    active: set[str] = set()
    told_of: set[str] = set()
    for number, edge in enumerate(messages):
        tail, head = of[edge.tail], of[edge.head]
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
    yield from _rest(drawn, of, told_of, active)


def _in_time(trace: Trace, edges: Iterable[Edge]) -> list[Edge]:
    """Return the arrows as they were crossed in time; where that is not known, after those before them."""
    steps = {f"n{step.layer}": step for step in trace.steps}
    ends = [event for event in trace.timeline if event.of in ("endpoint", "router")]
    started = next((each.at_ns for each in ends if each.event == "send" and each.message in words.STARTS), None)
    raised = next((each.at_ns for each in ends if each.event == "raise"), None)
    timed, now = [], 0
    for edge in (each for each in edges if each.kind != "unseen"):
        step = steps.get(edge.head if edge.kind == "request" else edge.tail)
        match edge.kind:
            case "request":
                at = step.entered_ns if step is not None else None
            case "exception":
                at = raised if edge.tail == END else step.left_ns if step is not None else None
            case _:
                at = started if edge.tail == END else step.responded_ns if step is not None else None
        now = now if at is None else at
        timed.append((now, edge))
    return [edge for _, edge in sorted(timed, key=lambda each: each[0])]


def _message(trace: Trace, edge: Edge) -> str:
    match edge.kind:
        case "request":
            return escaped(words.asked(trace)) if edge.tail == CLIENT else _turned("request", edge)
        case "exception":
            return "exception"
        case "discarded":
            return "thrown away"
        case _:
            got = words.got(trace) if edge.head == CLIENT else None
            return _lines(_wrapped(got)) if got else _turned("response", edge)


def _turned(name: str, edge: Edge) -> str:
    return f"{name} {edge.turn}" if edge.turn is not None else name


def _badge(node: Node, edge: Edge, told_of: set[str]) -> Iterator[str]:
    """Yield once what happened at a place, before the first thing that left it outward."""
    # an exception that goes through is the arrow itself
    through = edge.kind == "exception" and node.state == "plain" and node.key != END
    if edge.kind != "request" and node.badge and not through and node.key not in told_of:
        told_of.add(node.key)
        yield f"  Note over {node.key}: {_lines(_wrapped(node.badge, _NOTE))}"


def _changes(edge: Edge, column: str) -> Iterator[str]:
    if edge.changes:
        yield f"  Note over {column}: {_lines(edge.changes)}"


def _rest(drawn: Diagram, of: dict[str, str], told_of: set[str], active: set[str]) -> Iterator[str]:
    """Yield what is left to say of layers that let nothing out, and the names of those that nothing reached."""
    for node in drawn.nodes:
        if node.key in active and node.badge and node.key not in told_of:
            yield f"  Note over {node.key}: {_lines(_wrapped(node.badge, _NOTE))}"
    yield from (f"  deactivate {key}" for key in of if key in active)
    missed = [node.name for node in drawn.nodes if node.state == "unreached"]
    if missed:
        told = ["not reached:", *missed]
        last = list(of.values())[-1]
        over = CLIENT if last == CLIENT else f"{CLIENT},{last}"
        yield f"  Note over {over}: {_lines(told)}"


_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z_ ]+[_ ]*|[_ ]+")


def _wrapped(text: str, width: int = _COLUMN) -> Iterator[str]:
    """Yield a name in lines that break where a hump, a blank or an underscore lets them, else where they must."""
    line = ""
    for piece in _HUMP.findall(visible(text)) or [text]:
        for part in (piece[at : at + width] for at in range(0, len(piece), width)):
            if line and len(line) + len(part.rstrip()) > width:
                yield line
                line = ""
            line += part
    yield line


def _lines(lines: Iterable[str]) -> str:
    return "<br/>".join(escaped(line) for line in lines)
