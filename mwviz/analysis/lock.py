"""What a lock holds of a trace and of routes, and whether an app still keeps to a lock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from mwviz.analysis.diff import changes
from mwviz.model import Layer, Trace
from mwviz.model.diff import Change, Lock, LockedLayer, LockedRoute
from mwviz.model.routes import RouteChain, Routes
from mwviz.model.stack import cut

#: The module of a file whose name another module has already carries a number that differs from run to run.
_MADE_UP = re.compile(r"^(\w+?)__[0-9a-f]{6,16}(?=\.)")
#: The class of a `Path` differs from system to system.
_PATH_CLASS = re.compile(r"\b(?:Posix|Windows)Path\b")


def lock_of(trace: Trace, routes: Routes | None = None, *, folder: str = "") -> Lock:
    """What is accepted with this trace, and with these routes; paths in arguments become relative to `folder`."""
    own = locked_layers(in_order(trace.layers, trace.request_order), folder)
    if routes is None:
        return Lock(own)
    further = locked_layers((layer for layer in routes.layers if layer.within != "app"), folder)
    known = {(layer.label, layer.within) for layer in own}
    added = tuple(layer for layer in further if (layer.label, layer.within) not in known)
    return Lock((*own, *added), locked_routes(routes.layers, routes.routes))


def held(lock: Lock, trace: Trace, routes: Routes | None = None, *, folder: str = "") -> tuple[Change, ...]:
    """What has changed since `lock` was written; `routes` count where the lock holds routes. Empty: it is kept."""
    return changes(lock, lock_of(trace, routes if lock.routes is not None else None, folder=folder))


def in_order(layers: Sequence[Layer], request_order: Sequence[int]) -> tuple[Layer, ...]:
    """The layers as the request entered them; one that it did not reach follows its neighbour of the built stack."""
    order = list(request_order)
    for layer in layers:
        if layer.index not in request_order:
            order.insert(order.index(layer.index - 1) + 1 if layer.index - 1 in order else 0, layer.index)
    by_index = {layer.index: layer for layer in layers}
    return tuple(by_index[index] for index in order)


def locked_layers(layers: Iterable[Layer], folder: str) -> tuple[LockedLayer, ...]:
    """All but the framework's own, in the order given."""
    return tuple(_locked(layer, folder) for layer in layers if layer.origin != "framework")


def locked_routes(layers: Sequence[Layer], chains: Iterable[RouteChain]) -> tuple[LockedRoute, ...]:
    """Every route by a name of its own, in the order in which routers try them."""
    seen: dict[str, int] = {}
    return tuple(_route(chain, layers, seen) for chain in chains)


def _route(chain: RouteChain, layers: Sequence[Layer], seen: dict[str, int]) -> LockedRoute:
    # Releases of the frameworks differ in which routes take HEAD wherever they take GET.
    named = (method for method in chain.methods if method != "HEAD" or "GET" not in chain.methods)
    methods = "WS" if chain.type == "websocket" else ",".join(named) or "ANY"
    name = f"{methods} {chain.path if chain.host is None else f'//{chain.host}{chain.path}'}"
    seen[name] = count = seen.get(name, 0) + 1
    beyond = (layers[index] for index in chain.layer_indexes)
    labels = tuple(layer.label for layer in beyond if layer.within != "app" and layer.origin != "framework")
    own = {layer.label for layer in layers if layer.origin != "framework"}
    skipped = tuple(label for label in chain.skipped if label in own)
    return LockedRoute(name if count == 1 else f"{name} #{count}", labels, chain.dependencies, skipped)


def _locked(layer: Layer, folder: str) -> LockedLayer:
    place = layer.registered_at
    return LockedLayer(
        label=layer.label,
        qualified_name=_MADE_UP.sub(r"\1", layer.qualified_name),
        origin=layer.origin,
        within=layer.within,
        file=place.file if place is not None and _is_inside(place.file) else None,
        arguments=tuple((name, cut(portable(text, folder))) for name, text in layer.arguments.items()),
    )


def _is_inside(file: str) -> bool:
    absolute = file.startswith(("/", "\\")) or file[1:2] == ":"
    return not absolute and ".." not in file.split("/") and "-packages" not in file


def portable(text: str, folder: str) -> str:
    """The text of an argument as every machine tells it, which has the project in another folder.

    Texts are cut after some characters: what is left of a path after its folder then depends on that folder's length.
    """
    text = _PATH_CLASS.sub("Path", text)
    if not folder:
        return text
    return "".join(_relative(text, folder))


def _relative(text: str, folder: str) -> Iterator[str]:
    for spelled in dict.fromkeys((folder, folder.replace("\\", "\\\\"))):
        before, found, after = text.partition(spelled)
        if found and (not after or after[0] in "/\\'\""):
            kept = "" if text.endswith("…") else after.replace(spelled, ".")
            yield f"{before}.{kept}" + ("/…" if text.endswith("…") else "")
            return
    start = max((size for size in range(8, len(folder)) if text.endswith(f"{folder[:size]}…")), default=0)
    yield f"{text[: -start - 1]}./…" if start else text
