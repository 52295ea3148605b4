"""What a request ends in: dependencies, the endpoint's own function and background tasks, noted as they are called.

For the time of a probe a few names of the frameworks are replaced. Requests of others pass through them untouched; for
the probe's own, copies of what FastAPI would call are made, with stand-ins in them that note and call the originals.
"""

from __future__ import annotations

import copy
import functools
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from contextvars import ContextVar
from types import CellType, ModuleType
from typing import Any

from mwviz.collect.compat_calls import (
    RUN,
    SOLVE,
    Kind,
    background_task,
    called_directly,
    fastapi_modules,
    function_cell,
    function_in,
    kind_of,
    runs_function,
    succeeded,
    with_function,
)
from mwviz.collect.probe.noting import Call, Calling, CallNote, Noting, What, noting, unwrapped
from mwviz.collect.proxied import bound
from mwviz.collect.stack.asgi import Scope
from mwviz.collect.stack.recorder import Recorder


class Calls:
    """Watches what requests of the probe call."""

    def __init__(self, recorder: Recorder) -> None:
        self.notes: list[CallNote] = []
        self._recorder = recorder
        self._modules: list[ModuleType] = []
        self._covered: list[Scope] = []
        self._reached: list[Scope] = []

    def begin(self) -> list[CallNote]:
        """Start anew: the answer will hold what is called from now on."""
        self.notes = []
        return self.notes

    def watch(self, router: object, undo: ExitStack) -> None:
        """Note calls until `undo` closes."""
        _watching.append(self)
        undo.callback(_unwatch, self)
        self._modules = fastapi_modules(router)
        for module in self._modules:
            _replace(module, SOLVE, functools.partial(_solving, module))
            _replace(module, RUN, _running)
        task = background_task(router)
        if task is not None:
            _replace(task, "__call__", _in_background)

    def reach(self, route: object, scope: Scope) -> None:
        """A request of the probe's has come to `route`: see to it that a call of its function will be noted."""
        self._reached.append(scope)
        found = function_cell(route)
        if found is not None:
            _fill(*found)
        if found is not None or runs_function(route, self._modules):
            self._covered.append(scope)

    def covers(self, scope: Scope) -> bool:
        """Whether the endpoint's function is noted if it is called for the request of this very scope."""
        return any(scope is each for each in self._covered)

    def follows(self) -> bool:
        """Whether the running code was called by the probe."""
        return self._recorder.is_followed()

    def owns(self, scope: Scope) -> bool:
        """Whether a request is the probe's: what the probe called may ask another app in turn."""
        return scope.get("asgi") is self._recorder.mark or any(scope is each for each in self._reached)

    def noted(self, begun: Callable[[bool], Call]) -> Calling:
        """What a call runs in so that it is noted."""
        return Calling(self._recorder, self.notes, begun)

    def standing_in(self, what: What, kind: Kind, function: Any, overrides: object = None) -> Noting:
        """A stand-in for `function`, to be called by the frameworks; where it outlives the probe, it notes nothing."""
        # FastAPI keeps the callables that it has looked at: they must not keep the whole probe.
        reference, begun = weakref.ref(self), functools.partial(Call, what, function, overrides, "generator" in kind)

        def noted() -> AbstractContextManager[object]:
            calls = reference()
            return nullcontext() if calls is None else calls.noted(begun)

        return noting(kind, function, noted)

    def watched(self, given: dict[str, Any], module: ModuleType) -> dict[str, Any]:
        """The arguments of `solve_dependencies`, with copies in which every dependency is noted."""
        dependant, provider = given["dependant"], given.get("dependency_overrides_provider")
        stand_in = functools.partial(self._dependency, type(dependant), module)
        changed = {**given, "dependant": _with_dependencies(dependant, stand_in)}
        if provider is not None:
            changed["dependency_overrides_provider"] = _Provider(provider, stand_in)
        return changed

    def called_next(self, dependant: Any, kind: Kind | None) -> None:
        """FastAPI itself calls the function of a stream or of a websocket, next and without a break: note its run."""
        function = dependant.call
        if kind in ("generator", "async_generator", "coroutine") and not isinstance(function, Noting):
            put_back = functools.partial(setattr, dependant, "call", function)
            dependant.call = _Next(self.standing_in("endpoint", kind, function), put_back)
            _replaced[id(dependant), "call"] = put_back

    def _dependency(self, dependant: type, module: ModuleType, given: Any, overrides: object = None) -> Any:
        call = unwrapped(given)
        kind = kind_of(call, dependant, module)
        if kind is None:
            return call
        made: Any = self.standing_in("dependency", kind, call, overrides)
        return made if kind_of(made, dependant, module) == kind else call


class _Next(Noting):
    """Stands in for the function of an endpoint, which FastAPI is about to call, until it does."""

    def __init__(self, stand_in: Any, put_back: Callable[[], None]) -> None:
        super().__init__(stand_in.__wrapped__, nullcontext)
        self.put_back = put_back
        self._stand_in = stand_in

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        self.put_back()
        return (self.__wrapped__ if _followed() is None else self._stand_in)(*args, **kwargs)


