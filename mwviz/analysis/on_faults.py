"""Holds `on_faults` of a contract: every response to a fault still carries these headers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from mwviz.analysis.contracts import Held
from mwviz.analysis.remedies import move
from mwviz.errors import closest
from mwviz.model import Layer, Position
from mwviz.model.contracts import Contract
from mwviz.model.faults import Added, Fault, FaultKind, Faults, Normal, Reply
from mwviz.model.findings import Check, Finding, Site
from mwviz.values import dataclass

_NAMED_AT_MOST = 3
_LEAST_ERROR = 400
#: Layers that turn nobody away: the framework's own, of which each version has others.
_FRAMEWORK = "framework"
_TOLD: dict[FaultKind, str] = {
    "reject": "A rejection by",
    "crash": "An exception in",
    "http_exception": "An HTTPException of",
    "not_found": "A 404 of",
    "method_not_allowed": "A 405 of",
    "invalid": "A validation error of",
    "too_large": "An oversized body at",
}


@dataclass(frozen=True, slots=True, eq=False)
class _Loss:
    """One response that lacks headers which one place adds; `reply` is the row itself, or its preflight."""

    row: Fault
    reply: Fault | Reply
    adder: Position | None
    names: tuple[str, ...]

    @property
    def of_preflight(self) -> bool:
        return self.reply is not self.row


def hold(contract: Contract, faults: Faults, target: str) -> Held:
    """Hold one contract for all that was tried at the user's layers and at the endpoint.

    Layers that add one of the headers are left out: two of them could not both stand outside of the other. So are the
    crash of a layer that answers for the crashes of others, a client that has gone, a body that nobody finds too large,
    and what nobody answers: there is no response then that could lack anything.
    """
    unknown = [glob for glob in contract.on_faults if not _fitting(glob, (*faults.headers, *faults.preflight_headers))]
    findings = [_unknown(contract, glob, faults, target) for glob in unknown]
    adders = _adders(contract, faults)
    rescuers = {row.handled_by for row in faults.rows if row.fault == "crash"}
    rows = [
        row
        for row in faults.rows
        if _counts(row, faults) and row.at not in adders and not (row.fault == "crash" and row.at in rescuers)
    ]
    losses = [loss for row in rows for loss in _losses(contract, row, faults)]
    findings += [_finding(contract, group, faults, target) for group in _grouped(losses)]
    tried = [row for row in rows if row.reached]
    notes = tuple(_notes(rows, tried, faults)) if faults.rows else ()
    return Held(Check(target, contract.name, "contract", not findings, None, notes), tuple(findings))


def _wanted(contract: Contract, normal: Normal) -> list[Added]:
    return [added for added in normal.headers if any(_fitting(glob, [added.name]) for glob in contract.on_faults)]


def _adders(contract: Contract, faults: Faults) -> set[int]:
    """The layers that add one of the headers: to the normal responses, or to what the next layer answers itself."""
    normals = [faults.normal, *([faults.preflight] if faults.preflight is not None else [])]
    found = {added.at for normal in normals for added in _wanted(contract, normal) if isinstance(added.at, int)}
    rejected = {row.at: row for row in faults.rows if row.fault == "reject" and row.reached}
    for at, row in rejected.items():
        inner = rejected.get(at + 1) if isinstance(at, int) else None
        gained = [name for name in row.missing if inner is not None and name in inner.present]
        if isinstance(at, int) and any(_fitting(glob, gained) for glob in contract.on_faults):
            found.add(at)  # where two layers add the same, only one of them is seen to add it to a normal response
    return found


def _fitting(glob: str, names: Sequence[str]) -> list[str]:
    return [name for name in names if fnmatchcase(name, glob.lower())]


def _counts(row: Fault, faults: Faults) -> bool:
    if row.at == "endpoint":
        unlimited = row.fault == "too_large" and row.status is not None and row.status < _LEAST_ERROR
        unknown = row.fault == "invalid" and faults.versions.fastapi is None
        return row.fault != "disconnect" and not unlimited and not unknown
    return faults.layers[row.at].origin != _FRAMEWORK


def _losses(contract: Contract, row: Fault, faults: Faults) -> Iterator[_Loss]:
    found = [*_lost(contract, row, row, faults.normal)]
    if not found and row.preflight is not None and faults.preflight is not None:
        found = [*_lost(contract, row, row.preflight, faults.preflight)]
    yield from found


def _lost(contract: Contract, row: Fault, reply: Fault | Reply, normal: Normal) -> Iterator[_Loss]:
    if not reply.reached or reply.status is None:
        return
    by: dict[Position | None, list[str]] = {}
    for added in _wanted(contract, normal):
        if added.name in reply.missing:
            by.setdefault(added.at, []).append(added.name)
    yield from (_Loss(row, reply, adder, tuple(names)) for adder, names in by.items())


def _grouped(losses: Sequence[_Loss]) -> list[list[_Loss]]:
    """Losses with one cause are one break: all rejections outside of a layer, all that another one answers for."""
    groups: dict[tuple[object, ...], list[_Loss]] = {}
    for loss in losses:
        reply = loss.reply
        cause = (reply.handled_by, reply.status) if loss.row.fault == "crash" else _side(loss)
        groups.setdefault((loss.row.fault, cause, loss.adder, loss.names, loss.of_preflight), []).append(loss)
    return list(groups.values())


def _side(loss: _Loss) -> bool:
    """Whether it went wrong outside of the layer that adds the headers."""
    return isinstance(loss.row.at, int) and isinstance(loss.adder, int) and loss.row.at < loss.adder


def _unknown(contract: Contract, glob: str, faults: Faults, target: str) -> Finding:
    known = tuple(dict.fromkeys((*faults.headers, *faults.preflight_headers)))
    close = closest(glob, known)
    hint = f"did you mean {close}?" if close else f"it has {', '.join(known) or 'none beside those of its body'}."
    return Finding(
        "MW112",
        "error",
        f"No normal response has a header that fits '{glob}': {hint}",
        (),
        None,
        f"Correct the name in {contract.place}, or send what makes the app add it, with -H 'Name: value'.",
        f"{_sent(faults.normal)} has {', '.join(faults.headers) or 'no header beside those of its body'}",
        target,
        contract.name,
    )


def _finding(contract: Contract, losses: Sequence[_Loss], faults: Faults, target: str) -> Finding:
    first = losses[0]
    at = [faults.layers[loss.row.at] for loss in losses if loss.row.at != "endpoint"]
    adder = faults.layers[first.adder] if isinstance(first.adder, int) else None
    handler = _other(first, faults.layers)
    moved = _outside(first, faults.layers, adder)
    about = (*at, adder) if moved is not None and handler is None else (adder, handler)
    named = {layer.index: layer for layer in about if layer is not None}.values()
    return Finding(
        code="MW111" if moved is not None else "MW113",
        severity="error",
        message=_message(losses, at, adder, handler),
        layers=tuple(layer.label for layer in named),
        place=next((layer.registered_at for layer in (adder, *at) if layer is not None and layer.registered_at), None),
        remedy=moved or _remedy(losses[0], faults.layers, adder),
        evidence=_evidence(first, faults),
        target=target,
        check=contract.name,
        sites=tuple(Site(layer.label, layer.registered_at) for layer in named),
    )


def _other(loss: _Loss, layers: Sequence[Layer]) -> Layer | None:
    """The layer that answers in another one's place: for an exception, or because it finds a body too large."""
    at = loss.reply.answered_by if loss.row.fault == "too_large" and loss.reply.handled_by is None else None
    at = loss.reply.handled_by if at is None else at
    return layers[at] if isinstance(at, int) else None


