"""The probes side by side: a row per layer, a column per probe."""

from __future__ import annotations

from collections.abc import Sequence

from mwviz.model import Trace
from mwviz.model.probes import ProbeKind
from mwviz.render import words
from mwviz.render.graph import END, Node, diagram
from mwviz.render.markup import Html, block, element, name, text
from mwviz.render.page.stack import told

TITLES: dict[ProbeKind, str] = {
    "normal": "Normal request",
    "preflight": "CORS preflight",
    "error": "Error path",
    "websocket": "Websocket",
}


def comparison(probes: Sequence[tuple[ProbeKind, Trace]]) -> Html:
    """Return the table; nothing where there is one probe only."""
    if len(probes) < 2:
        return Html("")
    drawn = [{_key(node): node for node in diagram(trace).nodes[1:]} for _, trace in probes]
    heads = [element("td", text("layer"), class_="corner"), *(_head(kind, trace) for kind, trace in probes)]
    rows = []
    for key in _merged([list(nodes) for nodes in drawn]):
        cells = (_cell(trace, nodes.get(key)) for (_, trace), nodes in zip(probes, drawn, strict=True))
        rows.append(element("tr", _row_head(*key), *cells, class_=_role(drawn, key)))
    made = block("table", element("thead", element("tr", *heads)), block("tbody", *rows), class_="sides")
    scroll = block("div", made, class_="scroll", role="region", aria_label="Probes side by side", tabindex=0)
    return block("section", element("h2", text("Side by side")), scroll, class_="comparison")


def _key(node: Node) -> tuple[str, str]:
    # Whatever stands at the end stands there in every probe, though its name may differ.
    return (node.group, node.name) if node.key != END else ("", "")


def _merged(orders: Sequence[Sequence[tuple[str, str]]]) -> list[tuple[str, str]]:
    """Return every row once, each after the one that it follows in the first probe that has it."""
    merged: list[tuple[str, str]] = []
    for order in orders:
        at = 0
        for key in order:
            if key in merged:
                at = merged.index(key) + 1
            else:
                merged.insert(at, key)
                at += 1
    merged.remove(("", ""))
    return [*merged, ("", "")]


def _role(drawn: Sequence[dict[tuple[str, str], Node]], key: tuple[str, str]) -> str:
    return next(nodes[key].role for nodes in drawn if key in nodes)


def _head(kind: ProbeKind, trace: Trace) -> Html:
    result = element(
        "span", text(f"{words.asked(trace)} → {words.got(trace) or words.nothing(trace)}"), class_="result"
    )
    return element("th", text(TITLES[kind]), result, scope="col")


def _row_head(group: str, title: str) -> Html:
    within = element("span", text(group), class_="within") if group else Html("")
    return element("th", name(title or "endpoint"), within, scope="row")


def _cell(trace: Trace, node: Node | None) -> Html:
    if node is None:
        return element("td", text("not on the way"), class_="absent")
    happened = told(trace, node)
    if node.state == "unreached":
        return element("td", text(happened), class_="unreached")
    turns = [f"↓{node.turn_in}"] if node.turn_in is not None else []
    turns += [f"↑{node.turn_out}"] if node.turn_out is not None else []
    told_by = "router: " if node.key == END and node.role == "router" else ""
    said = f"{told_by}{happened}" if happened else "passed on" if turns else ""
    badge = element("span", text(said), class_=f"badge {node.state}")
    return element("td", *([element("span", text(" ".join(turns)), class_="turns")] if turns else []), badge)