class _Provider:
    """The app as the provider of overrides: those that there are now, noted when they are called."""

    def __init__(self, provider: Any, stand_in: Callable[..., Any]) -> None:
        self._provider = provider
        self._stand_in = stand_in

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def __bool__(self) -> bool:
        return bool(self._provider)

    @property
    def dependency_overrides(self) -> Any:
        """The user's own mapping where it is empty, else one that answers as it does."""
        overrides = self._provider.dependency_overrides
        return _Overrides(overrides, self._stand_in) if overrides else overrides


class _Overrides:
    def __init__(self, overrides: Any, stand_in: Callable[..., Any]) -> None:
        self._overrides = overrides
        self._stand_in = stand_in

    def __getattr__(self, name: str) -> Any:
        return getattr(self._overrides, name)

    def get(self, call: Any, default: Any = None) -> Any:
        """What the user's mapping gives for a dependency, noted."""
        original = unwrapped(call)
        found = self._overrides.get(original, unwrapped(default))
        return self._stand_in(found, original if found is not original else None) if callable(found) else found


def _with_dependencies(dependant: Any, stand_in: Callable[[Any], Any]) -> Any:
    copied = copy.copy(dependant)
    copied.dependencies = [_with_dependencies(each, stand_in) for each in dependant.dependencies]
    for each in copied.dependencies:
        each.call = stand_in(each.call)
    return copied


#: The probes that watch calls now, and how to take away what they share: the last one to go does.
_watching: list[Calls] = []
_replaced: dict[tuple[int, str], Callable[[], None]] = {}


#: Whether the dependencies that were solved last, where the code runs now, were those of a request of the probe's.
_own: ContextVar[bool] = ContextVar("mwviz_own_request", default=False)


def _followed() -> Calls | None:
    return next((calls for calls in _watching if calls.follows()), None)


def _unwatch(calls: Calls) -> None:
    _watching.remove(calls)
    if not _watching:
        for put_back in _replaced.values():
            put_back()
        _replaced.clear()


def _replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    original = vars(owner)[name]
    replacement = make(original)

    def put_back() -> None:
        if vars(owner)[name] is replacement:  # else somebody has replaced it in turn, and calls ours
            setattr(owner, name, original)

    if (id(owner), name) not in _replaced:
        setattr(owner, name, replacement)
        _replaced[id(owner), name] = put_back


def _fill(cell: CellType, awaited: bool) -> None:
    if (id(cell), "") in _replaced:
        return
    original = cell.cell_contents
    cell.cell_contents = with_function(
        original, _in_place_of(function_in(original), "coroutine" if awaited else "plain")
    )
    _replaced[id(cell), ""] = functools.partial(setattr, cell, "cell_contents", original)


def _solving(module: ModuleType, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def solve_dependencies(*args: Any, **given: Any) -> Any:
        calls = _followed()
        if calls is None or not calls.owns(given["request"].scope):
            _own.set(False)
            return await original(*args, **given)
        with calls.noted(functools.partial(Call, "setup", original, None, False)):
            solved = await original(*args, **calls.watched(given, module))
        if succeeded(solved):
            calls.called_next(given["dependant"], called_directly(given["dependant"], given["request"], module))
        _own.set(True)  # a dependency may have asked another app meanwhile
        return solved

    return solve_dependencies


def _running(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def run_endpoint_function(*args: Any, **given: Any) -> Any:
        if (calls := _followed()) is not None and _own.get():
            function = given["dependant"].call
            if isinstance(function, _Next):
                function.put_back()
                function = unwrapped(function)
            kind: Kind = "coroutine" if given["is_coroutine"] else "plain"
            given["dependant"] = copied = copy.copy(given["dependant"])
            copied.call = calls.standing_in("endpoint", kind, function)
        return await original(*args, **given)

    return run_endpoint_function


def _in_place_of(function: Any, kind: Kind) -> Callable[..., Any]:
    """The endpoint of a Starlette route, noted where the request is a probe's."""

    @functools.wraps(function)
    def endpoint(*args: Any) -> Any:
        calls = _followed()
        if calls is None or not calls.owns(args[0].scope):
            return function(*args)
        return calls.standing_in("endpoint", kind, function)(*args)  # type: ignore[operator]

    return endpoint


def _in_background(original: Any) -> Callable[..., Any]:
    @functools.wraps(original)
    async def run(self: Any) -> Any:
        calls = _followed()
        task = self if calls is None else _Task(self, calls)
        return await bound(original, task)()

    return run


class _Task:
    """A background task whose function is noted; of all else it is the task itself."""

    def __init__(self, task: Any, calls: Calls) -> None:
        kind: Kind = "coroutine" if getattr(task, "is_async", False) else "plain"
        self.func = calls.standing_in("background", kind, task.func)
        self._task = task

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)
