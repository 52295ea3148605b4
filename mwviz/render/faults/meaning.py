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
    said = [*_rejections(faults)][:_SAID_AT_MOST]
    return tuple(visible(each) for each in (*said, *_exceptions(faults)))


def own(faults: Faults) -> tuple[Layer, ...]:
    """The layers of the user's."""
    return tuple(layer for layer in faults.layers if layer.origin not in _FOREIGN)


def _rejections(faults: Faults) -> Iterator[str]:
    mine = {layer.index for layer in own(faults)}
    rejected = [row for row in faults.rows if row.fault == "reject" and row.reached and row.at in mine]
    ranked = sorted(groups(faults.normal), key=lambda group: not _is_cors(group.names))
    said = False
    for group in ranked:
        losing = [row for row in rejected if row.at != group.at and _lost(row, group.names)]
        if not losing or not isinstance(group.at, int) or group.names == (_BESIDE,):
            continue
        said = True
        outside = [row.layer for row in losing if isinstance(row.at, int) and row.at < group.at]
        inside = [row.layer for row in losing if isinstance(row.at, int) and row.at > group.at]
        if outside:
            stands = "stands inside of it" if len(outside) == 1 else "stands inside of them"
            yield f"A rejection by {listed(outside, 'or')} has {no(group.names)}: {group.layer} {stands}."
        if inside:
            them = "them" if group.names[1:] else "it"
            only = f"{group.layer} does not add {them} to every response, or another layer takes {them} away"
            yield f"A rejection by {listed(inside, 'or')} has {no(group.names)}: {only}."
    if rejected and faults.headers and not said:
        yield "No rejection by one of your layers loses the headers of another one."


def _lost(reply: Fault | Reply, names: Sequence[str]) -> bool:
    counted = [name for name in names if name != _BESIDE] or names
    return all(name in reply.missing for name in counted)


def _is_cors(names: Sequence[str]) -> bool:
    return any(name.startswith(_CORS) for name in names)


def no(names: Sequence[str]) -> str:
    """Return headers that are missing, in words: `no CORS headers`, `no x-request-id`."""
    counted = [name for name in names if name != _BESIDE] or list(names)
    if all(name.startswith(_CORS) for name in counted):
        return "no CORS headers"
    return f"no {listed(counted, 'or')}"


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
    if row.status and not row.complete:
        told = f"An unhandled exception of the endpoint cuts off the {row.status} that has begun"
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
