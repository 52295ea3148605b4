"""An order as a lock holds it, and what differs between two of them. What only traces imports none of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from mwviz.model.stack import Origin
from mwviz.values import dataclass

ChangeKind: TypeAlias = Literal["added", "removed", "moved", "changed"]

#: What a change is about: a layer, a dependency on the way to some routes, a route, or the answer to the probe.
Subject: TypeAlias = Literal["layer", "dependency", "route", "response"]


@dataclass(frozen=True, slots=True)
class LockedLayer:
    """A layer without anything that differs from machine to machine: no line, no absolute path, no version.

    `file` is where it was registered, None outside of the project. `arguments` are pairs of a name and a short text.
    """

    label: str
    qualified_name: str
    origin: Origin
    within: str = "app"
    file: str | None = None
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LockedRoute:
    """A route, named `GET /items/{id}`, and what a request to it passes beyond the layers of the app's own stack.

    `skipped` are layers that a websocket passes by, of the app's own stack, too.
    """

    name: str
    layers: tuple[str, ...]
    dependencies: tuple[str, ...]
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """All layers but the framework's own, outermost first; those within mounts and routes follow the app's own stack.

    `routes` is None where nobody asked for them.
    """

    layers: tuple[LockedLayer, ...]
    routes: tuple[LockedRoute, ...] | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """What one layer did with the probe; the changes are None where they could not be observed."""

    label: str
    outcome: str
    request_changes: tuple[str, ...] | None
    response_changes: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What became of one probe: the answer, and what each layer did. `error` is `"Type: message"`."""

    status: int | None
    headers: tuple[tuple[str, str], ...]
    answered_by: str | None
    error: str | None
    deeds: tuple[Deed, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison, by the name that it is shown under; `behaviour` is None where nothing was sent."""

    name: str
    lock: Lock
    behaviour: Behaviour | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """What of a layer or of the answer differs: `what` in words, and both texts; None where one has no such thing."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One change, as a reviewer tells it. `layer` is the name on the new side; of what was removed, on the old one.

    `before` and `after` are its positions, 0 is the outermost, framework layers not counted: among the layers of the
    stack, or with `routes` in the chain of these routes beyond that stack. None where it is not there, and where
    places do not matter.
    """

    kind: ChangeKind
    layer: str
    what: Subject = "layer"
    before: int | None = None
    after: int | None = None
    within: str = "app"
    details: tuple[Detail, ...] = ()
    routes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Two sides, and all changes that lead from the old one to the new one; none where they are the same.

    `before` and `after` are the layers whose order was compared: those of the app's own stack alone where a side holds
    routes, which tell of the others.
    """

    old: Side
    new: Side
    before: tuple[LockedLayer, ...]
    after: tuple[LockedLayer, ...]
    changes: tuple[Change, ...]
