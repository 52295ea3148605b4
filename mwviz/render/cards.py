"""The boxes of the picture as Graphviz's HTML-like labels: a lane for the request, the layer, lanes for answers.

No look is told by colour alone: borders, lines and words say the same.
"""

from __future__ import annotations

from html import escape
from typing import Literal, TypeAlias

from mwviz.render.graph import CLIENT, Node
from mwviz.render.palette import CARDS, Theme, color
from mwviz.render.plain import columns
from mwviz.values import dataclass

#: Points. Half of the smallest can still be read.
NAME, TEXT, LANE = 15, 13, 76

#: Graphviz skips line ends and tabs inside a label, and a committed diagram is read line by line.
NEXT = "\n\t\t"
_BREAK = '<BR ALIGN="LEFT"/>'
GAP = '<FONT POINT-SIZE="3"> </FONT>'
_BADGE_COLUMNS = 52
_BADGES = {"answered": "good", "took_over": "warn", "failed": "bad", "unreached": "unreached-ink"}

#: Width and form of a border. Whatever is not the user's own differs from it in form, too.
BORDERS: dict[str, tuple[int, str]] = {
    "client": (2, "ROUNDED"),
    "framework": (1, "ROUNDED,DASHED"),
    "injected": (2, "DASHED"),
    "outer": (2, "SOLID"),
    "unreached": (1, "ROUNDED,DOTTED"),
}
_BORDER = (1, "ROUNDED")

#: Where an answer begins: `request` turns round into it, `exception` is turned into it.
Turn: TypeAlias = Literal["request", "exception"]


@dataclass(frozen=True, slots=True)
class Table:
    """What all boxes of one picture share: `middle` in points, and whether there is a lane for exceptions."""

    theme: Theme
    middle: int
    exceptions: bool

    @property
    def width(self) -> int:
        """The width of every box, in points."""
        return self.middle + LANE * (3 if self.exceptions else 2)


def card(node: Node, table: Table, turn: Turn | None) -> str:
    """Return the label of one box; boxes of one width keep the lanes straight."""
    kind = _look(node)
    width, style = BORDERS["unreached"] if node.state == "unreached" else BORDERS.get(_kind(node), _BORDER)
    width += node.state in ("answered", "took_over", "failed") and node.key != CLIENT
    look = f'BGCOLOR="{color(CARDS[kind].fill, table.theme)}" COLOR="{color(CARDS[kind].line, table.theme)}"'
    rows = [_first_row(node, table, turn), *([_turn_row(node, table, turn)] if turn is not None else [])]
    frame = f'BORDER="{width}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" STYLE="{style}"'
    return f"<<TABLE {frame} {look}>{NEXT}{NEXT.join(rows)}\n\t</TABLE>>"


def _kind(node: Node) -> str:
    match node.role:
        case "router" | "endpoint":
            return "end"
        case "mount" | "route":
            return "user"
        case role:
            return role


def _look(node: Node) -> str:
    if node.key != CLIENT and node.state in ("answered", "took_over", "failed", "unreached"):
        return node.state
    return _kind(node)


def _first_row(node: Node, table: Table, turn: Turn | None) -> str:
    span = ' ROWSPAN="2"' if turn == "exception" else ""
    lanes = [
        _lane("i", "request", node, node.turn_in, table.theme, span),
        *([_lane("x", "exception", node, None, table.theme)] if table.exceptions else []),
        _lane("o", "response", node, node.turn_out, table.theme),
    ]
    lines = _lines(node, table.theme, badge=turn != "request")
    lines[1:] = [GAP, *lines[1:]] if lines[1:] else []
    text = f"{_BREAK}{NEXT}".join(lines) + _BREAK
    middle = f'<TD WIDTH="{table.middle}"{span} CELLPADDING="6" ALIGN="LEFT" BALIGN="LEFT">{text}</TD>'
    return f"<TR>{NEXT}{NEXT.join((lanes[0], middle, *lanes[1:]))}</TR>"


def _lane(port: str, name: str, node: Node, turn: int | None, theme: Theme, span: str = "") -> str:
    """Return what stands above a lane's arrows: its name at the client, the turn at a layer."""
    text, size = (name, TEXT) if node.key == CLIENT else (str(turn) if turn is not None else "", NAME)
    shown = font(f"<B>{text}</B>", color(name, theme), size) if text else " "
    return f'<TD PORT="{port}" WIDTH="{LANE}" COLSPAN="2"{span}>{shown}</TD>'


