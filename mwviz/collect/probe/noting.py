"""Stand-ins for the functions that a request calls: of the same kind, equal to them, and noted when they run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Literal, TypeAlias

from mwviz.collect.compat_calls import Kind
from mwviz.collect.stack.recorder import Recorder
from mwviz.values import dataclass

#: The setup is that of all dependencies together.
What: TypeAlias = Literal["setup", "dependency", "endpoint", "background"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call:
    """One call: `function` ran, in place of what it overrides if anything, on an event loop or in another thread.

    `yields`: it is a dependency that gives its value by `yield`, and goes on after it.
    """

    kind: What
    function: object
    overrides: object | None
    yields: bool
    in_thread: bool


#: When, what, and the exception that left the call. Times are `perf_counter_ns` readings.
CallNote: TypeAlias = tuple[int, Literal["enter", "leave", "raise"], Call, BaseException | None]


class Calling:
    """Notes that a call begins, and how it ends. It adds no frame to the traceback of what the call raises."""

    __slots__ = ("_begun", "_call", "_notes", "_recorder")

    def __init__(self, recorder: Recorder, notes: list[CallNote], begun: Callable[[bool], Call]) -> None:
        self._recorder = recorder
        self._notes = notes
        self._begun = begun

    def __enter__(self) -> None:
        self._call = self._begun(self._recorder.current_task() is None)
        self._notes.append((self._recorder.now(), "enter", self._call, None))

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> None:
        happening: Literal["leave", "raise"] = "leave" if error is None else "raise"
        self._notes.append((self._recorder.now(), happening, self._call, error))


#: Makes what a call runs in: it notes that the call begins, and how it ends.
Noted: TypeAlias = Callable[[], AbstractContextManager[object]]


class Noting:
    """Stands in for `__wrapped__`: frameworks find its signature, attributes, equality and hash."""

    def __init__(self, original: Callable[..., Any], noted: Noted) -> None:
        self.__wrapped__ = original
        self._noted = noted
        # Telemetry names a span by these, or by the class of what has none.
        self.__module__ = getattr(original, "__module__", type(original).__module__)
        self.__qualname__ = getattr(original, "__qualname__", type(original).__qualname__)

    def __getattr__(self, name: str) -> Any:
        if name == "__wrapped__":  # a copy in the making
            raise AttributeError(name)
        return getattr(self.__wrapped__, name)

    def __eq__(self, other: object) -> bool:
        return bool(self.__wrapped__ == unwrapped(other))

    def __hash__(self) -> int:
        return hash(self.__wrapped__)


class _Plain(Noting):
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        with self._noted():
            return self.__wrapped__(*args, **kwargs)


class _Coroutine(Noting):
    async def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        with self._noted():
            return await self.__wrapped__(*args, **kwargs)


class _Generator(Noting):
    def __call__(self, /, *args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with self._noted():
            return (yield from self.__wrapped__(*args, **kwargs))


class _AsyncGenerator(Noting):
    async def __call__(self, /, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        with self._noted():
            inner = self.__wrapped__(*args, **kwargs)
            step = inner.__anext__
            while True:
                try:
                    value = await step()
                except StopAsyncIteration:
                    return
                # `yield from`, which async generators do not have: what comes from outside goes to the one inside.
                try:
                    step = _sending(inner, (yield value))
                except GeneratorExit:
                    await inner.aclose()
                    raise
                except BaseException as error:
                    step = _throwing(inner, error)


def _sending(inner: Any, value: object) -> Callable[[], Any]:
    return inner.__anext__ if value is None else lambda: inner.asend(value)


def _throwing(inner: Any, error: BaseException) -> Callable[[], Any]:
    return lambda: inner.athrow(error)


_KINDS: dict[Kind, type[Noting]] = {
    "plain": _Plain,
    "coroutine": _Coroutine,
    "generator": _Generator,
    "async_generator": _AsyncGenerator,
}


def noting(kind: Kind, original: Callable[..., Any], noted: Noted) -> Noting:
    """A stand-in of that kind, calls of which run in what `noted` makes."""
    return _KINDS[kind](original, noted)


def unwrapped(call: Any) -> Any:
    """What a stand-in stands in for; anything else as it is."""
    return call.__wrapped__ if isinstance(call, Noting) else call
