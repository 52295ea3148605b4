"""`dot`: the tree of chains as Graphviz source, from what every request passes on the left to the routes."""

from __future__ import annotations

from mwviz.model.routes import Routes
from mwviz.render.cards import NEXT, TEXT, font, text
from mwviz.render.dot import NODE, ground
from mwviz.render.legend import heading
from mwviz.render.look import PLAIN, Look
from mwviz.render.palette import CARDS, Theme, color
from mwviz.render.routes.boxes import Box, Line, Role, picture

#: Of each kind of box its colours and its border: no kind is told by colour alone.
_LOOKS: dict[Role, tuple[str, str]] = {
    "layer": ("user", 'BORDER="1" STYLE="ROUNDED"'),
    "dependency": ("outer", 'BORDER="1" STYLE="ROUNDED,DASHED"'),
    "routes": ("end", 'BORDER="2"'),
}
_SPACES = {"rankdir": "LR", "ranksep": "0.4", "nodesep": "0.22"}
_TITLE_WIDTH = 520


def render(
    routes: Routes,
    *,
    width: int = 80,
    color: bool = False,
    verbose: bool = False,
    look: Look = PLAIN,
    dpi: int | None = None,
) -> str:
    """Return DOT source that any Graphviz lays out."""
    from graphviz import Digraph

    drawn, theme = picture(routes), look.theme or "light"
    title = heading(drawn.title, drawn.caption, _TITLE_WIDTH, theme)
    attributes = {**ground(theme, dpi), **_SPACES, "label": title, "labelloc": "t", "labeljust": "l"}
    graph = Digraph("mwviz", graph_attr=attributes, node_attr={**NODE, "group": ""}, edge_attr=_edge(theme))
    for box in drawn.boxes:
        graph.node(box.key, label=_card(box, theme))
    for box in drawn.boxes:
        if box.parent is not None:
            graph.edge(f"{box.parent}:e", f"{box.key}:w")
    return str(graph.source)


def _edge(theme: Theme) -> dict[str, str]:
    return {"arrowsize": "0.8", "penwidth": "1.6", "color": color("lost", theme)}


def _card(box: Box, theme: Theme) -> str:
    kind, border = _LOOKS[box.role]
    rows = [_row(line, theme) for line in box.lines]
    frame = f'{border} CELLBORDER="0" CELLSPACING="0" CELLPADDING="3"'
    look = f'BGCOLOR="{color(CARDS[kind].fill, theme)}" COLOR="{color(CARDS[kind].line, theme)}"'
    return f"<<TABLE {frame} {look}>{NEXT}{NEXT.join(rows)}\n\t</TABLE>>"


def _row(line: Line, theme: Theme) -> str:
    shown = f"<B>{text(line.text)}</B>" if line.weight == "bold" else text(line.text)
    ink = color("faint" if line.weight == "faint" else "ink", theme)
    fact = font(f"  {text(line.fact)}" if line.fact else " ", color("faint", theme), TEXT)
    return f'<TR><TD ALIGN="LEFT">{font(shown, ink, TEXT)}{fact}</TD></TR>'
