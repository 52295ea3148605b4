"""Layers that do at random what middleware does, and say in a journal what they did; nothing here knows mwviz."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import anyio

from tests.collect.journal import BODY, START, App, Call, Inward, Journal, Message, Plan, Receive, Scope, Send

_SCOPE_KEYS = (
    *("type", "http_version", "method", "path", "raw_path", "query_string", "root_path"),
    *("scheme", "headers", "client", "server", "app"),
)


def _scope_for(plan: Plan, scope: Scope) -> Scope:
    match plan.scope:
        case "same":
            return scope
        case "shallow":
            return dict(scope)
        case "deep":
            plain = (str, bytes, int, tuple, list, dict, type(None))
            return {key: copy.deepcopy(value) if isinstance(value, plain) else value for key, value in scope.items()}
        case "new":
            return {key: scope[key] for key in _SCOPE_KEYS if key in scope}


class Part:
    """One layer's part in one request: it does what the plan says, and tells it."""

    def __init__(self, app: App, plan: Plan, journal: Journal, place: int) -> None:
        self.inner = app
        self.plan = plan
        self.journal = journal
        self.place = place

    async def play(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the request as an ASGI app would."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        call = self.journal.enter(self.place)
        with self.journal.telling(call):
            if await self._begin(call, scope, receive, send):
                await self._go_on(call, scope, receive, send)

    async def _begin(self, call: Call, scope: Scope, receive: Receive, send: Send) -> bool:
        match self.plan.before:
            case "answers":
                await self.journal.answer(call, send, self.plan)
            case "raises":
                raise self.journal.raising(self.place, self.plan.error)
            case "answers early":
                await self.journal.answer(call, send, self.plan)
                await self._inward(call, scope, receive, _Outgoing(self, call, send, "drops"))
            case "fails once" if self.journal.is_first_call(self.place):
                raise self.journal.raising(self.place, self.plan.error)
            case "passes" | "fails once":
                return True
            case "silent":
                pass
        return False

    async def _go_on(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        plan, journal = self.plan, self.journal
        if plan.again:
            with suppress(Exception):
                await self._inward(call, scope, receive, _Outgoing(self, call, send, "drops"))
        outgoing = _Outgoing(self, call, send, plan.send)
        try:
            await self._inward(call, scope, receive, outgoing)
        except Exception as error:
            if plan.on_error == "passes" or (plan.on_error == "rescues" and plan.careful and call.starts):
                raise
            if plan.on_error == "converts":
                raise journal.raising(self.place, "Broken") from error
            if plan.on_error == "rescues":
                await journal.answer(call, send, plan, error)
            return
        await outgoing.finish()
        if plan.send == "replaces":
            await journal.answer(call, send, plan)
        if plan.after == "starts again":
            await journal.out(call, send, {"type": START, "status": 200, "headers": []})
        if plan.after == "raises":
            raise journal.raising(self.place, plan.error)

    async def _inward(self, call: Call, scope: Scope, receive: Receive, outgoing: _Outgoing) -> None:
        async def received() -> Message:
            return await receive()

        handed = received if self.plan.receive == "wrapped" else receive
        with self.journal.calling(call) as inward:
            outgoing.source = inward
            send = outgoing.send if outgoing.policy == "same" else outgoing
            run = partial(self.inner, _scope_for(self.plan, scope), handed, send)
            match self.plan.carrier:
                case "here":
                    await run()
                case "task":
                    await asyncio.ensure_future(_awaited(run))
                case "group":
                    async with anyio.create_task_group() as group:
                        group.start_soon(_awaited, run)


async def _awaited(run: Callable[[], Awaitable[None]]) -> None:
    await run()


class _Outgoing:
    """What a layer does with the messages that come from further in."""

    def __init__(self, part: Part, call: Call, send: Send, policy: str) -> None:
        self.part = part
        self.call = call
        self.send = send
        self.policy = policy
        self.source: Inward | None = None
        self.kept: list[Message] = []

    async def __call__(self, message: Message) -> None:
        if self.source is not None:
            self.part.journal.came(self.source, message)
        match self.policy:
            case "drops" | "replaces":
                return
            case "raises" if message["type"] == START:
                # One that no framework layer further in knows how to handle.
                raise self.part.journal.raising(self.part.place, "Broken")
            case "buffers":
                self.kept.append(message)
                return
            case "holds" if message["type"] == START:
                self.kept.append(message)
                return
            case "rewrites" if message["type"] == BODY and not message.get("more_body", False):
                message["body"] = message.get("body", b"") + f" rewritten {self.part.place}".encode()
            case "stamps" if message["type"] == START:
                message["headers"] = [*message["headers"], (b"x-stamp", str(self.part.place).encode())]
        await self.finish()
        await self._out(message)

    async def finish(self) -> None:
        """Let out what was kept."""
        kept, self.kept = self.kept, []
        for message in kept:
            await self._out(message)

    async def _out(self, message: Message) -> None:
        await self.part.journal.out(self.call, self.send, message, self.source)


class Speaker:
    """A layer as a class, its inner app under a name of its own."""

    def __init__(self, app: App, plan: Plan, journal: Journal, place: int) -> None:
        self._wrapped_app = app
        self.plan = plan
        self.journal = journal
        self.place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Part(self._wrapped_app, self.plan, self.journal, self.place).play(scope, receive, send)


class SlottedSpeaker:
    """A layer as a class without a dict."""

    __slots__ = ("app", "journal", "place", "plan")

    def __init__(self, app: App, plan: Plan, journal: Journal, place: int) -> None:
        self.app = app
        self.plan = plan
        self.journal = journal
        self.place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Part(self.app, self.plan, self.journal, self.place).play(scope, receive, send)


def speaking_closure(app: App, plan: Plan, journal: Journal, place: int) -> App:
    """A layer that keeps its inner app in a closure."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        await Part(app, plan, journal, place).play(scope, receive, send)

    return middleware
