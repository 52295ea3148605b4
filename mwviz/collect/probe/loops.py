"""The two event loops that an app may run on, behind the few things that a probe needs of them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from threading import get_ident
from typing import Any, Protocol, TypeAlias

from mwviz.collect.probe.server import Event
from mwviz.collect.probe.watchdog import GRACE

Call: TypeAlias = Callable[[], Awaitable[Any]]


class Loop(Protocol):
    """What a probe needs of asyncio or trio."""

    def event(self) -> Event:
        """A new event."""

    def task(self) -> object:
        """The task that is running now; None outside of the loop."""

    async def give_way(self) -> None:
        """Let the other tasks run that can."""

    async def within(self, seconds: float, call: Call, expired: Callable[[], object]) -> bool:
        """Run `call` for at most `seconds`; after that tell `expired`, cancel it and answer False."""

    def background(self) -> Any:
        """An async context manager of a function that starts calls which end with the context."""

    def is_cancelled(self, error: BaseException) -> bool:
        """Whether the exception is the loop's own way to end the running call, which must not be kept from it."""


class AsyncioLoop:
    """The asyncio loop that runs now, with the standard library alone: apps on Starlette before 0.15 have no anyio."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = get_ident()

    def event(self) -> Event:
        """A new event."""
        return asyncio.Event()

    def task(self) -> object:
        """The task that is running now; None outside of the loop."""
        if get_ident() == self._thread:
            return asyncio.current_task(self._loop)  # to ask for the running loop takes four times as long up to 3.11
        try:
            return asyncio.current_task()
        except RuntimeError:  # a layer that runs the inner app in a thread
            return None

    async def give_way(self) -> None:
        """Let the other tasks run that can."""
        await asyncio.sleep(0)

    async def within(self, seconds: float, call: Call, expired: Callable[[], object]) -> bool:
        """See `Loop.within`."""
        task = asyncio.ensure_future(_awaited(call))
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if done:
            task.result()
            return True
        expired()
        await _cancelled({task})
        return False

    @asynccontextmanager
    async def background(self) -> AsyncIterator[Callable[[Call], None]]:
        """See `Loop.background`."""
        tasks: set[asyncio.Future[Any]] = set()
        try:
            yield lambda call: tasks.add(asyncio.ensure_future(_awaited(call)))
        finally:
            await _cancelled(tasks)

    def is_cancelled(self, error: BaseException) -> bool:  # noqa: ARG002 - trio's looks at it
        """See `Loop.is_cancelled`: who cancelled a task of asyncio's is told by its own, so an app's is its error."""
        return False


class TrioLoop:
    """trio, where the caller runs on it already."""

    def event(self) -> Event:
        """A new event."""
        import trio

        return trio.Event()

    def task(self) -> object:
        """The task that is running now; None outside of the loop."""
        import trio

        try:
            return trio.lowlevel.current_task()
        except RuntimeError:
            return None

    async def give_way(self) -> None:
        """Let the other tasks run that can."""
        import trio

        await trio.lowlevel.checkpoint()

    async def within(self, seconds: float, call: Call, expired: Callable[[], object]) -> bool:
        """See `Loop.within`."""
        import trio

        over = False

        async def run() -> None:
            nonlocal over
            await call()
            over = True
            nursery.cancel_scope.cancel()

        # A deadline would cancel first and tell afterwards, when the layers have noted their own cancellation.
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            await trio.sleep(seconds)
            expired()
            nursery.cancel_scope.cancel()
        return over

    @asynccontextmanager
    async def background(self) -> AsyncIterator[Callable[[Call], None]]:
        """See `Loop.background`."""
        import trio

        async with trio.open_nursery() as nursery:
            yield nursery.start_soon
            nursery.cancel_scope.cancel()

    def is_cancelled(self, error: BaseException) -> bool:
        """See `Loop.is_cancelled`."""
        import trio

        return isinstance(error, trio.Cancelled)


def running_loop() -> Loop:
    """The loop that the caller runs on. Raises RuntimeError outside of asyncio and trio."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        return TrioLoop()
    asyncio.get_running_loop()
    return AsyncioLoop()


def run(call: Call) -> None:
    """Run `call` on an asyncio loop of its own, and leave nothing of it behind that can be ended in a second."""
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(_awaited(call))
    finally:
        try:
            _finish(loop, _cancelled(asyncio.all_tasks(loop)))
            _finish(loop, asyncio.wait({loop.create_task(loop.shutdown_asyncgens())}, timeout=GRACE))
        finally:
            asyncio.set_event_loop(None)
            loop.close()


def _finish(loop: asyncio.AbstractEventLoop, last: Coroutine[Any, Any, object]) -> None:
    try:
        loop.run_until_complete(last)
    finally:
        last.close()  # the watchdog's interrupt may come a moment late, and before the first step


#: Frames that a layer and its boundary may need, for call, send and receive together.
_FRAMES_PER_LAYER = 30
#: The limit that a probe has set last: another one means that the app has set its own meanwhile, and keeps it.
_limit: list[int] = []


@contextmanager
def room_for(layers: int) -> Iterator[None]:
    """Raise Python's recursion limit: a stack that runs without mwviz must run with it, and so must a deeper one."""
    room = _FRAMES_PER_LAYER * (layers + 10)
    _limit[:] = [sys.getrecursionlimit() + room]
    sys.setrecursionlimit(*_limit)
    try:
        yield
    finally:
        if _limit == [sys.getrecursionlimit()]:
            _limit[:] = [_limit[0] - room]
            sys.setrecursionlimit(*_limit)


def forget_backend() -> None:
    """Make anyio look for itself which loop runs: the context of the caller, copied to a thread, may say trio."""
    if (sniffio := sys.modules.get("sniffio")) is not None:
        sniffio.current_async_library_cvar.set(None)


async def load_backend() -> None:
    """Let anyio load what it needs on this loop now, so that no layer is charged for it."""
    if "anyio" in sys.modules:
        with suppress(ImportError):  # an app that spoiled its own imports will meet that where it needs them
            import anyio.lowlevel

            await anyio.lowlevel.checkpoint()


async def _awaited(call: Call) -> Any:
    return await call()


async def _cancelled(tasks: set[Any]) -> None:
    pending = {task for task in tasks if not task.done()}
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending, timeout=GRACE)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # seen: it belongs to what was given up
