"""`mermaid`: the diagram as a flowchart that GitHub renders."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mwviz.model import Trace
from mwviz.render.graph import Diagram, Edge, EdgeKind, Node, State, diagram, runs

_ARROWS: dict[EdgeKind, str] = {
    "request": "-->",
    "response": "-->",
    "discarded": "-.->",
    "exception": "-.->",
    "unseen": "-.-",
}

#: Mid-tones, for GitHub shows the same source on a white page and on a dark one.
_STROKES: dict[EdgeKind, str] = {
    "request": "stroke:#2f7ee6,stroke-width:2px",
    "response": "stroke:#2a9d4e,stroke-width:2px",
    "discarded": "stroke:#8b949e,stroke-width:2px",
    "exception": "stroke:#e0443a,stroke-width:2px",
    "unseen": "stroke:#8b949e",
}
_CLASSES = {
    "client": "fill:#1f2937,stroke:#3d4b5f,color:#ffffff",
    "user": "fill:#ffffff,stroke:#8b949e,color:#1f2328",
    "framework": "fill:#f3f5f7,stroke:#b9c2cc,color:#57606a,stroke-dasharray:5 3",
    "injected": "fill:#e5f5f5,stroke:#68b3b3,color:#1f2328",
    "outer": "fill:#f6f0fe,stroke:#b99be0,color:#1f2328",
    "end": "fill:#e9f2fd,stroke:#7fb0ee,color:#1f2328",
    "answered": "fill:#e8f7ec,stroke:#4fb36c,color:#1f2328",
    "took_over": "fill:#fff5da,stroke:#d3a429,color:#1f2328",
    "failed": "fill:#fdeceb,stroke:#e0655d,color:#1f2328",
    "unreached": "fill:#f3f5f7,stroke:#d5dae0,color:#98a1ab",
}
_BY_STATE: tuple[State, ...] = ("answered", "took_over", "failed", "unreached")


def render(trace: Trace, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """Return a Mermaid flowchart; no times are in it, so it may be committed."""
    drawn = diagram(trace)
    lines = ["flowchart TD", *_boxes(drawn), *map(_arrow, drawn.edges), *_styles(drawn)]
    return "\n".join(lines) + "\n"


def _boxes(drawn: Diagram) -> Iterator[str]:
    for number, (group, nodes) in enumerate(runs(drawn.nodes)):
        indent = "    " if group else "  "
        if group:
            yield f'  subgraph g{number}["{_text(group)}"]'
        yield from (f"{indent}{_box(node)}" for node in nodes)
        if group:
            yield "  end"


def _box(node: Node) -> str:
    parts = [f"<b>{_text(node.name)}</b>"]
    parts += [f"<small>{_text(node.fact)}</small>"] if node.fact else []
    parts += [_text(node.badge)] if node.badge else []
    opening, closing = ("([", "])") if node.role in ("client", "router", "endpoint") else ("(", ")")
    return f'{node.key}{opening}"{"<br/>".join(parts)}"{closing}:::{_class(node)}'


def _class(node: Node) -> str:
    if node.role == "client":
        return "client"
    if node.state in _BY_STATE:
        return node.state
    match node.role:
        case "router" | "endpoint":
            return "end"
        case "mount" | "route":
            return "user"
        case role:
            return role


def _arrow(edge: Edge) -> str:
    turn = f"|{edge.turn}|" if edge.turn is not None else ""
    return f"  {edge.tail} {_ARROWS[edge.kind]}{turn} {edge.head}"


def _styles(drawn: Diagram) -> Iterator[str]:
    for kind, stroke in _STROKES.items():
        numbers = [str(number) for number, edge in enumerate(drawn.edges) if edge.kind == kind]
        if numbers:
            yield f"  linkStyle {','.join(numbers)} {stroke}"
    used = {_class(node) for node in drawn.nodes}
    yield from (f"  classDef {name} {style}" for name, style in _CLASSES.items() if name in used)


#: All but letters, digits and blanks, and the few marks that mean nothing where they stand inside a word.
_LIVE = re.compile(r"[^\w ,/.:-]|(?<![^\W_])[_.:-]|[_.-](?![^\W_])|:(?!\d)")

#: Formulas, line breaks, Font Awesome and Mermaid's own code for an entity: looked for after the entities are decoded.
_LATE = re.compile(r"\$(?=\$)|\\(?=n)|:(?=fa)|\ufb02(?=\u00b0)|\u00b6(?=\u00df)")


def _text(text: str) -> str:
    """Return foreign text for a quoted label: all that Mermaid, its Markdown or HTML could act on is an entity code.

    Where Mermaid acts on what it decoded, a blank of no width keeps the marks apart.
    """
    apart = _LATE.sub("\\g<0>\u200b", text)
    return _LIVE.sub(lambda found: f"#{ord(found[0])};", apart) or " "


#: What the views of routes have in common with this one.
escaped, styles = _text, _CLASSES
