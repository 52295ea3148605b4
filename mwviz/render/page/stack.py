"""The stack of one probe, from the client inward: a row per layer between the lanes of request and answer."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.model import Trace
from mwviz.render import words
from mwviz.render.graph import CLIENT, END, Diagram, EdgeKind, Node, diagram, runs
from mwviz.render.markup import Html, block, element, joined, name, text
from mwviz.render.page.details import details
from mwviz.render.page.steps import Playable
from mwviz.render.places import where
from mwviz.render.plain import duration, visible
from mwviz.values import dataclass

_SIGNS: dict[EdgeKind, str] = {"response": "↑", "discarded": "↑", "exception": "✗"}
_TELLS: dict[EdgeKind, str] = {
    "response": "the answer leaves it",
    "discarded": "an answer leaves it that is thrown away",
    "exception": "an exception leaves it",
}


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What the rows of one probe have in common; `ways` are the kinds of arrows out of each box."""

    probe: str
    trace: Trace
    played: Playable
    drawn: Diagram
    ways: dict[str, frozenset[EdgeKind]]
    callers: dict[str, str]
    entered: frozenset[str]
    turn: str


def stack(probe: str, trace: Trace, played: Playable) -> Html:
    """Return the rows as a list, those of mounts and routes in groups; `probe` begins their ids."""
    drawn = diagram(trace)
    ways: dict[str, frozenset[EdgeKind]] = {}
    for edge in drawn.edges:
        if edge.kind in _SIGNS:
            ways[edge.tail] = ways.get(edge.tail, frozenset()) | {edge.kind}
    entered = frozenset(edge.head for edge in drawn.edges if edge.kind == "request")
    reached = [node.key for node in drawn.nodes if node.key in entered]
    turn = reached[-1] if reached else CLIENT
    drawing = _Drawing(probe, trace, played, drawn, ways, _callers(played, drawn), entered, turn)
    return block("div", block("ol", *_groups(drawing), class_="stack"), class_="stage")


def _groups(drawing: _Drawing) -> Iterator[Html]:
    for group, nodes in runs(drawing.drawn.nodes):
        rows = joined(row for node in nodes for row in _rows(drawing, node))
        if group:
            yield block("li", _heading(drawing, group, nodes[0]), block("ol", rows), class_="group")
        else:
            yield rows


def _heading(drawing: _Drawing, group: str, first: Node) -> Html:
    """Return what stands above a group; the lanes lead past it as past the row below."""
    title = element("span", name(group), class_="within")
    lanes = _lanes(drawing, first.key).replace(" turn", "")
    return element(
        "div", _lane("in", ""), title, _lane("out", ""), class_=f"heading {lanes}", **_moments(drawing, _of(first))
    )


def _rows(drawing: _Drawing, node: Node) -> Iterator[Html]:
    """Yield the row of a box, and those of what was called from there: routers, dependencies, background tasks."""
    match node.key:
        case "client":
            yield _client(drawing, node)
        case "handler":
            yield _end(drawing, node)
        case _:
            yield _layer(drawing, node)
    for call in drawing.played.calls:
        if drawing.callers[call] == node.key:
            yield _call(drawing, call, node)


def _of(node: Node) -> int | str:
    """Return what events call the place of a box."""
    return node.role if node.key == END else int(node.key[1:])


def _callers(played: Playable, drawn: Diagram) -> dict[str, str]:
    """Return for each call the box that had been entered last before."""
    entered = {node.key: played.first(_of(node), "enter") or 0 for node in drawn.nodes[1:]}
    callers: dict[str, str] = {}
    for call in played.calls:
        at = played.first(call, "enter") or 0
        before = [key for key, number in entered.items() if 0 < number < at]
        callers[call] = before[-1] if before else CLIENT
    return callers


def _moments(drawing: _Drawing, of: int | str) -> dict[str, int | None]:
    """Return the numbers of the steps in which a place is entered, is left by an answer, raises, and is done."""
    played = drawing.played
    return {
        "data_in": played.first(of, "enter"),
        "data_out": played.first(of, "send", starts=True),
        "data_raised": played.first(of, "raise"),
        "data_done": played.done(of),
    }


def _row(drawing: _Drawing, key: str, kinds: str, moments: dict[str, int | None], *cells: Html) -> Html:
    return block("li", *cells, id=f"{drawing.probe}-{key}", class_=f"row {kinds}", **moments)


def _lanes(drawing: _Drawing, key: str) -> str:
    """Return the classes that draw the lanes past a row."""
    kinds = ["went-in"] if key in drawing.entered else []
    kinds += sorted(f"out-{kind}" for kind in drawing.ways.get(key, ()))
    return " ".join([*kinds, *(["turn"] if key == drawing.turn else [])])


def _client(drawing: _Drawing, node: Node) -> Html:
    result = element("span", text(node.badge), class_=f"badge {node.state}")
    card = element("div", _title(node.name, result, "the client"), class_="card")
    arrived = {kind for edge in drawing.drawn.edges if edge.head == CLIENT for kind in (edge.kind,) if kind in _SIGNS}
    lanes = " ".join(["went-in", *sorted(f"out-{kind}" for kind in arrived)]) if drawing.entered else ""
    cells = (_lane("in", ""), card, _own("own time"), _lane("out", ""))
    order = drawing.trace.request_order
    moments = _moments(drawing, order[0]) if order else {}
    return _row(drawing, CLIENT, f"client {lanes}", moments, *cells)


