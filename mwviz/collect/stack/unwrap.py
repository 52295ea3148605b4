"""Follows the app further in: from a wrapper to the Starlette or FastAPI app, from a layer to the next one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CellType, FunctionType, MethodType
from typing import Any, TypeAlias

from mwviz.collect.compat import INNER, held, is_application
from mwviz.collect.proxied import behind
from mwviz.collect.stack.boundary import Boundary
from mwviz.values import dataclass

#: Names that wrappers use for the app further in, tried before any other attribute.
_ROUTINES = (FunctionType, MethodType, BuiltinFunctionType)
_COMMON = (
    INNER,
    "other_asgi_app",
    "_app",
    "application",
    "_application",
    "asgi_app",
    "inner",
    "wrapped",
    "__wrapped__",
)


_Test: TypeAlias = Callable[[object], bool]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Link:
    """Where `holder` keeps an app further in: an attribute, a variable of its closure, an argument of a partial."""

    holder: object
    key: str | CellType | int

    def get(self) -> Any:
        """The app that it holds now."""
        if isinstance(self.key, int):
            return _given(self.holder)[self.key]
        return self.key.cell_contents if isinstance(self.key, CellType) else getattr(self.holder, self.key)

    def put(self, value: object) -> Callable[[], None]:
        """Put `value` there; the answer undoes it. Raises AttributeError or TypeError where that cannot be."""
        if isinstance(self.key, int):
            raise TypeError("the arguments of a partial cannot be replaced")
        holder, key = (self.key, "cell_contents") if isinstance(self.key, CellType) else (self.holder, self.key)
        before = self.get()
        setattr(holder, key, value)
        return functools.partial(setattr, holder, key, before)


def path_to(start: object, is_end: Callable[[object], bool]) -> list[tuple[object, Link]] | None:
    """The way from `start` to the nearest end: each layer on it with the link inward, outermost first.

    Empty where `start` is an end itself, None where no end can be reached.
    """

    def leads(value: object) -> bool:
        return _may_lead_inward(value) or is_end(value)

    came_from: dict[int, tuple[object, Link] | None] = {id(start): None}
    pending = [start]
    while pending:
        current = pending.pop()
        if is_end(current):
            return _trail(current, came_from)
        for link in reversed(list(_links(current, leads))):
            value = link.get()
            if id(value) not in came_from:
                came_from[id(value)] = (current, link)
                pending.append(value)
    return None


def looks_asgi(value: object) -> bool:
    """Whether `value` can be called as `await value(scope, receive, send)`, as far as can be told without a call."""
    value = behind(value)
    kind = type(value)  # and not `isinstance`, which would wake lazy objects
    if issubclass(kind, type):
        return False
    function = value if issubclass(kind, _ROUTINES) else _call_of(kind)
    if issubclass(kind, functools.partial):
        held: Any = value
        return looks_asgi(held.func) or inspect.iscoroutinefunction(held.func)
    code = getattr(function, "__code__", None)
    if code is None:
        return inspect.iscoroutinefunction(function)
    bound = 1 if type(function) is MethodType or not issubclass(kind, _ROUTINES) else 0
    takes_three = code.co_argcount - bound == 3 or bool(code.co_flags & inspect.CO_VARARGS)
    return takes_three and (inspect.iscoroutinefunction(function) or code.co_argcount - bound == 3)


def _call_of(cls: type) -> object:
    return next((vars(each)["__call__"] for each in cls.__mro__ if "__call__" in vars(each)), None)


def _trail(end: object, came_from: dict[int, tuple[object, Link] | None]) -> list[tuple[object, Link]]:
    trail = []
    step = came_from[id(end)]
    while step is not None:
        trail.append(step)
        step = came_from[id(step[0])]
    return trail[::-1]


def _links(layer: object, leads: _Test) -> Iterator[Link]:
    if is_application(layer) or isinstance(layer, type):
        return
    holder = layer
    if type(layer) is Boundary:
        holder = layer.mwviz.layer
    holder = behind(holder)
    if inspect.ismethod(holder):
        holder = holder.__self__
    if isinstance(holder, functools.partial):
        yield from _partial_links(holder, leads)
    elif isinstance(holder, FunctionType):
        yield from _closure_links(holder, leads)
    else:
        yield from _attribute_links(holder, leads)


def _closure_links(function: FunctionType, leads: _Test) -> Iterator[Link]:
    for cell in function.__closure__ or ():
        try:
            value = cell.cell_contents
        except ValueError:  # a variable that was never set
            continue
        if leads(value):
            yield Link(function, cell)


def _given(partial: Any) -> tuple[Any, ...]:
    return (*partial.args, *partial.keywords.values())


def _partial_links(partial: functools.partial[Any], leads: _Test) -> Iterator[Link]:
    yield from (Link(partial, index) for index, value in enumerate(_given(partial)) if leads(value))
    if isinstance(partial.func, FunctionType):
        yield from _closure_links(partial.func, leads)
    if inspect.ismethod(partial.func):
        yield from _attribute_links(partial.func.__self__, leads)


def _attribute_links(holder: object, leads: _Test) -> Iterator[Link]:
    found = held(holder)
    for cls in type(holder).__mro__:
        slots = vars(cls).get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            name = f"_{cls.__name__.lstrip('_')}{slot}" if slot.startswith("__") and not slot.endswith("__") else slot
            if name not in found and hasattr(holder, name):
                found[name] = getattr(holder, name)
    for name in sorted(found, key=lambda key: _COMMON.index(key) if key in _COMMON else len(_COMMON)):
        if leads(found[name]):
            yield Link(holder, name)


def _may_lead_inward(value: object) -> bool:
    return type(value) is Boundary or is_application(value) or looks_asgi(value)
