"""What the three terminal formats share: styled text folded to a width, and the lines above and below their bodies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Literal, TypeAlias

from mwviz.model import Layer, Place, Step, Trace, Websocket
from mwviz.render import end, sockets, words
from mwviz.render.plain import columns, duration, visible
from mwviz.render.remarks import remarks
from mwviz.render.summary import summary

Style: TypeAlias = Literal["", "dim", "bold", "green", "yellow", "red"]
Part: TypeAlias = tuple[str, Style]
Line: TypeAlias = Sequence[Part]

_ASCII = str.maketrans("→←↓↑✗✓…·●○│┊┬╭╰├└┄─µ", "><v^x+~-*o|:T+++++-u")
#: An arrow stays with what it tells of.
_TOKENS = re.compile(r" +|(?:[↓↑] )?(?:[^ /]*/+|[^ /]+)")
NARROWEST = 40
_STUB = 8
#: Where the next part of a name begins: after `-`, `_` and `.`, and at the capitals of `ServerErrorMiddleware`.
_SOFT = re.compile(r"(?<=[-_.])|(?<=[a-z])(?=[A-Z])")
#: Codes of closes: all went well, or the server failed.
_PLAIN_CLOSES, _BROKEN = (1000, 1001), 1011


def ascii_only(text: str) -> str:
    """Return `text` with the few special characters of the terminal formats as ASCII, column by column."""
    return text.translate(_ASCII)


def paint(line: Line, color: bool) -> str:
    """Return the line as text, with escape codes for its styles where `color` is wanted."""
    if not color:
        return "".join(text for text, _ in line).rstrip()
    from rich import style as rich_style  # rich's consoles and tables would take five times as long to import
    from rich.color import ColorSystem

    parsed = rich_style.Style.parse
    styled = ((style, "".join(text for text, _ in parts)) for style, parts in groupby(line, itemgetter(1)))
    return "".join(parsed(style).render(text, color_system=ColorSystem.STANDARD) for style, text in styled)


def fold(line: Line, width: int, indent: int = 0) -> list[list[Part]]:
    """Break a line between words and after slashes, and inside a word only where it is wider than a line.

    Every line but the first begins with `indent` spaces; `width` counts columns.
    """
    if sum(columns(text) for text, _ in line) <= width:
        return [list(line)]
    lines: list[list[Part]] = [[]]
    used, start = 0, 0
    for text, style in line:
        for token in _TOKENS.findall(text):
            size = columns(token)
            fits_below = size <= width - indent or width - used < _STUB
            if size > width - used and start < used and fits_below:
                lines.append([(" " * indent, "")])
                used = start = indent
                if token.isspace():
                    continue
            *full, rest = _cut(token, width - used, width - indent)
            for piece in full:
                lines[-1].append((piece, style))
                lines.append([(" " * indent, "")])
                used = start = indent
            lines[-1].append((rest, style))
            used += columns(rest)
    return lines


def _cut(token: str, first: int, width: int) -> list[str]:
    pieces, room = [""], first
    for char in token:
        size = columns(char)
        if size > room and pieces[-1]:
            whole, (pieces[-1], rest) = pieces[-1], _parted(pieces[-1])
            if columns(rest) + size > width:
                pieces[-1], rest = whole, ""
            pieces.append(rest)
            room = width - columns(rest)
        pieces[-1] += char
        room -= size
    return pieces


def _parted(piece: str) -> tuple[str, str]:
    """Return a piece that ends where a name may be broken, and what goes to the next line."""
    at = max((found.start() for found in _SOFT.finditer(piece)), default=0)
    return (piece[:at], piece[at:]) if at * 2 > len(piece) else (piece, "")


def framed(trace: Trace, body: Iterable[str], *, width: int, color: bool) -> str:
    """Return the whole text: what was probed above, the body's finished lines, remarks and the summary below."""
    width = max(width, NARROWEST)
    target, versions = words.headline_parts(trace)
    head: list[Line] = [[(target, "bold"), (versions, "dim")], _request(trace)]
    notes: list[Line] = [[("Note: ", "dim"), (text, "")] for text in remarks(trace)]
    above = [paint(part, color) for line in head for part in fold(line, width, 2)]
    aside = [paint(part, color) for line in notes for part in fold(line, width, 6)]
    below = [paint(part, color) for part in fold([(summary(trace), "bold")], width)]
    return "\n".join([*above, "", *body, "", *aside, *([""] if aside else []), *below, ""])


