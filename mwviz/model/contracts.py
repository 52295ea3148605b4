"""Contracts as the configuration writes them: an order that the layers of an app have to keep."""

from __future__ import annotations

from typing import TypeAlias

from mwviz.values import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """One layer, or more, by label (`GZipMiddleware#2`), glob (`Auth*`) or qualified name; `(x)` may be absent."""

    text: str
    optional: bool = False


#: Layers that may stand in any order among themselves: `a | b`.
Group: TypeAlias = tuple[Name, ...]
#: Groups, outermost first.
Sequence: TypeAlias = tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """What must be true of the app's own stack or, with `paths` or `methods`, of the chain of each matching route.

    `layers` and each of `pairs` is an order, outermost first; other layers may stand between. `exhaustive`: no other
    layer of the user's. `outermost` and `innermost` say which of the user's layers (one of these) is that. No layer
    fits `forbidden`, and one alone each of `once`. `place` says in words where the configuration holds it.
    """

    name: str
    place: str
    layers: Sequence = ()
    exhaustive: bool = False
    outermost: Group = ()
    innermost: Group = ()
    forbidden: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    pairs: tuple[Sequence, ...] = ()
    paths: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    on_faults: tuple[str, ...] = ()

    @property
    def of_routes(self) -> bool:
        """Whether it holds for routes, and not for the app's own stack."""
        return bool(self.paths or self.methods)
