"""`dot`: the diagram as Graphviz source, two lanes between the boxes: requests down on the left, responses up."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mwviz.model import Trace
from mwviz.render.graph import CLIENT, Diagram, Edge, Node, diagram, runs
from mwviz.render.plain import columns

if TYPE_CHECKING:
    from graphviz import Digraph

#: Mid-tones that read on a white page and on a dark one: the picture itself is transparent.
_REQUEST, _RESPONSE, _EXCEPTION, _FAINT, _TEXT = "#2f7ee6", "#2a9d4e", "#e0443a", "#8b949e", "#76808b"

_FONT = "Helvetica"

#: Fill, border and name of a box.
_PAPER = ("#ffffff", "#b9c2cc", "#1f2328")
_FILLS = {
    "client": ("#1f2937", "#3d4b5f", "#ffffff"),
    "framework": ("#f3f5f7", "#cfd6dd", "#57606a"),
    "injected": ("#e5f5f5", "#68b3b3", "#1f2328"),
    "outer": ("#f6f0fe", "#b99be0", "#1f2328"),
    "router": ("#e9f2fd", "#7fb0ee", "#1f2328"),
    "endpoint": ("#e9f2fd", "#7fb0ee", "#1f2328"),
}
_STATES = {
    "answered": ("#e8f7ec", "#4fb36c", "#1f2328"),
    "took_over": ("#fff5da", "#d3a429", "#1f2328"),
    "failed": ("#fdeceb", "#e0655d", "#1f2328"),
    "unreached": ("#f3f5f7", "#d5dae0", "#98a1ab"),
}
_BADGES = {"answered": "#1f7a3a", "took_over": "#8a6100", "failed": "#c0302a"}
_ON_DARK = {"answered": "#7ed69a", "took_over": "#f2cc60", "failed": "#ff9d96"}
_FAINT_ON_DARK = "#aab4bf"

_BADGE_COLUMNS = 56

#: Graphviz skips line ends and tabs inside a label, and a committed diagram is read line by line.
_NEXT, _BREAK = "\n\t\t", "<BR/>\n\t\t"


def render(trace: Trace, *, width: int = 80, color: bool = False, verbose: bool = False, dpi: int | None = None) -> str:
    """Return DOT source that any Graphviz lays out; no times are in it, so it may be committed."""
    from graphviz import Digraph

    drawn = diagram(trace)
    resolution = {"dpi": str(dpi)} if dpi is not None else {}
    attributes = {**_GRAPH, **resolution, "label": f"<{_caption(drawn)}>"}
    graph = Digraph("mwviz", graph_attr=attributes, node_attr=_NODE, edge_attr=_EDGE)
    middle = max(map(_middle_width, drawn.nodes))
    for number, (group, nodes) in enumerate(runs(drawn.nodes)):
        owner = Digraph(f"cluster_{number}", graph_attr=_frame(group)) if group else graph
        for node in nodes:
            owner.node(node.key, label=_card(node, middle))
        if group:
            graph.subgraph(owner)
    for edge in drawn.edges:
        _draw(graph, edge)
    return str(graph.source)


_GRAPH = {
    "rankdir": "TB",
    "ranksep": "0.28",
    "nodesep": "0.3",
    "bgcolor": "transparent",
    "pad": "0.2",
    "fontname": _FONT,
    "fontsize": "11",
    "fontcolor": _TEXT,
    "labelloc": "b",
}
_NODE = {"shape": "none", "margin": "0", "group": "stack", "fontname": _FONT, "fontsize": "13"}
_EDGE = {"arrowsize": "0.7", "penwidth": "1.6"}


def _caption(drawn: Diagram) -> str:
    from textwrap import wrap

    lines = [f"<B>{_text(drawn.title)}</B>", *map(_text, wrap(drawn.caption, 72))]
    return "<BR/> <BR/>" + _BREAK.join(lines)


def _frame(group: str) -> dict[str, str]:
    return {
        "label": f"<{_text(group)}>",
        "labeljust": "c",
        "labelloc": "t",
        "fontsize": "10",
        "fontcolor": _TEXT,
        "color": _FAINT,
        "style": "rounded,dashed",
    }


def _card(node: Node, middle: int) -> str:
    fill, border, ink = _STATES.get(node.state) or _FILLS.get(node.role, _PAPER)
    if node.key == CLIENT:
        fill, border, ink = _FILLS["client"]
    faint = _FAINT_ON_DARK if node.key == CLIENT else ink if node.state == "unreached" else _TEXT
    badge = (_ON_DARK if node.key == CLIENT else _BADGES).get(node.state, _TEXT)
    lines = [f'<FONT COLOR="{ink}"><B>{_text(node.name)}</B></FONT>']
    if node.fact:
        lines.append(f'<FONT POINT-SIZE="10" COLOR="{faint}">{_text(node.fact)}</FONT>')
    lines += [f'<FONT POINT-SIZE="11" COLOR="{badge}">{_text(line)}</FONT>' for line in _badge_lines(node)]
    side = 'WIDTH="54" CELLPADDING="4"'
    lanes = [_lane(node, node.turn_in, "request", _REQUEST), _lane(node, node.turn_out, "response", _RESPONSE)]
    rows = (
        f'<TD PORT="i" {side}>{lanes[0]}</TD>',
        f'<TD PORT="m" WIDTH="{middle}" CELLPADDING="6">{_BREAK.join(lines)}</TD>',
        f'<TD PORT="o" {side}>{lanes[1]}</TD>',
    )
    style = "ROUNDED,DASHED" if node.role == "framework" else "ROUNDED"
    table = f'BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="{style}" BGCOLOR="{fill}" COLOR="{border}"'
    return f"<<TABLE {table}><TR>{_NEXT}{_NEXT.join(rows)}\n\t</TR></TABLE>>"


def _lane(node: Node, turn: int | None, name: str, color: str) -> str:
    """Return what stands above a lane's arrows: its name at the client, the turn at a layer."""
    if node.key == CLIENT:
        return f'<FONT POINT-SIZE="10" COLOR="{_FAINT_ON_DARK}">{name}</FONT>'
    return f'<FONT COLOR="{color}"><B>{turn}</B></FONT>' if turn is not None else " "