def _title(title: str, badge: Html, fact: str) -> Html:
    """Return the line that every card begins with."""
    bold = element("strong", name(title), class_="name")
    more = element("span", name(fact), class_="fact") if fact else Html("")
    return element("p", bold, more, badge, class_="title")


def _layer(drawing: _Drawing, node: Node) -> Html:
    trace, index = drawing.trace, int(node.key[1:])
    layer, step = trace.layers[index], words.step_of(trace, index)
    happened = told(trace, node)
    badge = element("span", text(happened), class_=f"badge {node.state}") if happened else Html("")
    title = _title(layer.label, badge, f"{words.KINDS[layer.kind]} · {where(layer)}")
    card = block("div", title, _changes(drawing, index), details(trace, layer), class_="card")
    own = _sum(step.self_request_ns if step else None, step.self_response_ns if step else None)
    passed = _passed(drawing, node)
    kinds = f"layer {layer.origin} {node.state} {_lanes(drawing, passed.key)}".rstrip()
    kinds = kinds if passed is node else kinds.removesuffix(" turn")
    cells = (_entry(node.turn_in), card, _own(own, said="own time "), _out(drawing, node))
    moments = _moments(drawing, _of(passed)) | ({} if passed is node else {"data_done": None})
    return _row(drawing, node.key, kinds, moments, *cells)


def _passed(drawing: _Drawing, node: Node) -> Node:
    """Return the box whose lanes lead past a row: of a layer that was gone round, that of the next one entered."""
    nodes = drawing.drawn.nodes
    further_in = (each for each in nodes[nodes.index(node) :] if each.key in drawing.entered)
    return node if node.state != "unreached" else next(further_in, node)


def told(trace: Trace, node: Node) -> str:
    """Return what became of the request at a box, in a few words; nothing where all it did was to pass it on."""
    if node.key in (CLIENT, END):
        return node.badge
    happened = words.happened(trace, int(node.key[1:]))
    return "" if happened == "passed on" else happened


def _changes(drawing: _Drawing, index: int) -> Html:
    found = [
        element(
            "li",
            element("span", text("↓ " if change.way == "request" else "↑ "), aria_hidden="true"),
            element("span", text(f"{change.way}: "), class_="spoken"),
            text(change.text),
            class_=f"change {change.way}",
            data_at=change.at,
        )
        for change in drawing.played.changes
        if change.layer == index
    ]
    return block("ul", *found, class_="changes") if found else Html("")


def _end(drawing: _Drawing, node: Node) -> Html:
    badge = element("span", text(node.badge), class_=f"badge {node.state}") if node.badge else Html("")
    stands_in = node.role == "endpoint" and drawing.trace.probe.endpoint == "stand-in"
    fact = node.fact.replace(", ", " · ") or ("in place of the app's own" if stands_in else "")
    card = element("div", _title(node.name, badge, fact), class_="card")
    kinds = f"end {node.state} {_lanes(drawing, END)}".rstrip()
    entry = _lane("in", "↓", "the request enters it") if END in drawing.entered else _lane("in", "")
    return _row(drawing, END, kinds, _moments(drawing, node.role), entry, card, _own(""), _out(drawing, node))


def _call(drawing: _Drawing, call: str, caller: Node) -> Html:
    """Return the row of a router, a dependency or a background task; lanes lead past it on the way further in."""
    played, kinds, moments = drawing.played, "call", _moments(drawing, call)
    if caller.key != drawing.turn and (caller.key in drawing.entered or caller.key == CLIENT):
        keys = [each.key for each in drawing.drawn.nodes]
        beyond = drawing.drawn.nodes[min(keys.index(caller.key) + 1, len(keys) - 1)]
        kinds = f"call {_lanes(drawing, beyond.key)}".removesuffix(" turn")
        moments |= {key: at for key, at in _moments(drawing, _of(beyond)).items() if key != "data_in"}
    entered = next((event for event in played.events if event.of == call and event.event == "enter"), None)
    facts = [duration(entered.at_ns), visible(entered.detail or "")] if entered is not None else []
    card = element("div", _title(call, Html(""), ", ".join(filter(None, facts))), class_="card")
    return _row(drawing, played.rows[call], kinds, moments, _lane("in", ""), card, _own(""), _lane("out", ""))


def _out(drawing: _Drawing, node: Node) -> Html:
    kinds = sorted(drawing.ways.get(node.key, ()), reverse=True)
    sign = "".join(dict.fromkeys(_SIGNS[kind] for kind in kinds))
    tells = ", ".join(_TELLS[kind] for kind in kinds)
    turn = f", turn {node.turn_out}" if node.turn_out is not None else ""
    return _lane("out", f"{sign}{node.turn_out or ''}", tells + turn if tells else "")


def _entry(turn: int | None) -> Html:
    return _lane(
        "in", "" if turn is None else f"↓{turn}", "" if turn is None else f"the request enters it, turn {turn}"
    )


def _lane(side: str, sign: str, said: str = "") -> Html:
    station = element("span", text(sign), class_="station", aria_hidden="true") if sign else Html("")
    spoken = element("span", text(said), class_="spoken") if said else Html("")
    return element("span", station, spoken, class_=f"lane {side}")


def _own(time: str, said: str = "") -> Html:
    spoken = element("span", text(said), class_="spoken") if said and time else Html("")
    return element("span", spoken, text(time), class_="own")


def _sum(*times: int | None) -> str:
    known = [time for time in times if time is not None]
    return duration(sum(known)) if known else ""
