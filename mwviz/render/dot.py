"""`dot`: the diagram as Graphviz source: requests go down the lane on the left, responses up the one on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mwviz.model import Trace
from mwviz.render import legend
from mwviz.render.cards import TEXT, Table, Turn, card, font, middle_width, text
from mwviz.render.carried import cut, told
from mwviz.render.graph import CLIENT, END, Diagram, Edge, EdgeKind, Node, diagram, runs
from mwviz.render.look import PLAIN, Look
from mwviz.render.palette import Theme, color

if TYPE_CHECKING:
    from graphviz import Digraph

FONT = "Helvetica"
_NARROWEST, _GROUP_WIDTH = 300, 56

#: The arrows are told apart by line and head; those that go up are drawn from the upper box, which orders the boxes.
_ARROWS: dict[EdgeKind, dict[str, str]] = {
    "request": {"penwidth": "2.2", "weight": "9"},
    "unseen": {"penwidth": "1.6", "style": "dotted", "arrowhead": "none", "weight": "9"},
    "response": {"penwidth": "2.2", "style": "dashed", "dir": "back", "arrowtail": "vee", "arrowsize": "0.8"},
    "discarded": {"penwidth": "1.8", "style": "dashed", "dir": "back", "arrowtail": "onormal"},
    "exception": {"penwidth": "1.4", "dir": "back", "arrowtail": "normal"},
}
_EDGE = {"arrowsize": "0.9", "fontname": FONT, "fontsize": str(TEXT)}
_PORTS: dict[EdgeKind, str] = {"request": ":i", "unseen": "", "response": ":o", "discarded": ":o", "exception": ":x"}


def render(
    trace: Trace,
    *,
    width: int = 80,
    color: bool = False,
    verbose: bool = False,
    look: Look = PLAIN,
    dpi: int | None = None,
) -> str:
    """Return DOT source that any Graphviz lays out; no times are in it, so it may be committed."""
    from graphviz import Digraph

    drawn = described(trace, look)
    theme: Theme = look.theme or "light"
    exceptions = any(edge.kind == "exception" for edge in drawn.edges)
    table = Table(theme, max(_NARROWEST, *map(middle_width, drawn.nodes)), exceptions)
    handlers = frozenset(f"n{step.layer}" for step in trace.steps if step.outcome == "handled")
    graph = Digraph("mwviz", graph_attr=ground(theme, dpi), node_attr=NODE, edge_attr=_EDGE)
    graph.node("title", label=legend.heading(drawn.title, drawn.caption, table.width, theme))
    for number, (group, nodes) in enumerate(runs(drawn.nodes)):
        owner = Digraph(f"cluster_{number}", graph_attr=_frame(group, theme)) if group else graph
        for node in nodes:
            owner.node(node.key, label=card(node, table, _turn(node, drawn, handlers)))
        if group:
            graph.subgraph(owner)
    for edge in drawn.edges:
        _draw(graph, edge, theme)
    _surround(graph, legend.legend(drawn, table.width, theme))
    return str(graph.source)


def described(trace: Trace, look: Look) -> Diagram:
    """Return what the picture of a trace shows."""
    drawn = diagram(trace)
    return told(drawn, trace) if look.changes else drawn


NODE = {"shape": "none", "margin": "0", "group": "stack", "fontname": FONT, "fontsize": str(TEXT)}


def ground(theme: Theme, dpi: int | None) -> dict[str, str]:
    """Return the attributes that every graph of ours has, a ground among them: who knows the page it will be on."""
    resolution = {"dpi": str(dpi)} if dpi is not None else {}
    spaces = {"rankdir": "TB", "ranksep": "0.33", "nodesep": "0.3", "pad": "0.25"}
    return {**spaces, "bgcolor": color("page", theme), "fontname": FONT, **resolution}


def _frame(group: str, theme: Theme) -> dict[str, str]:
    return {
        "label": f"<{font(f'<B>{text(cut(group, _GROUP_WIDTH))}</B>', color('faint', theme), TEXT)}>",
        "labeljust": "c",
        "labelloc": "t",
        "color": color("lost", theme),
        "penwidth": "1.5",
        "margin": "12",
        "style": "rounded",
    }


def _turn(node: Node, drawn: Diagram, handlers: frozenset[str]) -> Turn | None:
    """Return how the response that begins at a box came about, None where none does, or where it replaced another."""
    kinds = {(edge.kind, edge.tail == node.key) for edge in drawn.edges if node.key in (edge.tail, edge.head)}
    if ("response", True) not in kinds:
        return None
    inward = any(edge.kind == "request" and edge.tail == node.key for edge in drawn.edges)
    if not inward and node.state in ("answered", "took_over"):
        return "request"
    turned = node.key in handlers and ("exception", False) in kinds and ("response", False) not in kinds
    return "exception" if turned else None


def _draw(graph: Digraph, edge: Edge, theme: Theme) -> None:
    ink, port = color(legend.ARROWS[edge.kind][0], theme), _PORTS[edge.kind]
    down = edge.kind in ("request", "unseen")
    upper, lower = (edge.tail, edge.head) if down else (edge.head, edge.tail)
    label = {"label": f"<{_changes(edge, ink)}>"} if edge.changes else {}
    graph.edge(f"{upper}{port}:s", f"{lower}{port}:n", color=_line(edge.kind, ink), **_ARROWS[edge.kind], **label)


def _line(kind: EdgeKind, ink: str) -> str:
    return f"{ink}:{ink}" if kind == "exception" else ink  # two colours draw two lines side by side


def _changes(edge: Edge, ink: str) -> str:
    rows = "".join(f'<TR><TD ALIGN="LEFT"> {font(text(change), ink, TEXT)}</TD></TR>' for change in edge.changes)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{rows}</TABLE>'


def _surround(graph: Digraph, below: str | None) -> None:
    graph.edge("title", CLIENT, style="invis")
    if below is not None:
        graph.node("legend", label=below)
        graph.edge(END, "legend", style="invis")
