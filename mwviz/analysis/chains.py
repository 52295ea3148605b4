"""The order in which layers stand, as a probe met them; the built stack tells where it never came."""

from __future__ import annotations

from collections.abc import Sequence

from mwviz.model import Layer, Trace
from mwviz.model.routes import RouteChain, Routes
from mwviz.values import dataclass

#: Layers that nobody of the project has put there.
_FOREIGN = ("framework", "injected")


@dataclass(frozen=True, slots=True)
class Chain:
    """Layers, outermost first. `built` are labels of those whose place is the built stack's: no probe reached them.

    `route` names the route (`GET /items`), or is None for the app's own stack. `skipped` stand in the way of the
    request without taking part: a BaseHTTPMiddleware lets websockets pass.
    """

    layers: tuple[Layer, ...]
    built: frozenset[str] = frozenset()
    route: str | None = None
    skipped: tuple[Layer, ...] = ()

    def own(self) -> tuple[Layer, ...]:
        """The layers of the user's, without those of the framework and of instrumentation."""
        return tuple(layer for layer in self.layers if layer.origin not in _FOREIGN)


def of_trace(trace: Trace) -> Chain:
    """The app's own stack as the probe passed it; layers of mounts and routes on its way do not belong to that."""
    layers = tuple(layer for layer in trace.layers if layer.within == "app")
    own = {layer.index for layer in layers}
    met = tuple(trace.layers[index] for index in trace.request_order if index in own)
    return Chain(*_merged(met, layers))


def of_request(trace: Trace) -> Chain:
    """All that stands on the way of the probe as it was passed: layers of mounts and routes, too."""
    return Chain(*_merged([trace.layers[index] for index in trace.request_order], trace.layers))


def of_order(layers: Sequence[Layer], order: Sequence[int]) -> Chain:
    """An app's own stack as a request passed it that entered these layers, given by their places in `layers`."""
    return Chain(*_merged([layers[index] for index in order], layers))


def of_route(route: RouteChain, routes: Routes) -> Chain:
    """What a request to a route passes, in the order that its probe observed."""
    by_index = {layer.index: layer for layer in routes.layers}
    layers = tuple(by_index[index] for index in route.layer_indexes)
    by_label = {layer.label: layer for layer in layers}
    met = tuple(by_label[label] for label in route.observed or () if label in by_label)
    order, built = _merged(met, layers)
    passed = tuple(layer for layer in order if layer.label not in route.skipped)
    return Chain(passed, built, _named(route), tuple(by_label[label] for label in route.skipped))


def _named(route: RouteChain) -> str:
    methods = "WEBSOCKET" if route.type == "websocket" else ",".join(route.methods) or "ANY"
    return f"{methods} {route.host or ''}{route.path}"


def _merged(met: Sequence[Layer], built: Sequence[Layer]) -> tuple[tuple[Layer, ...], frozenset[str]]:
    """Put each layer that was not met behind the one that was built around it."""
    order, outer = list(met), None
    seen = {layer.label for layer in met}
    for layer in built:
        if layer.label not in seen:
            order.insert(0 if outer is None else order.index(outer) + 1, layer)
        outer = layer
    return tuple(order), frozenset(layer.label for layer in built if layer.label not in seen)