def _badge_lines(node: Node) -> list[str]:
    from textwrap import wrap

    return wrap(node.badge, _BADGE_COLUMNS)


def _middle_width(node: Node) -> int:
    """Return about how many points the text of a box needs: boxes of one width keep the lanes straight."""
    badge = min(len(node.badge), _BADGE_COLUMNS)
    return int(20 + max(7.6 * columns(node.name), 5 * columns(node.fact), 5.6 * badge))


def _draw(graph: Digraph, edge: Edge) -> None:
    tail, head = edge.tail, edge.head
    match edge.kind:
        case "request":
            graph.edge(f"{tail}:i:s", f"{head}:i:n", color=_REQUEST, weight="9")
        case "unseen":
            graph.edge(f"{tail}:m:s", f"{head}:m:n", color=_FAINT, style="dotted", arrowhead="none", weight="9")
        case "response":
            graph.edge(f"{head}:o:s", f"{tail}:o:n", color=_RESPONSE, dir="back")
        case "discarded":
            graph.edge(f"{head}:o:s", f"{tail}:o:n", color=_FAINT, dir="back", style="dashed")
        case "exception":
            graph.edge(f"{head}:m:s", f"{tail}:m:n", color=_EXCEPTION, dir="back", style="dashed")


def _text(text: str) -> str:
    r"""Return foreign text for an HTML-like label, where `\\` is a backslash and `\G` still the graph's name."""
    return escape(text).replace("\\", "&#92;&#92;") or " "


#: What the views of routes have in common with this one.
escaped, caption = _text, _caption