def _request(trace: Trace) -> list[Part]:
    line, result = words.request_line(trace), words.got(trace)
    if result is None:
        before, arrow, after = line.partition(" → ")
        return [(before + arrow, ""), (after, "red")]
    before, _, after = line.rpartition(f"→ {result}")
    style = websocket_style(trace.websocket) if trace.websocket is not None else status_style(words.status_got(trace))
    return [(f"{before}→ ", ""), (result, style), (after, "")]


def websocket_style(websocket: Websocket) -> Style:
    """Return the colour of a websocket's way: by its handshake's status, then by the code that closed it."""
    if not websocket.accepted or websocket.closed_by is None:
        return status_style(websocket.status)
    return "green" if websocket.close_code in _PLAIN_CLOSES else "red" if websocket.close_code == _BROKEN else "yellow"


def status_style(status: int | None) -> Style:
    """Return the colour of a status: red for the server's faults, yellow for the client's, green for the rest."""
    if status is None:
        return "red"
    return "green" if status < 400 else "yellow" if status < 500 else "red"


def outcome_style(step: Step | None) -> Style:
    """Return the colour of what happened at a layer; what merely passed has none."""
    match step.outcome if step is not None else "not_reached":
        case "passed":
            return ""
        case "answered" | "handled" | "replaced" if step is not None and step.websocket is not None:
            return websocket_style(step.websocket)
        case "answered" | "handled" | "replaced":
            return status_style(step.status if step is not None else None)
        case "raised" | "silent" | "hung":
            return "red"
        case "swallowed":
            return "yellow"
        case _:
            return "dim"


def is_faint(layer: Layer, step: Step | None) -> bool:
    """Tell whether a layer stays in the background: the framework's own, and one that the request never reached."""
    return layer.origin == "framework" or step is None or step.outcome == "not_reached"


def too_early(trace: Trace) -> set[int]:
    """Return the layers that the response left before it left one further in, as no mirror of the way in does."""
    turns, latest, found = words.turns(trace.response_order), 0, set()
    for index in reversed(trace.request_order):
        turn = turns.get(index)
        if turn is not None and turn < latest:
            found.add(index)
        latest = max(latest, turn or 0)
    return found


def mark(layer: Layer) -> str:
    """Return where a layer comes from if it is not one of the app's own, as `outer`, `injected`, `mount /sub`."""
    match layer.origin:
        case "user" | "framework":
            return ""
        case "outer" | "injected":
            return layer.origin
        case "mount" | "route":
            return visible(layer.within)


def source(place: Place | None, *, whole: bool) -> str:
    """Return a place as `file:line`, nothing where it is not known; the way to an installed package only if `whole`."""
    if place is None:
        return ""
    _, site, inside = place.file.rpartition("-packages/")
    return f"{visible(place.file if whole or not site else f'…/{inside}')}:{place.line}"


def own_time(step: Step | None) -> str:
    """Return a layer's own time on both ways together."""
    if step is None or (step.self_request_ns is None and step.self_response_ns is None):
        return "-"
    return duration((step.self_request_ns or 0) + (step.self_response_ns or 0))


def end_name(trace: Trace) -> str:
    """Return the name of the place where the request ended or would have: the endpoint, the stand-in, the router."""
    if trace.answered_by == "router":
        return "router"
    if trace.probe.endpoint == "stand-in":
        return "stand-in endpoint"
    return visible(trace.endpoint.name) if trace.endpoint is not None else "endpoint"


def end_happened(trace: Trace) -> Part:
    """Return what happened at the innermost place, and its colour."""
    found = [event for event in trace.timeline if event.of in ("router", "endpoint")]
    told, code = end.outcome(trace), end.status(trace)
    if told is not None and end.raised(trace) is not None:
        return told, "red"
    if told is not None:
        return told, status_style(int(code)) if code is not None else "green" if "accepted" in told else "yellow"
    error = trace.error
    if error is not None and error.raised_by in ("router", "endpoint"):
        fixed = {"Timeout": "hung", "NoResponse": "never answered"}
        return fixed.get(error.type, f"raised {visible(error.type)}"), "red"
    if trace.answered_by in ("router", "endpoint") and trace.handled_by is None:
        if trace.websocket is not None:
            return sockets.answered(trace.websocket), websocket_style(trace.websocket)
        if trace.response is not None:
            return f"answered {int(trace.response.status)}", status_style(trace.response.status)
    return ("reached", "") if found else ("not reached", "dim")
