"""Stand-ins for functions: whoever calls them, or looks at them, finds what they stand in for."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import pytest

from mwviz.collect.compat_calls import Kind
from mwviz.collect.probe.noting import noting, unwrapped


class Wrong(Exception):
    """What is thrown into generators."""


def talks(first: int = 1) -> Generator[Any, Any, str]:
    """Yield what it is sent, and what is thrown into it; end at `stop`."""
    answer: Any = first
    try:
        while answer != "stop":
            try:
                answer = yield ("got", answer)
            except Wrong as error:  # noqa: PERF203 - the loop is what it is about
                if str(error) == "fatal":
                    raise KeyError("of the fatal") from error
                answer = ("caught", str(error))
    finally:
        journal.append("closed")
    return "over"


async def talks_async(first: int = 1) -> AsyncGenerator[Any, Any]:
    """The same, asynchronous."""
    answer: Any = first
    try:
        while answer != "stop":
            try:
                await asyncio.sleep(0)
                answer = yield ("got", answer)
            except Wrong as error:  # noqa: PERF203 - the loop is what it is about
                if str(error) == "fatal":
                    raise KeyError("of the fatal") from error
                answer = ("caught", str(error))
    finally:
        await asyncio.sleep(0)
        journal.append("closed")


journal: list[Any] = []

#: What is done to a generator, step by step.
CONVERSATIONS: dict[str, tuple[tuple[str, Any], ...]] = {
    "to the end": (("send", None), ("send", 2), ("send", "stop"), ("send", None)),
    "caught": (("send", None), ("throw", Wrong("light")), ("send", 0), ("send", "stop")),
    "fatal": (("send", None), ("throw", Wrong("fatal")), ("send", None)),
    "closed": (("send", None), ("close", None), ("send", None)),
    "never begun": (("close", None),),
    "foreign": (("send", None), ("throw", ValueError("foreign"))),
    "its own end thrown at it": (("send", None), ("throw", StopIteration("mine")), ("send", None)),
    "its own async end": (("send", None), ("throw", StopAsyncIteration("mine")), ("send", None)),
}


def told(error: BaseException) -> tuple[Any, ...]:
    return (type(error), str(error), type(error.__cause__))


def talk(function: Callable[[int], Any], steps: tuple[tuple[str, Any], ...]) -> list[Any]:
    journal.clear()
    generator = function(7)
    for do, value in steps:
        try:
            journal.append(getattr(generator, do)(*(() if do == "close" else (value,))))
        except BaseException as error:  # noqa: BLE001, PERF203 - all of it is compared
            journal.append(told(error))
    return journal[:]


async def talk_async(function: Callable[[int], Any], steps: tuple[tuple[str, Any], ...]) -> list[Any]:
    journal.clear()
    generator = function(7)
    for do, value in steps:
        try:
            journal.append(await getattr(generator, f"a{do}")(*(() if do == "close" else (value,))))
        except BaseException as error:  # noqa: BLE001, PERF203 - all of it is compared
            journal.append(told(error))
    return journal[:]


@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_a_generator_is_talked_to_as_without(conversation: str) -> None:
    steps = CONVERSATIONS[conversation]
    stand_in: Any = noting("generator", talks, contextlib.nullcontext)
    assert talk(stand_in, steps) == talk(talks, steps)
    stand_in = noting("async_generator", talks_async, contextlib.nullcontext)
    assert asyncio.run(talk_async(stand_in, steps)) == asyncio.run(talk_async(talks_async, steps))


def plain(size: int = 3) -> int:
    """Plain."""
    return size


async def coroutine(size: int = 3) -> int:
    """Coroutine."""
    return size


FUNCTIONS: dict[Kind, Any] = {
    "plain": plain,
    "coroutine": coroutine,
    "generator": talks,
    "async_generator": talks_async,
}


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_a_stand_in_looks_like_the_function(kind: Kind) -> None:
    function = FUNCTIONS[kind]
    stand_in: Any = noting(kind, function, contextlib.nullcontext)
    assert stand_in == function
    assert function == stand_in
    assert stand_in != plain or kind == "plain"
    assert {function: 1}.get(stand_in) == 1
    assert {stand_in: 1}.get(function) == 1
    assert inspect.signature(stand_in) == inspect.signature(function)
    assert inspect.unwrap(stand_in) is function
    assert stand_in.__globals__ is function.__globals__
    assert (stand_in.__module__, stand_in.__qualname__, stand_in.__name__) == (__name__, *[function.__name__] * 2)
    assert unwrapped(stand_in) is function
    assert copy.copy(stand_in) == function


def test_the_kinds_are_those_of_python() -> None:
    call = {kind: noting(kind, function, contextlib.nullcontext) for kind, function in FUNCTIONS.items()}
    asked = {kind: vars(type(stand_in))["__call__"] for kind, stand_in in call.items()}
    assert [kind for kind, each in asked.items() if inspect.iscoroutinefunction(each)] == ["coroutine"]
    assert [kind for kind, each in asked.items() if inspect.isgeneratorfunction(each)] == ["generator"]
    assert [kind for kind, each in asked.items() if inspect.isasyncgenfunction(each)] == ["async_generator"]
