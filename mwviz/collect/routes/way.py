"""The way from the outermost layer to a route, and the routes that it leads to, as they were found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from mwviz.collect.routes.compat import Dependant, Framework, example
from mwviz.collect.stack.build import Found
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """One layer in its place; `found.origin` is what `Layer.origin` will say."""

    found: Found
    within: str


@dataclass(frozen=True, slots=True)
class Address:
    """Patterns of path and host with every prefix, and an example that they take; None where none is known.

    `host` is None for a route that any host reaches.
    """

    path: str = ""
    example: str | None = ""
    host: str | None = None
    host_example: str | None = None

    def below(self, path: str, convertors: Mapping[str, Any]) -> Address:
        """The address of what has this path here."""
        more = example(path, convertors)
        whole = None if self.example is None or more is None else self.example + more
        return replace(self, path=self.path + path, example=whole)

    def at(self, host: str, convertors: Mapping[str, Any]) -> Address:
        """The address of what is reached at this host only."""
        return replace(self, host=host, host_example=example(host, convertors))

    def __str__(self) -> str:
        # A host is told as a URL without a scheme has it.
        return f"{'' if self.host is None else f'//{self.host}'}{self.path}" or "/"


@dataclass(frozen=True, slots=True)
class Way:
    """What lies outside of a router: the layers and the address so far, and the innermost app.

    `provider` holds the dependency overrides in force, `inside` the ids of the apps and routers on the way.
    """

    framework: Framework
    layers: tuple[Standing, ...] = ()
    address: Address = Address()
    mounted: bool = False
    provider: object = None
    inside: frozenset[int] = frozenset()

    @property
    def within(self) -> str:
        """Where the layers stand that are met here."""
        return f"mount {self.address}" if self.mounted else "app"

    @property
    def origin(self) -> Literal["mount", "route"]:
        """What the user's layers here are called, where no `app.user_middleware` of the outermost app lists them."""
        return "mount" if self.mounted else "route"

    def through(self, layers: tuple[Standing, ...]) -> Way:
        """The same place, further in by some layers."""
        return replace(self, layers=self.layers + layers) if layers else self


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """One route: where it is reached, its handler, the layers on the way there, and FastAPI's dependant if any.

    `opaque` tells of an app that takes over from here on, and that cannot be looked into.
    """

    address: Address
    methods: tuple[str, ...]
    type: Literal["http", "websocket"]
    endpoint: Any
    opaque: bool
    layers: tuple[Standing, ...]
    dependant: Dependant | None = None
    provider: object = None
