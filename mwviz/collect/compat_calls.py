"""How Starlette and FastAPI call what a route ends in, by the private names they have for it, with their versions.

Nothing here imports either: modules are reached through the classes of the routes that there are.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from types import CellType, ModuleType
from typing import Any, Literal, TypeAlias

from mwviz.collect.compat import INNER, every_route_class, held, home_of

#: What becomes of a call: awaited, entered as a context, or run in a worker thread (an endpoint, too, if it is plain).
Kind: TypeAlias = Literal["plain", "coroutine", "generator", "async_generator"]

#: The names that `fastapi.routing` calls for every request, and calls with keywords alone (0.65 to 0.165 and newer).
SOLVE, RUN = "solve_dependencies", "run_endpoint_function"

#: What FastAPI asks about a callable, in its order: functions of `fastapi.dependencies.utils` up to 0.121, properties
#: of a `Dependant` from 0.122 on, functions with an underscore in 0.165.
_QUESTIONS: tuple[tuple[Kind, str], ...] = (
    ("async_generator", "is_async_gen_callable"),
    ("generator", "is_gen_callable"),
    ("coroutine", "is_coroutine_callable"),
)
_DEEPEST_WRAPPER = 50


def fastapi_modules(router: object) -> list[ModuleType]:
    """The modules that solve dependencies and run endpoints: `fastapi.routing`, or a vendored copy's; else none."""
    names = {cls.__module__ for cls in every_route_class(router) if cls.__name__ == "APIRoute"}
    modules = (sys.modules.get(name) for name in sorted(names) if name.endswith(".routing"))
    return [
        each for each in modules if each is not None and all(callable(vars(each).get(name)) for name in (SOLVE, RUN))
    ]


def background_task(router: object) -> type | None:
    """Starlette's `BackgroundTask` (0.13 and newer), whose `__call__` runs one task."""
    home = home_of(router)
    name = home.__module__.removesuffix(".routing") + ".background" if home is not None else ""
    found = getattr(sys.modules.get(name), "BackgroundTask", None)
    return found if isinstance(found, type) and "__call__" in vars(found) else None


def kind_of(call: Any, dependant: type, routing: ModuleType) -> Kind | None:
    """What FastAPI takes a dependency for; None where that cannot be asked."""
    utils = vars(sys.modules.get(routing.__name__.removesuffix(".routing") + ".dependencies.utils", routing))
    try:
        asked = dependant(call=call)
        for kind, name in _QUESTIONS:
            if hasattr(dependant, name):
                answer = getattr(asked, name)
            elif (question := utils.get(name) or utils.get(f"_{name}")) is not None:
                answer = question(call)
            else:
                return None
            if answer:
                return kind
    except Exception:  # a callable of the user's that cannot be looked at: then it is called as it is
        return None
    return "plain"


def succeeded(solved: Any) -> bool:
    """Whether `solve_dependencies` found no errors: the second of a tuple up to 0.112.2, an attribute after it."""
    return not (solved[1] if isinstance(solved, tuple) else getattr(solved, "errors", True))


def called_directly(dependant: Any, request: Any, routing: ModuleType) -> Kind | None:
    """What becomes of the function where a handler of FastAPI's calls it itself; None where `RUN` does.

    It awaits that of a websocket (0.65 and newer), and goes through that of a stream (0.134 and newer).
    """
    if request.scope["type"] == "websocket":
        return "coroutine"
    kind = kind_of(dependant.call, type(dependant), routing)
    return kind if kind in ("generator", "async_generator") else None


def runs_function(route: object, modules: list[ModuleType]) -> bool:
    """Whether the route is one of FastAPI's, whose function is called where that can be seen."""
    endpoint, dependant = getattr(route, "endpoint", None), getattr(route, "dependant", None)
    if dependant is None or getattr(dependant, "call", None) is not endpoint:
        return False
    return any(kind_of(endpoint, type(dependant), module) is not None for module in modules)


def function_cell(route: object) -> tuple[CellType, bool] | None:
    """Where the closure that a Starlette `Route` made of a function keeps it, and whether it is awaited there.

    None for classes, and for FastAPI's routes: their closures hold a handler of FastAPI's.
    """
    endpoint, app = getattr(route, "endpoint", None), getattr(route, INNER, None)
    for _ in range(_DEEPEST_WRAPPER):
        if endpoint is None or inspect.isfunction(app):
            break
        app = held(app).get(INNER)
    if not inspect.isfunction(app) or not str(app.__module__).endswith(".routing"):
        return None
    if app.__qualname__ != "request_response.<locals>.app":  # one of the user's own
        return None
    cells = dict(zip(app.__code__.co_freevars, app.__closure__ or (), strict=True))
    cell = cells.get("f", cells.get("func"))
    function = function_in(cell.cell_contents) if cell is not None else None
    if cell is None or not (function is endpoint or getattr(function, "__wrapped__", None) is endpoint):
        return None
    told = cells.get("is_coroutine")
    return cell, bool(told.cell_contents) if told is not None else cell.cell_contents is endpoint


def function_in(content: Any) -> Any:
    """The function that a cell of `request_response` holds: alone, or behind `run_in_threadpool` (since 0.32)."""
    behind = isinstance(content, functools.partial) and getattr(content.func, "__name__", "") == "run_in_threadpool"
    return content.args[0] if behind and content.args else content


def with_function(content: Any, function: Callable[..., Any]) -> Any:
    """The content of such a cell with another function in it."""
    return function if function_in(content) is content else functools.partial(content.func, function)
