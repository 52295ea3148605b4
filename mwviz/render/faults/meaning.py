"""What the matrix comes to, in a few sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.model import Layer
from mwviz.model.faults import Fault, Faults, Reply
from mwviz.render.faults.matrix import groups
from mwviz.render.plain import visible

_CORS = "access-control-"
_NAMED_AT_MOST = 3
_SAID_AT_MOST = 3
#: Layers that nobody of the project has put there.
_FOREIGN = ("framework", "injected")
#: It belongs to what varies: to CORS headers where these are.
_BESIDE = "vary"


def meaning(faults: Faults) -> tuple[str, ...]:
    """What the matrix comes to, in a few sentences: what a rejection loses, then what an exception does."""
    said = [*_rejections(faults), *_preflights(faults)][:_SAID_AT_MOST]
    return tuple(visible(each) for each in (*said, *_exceptions(faults)))


def own(faults: Faults) -> tuple[Layer, ...]:
    """The layers of the user's."""
    return tuple(layer for layer in faults.layers if layer.origin not in _FOREIGN)


def _rejections(faults: Faults) -> Iterator[str]:
    mine = {layer.index for layer in own(faults)}
    rejected = [row for row in faults.rows if row.fault == "reject" and row.reached and row.at in mine]
    ranked = sorted(groups(faults.normal), key=lambda group: not _is_cors(group.names))
    silent = True
    for group in ranked:
        losing = [row.layer for row in rejected if row.at != group.at and _lost(row, group.names)]
        if losing and isinstance(group.at, int):
            silent = False
            stands = "stands inside of it" if len(losing) == 1 else "stands inside of them"
            yield f"A rejection by {listed(losing, 'or')} has {no(group.names)}: {group.layer} {stands}."
    if silent and rejected and faults.headers:
        yield "A rejection by any of your layers keeps the headers of those outside of it, and none is outside."


def _lost(reply: Fault | Reply, names: Sequence[str]) -> bool:
    counted = [name for name in names if name != _BESIDE] or names
    return all(name in reply.missing for name in counted)


def _is_cors(names: Sequence[str]) -> bool:
    return any(name.startswith(_CORS) for name in names)


def no(names: Sequence[str]) -> str:
    """Return headers that are missing, in words: `no CORS headers`, `no x-request-id`."""
    if any(name.startswith(_CORS) for name in names) and all(
        name.startswith(_CORS) or name == _BESIDE for name in names
    ):
        return "no CORS headers" if len(names) > 1 else f"no {names[0]}"
    counted = [name for name in names if name != _BESIDE] or list(names)
    return f"no {listed(counted, 'or')}"


def _preflights(faults: Faults) -> Iterator[str]:
    cors = [name for name in faults.preflight_headers if name.startswith(_CORS)]
    mine = {layer.index for layer in own(faults)}
    adder = next((group for group in groups(faults.preflight) if _is_cors(group.names)), None)
    if not cors or adder is None:
        return
    before = [
        row.layer
        for row in faults.rows
        if row.fault == "reject" and row.at in mine and row.at != adder.at
        and row.preflight is not None and row.preflight.reached and _lost(row.preflight, cors)
    ]  # fmt: skip
    if before:
        meets = "meet" if len(before) > 1 else "meets"
        yield f"{listed(before, 'and')} {meets} a browser's preflight before {adder.layer}, and may refuse it."


def _exceptions(faults: Faults) -> Iterator[str]:
    row = next((row for row in faults.rows if row.fault == "crash" and row.at == "endpoint" and row.reached), None)
    if row is None or not faults.headers:
        return
    by = faults.layers[row.handled_by].label if row.handled_by is not None else None
    told = (
        f"An unhandled exception of the endpoint becomes {row.status}"
        if row.status
        else "Nobody answers for an exception"
    )
    made = f", made by {by}" if by is not None else ""
    if not row.missing:
        yield f"{told}{made}: it keeps all of these headers."
    elif not row.present:
        outside = any(layer.index == row.handled_by and layer.origin == "framework" for layer in faults.layers)
        why = ", outside of every layer that adds one" if outside and row.handled_by == 0 else ""
        yield f"{told}{made}{why}: it has none of these headers."
    else:
        yield f"{told}{made}: it has {no(row.missing)}."


def listed(names: Sequence[str], last: str) -> str:
    """Return names in words: `A, B or C`; of many the first ones and how many more there are."""
    if len(names) > _NAMED_AT_MOST + 1:
        return f"{', '.join(names[:_NAMED_AT_MOST])} {last} {len(names) - _NAMED_AT_MOST} more"
    *others, end = names
    return f"{', '.join(others)} {last} {end}" if others else end
