"""`mermaid`: the tree of chains as a flowchart that GitHub renders."""

from __future__ import annotations

from mwviz.model.routes import Routes
from mwviz.render.mermaid import escaped, styles
from mwviz.render.routes.boxes import Box, Line, Role, picture

_STYLES: dict[Role, str] = {
    "layer": styles["user"],
    "dependency": styles["outer"],
    "routes": styles["inner"],
}


def render(routes: Routes, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """Return a Mermaid flowchart of the chains, the routes as its leaves."""
    boxes = picture(routes).boxes
    edges = [f"  {box.parent} --> {box.key}" for box in boxes if box.parent is not None]
    used = {box.role for box in boxes}
    classes = [f"  classDef {role} {style}" for role, style in _STYLES.items() if role in used]
    return "\n".join(["flowchart LR", *map(_box, boxes), *edges, *classes]) + "\n"


def _box(box: Box) -> str:
    lines = [_line(line) for line in box.lines]
    opening, closing = ("[", "]") if box.role == "routes" else ("(", ")")
    return f'  {box.key}{opening}"{"<br/>".join(lines)}"{closing}:::{box.role}'


def _line(line: Line) -> str:
    text = escaped(line.text)
    tag = {"bold": "b", "plain": None, "faint": "i"}[line.weight]
    name = text if tag is None else f"<{tag}>{text}</{tag}>"
    return f"{name} <small>{escaped(line.fact)}</small>" if line.fact else name
