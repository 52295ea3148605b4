"""One stack that a test suite sends requests through: its boundaries, its layers, and the order each request met."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any

from mwviz.collect.find.registration import Registration, Registrations
from mwviz.collect.stack import describe
from mwviz.collect.stack.asgi import ASGIApp
from mwviz.collect.stack.boundary import Boundary
from mwviz.collect.stack.build import Built, Found, survey
from mwviz.collect.stack.construct import Builder
from mwviz.collect.stack.crossing import Spot
from mwviz.collect.stack.recorder import Recorder
from mwviz.collect.stack.unwrap import path_to
from mwviz.model import Layer
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Where a layer comes from, yet to be looked up: files may not be read on an event loop, as blockbuster watches."""

    subject: weakref.ref[Any] | None
    registered: Registration | None

    def placed(self, layer: Layer, base: Path) -> Layer:
        """The layer with its places, below `base`; a class that is gone by now has none."""
        subject = self.subject() if self.subject is not None else None
        return replace(
            layer,
            defined_at=describe.defined_at(subject, base) if subject is not None else None,
            registered_at=describe.place(*self.registered[:2], base) if self.registered is not None else None,
            registered_by=self.registered.by if self.registered is not None else None,
            registered_in=self.registered.code if self.registered is not None else None,
        )


class Passage:
    """One request on its way through one stack: the places that it entered, each once, in that order."""

    __slots__ = ("entered", "from_outside", "stack")

    def __init__(self, stack: StackRecorder, *, from_outside: bool) -> None:
        self.stack = stack
        self.from_outside = from_outside
        self.entered: dict[int, None] = {}


#: The request that the running code works for. Tasks and threads that a layer starts inherit it.
current: ContextVar[Passage | None] = ContextVar("mwviz_passage", default=None)


class StackRecorder(Recorder):
    """Notes of every request which boundaries of one stack it enters, and nothing else of it."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_by = self._note
        self._builder: Builder | None = None
        self.layers: tuple[Layer, ...] = ()
        self.sources: tuple[Source, ...] = ()
        self.unwatched: tuple[int, ...] = ()
        self._undo = ExitStack()

    def _note(self, spot: Spot) -> None:
        passage = current.get()
        if passage is not None and passage.stack is self and spot.rank >= 0:
            passage.entered.setdefault(spot.rank)

    @property
    def is_surveyed(self) -> bool:
        """Whether the layers are known, and will not change."""
        return bool(self.layers)

    def build(self, application: Any, make: Callable[[], ASGIApp]) -> ASGIApp:
        """The stack that `make` builds, with a boundary around each of the user's layers."""
        self._builder = Builder(application, self, {})
        return self._builder.build(list(application.user_middleware), make)

    def survey(self, application: Any, stack: ASGIApp) -> None:
        """Give every layer of the stack that the application built its boundary, and say which layers they are."""
        builder = self._builder or Builder(application, self, {})
        self._builder = None  # it keeps every object of the build alive
        built = Built(entries=list(application.user_middleware))
        survey(stack, application, builder, built, self._undo)
        if built.entrance is None:
            return
        built.entrance.mwviz.entrance = False  # there is no probe to be told from others
        found = [each for each in built.found if not each.is_router]
        for rank, each in enumerate(found):
            if each.boundary is not None:
                each.boundary.mwviz.rank = rank
        self.layers, self.sources = _layers(found)
        self.unwatched = tuple(rank for rank, each in enumerate(found) if each.boundary is None)
        self._take_place(application, stack, built.entrance)

    def _take_place(self, application: Any, stack: ASGIApp, entrance: Boundary) -> None:
        kept = weakref.ref(application)

        def restore() -> None:
            if (alive := kept()) is not None and alive.middleware_stack is entrance:
                alive.middleware_stack = stack

        application.middleware_stack = entrance
        self._undo.callback(restore)

    def restore(self) -> None:
        """Take back what was put into a stack that stood; what was built with boundaries keeps them, idle."""
        self.passed_by = None
        undo, self._undo = self._undo, ExitStack()
        undo.close()


def recorder_of(stack: object) -> StackRecorder | None:
    """The recorder whose boundaries a stack was built with, or was given; None for a stack without any."""
    way = path_to(stack, lambda value: type(value) is Boundary)
    if way is None:
        return None
    boundary: Any = way[-1][1].get() if way else stack
    recorder = boundary.mwviz.recorder
    return recorder if isinstance(recorder, StackRecorder) else None


def _layers(found: list[Found]) -> tuple[tuple[Layer, ...], tuple[Source, ...]]:
    subjects = [describe.subject(each.entry, each.layer) for each in found]
    labels = describe.labels([describe.name(subject) for subject in subjects])
    layers = (_layer(index, *each) for index, each in enumerate(zip(found, subjects, labels, strict=True)))
    sources = (_source(each, subject) for each, subject in zip(found, subjects, strict=True))
    return tuple(layers), tuple(sources)


def _layer(index: int, found: Found, subject: object, label: str) -> Layer:
    return Layer(
        index=index,
        name=describe.name(subject),
        label=label,
        qualified_name=describe.qualified_name(subject),
        origin=found.origin,
        within=found.within,
        kind=describe.kind(found.entry, found.layer),
        arguments=describe.arguments(found.entry, found.layer),
        defined_at=None,
        registered_at=None,
    )


def _source(found: Found, subject: object) -> Source:
    try:
        kept: weakref.ref[Any] | None = weakref.ref(subject)
    except TypeError:  # a function of C's: it has no place
        kept = None
    return Source(kept, Registrations().find(found.entry) if found.entry is not None else None)