def _turn_row(node: Node, table: Table, turn: Turn) -> str:
    """Return the row in which the way turns: down the one lane, across, and up the other."""
    half = f'WIDTH="{LANE // 2}" HEIGHT="24"'
    answer = f'BORDER="2" STYLE="DASHED" COLOR="{color("response", table.theme)}"'
    blank = f"<TD {half}></TD>"
    if turn == "exception":
        came = f'BORDER="2" COLOR="{color("exception", table.theme)}"'
        return f'<TR>{blank}<TD {half} {came} SIDES="LT"></TD><TD {half} {answer} SIDES="T"></TD>{blank}</TR>'
    came = f'BORDER="2" COLOR="{color("request", table.theme)}"'
    told = font(f"<B>{text(node.badge)}</B>", color(_BADGES[node.state], table.theme), TEXT)
    x_lane = f'<TD {answer} SIDES="B" COLSPAN="2"></TD>' if table.exceptions else ""
    return (
        f'<TR>{blank}<TD {half} {came} SIDES="LB"></TD>{NEXT}<TD {answer} SIDES="B">{told}</TD>'
        f'{NEXT}{x_lane}<TD {half} {answer} SIDES="BR"></TD>{blank}</TR>{NEXT}'
        f'<TR><TD COLSPAN="{7 if table.exceptions else 5}" HEIGHT="9"></TD></TR>'
    )


def _lines(node: Node, theme: Theme, *, badge: bool) -> list[str]:
    ink, faint = color("ink", theme), color("faint", theme)
    if node.state == "unreached":
        ink = faint = color("unreached-ink", theme)
    name = text(node.name) if node.role == "framework" else f"<B>{text(node.name)}</B>"
    kind = font(f"   {text(tag(node))}", faint, TEXT) if tag(node) else ""
    lines = [font(name, ink, NAME) + kind]
    if node.place and node.role != "framework":
        lines.append(font(text(node.place), faint, TEXT))
    told, (before, after) = _BADGES.get(node.state), ("<B>", "</B>") if node.state in _BADGES else ("", "")
    shown = (f"{before}{text(line)}{after}" for line in badge_lines(node) if badge)
    return [*lines, *(font(line, color(told or "faint", theme), TEXT) for line in shown)]


def tag(node: Node) -> str:
    """Return what a box is in a few words: `BaseHTTP`, `framework`, `injected ASGI`."""
    kind = "framework" if node.role == "framework" else node.kind
    if node.role in ("injected", "outer"):
        kind = f"{node.role} {kind}"
    if node.state == "unreached":
        return f"{kind}, not reached" if kind else "not reached"
    return "client" if node.key == CLIENT else kind


def badge_lines(node: Node) -> list[str]:
    """Return what happened there, in lines; of a layer that nobody reached its tag tells."""
    from textwrap import wrap

    return [] if node.state == "unreached" else wrap(node.badge, _BADGE_COLUMNS)


def middle_width(node: Node) -> int:
    """Return about how many points the text of a box needs."""
    letters = 8.1 * columns(node.name) if node.role == "framework" else _bold_width(node.name)
    name = letters + 14 + 6.6 * columns(tag(node))
    badge = 7.6 * max(map(columns, badge_lines(node)), default=0)
    place = 0.0 if node.role == "framework" else 6.7 * columns(node.place)
    return int(12 + max(name, place, badge))


def _bold_width(name: str) -> float:
    """Return about how many points a name needs; many capitals are far wider than an average tells."""
    wide = 4 * sum(char in "MW@%mw" for char in name)
    return max(8.8 * columns(name), 8.1 * columns(name) + 2.5 * sum(map(str.isupper, name)) + wide)


def font(inner: str, ink: str, size: int) -> str:
    """Return text of ours, or escaped, in one colour and size."""
    return f'<FONT POINT-SIZE="{size}" COLOR="{ink}">{inner}</FONT>'


def text(foreign: str) -> str:
    r"""Return foreign text for an HTML-like label, where `\\` is a backslash and `\G` still the graph's name."""
    return escape(foreign).replace("\\", "&#92;&#92;") or " "
