"""The one description of the diagram that every picture draws: boxes from the client inward, arrows as observed.

No arrow is derived from the list of layers: each stands for a crossing in `request_order`, `response_order`, `steps`
or `timeline`. Texts are visible but still foreign: escaping is the affair of the format that draws them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Literal, TypeAlias

from mwviz.model import Layer, Origin, Outcome, Position, Step, Trace
from mwviz.render import end as innermost
from mwviz.render import words
from mwviz.render.places import inside, where
from mwviz.render.plain import visible
from mwviz.render.summary import summary
from mwviz.values import dataclass

Role: TypeAlias = Origin | Literal["client", "router", "endpoint"]

#: How a box looks: `answered` is where a response belongs, `took_over` a layer that answered in the endpoint's stead.
State: TypeAlias = Literal["plain", "answered", "took_over", "failed", "unreached", "unknown"]

#: What an arrow stands for. A `discarded` one is a response that some layer further out threw away; an `unseen` one
#: only holds a box in its place: nothing was observed to cross there.
EdgeKind: TypeAlias = Literal["request", "response", "discarded", "exception", "unseen"]

CLIENT, END = "client", "handler"

_STATES: dict[Outcome, State] = {
    "passed": "plain",
    "answered": "took_over",
    "handled": "took_over",
    "replaced": "took_over",
    "raised": "failed",
    "swallowed": "failed",
    "silent": "failed",
    "hung": "failed",
    "skipped": "plain",
    "not_reached": "unreached",
    "unknown": "unknown",
}
_NAME_WIDTH = 56
_PLACE_WIDTH = 48
_TITLE_WIDTH = 72
_BADGE_WIDTH = 160


@dataclass(frozen=True, slots=True)
class Node:
    """One box. `turn_in` and `turn_out` count from 1 and are None where the request or the response never passed.

    `fact` is all that is known of it in one text; `kind` and `place` are the parts of it that a picture tells apart.
    """

    key: str
    name: str
    fact: str
    badge: str
    role: Role
    state: State
    turn_in: int | None
    turn_out: int | None
    group: str
    kind: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow between two boxes, by their keys, in the direction in which it was crossed.

    `changes` is what the box at its tail had changed of what it carries, where a picture was asked to tell.
    """

    tail: str
    head: str
    kind: EdgeKind
    turn: int | None
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes from the outermost inward, arrows, and the words around them."""

    title: str
    caption: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def diagram(trace: Trace) -> Diagram:
    """Return the diagram of one trace; the same observations give the same diagram, whatever the times were."""
    end = _end(trace)
    steps = {step.layer: step for step in trace.steps}
    sequence = _sequence(trace)
    turns_in, turns_out = words.turns(trace.request_order), words.turns(trace.response_order)
    layers = tuple(
        _layer_node(trace, trace.layers[index], steps.get(index), turns_in.get(index), turns_out.get(index))
        for index in sequence
    )
    edges = (
        *_request_edges(trace, end),
        *_response_edges(trace, end, steps),
        *_exception_edges(trace, end, steps),
        *_unseen_edges(trace, sequence, _reached(trace, end)),
    )
    nodes = (_client_node(trace), *layers, _end_node(trace, end))
    return Diagram(_back(visible(trace.target), _TITLE_WIDTH), summary(trace), nodes, edges)


def runs(nodes: tuple[Node, ...]) -> Iterator[tuple[str, tuple[Node, ...]]]:
    """Yield the boxes in order, in runs that share a `group`: the app's own is empty."""
    for group, run in groupby(nodes, key=lambda node: node.group):
        yield group, tuple(run)


def _client_node(trace: Trace) -> Node:
    code = words.status_got(trace)
    state: State = "answered"
    if trace.error is not None or code is None or code >= 500:
        state = "failed"
    elif code >= 400:
        state = "took_over"
    name, got = _front(words.asked(trace), _NAME_WIDTH), words.got(trace) or words.nothing(trace)
    return Node(CLIENT, name, "client", _front(got, _BADGE_WIDTH), "client", state, None, None, "")


def _layer_node(trace: Trace, layer: Layer, step: Step | None, turn_in: int | None, turn_out: int | None) -> Node:
    state: State = "unreached" if step is None else _STATES[step.outcome]
    told = words.happened(trace, layer.index)
    unseen = [told] if state == "unreached" else []
    kind, place = words.KINDS[layer.kind], _back(where(layer), _PLACE_WIDTH)
    facts = [f"{layer.origin} {kind}", place, *unseen]
    return Node(
        key=f"n{layer.index}",
        name=_front(visible(layer.label), _NAME_WIDTH),
        fact=", ".join(filter(None, facts)),
        badge="" if unseen or told == "passed on" else _front(told.removeprefix("passed on, "), _BADGE_WIDTH),
        role=layer.origin,
        state=state,
        turn_in=turn_in,
        turn_out=turn_out,
        group="" if layer.within == "app" else visible(layer.within),
        kind=kind,
        place=place,
    )


def _end_node(trace: Trace, end: Literal["router", "endpoint"]) -> Node:
    state, badge = _end_state(trace, end)
    name: str = end if end == "router" or trace.probe.endpoint == "real" else "stand-in endpoint"
    fact = line = ""
    if end == "endpoint" and trace.probe.endpoint == "real" and trace.endpoint is not None:
        name, place = visible(trace.endpoint.name), trace.endpoint.defined_at
        line = visible(f"{place.file}:{place.line}") if place is not None and inside(place) else ""
        line = _back(line, _PLACE_WIDTH)
        fact = f"endpoint, {line}" if line else "endpoint"
    kind = "endpoint" if fact else ""
    return Node(END, _front(name, _NAME_WIDTH), fact, badge, end, state, None, None, "", kind, line)


