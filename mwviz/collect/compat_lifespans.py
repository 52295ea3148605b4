"""What mwviz leans on of the lifespans of Starlette and FastAPI, with the versions it holds for.

Nothing here imports either: what is the framework's is known by the module that its functions and classes come from.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from types import CellType, FunctionType
from typing import Any

from mwviz.collect.compat import held

#: Where the default lifespan lives, and what FastAPI (0.112 and newer) makes of those of included routers.
_OWN = ("starlette.routing", "fastapi.routing", "contextlib")
#: What a class that is a lifespan has of its own.
_STEPS = ("__init__", "__call__", "__aenter__", "__enter__")
#: Lifespans wrap each other no deeper than routers are included in each other.
_DEEPEST = 32


def lifespan_functions(router: object) -> tuple[FunctionType, ...] | None:
    """The user's own functions that the lifespan of a router begins with; empty where startup does nothing.

    None where it has something of its own that cannot be looked into. A router keeps `lifespan_context` (Starlette 0.13
    and newer), whose default calls `on_startup`; Starlette 1.0 has that no more, FastAPI still does.
    """
    kept = held(router)
    functions = _functions([kept.get("lifespan_context")])
    if functions != ():
        return functions
    handlers = kept.get("on_startup")
    return _functions(list(handlers)) if isinstance(handlers, (list, tuple)) else ()


def _functions(given: list[Any]) -> tuple[FunctionType, ...] | None:
    found: dict[FunctionType, None] = {}
    pending = [(each, 0) for each in given if each is not None]
    hidden = False
    while pending:
        value, depth = pending.pop()
        if depth > _DEEPEST:
            hidden = True
        elif (inner := _within(value)) is not None:
            pending += [(each, depth + 1) for each in inner]
        elif isinstance(value, FunctionType):
            found[value] = None
        elif isinstance(value, type):
            steps = [vars(cls).get(name) for cls in value.__mro__ for name in _STEPS if cls is not object]
            own = [step for step in steps if isinstance(step, FunctionType) and not _is_own(step)]
            found |= dict.fromkeys(own)
            hidden = hidden or not own
        else:
            hidden = True
    return None if hidden and not found else tuple(found)


def _within(value: Any) -> list[Any] | None:
    """What a callable leads to; None for the user's own function or class, at which the way ends."""
    if isinstance(value, functools.partial):
        return [value.func]
    if inspect.ismethod(value):
        return [value.__func__]
    if isinstance(value, FunctionType):
        if (wrapped := vars(value).get("__wrapped__")) is not None:
            return [wrapped]
        return list(_closed(value)) if _is_own(value) else None
    if isinstance(value, type):
        return [] if value.__module__.endswith(_OWN) else None
    return None if inspect.isroutine(value) else [type(value)]


def _is_own(function: FunctionType) -> bool:
    # not its `__module__`, which `functools.wraps` copies
    return str(function.__globals__.get("__name__")).endswith(_OWN)


def _closed(function: FunctionType) -> Iterator[Any]:
    """The lifespans that one of the framework's is made of: variables of its closure; a router is none."""
    for cell in function.__closure__ or ():
        if cell != CellType() and not hasattr(cell.cell_contents, "lifespan_context") and callable(cell.cell_contents):
            yield cell.cell_contents
