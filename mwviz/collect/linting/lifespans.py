"""Whose lifespan is run: the app's own, and those of the apps that are mounted in it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

from mwviz.collect.compat import is_application, is_mount, is_router, mount_name, mounted
from mwviz.collect.compat_lifespans import lifespan_functions
from mwviz.collect.routes.compat import routes_of
from mwviz.collect.stack import describe
from mwviz.collect.stack.unwrap import path_to
from mwviz.model.evidence import MountedLifespan

#: Whose calls say nothing of what a lifespan does, nor do those that only write a log, of whatever library.
_COMMON = frozenset({"mwviz", "anyio", "starlette", "fastapi"}) | sys.stdlib_module_names
_LOGGING = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log", "print"})


@dataclass(slots=True, eq=False, repr=False)
class Lifespans:
    """Those of mounted apps, by path: what they begin with, and which code of theirs has run while somebody watched.

    `alike` are the names of what was called besides, as far as one of them calls something of that name, too: the app
    around it may do the same by itself, as `async with manager.run()`.
    """

    known: dict[str, tuple[FunctionType, ...] | None]
    ran: set[CodeType] = field(default_factory=set)
    alike: set[str] = field(default_factory=set)
    watched: bool = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note which of them are entered in this thread; whoever profiles it already stays alone."""
        codes = {each.__code__ for functions in self.known.values() for each in functions or ()}
        names = frozenset(name for code in codes for name in _called(code)) - _LOGGING
        if not codes or sys.getprofile() is not None:
            yield
            return

        def note(frame: FrameType, event: str, _given: object) -> None:
            if event != "call":
                return
            code = frame.f_code
            if code in codes:
                self.ran.add(code)
            elif code.co_name in names and _home(frame) not in _COMMON:
                self.alike.add(code.co_name)

        sys.setprofile(note)
        try:
            yield
        finally:
            if sys.getprofile() is note:
                self.watched = True
                sys.setprofile(None)

    def told(self, base: Path, *, started: bool) -> Iterator[MountedLifespan]:
        """Each with whether it was run; `started` says that the app's own startup went well."""
        for path, functions in self.known.items():
            seen = started and self.watched and functions is not None
            ran = self._ran([each.__code__ for each in functions or ()]) if seen else None
            first = next(iter(functions or ()), None)
            name = describe.name(first) if first is not None else ""
            yield MountedLifespan(path, name, describe.defined_at(first, base) if first is not None else None, ran)

    def _ran(self, codes: list[CodeType]) -> bool | None:
        if any(code in self.ran for code in codes):
            return True
        return None if any(name in self.alike for code in codes for name in _called(code)) else False


def _called(code: CodeType) -> Iterator[str]:
    """The names that a function may call, those in functions inside of it, too."""
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _called(each)


def _home(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    return name.partition(".")[0] if type(name) is str else ""


def of_mounted(application: Any) -> Lifespans:
    """The lifespans of all apps that are mounted in this one, however deep, but for those that do nothing."""
    known: dict[str, tuple[FunctionType, ...] | None] = {}
    pending = [("", application.router)]
    met = {id(application.router)}
    while pending:
        prefix, router = pending.pop()
        for path, inner in _mounted(router):
            if id(inner) in met:
                continue
            met.add(id(inner))
            functions = lifespan_functions(inner)
            if functions != ():
                known[f"{prefix}{path}" or "/"] = functions
            pending.append((f"{prefix}{path}", inner))
    return Lifespans(dict(sorted(known.items())))


def _mounted(router: Any) -> Iterator[tuple[str, Any]]:
    for route in routes_of(router):
        base = mounted(route) if is_mount(route) else None
        way = path_to(base, _has_routes) if base is not None else None
        if way is not None:
            end: Any = way[-1][1].get() if way else base
            yield mount_name(route), end.router if is_application(end) else end


def _has_routes(value: object) -> bool:
    return is_application(value) or is_router(value)
