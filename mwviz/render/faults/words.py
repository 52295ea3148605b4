"""The words that every view of the fault matrix shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from mwviz.model import Position
from mwviz.model.faults import Fault, FaultKind, Faults, Normal, Reply
from mwviz.render.faults.matrix import Group, Run, answerer, groups
from mwviz.render.plain import visible
from mwviz.values import dataclass

#: What each fault of the endpoint is called.
FAULTS: dict[FaultKind, str] = {
    "reject": "rejects",
    "crash": "unhandled exception",
    "http_exception": "HTTPException",
    "not_found": "no such path",
    "method_not_allowed": "no such method",
    "invalid": "validation error",
    "disconnect": "client leaves",
    "too_large": "oversized body",
}
#: Of it the name alone tells nothing: it belongs to what varies, and many layers add to it.
SHARED = "vary"
AT_ENDPOINT = "At the endpoint"
_SECTIONS: dict[FaultKind, str] = {"reject": "A layer rejects the request", "crash": "A layer crashes"}
KEY = "✓ kept, ✗ lost, 1/3 one of three kept"

#: What kept a request from ending where no exception did.
_LATE, _NOBODY = "Timeout: not over after ", "NoResponse: "

State = Literal["kept", "some", "lost", "unreached"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What is left of one layer's headers: a sign that needs no colour, and what it means."""

    text: str
    state: State


def request(normal: Normal) -> str:
    """Return what was sent, and what came back: `GET / with Origin https://a.example → 200`."""
    probe = normal.probe
    origin = next((value for name, value in probe.headers if name.lower() == "origin"), None)
    asked = next((value for name, value in probe.headers if name.lower() == "access-control-request-method"), None)
    what = (
        f"preflight for {asked}" if asked is not None and probe.method == "OPTIONS" else f"{probe.method} {probe.path}"
    )
    sent = f" with Origin {origin}" if origin is not None and asked is None else ""
    got = str(normal.response.status) if normal.response is not None else "no answer"
    return visible(f"{what}{sent} → {got}")


def title(faults: Faults) -> str:
    """Return what was tried: `rejected and crashed at 13 layers, and 7 faults at the endpoint`."""
    layers = len({row.at for row in faults.rows if row.at != "endpoint"})
    ends = sum(row.at == "endpoint" for row in faults.rows)
    return f"{layers} layers rejected and crashed in turn, {ends} faults at the endpoint"


def head(group: Group) -> str:
    """Return what stands over a group's column: the number of its layer."""
    return str(group.at + 1) if isinstance(group.at, int) else "end" if group.at is not None else "?"


def adder(group: Group) -> str:
    """Return who adds the headers of a group."""
    return visible(group.layer) if group.layer is not None else "not known"


def section(run: Run) -> str:
    """Return what stands over all rows of its kind: a fault of layers, or the endpoint."""
    return AT_ENDPOINT if run.first.at == "endpoint" else _SECTIONS[run.first.fault]


def where(run: Run) -> tuple[str, ...]:
    """Return the places of some rows, the first and the last (`4 AuthMiddleware`), or the endpoint's fault."""
    return tuple(dict.fromkeys(_place(row) for row in (run.rows[0], run.rows[-1])))


def _place(row: Fault) -> str:
    return f"{row.at + 1} {visible(row.layer)}" if isinstance(row.at, int) else FAULTS[row.fault]


def status(reply: Fault | Reply) -> str:
    """Return the status that the client gets."""
    return str(reply.status) if reply.status is not None else "none"


def cell(reply: Fault | Reply, names: Sequence[str]) -> Cell:
    """Return what a reply keeps of a group's headers; `vary`, which many layers share, counts only if it is alone."""
    names = [name for name in names if name != SHARED] or names
    kept = sum(name in reply.present for name in names)
    if not reply.reached and reply.status is None:
        return Cell("·", "unreached")
    text, state = ("✓", "kept") if kept == len(names) else (f"{kept}/{len(names)}", "some") if kept else ("✗", "lost")
    return Cell(text, state if reply.reached else "unreached")  # type: ignore[arg-type]


def remark(faults: Faults, row: Fault, *, verbose: bool = False) -> str:
    """Return what else must be known of a row, nothing where the columns say it all; `verbose` names what it lost."""
    lost = f"lost: {', '.join(map(visible, row.missing))}" if verbose and row.missing and row.status else ""
    return "; ".join(filter(None, (*_remarks(faults, row), lost)))


def _remarks(faults: Faults, row: Fault) -> Iterator[str]:
    if row.note is not None:
        yield visible(row.note.rstrip("."))
    elif not row.reached:
        yield f"not reached: {_who(faults, row.answered_by)} answered"
    elif row.status is None and row.error is not None:
        yield f"nobody answered{_why(row.error)}"
    elif (by := answerer(faults, row)) is not None:
        yield f"answered by {_who(faults, by)}"
    if row.status is not None and row.error is not None and not row.complete:
        yield f"the answer began, but never ended{_why(row.error)}"
    if row.fault == "disconnect" and row.status is not None and row.reached:
        yield "the client is gone: nobody reads it"


def _why(error: str) -> str:
    if error.startswith(_NOBODY):
        return ""
    return " in time" if error.startswith(_LATE) else f", and {visible(error.partition(':')[0])} left the app"


def _who(faults: Faults, at: Position | None) -> str:
    if isinstance(at, int):
        return visible(faults.layers[at].label)
    return "nobody" if at is None else "a handler" if at == "endpoint" else "the router"


def blocks(faults: Faults) -> tuple[tuple[Group, ...], tuple[Group, ...]]:
    """Return the columns: groups of the normal response, and those of the preflight's."""
    return groups(faults.normal), groups(faults.preflight)


def legend(faults: Faults) -> tuple[tuple[Group, str], ...]:
    """Return the groups to be explained, each with what stands before its headers: those of a preflight are told so."""
    normal, asked = blocks(faults)
    return (*((group, "") for group in normal), *((group, "preflight: ") for group in asked if group not in normal))


def order(faults: Faults) -> str | None:
    """Return the order that was tried, where one was."""
    tried = faults.normal.probe.order
    return visible(" > ".join(tried)) if tried is not None else None
