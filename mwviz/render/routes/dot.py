"""`dot`: the tree of chains as Graphviz source, from what every request passes on the left to the routes."""

from __future__ import annotations

from mwviz.model.routes import Routes
from mwviz.render.dot import caption, escaped
from mwviz.render.graph import Diagram
from mwviz.render.routes.boxes import Box, Line, Role, picture

_FONT, _FAINT = "Helvetica", "#76808b"
#: Fill, border and ink of a box: mid-tones that read on a white page and on a dark one.
_COLORS: dict[Role, tuple[str, str, str]] = {
    "layer": ("#ffffff", "#b9c2cc", "#1f2328"),
    "dependency": ("#f6f0fe", "#b99be0", "#1f2328"),
    "routes": ("#e9f2fd", "#7fb0ee", "#1f2328"),
}
_GRAPH = {
    "rankdir": "LR",
    "ranksep": "0.35",
    "nodesep": "0.2",
    "bgcolor": "transparent",
    "pad": "0.2",
    "fontname": _FONT,
    "fontsize": "11",
    "fontcolor": _FAINT,
    "labelloc": "b",
}
_NODE = {"shape": "none", "margin": "0", "fontname": _FONT, "fontsize": "12"}
_EDGE = {"arrowsize": "0.7", "penwidth": "1.4", "color": "#8b949e"}
#: Graphviz skips line ends and tabs inside a label, and a committed diagram is read line by line.
_NEXT = "\n\t\t"


def render(
    routes: Routes, *, width: int = 80, color: bool = False, verbose: bool = False, dpi: int | None = None
) -> str:
    """Return DOT source that any Graphviz lays out."""
    from graphviz import Digraph

    drawn = picture(routes)
    resolution = {"dpi": str(dpi)} if dpi is not None else {}
    attributes = {**_GRAPH, **resolution, "label": f"<{caption(Diagram(drawn.title, drawn.caption, (), ()))}>"}
    graph = Digraph("mwviz", graph_attr=attributes, node_attr=_NODE, edge_attr=_EDGE)
    for box in drawn.boxes:
        graph.node(box.key, label=_card(box))
    for box in drawn.boxes:
        if box.parent is not None:
            graph.edge(f"{box.parent}:e", f"{box.key}:w")
    return str(graph.source)


def _card(box: Box) -> str:
    fill, border, ink = _COLORS[box.role]
    rows = [_row(line, ink) for line in box.lines]
    frame = 'BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3" STYLE="ROUNDED"'
    return f'<<TABLE {frame} BGCOLOR="{fill}" COLOR="{border}">{_NEXT}{_NEXT.join(rows)}\n\t</TABLE>>'


def _row(line: Line, ink: str) -> str:
    text = f"<B>{escaped(line.text)}</B>" if line.weight == "bold" else escaped(line.text)
    color = _FAINT if line.weight == "faint" else ink
    fact = f'  <FONT POINT-SIZE="10" COLOR="{_FAINT}">{escaped(line.fact)}</FONT>' if line.fact else ""
    return f'<TR><TD ALIGN="LEFT"><FONT COLOR="{color}">{text}</FONT>{fact}</TD></TR>'