def _end_state(trace: Trace, end: Position) -> tuple[State, str]:
    if not _reached(trace, end):
        return "unreached", "not reached"
    if _end_raised(trace, end):
        return "failed", _raised(trace, end)
    answer = words.answer(trace.websocket or trace.response) if trace.answered_by == end else None
    return ("plain", "") if answer is None else ("answered", answer)


def _end(trace: Trace) -> Literal["router", "endpoint"]:
    raised_by = trace.error.raised_by if trace.error is not None else None
    return "router" if "router" in (trace.answered_by, raised_by) else "endpoint"


def _reached(trace: Trace, end: Position) -> bool:
    named = {trace.answered_by, trace.error.raised_by if trace.error is not None else None}
    return end in named or any(event.of == end for event in trace.timeline)


def _end_raised(trace: Trace, end: Position) -> bool:
    if trace.answered_by == end and trace.handled_by is not None:
        return True
    if trace.error is not None and trace.error.raised_by == end and trace.error.type not in ("Timeout", "NoResponse"):
        return True
    return innermost.raised(trace) is not None


def _raised(trace: Trace, end: Position) -> str:
    if (told := innermost.outcome(trace)) is not None and innermost.raised(trace) is not None:
        return told
    error = trace.error if trace.error is not None and trace.error.raised_by == end else None
    return f"raised {visible(error.type) if error is not None else 'an exception'}"


def _sequence(trace: Trace) -> tuple[int, ...]:
    """Return every layer once: those entered in request order, each followed by the unentered ones listed after it."""
    entered, last = set(trace.request_order), -1
    followers: dict[int, list[int]] = {}
    for layer in trace.layers:
        if layer.index in entered:
            last = layer.index
        else:
            followers.setdefault(last, []).append(layer.index)
    return tuple(
        index for before in (-1, *trace.request_order) for index in (before, *followers.get(before, ())) if index >= 0
    )


def _request_edges(trace: Trace, end: Position) -> Iterator[Edge]:
    chain = [CLIENT, *_keys(trace.request_order)]
    for turn, (tail, head) in enumerate(pairwise(chain), 1):
        yield Edge(tail, head, "request", turn)
    if _reached(trace, end):
        yield Edge(chain[-1], END, "request", None)


def _response_edges(trace: Trace, end: Position, steps: dict[int, Step]) -> Iterator[Edge]:
    way = [CLIENT, *_keys(trace.request_order)]
    depth = {key: at for at, key in enumerate((*way, END))}
    passages = _passages(trace, depth)
    if _end_answered(trace, end):
        _begin_at_end(passages, depth)
    if not passages:
        return
    arrived = min(passages, key=lambda passage: depth[passage[-1][0]])
    for passage in passages:
        outermost, sent = passage[-1][0], passage is arrived and words.got(trace) is not None
        receiver = CLIENT if sent else way[min(depth[outermost], len(way)) - 1]
        remade = _last_made(trace, passage, steps) if sent else len(passage)
        for at, ((tail, turn), (head, _)) in enumerate(pairwise((*passage, (receiver, None)))):
            yield Edge(tail, head, "response" if at >= remade else "discarded", turn)


#: One start of a response on its way out: the places that it left, with their turns.
_Passage: TypeAlias = "list[tuple[str, int | None]]"


def _passages(trace: Trace, depth: dict[str, int]) -> list[_Passage]:
    """Return the response order cut where it goes inward again: there another start of a response began."""
    passages: list[_Passage] = []
    for turn, key in enumerate(_keys(trace.response_order), 1):
        if not passages or depth[key] > depth[passages[-1][-1][0]]:
            passages.append([])
        passages[-1].append((key, turn))
    return passages


def _begin_at_end(passages: list[_Passage], depth: dict[str, int]) -> None:
    if not passages:
        passages.append([])
    max(passages, key=lambda passage: depth[passage[0][0]] if passage else 0).insert(0, (END, None))


def _last_made(trace: Trace, passage: _Passage, steps: dict[int, Step]) -> int:
    """Return where in its passage the response that arrived was made; what came there from further in is gone."""
    makers = {place for place in (trace.handled_by, trace.answered_by) if isinstance(place, int)}
    makers |= {index for index, step in steps.items() if step.outcome in ("replaced", "handled")}
    keys = {f"n{index}" for index in makers}
    return max((at for at, (key, _) in enumerate(passage) if key in keys), default=0)


def _end_answered(trace: Trace, end: Position) -> bool:
    sent = (event for event in trace.timeline if event.of == end and event.event == "send")
    return (trace.answered_by == end and trace.handled_by is None) or any(
        event.message in words.STARTS for event in sent
    )


def _exception_edges(trace: Trace, end: Position, steps: dict[int, Step]) -> Iterator[Edge]:
    chain = [CLIENT, *_keys(trace.request_order)]
    if _end_raised(trace, end):
        yield Edge(END, chain[-1], "exception", None)
    for (outer, key), index in reversed(tuple(zip(pairwise(chain), trace.request_order, strict=True))):
        if index in steps and steps[index].raised is not None:
            yield Edge(key, outer, "exception", None)


def _unseen_edges(trace: Trace, sequence: tuple[int, ...], end_reached: bool) -> Iterator[Edge]:
    entered = set(trace.request_order)
    chain = [(CLIENT, True), *((f"n{index}", index in entered) for index in sequence), (END, end_reached)]
    for (tail, tail_seen), (head, head_seen) in pairwise(chain):
        if not (tail_seen and head_seen):
            yield Edge(tail, head, "unseen", None)


def _keys(order: tuple[int, ...]) -> list[str]:
    return [f"n{index}" for index in order]


def _front(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _back(text: str, width: int) -> str:
    return text if len(text) <= width else f"...{text[3 - width :]}"
