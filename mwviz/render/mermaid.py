"""`mermaid`: the diagram as a flowchart that GitHub renders."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mwviz.model import Trace
from mwviz.render.carried import told
from mwviz.render.graph import CLIENT, Diagram, Edge, EdgeKind, Node, State, diagram, runs
from mwviz.render.look import PLAIN, Look
from mwviz.render.palette import CARDS, COLORS

#: Told apart by their lines and heads, not by colour alone.
_ARROWS: dict[EdgeKind, str] = {
    "request": "-->",
    "response": "-.->",
    "discarded": "-.-x",
    "exception": "==>",
    "unseen": "-.-",
}

#: Mid-tones, for GitHub shows the same source on a white page and on a dark one.
_STROKES: dict[EdgeKind, str] = {
    "request": "stroke:#2f7ee6,stroke-width:2px",
    "response": "stroke:#2a9d4e,stroke-width:2px",
    "discarded": "stroke:#8b949e,stroke-width:2px",
    "exception": "stroke:#e0443a,stroke-width:3px",
    "unseen": "stroke:#8b949e",
}


def _style(name: str, more: str = "", ink: str = "ink") -> str:
    """Return the colours of a box: its own ground reads on any page, so they are those of the light theme."""
    fill, line = COLORS[CARDS[name].fill].light, COLORS[CARDS[name].line].light
    return f"fill:{fill},stroke:{line},color:{COLORS[ink].light}{more}"


_CLASSES = {
    "client": _style("client", ",stroke-width:2px"),
    "user": _style("user"),
    "framework": _style("framework", ",stroke-dasharray:5 3", "faint"),
    "injected": _style("injected"),
    "outer": _style("outer"),
    # `end` is a word of Mermaid's own
    "inner": _style("end"),
    "answered": _style("answered", ",stroke-width:2px"),
    "took_over": _style("took_over", ",stroke-width:2px"),
    "failed": _style("failed", ",stroke-width:2px"),
    "unreached": _style("unreached", ",stroke-dasharray:2 3", "unreached-ink"),
}
_BY_STATE: tuple[State, ...] = ("answered", "took_over", "failed", "unreached")
#: Brackets of the boxes that do not have the user's own form.
_FORMS = {
    "injected": ("[[", "]]"),
    "outer": ("[", "]"),
    **dict.fromkeys(("client", "router", "endpoint"), ("([", "])")),
}


def render(trace: Trace, *, width: int = 80, color: bool = False, verbose: bool = False, look: Look = PLAIN) -> str:
    """Return a Mermaid flowchart; no times are in it, so it may be committed."""
    drawn = told(diagram(trace), trace) if look.changes else diagram(trace)
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
    opening, closing = _FORMS.get(node.role, ("(", ")"))
    return f'{node.key}{opening}"{"<br/>".join(parts)}"{closing}:::{_class(node)}'


def _class(node: Node) -> str:
    if node.role == "client":
        return "client"
    if node.state in _BY_STATE:
        return node.state
    match node.role:
        case "router" | "endpoint":
            return "inner"
        case "mount" | "route":
            return "user"
        case role:
            return role


def _arrow(edge: Edge) -> str:
    turn = str(edge.turn) if edge.turn is not None else ""
    if CLIENT in (edge.tail, edge.head) and edge.kind != "unseen":
        turn = f"{edge.kind} {turn}".rstrip()
    label = "<br/>".join(filter(None, (turn, *map(_text, edge.changes))))
    shown = f'|"{label}"|' if edge.changes else f"|{label}|" if label else ""
    return f"  {edge.tail} {_ARROWS[edge.kind]}{shown} {edge.head}"


def _styles(drawn: Diagram) -> Iterator[str]:
    for kind, stroke in _STROKES.items():
        numbers = [str(number) for number, edge in enumerate(drawn.edges) if edge.kind == kind]
        if numbers:
            yield f"  linkStyle {','.join(numbers)} {stroke}"
    groups = (f"g{number}" for number, (group, _) in enumerate(runs(drawn.nodes)) if group)
    yield from (f"  style {group} fill:none,stroke:#8b949e" for group in groups)
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
