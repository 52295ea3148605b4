"""Tells the routes that a walk met as the model's values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mwviz.collect.compat import is_application, overriding_call
from mwviz.collect.probe.experiment import Experiment, Subject
from mwviz.collect.read import report
from mwviz.collect.routes.compat import overrides_of, skips_websockets
from mwviz.collect.routes.dependencies import Solved, solved
from mwviz.collect.routes.walk import Walk
from mwviz.collect.routes.way import Met, Standing
from mwviz.collect.stack import describe
from mwviz.model import Endpoint, Layer
from mwviz.model.routes import Dependency, RouteChain, Routes
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True)
class _Chain:
    """The layers on one way: their labels, where they stand in `Routes.layers`, and those that websockets pass by."""

    labels: tuple[str, ...]
    indexes: tuple[int, ...]
    skipped: tuple[str, ...]


def routes(experiment: Experiment, walk: Walk) -> Routes:
    """Everything that the walk met. Raises ProbeError where the app could not build its own stack."""
    stack = report.stack(experiment)
    telling = _Telling(experiment.subject, stack.layers)
    chains = tuple(map(telling.route, walk.met))
    notes = (*stack.notes, *dict.fromkeys(walk.notes))
    return Routes(
        target=stack.target,
        versions=stack.versions,
        layers=telling.layers(),
        dependencies=telling.dependencies(),
        routes=chains,
        total=len(chains),
        notes=notes,
        order=report.order_of(experiment),
    )


def _named(standing: Standing) -> object:
    found = standing.found  # an app is a layer of its own where its class overrides `__call__`
    return overriding_call(found.layer) if is_application(found.layer) else describe.subject(found.entry, found.layer)


class _Telling:
    """Tells one route after the other; what many of them share is told once."""

    def __init__(self, subject: Subject, own: tuple[Layer, ...]) -> None:
        self._subject = subject
        self._own = own
        self._layers: dict[int, Layer] = {}
        self._chains: dict[tuple[int, ...], _Chain] = {}
        self._dependencies: dict[tuple[Any, Any], Dependency] = {}
        self._names: dict[str, int] = {}
        self._endpoints: dict[int, Endpoint] = {}

    def layers(self) -> tuple[Layer, ...]:
        """The layers of the app's own stack, then those of mounts and routes, in the order in which they were met."""
        return (*self._own, *(layer for layer in self._layers.values() if layer.index >= len(self._own)))

    def dependencies(self) -> tuple[Dependency, ...]:
        """The dependencies, in the order in which they were met."""
        return tuple(self._dependencies.values())

    def route(self, met: Met) -> RouteChain:
        """One route as the model has it."""
        chain = self._chain(met.layers)
        calls = solved(met.dependant, overrides_of(met.provider)) if met.dependant is not None else ()
        found = [self._dependency(call) for call in calls]
        return RouteChain(
            path=met.address.path,
            host=met.address.host,
            methods=met.methods,
            type=met.type,
            endpoint=self._endpoint(met.endpoint),
            opaque=met.opaque,
            layers=chain.labels,
            dependencies=tuple(each.label for each in found),
            skipped=chain.skipped if met.type == "websocket" else (),
            layer_indexes=chain.indexes,
            dependency_indexes=tuple(each.index for each in found),
        )

    def _chain(self, standing: tuple[Standing, ...]) -> _Chain:
        key = tuple(map(id, standing))
        if key not in self._chains:
            layers = self._described(standing)
            passed_by = (skips_websockets(each.found.layer) for each in standing)
            skipped = tuple(layer.label for layer, by in zip(layers, passed_by, strict=True) if by)
            labels, indexes = tuple(layer.label for layer in layers), tuple(layer.index for layer in layers)
            self._chains[key] = _Chain(labels, indexes, skipped)
        return self._chains[key]

    def _described(self, standing: Sequence[Standing]) -> list[Layer]:
        subjects = [_named(each) for each in standing]
        labels = describe.labels([describe.name(subject) for subject in subjects])
        return [self._layer(*each) for each in zip(range(len(standing)), standing, subjects, labels, strict=True)]

    def _layer(self, position: int, standing: Standing, subject: object, label: str) -> Layer:
        if position < len(self._own):  # every way begins with the app's own stack
            return self._own[position]
        if id(standing) not in self._layers:
            index = len(self._own) + len(self._layers)
            found = replace(standing.found, within=standing.within)
            self._layers[id(standing)] = report.layer(self._subject, index, found, subject, label)
        return self._layers[id(standing)]

    def _dependency(self, call: Solved) -> Dependency:
        key = call.call, call.original  # by equality: the same bound method is another object each time
        if key not in self._dependencies:
            named = describe.named(call.call)
            replaced = None if call.call is call.original else describe.name(describe.named(call.original))
            self._dependencies[key] = Dependency(
                index=len(self._dependencies),
                name=describe.name(named),
                label=self._label(describe.name(named)),
                qualified_name=describe.qualified_name(named),
                instead_of=replaced,
                defined_at=describe.defined_at(named, self._subject.base),
            )
        return self._dependencies[key]

    def _label(self, name: str) -> str:
        self._names[name] = count = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"

    def _endpoint(self, handler: object) -> Endpoint:
        if id(handler) not in self._endpoints:
            named = describe.named(handler)
            self._endpoints[id(handler)] = Endpoint(
                describe.name(named), describe.defined_at(named, self._subject.base)
            )
        return self._endpoints[id(handler)]
