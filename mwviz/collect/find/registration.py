"""Notes in which line of source each middleware is registered, from before the app is imported until it is.

Starlette's `Middleware` keeps only class and arguments, so its constructor is watched: `add_middleware`,
`@app.middleware("http")` and the constructor's list all go through it. Mounts, routes and routers keep nothing of the
list that they are given: their constructors are watched, too.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from mwviz.collect.find.callers import Caller, caller_of, code_around
from mwviz.model.stack import RegisteredBy

_MIDDLEWARE, _ROUTING = "starlette.middleware", "starlette.routing"
_TAKE_MIDDLEWARE = ("Mount", "Route", "WebSocketRoute", "Router")


class Registration(NamedTuple):
    """Where an entry was made, and how: by a method of the app's, or as a `Middleware` of the user's for a list.

    `code` names the function or class whose code that is, None for a module's own.
    """

    file: str
    line: int
    by: RegisteredBy
    code: str | None


#: Each registration seen in this process: a module is imported once, and may be asked for again.
_seen: WeakKeyDictionary[object, Registration] = WeakKeyDictionary()
#: The mounts, routes and routers that were given middleware, and what, by identity: two of them may be equal.
_given: dict[int, tuple[object, tuple[object, ...]]] = {}


class Registrations:
    """Where each `Middleware` object was made, as far as it was made while somebody watched."""

    def note(self, entry: object, caller: Caller | None) -> None:
        """Remember where `entry` was made: the first line outside of Starlette, FastAPI and who wrapped them."""
        if caller is not None:
            frame, by = caller
            _seen[entry] = Registration(frame.f_code.co_filename, frame.f_lineno, by, code_around(frame))

    def find(self, entry: object) -> Registration | None:
        """Where and how it was made, or None for an entry that was made before anyone watched."""
        try:
            return _seen.get(entry)
        except TypeError:  # a tuple in its place, which nobody saw being made
            return None

    def given(self, holder: object) -> tuple[object, ...]:
        """The `Middleware` objects that a mount, route or router was given; empty where nobody saw it."""
        _, entries = _given.get(id(holder), (None, ()))
        return entries


@contextmanager
def watched(registrations: Registrations, *, holders: bool = True) -> Iterator[None]:
    """Watch registrations, of Starlette and of every vendored copy that is imported meanwhile.

    Without `holders`, mounts, routes and routers are not remembered, which otherwise live as long as the process.
    """
    undo: list[Callable[[], None]] = []

    def watch(module: ModuleType) -> None:
        if isinstance(getattr(module, "Middleware", None), type) and module.__name__.endswith(_MIDDLEWARE):
            undo.append(_watch_class(module.Middleware, registrations))
        elif holders and module.__name__.endswith(_ROUTING):
            classes = (getattr(module, name, None) for name in _TAKE_MIDDLEWARE)
            undo.extend(_watch_holder(cls) for cls in classes if isinstance(cls, type))

    for name, module in list(sys.modules.items()):
        if name.endswith((_MIDDLEWARE, _ROUTING)) and isinstance(module, ModuleType):
            watch(module)
    finder = Finder((_MIDDLEWARE, _ROUTING), watch)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        for restore in reversed(undo):
            restore()


def _watch_class(cls: type, registrations: Registrations) -> Callable[[], None]:
    package = cls.__module__.removesuffix("starlette.middleware")

    def made(entry: object, _arguments: dict[str, Any], frame: FrameType | None) -> None:
        registrations.note(entry, caller_of(frame, vars(cls).get("__init__"), package))

    return _watch_constructor(cls, made)


def _watch_holder(cls: type) -> Callable[[], None]:
    def made(holder: object, given: dict[str, Any], _frame: FrameType | None) -> None:
        if (entries := given.get("middleware")) and isinstance(entries, (list, tuple)):
            _given[id(holder)] = (holder, tuple(entries))

    return _watch_constructor(cls, made)


def _watch_constructor(
    cls: type, made: Callable[[object, dict[str, Any], FrameType | None], None]
) -> Callable[[], None]:
    original = cls.__init__  # type: ignore[misc]
    watching = True

    @functools.wraps(original)
    def noting(self: object, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if watching:
            made(self, kwargs, inspect.currentframe())

    cls.__init__ = noting  # type: ignore[misc]

    def restore() -> None:
        nonlocal watching
        watching = False  # whoever wrapped it meanwhile goes on to call it
        if cls.__init__ is noting:  # type: ignore[misc]
            cls.__init__ = original  # type: ignore[misc]

    return restore


class Finder(MetaPathFinder):
    """Lets the ordinary finders find modules whose names end so, and hands each over once it is executed."""

    def __init__(self, endings: tuple[str, ...], found: Callable[[ModuleType], None]) -> None:
        self._endings = endings
        self._found = found
        self._busy = False

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        """What the other finders find of such a name; None of any other."""
        if self._busy or not fullname.endswith(self._endings):
            return None
        self._busy = True
        try:
            for finder in sys.meta_path:
                find = getattr(finder, "find_spec", None)
                spec = find(fullname, path, target) if find is not None and finder is not self else None
                if spec is not None:
                    break
            else:
                return None
        finally:
            self._busy = False
        if spec.loader is not None:
            _tell_when_executed(spec.loader, self._found)
        return spec  # type: ignore[no-any-return]


def _tell_when_executed(loader: Loader, found: Callable[[ModuleType], None]) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        with suppress(AttributeError):  # another finder of ours, around this one, was faster
            del loader.exec_module  # a loader of archives serves many modules
        execute(module)
        found(module)

    loader.exec_module = exec_module  # type: ignore[method-assign]