def _message(losses: Sequence[_Loss], at: Sequence[Layer], adder: Layer | None, handler: Layer | None) -> str:
    first = losses[0]
    places = [layer.label for layer in at]
    if len(places) < len(losses):
        places.append("the endpoint")
    got = f" ({first.reply.status})"
    made = f", which {handler.label} answers," if handler is not None else ""
    what = " of a preflight" if first.of_preflight else ""
    start = _TOLD[first.row.fault]
    by = f", which {adder.label} adds" if adder is not None else ""
    return f"{start} {_listed(places)}{got}{made} has no {_listed(first.names)}{by}{what and ': it is' + what}."


def _evidence(loss: _Loss, faults: Faults) -> str:
    normal = faults.preflight if loss.of_preflight and faults.preflight is not None else faults.normal
    has = normal.response.status if normal.response is not None else None
    return f"{_sent(normal)} has it without a fault ({has}), and not with one ({loss.reply.status})"


def _sent(normal: Normal) -> str:
    origin = next((value for name, value in normal.probe.headers if name.lower() == "origin"), None)
    return f"{normal.probe.method} {normal.probe.path}" + (f" with Origin {origin}" if origin is not None else "")


def _outside(outermost: _Loss, layers: Sequence[Layer], adder: Layer | None) -> str | None:
    """Return how the layer that adds the headers gets outside of who answers; None where no order does that."""
    at = _answering(outermost)
    if adder is None or not isinstance(at, int) or at > adder.index or layers[at].origin == _FRAMEWORK:
        return None
    return move(adder, layers[at], layers, outward=True)


def _answering(loss: _Loss) -> Position | None:
    return loss.reply.handled_by if loss.reply.handled_by is not None else loss.reply.answered_by


def _remedy(loss: _Loss, layers: Sequence[Layer], adder: Layer | None) -> str:
    if adder is None:
        return "No layer adds it: let one do so that stands outside of what may fail."
    at = _answering(loss)
    if at is not None and not (isinstance(at, int) and at <= adder.index):
        return (
            f"{adder.label} stands outside, and adds it to some responses only, or another layer takes it away: let "
            "every response have it."
        )
    by = layers[at].label if isinstance(at, int) else "the server"
    name = f"an ASGI class that does what {adder.label} does" if adder.kind == "function" else adder.name
    return (
        f"No order helps: {by} answers outside of all that is registered. Wrap the whole app in {name}, or catch "
        f"exceptions in a layer that stands inside of {adder.label}."
    )


def _notes(rows: Sequence[Fault], tried: Sequence[Fault], faults: Faults) -> Iterator[str]:
    if missed := [row for row in rows if not row.reached]:
        first = missed[0].answered_by
        alone = isinstance(first, int) and all(row.answered_by == first for row in missed)
        why = f": {faults.layers[first].label} answers before" if alone and isinstance(first, int) else ""
        yield f"{len(missed)} of {len(rows)} faults did not come about{why}."
    if silent := [row.layer for row in tried if row.status is None]:
        yield f"Nobody answers where {_listed(silent)} crashes: there is no response to hold."


def _listed(names: Sequence[str]) -> str:
    if len(names) > _NAMED_AT_MOST + 1:
        return f"{', '.join(names[:_NAMED_AT_MOST])} or {len(names) - _NAMED_AT_MOST} more"
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
