"""Layers that do at random what middleware does, and say in a journal what they did; nothing here knows mwviz."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import anyio
from starlette.exceptions import HTTPException
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
CallNext = Callable[[Request], Awaitable[Response]]

START, BODY = "http.response.start", "http.response.body"
#: The place of the endpoint in a journal; layers are counted from 0, the outermost.
ENDPOINT = -1


class Broken(Exception):
    """An exception that no framework knows."""


ERRORS: dict[str, Callable[[str], Exception]] = {
    "ValueError": ValueError,
    "KeyError": KeyError,
    "Broken": Broken,
    "HTTPException": lambda text: HTTPException(418, text),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What one layer will do."""

    form: Literal["class", "slots", "closure", "base", "function"] = "class"
    before: Literal["passes", "answers", "raises", "silent", "fails once", "answers early"] = "passes"
    scope: Literal["same", "shallow", "deep", "new"] = "same"
    carrier: Literal["here", "task", "group"] = "here"
    receive: Literal["same", "wrapped"] = "same"
    send: Literal["same", "stamps", "holds", "buffers", "drops", "replaces", "rewrites", "raises"] = "same"
    on_error: Literal["passes", "rescues", "swallows", "converts"] = "passes"
    careful: bool = True
    after: Literal["passes", "raises", "starts again"] = "passes"
    again: bool = False
    status: int = 403
    size: int = 1
    content_type: str = "text/plain"
    error: str = "ValueError"

    @property
    def mute(self) -> bool:
        """Whether it hands its own `send` inward, and so never learns what passes."""
        tells = self.form in ("base", "function") or self.send != "same"
        return not tells and self.before in ("passes", "fails once")


@dataclass(slots=True, eq=False)
class Inward:
    """One call of the app further in, as its caller saw it; `caller` is None for the client's."""

    caller: Call | None
    starts: list[tuple[int, int, bytes]] = field(default_factory=list)
    body: list[bytes] = field(default_factory=list)
    body_ended: bool = False
    error: BaseException | None = None
    calls: list[Call] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Start:
    """A start that a layer let out: from `source`, or its own, made `because` of an exception or without one."""

    at: int
    status: int
    content_type: bytes
    source: Inward | None
    because: BaseException | None
    held: Literal["no", "part", "whole"]


@dataclass(slots=True, eq=False)
class Call:
    """One call of one place, as it tells it."""

    place: int
    entered: int
    outer: Inward | None
    inward: list[Inward] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    body: list[bytes] = field(default_factory=list)
    body_ended: bool = False
    error: BaseException | None = None
    cancelled: bool = False


def is_failure(error: BaseException) -> bool:
    """Whether an exception is none of the loop's own; the groups of anyio 3 are no `Exception`."""
    return isinstance(error, Exception) or hasattr(error, "exceptions")


class Journal:
    """What the places of one app say during one request. `lines` are comparable between two runs."""

    def __init__(self) -> None:
        self.lines: list[tuple[object, ...]] = []
        self.calls: list[Call] = []
        self.made: list[tuple[BaseException, int]] = []

    def clear(self) -> None:
        """Forget the last request."""
        self.__init__()  # type: ignore[misc]

    def say(self, *line: object) -> int:
        """Add a line; the answer is its turn."""
        self.lines.append(line)
        return len(self.lines)

    def enter(self, place: int) -> Call:
        """A place tells that it was called."""
        outer = _inside.get()
        call = Call(place, self.say(place, "entered"), outer)
        self.calls.append(call)
        if outer is not None:
            outer.calls.append(call)
        return call

    def raising(self, place: int, name: str) -> Exception:
        """A new exception, raised by `place` on purpose."""
        error = ERRORS[name](f"by {place}")
        self.made.append((error, place))
        self.say(place, "raises", name)
        return error

    @contextmanager
    def telling(self, call: Call) -> Iterator[None]:
        """Note how the call ends."""
        try:
            yield
        except BaseException as error:
            if is_failure(error):
                call.error = error
                self.say(call.place, "left by", type(error).__name__)
            else:
                call.cancelled = True
                self.say(call.place, "cancelled")
            raise
        self.say(call.place, "left")

    @contextmanager
    def calling(self, call: Call | None) -> Iterator[Inward]:
        """Note what comes back from one call inward."""
        inward = Inward(call)
        if call is not None:
            call.inward.append(inward)
        token = _inside.set(inward)
        try:
            yield inward
        except BaseException as error:
            inward.error = error if is_failure(error) else None
            raise
        finally:
            _inside.reset(token)

    def came(self, inward: Inward, message: Message) -> None:
        """A message came from further in."""
        place = inward.caller.place if inward.caller is not None else "client"
        if message["type"] == START:
            turn = self.say(place, "got a start", message["status"])
            inward.starts.append((turn, message["status"], _content_type(message)))
        else:
            self.say(place, "got a body", len(message.get("body", b"")), message.get("more_body", False))
            if inward.body_ended:
                return
            inward.body.append(message.get("body", b""))
            inward.body_ended = not message.get("more_body", False)

    async def out(
        self,
        call: Call,
        send: Send,
        message: Message,
        source: Inward | None = None,
        because: BaseException | None = None,
    ) -> None:
        """A place lets a message out."""
        if message["type"] == START:
            turn = self.say(call.place, "sends a start", message["status"])
            held = "no" if source is None or not source.body else "whole" if source.body_ended else "part"
            start = Start(turn, message["status"], _content_type(message), source, because, held)  # type: ignore[arg-type]
            call.starts.append(start)
        elif message["type"] == BODY:
            body = message.get("body", b"")
            self.say(call.place, "sends a body", body if len(body) < 99 else len(body), message.get("more_body", False))
            if not call.body_ended:
                call.body.append(body)
                call.body_ended = not message.get("more_body", False)
        await send(message)

    def own_body(self, plan: Plan, place: int) -> bytes:
        """A body that no other place sends, unless it is empty."""
        return f"own {place} ".encode() + b"x" * plan.size if plan.size else b""

    async def answer(self, call: Call, send: Send, plan: Plan, because: BaseException | None = None) -> None:
        """A place answers itself."""
        headers = [(b"content-type", plan.content_type.encode())]
        start = {"type": START, "status": plan.status, "headers": headers}
        await self.out(call, send, start, because=because)
        await self.out(call, send, {"type": BODY, "body": self.own_body(plan, call.place)})


_inside: ContextVar[Inward | None] = ContextVar("inside", default=None)
_SCOPE_KEYS = (
    *("type", "http_version", "method", "path", "raw_path", "query_string", "root_path"),
    *("scheme", "headers", "client", "server", "app"),
)


def _content_type(message: Message) -> bytes:
    return next((value for name, value in message.get("headers", []) if name == b"content-type"), b"")


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
            case "fails once" if fails(self.journal, self.place):
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


def fails(journal: Journal, place: int) -> bool:
    """Whether this is the first call of the place."""
    return sum(call.place == place for call in journal.calls) == 1


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


class SpeakingBase(BaseHTTPMiddleware):
    """A layer with Starlette's helper."""

    def __init__(self, app: App, plan: Plan, journal: Journal, place: int) -> None:
        super().__init__(app)
        self.part = dispatch_of(plan, journal, place)

    async def dispatch(self, request: Request, call_next: CallNext) -> Response:
        return await self.part(request, call_next)


def dispatch_of(plan: Plan, journal: Journal, place: int) -> Callable[[Request, CallNext], Awaitable[Response]]:
    """A dispatch function, as `@app.middleware("http")` takes one."""

    async def dispatch(request: Request, call_next: CallNext) -> Response:
        call = journal.enter(place)
        with journal.telling(call):
            decided, source, because = await _decide(plan, journal, call, partial(call_next, request))
        return TellingResponse(journal, call, decided, source, because)

    return dispatch


async def _decide(
    plan: Plan, journal: Journal, call: Call, inner: Callable[[], Awaitable[Response]]
) -> tuple[Response, Inward | None, BaseException | None]:
    own = Response(journal.own_body(plan, call.place), plan.status, media_type=plan.content_type)
    if plan.before == "answers":
        return own, None, None
    if plan.before == "raises" or (plan.before == "fails once" and fails(journal, call.place)):
        raise journal.raising(call.place, plan.error)
    try:
        with journal.calling(call) as inward:
            response = await inner()
    except Exception as error:
        if plan.on_error == "rescues":
            return own, None, error
        if plan.on_error == "converts":
            raise journal.raising(call.place, "Broken") from error
        raise
    journal.came(inward, {"type": START, "status": response.status_code, "headers": response.raw_headers})
    if plan.after == "raises":
        raise journal.raising(call.place, plan.error)
    if plan.send == "replaces":
        return own, None, None
    response.body_iterator = _heard(journal, inward, response.body_iterator, plan, call.place)  # type: ignore[attr-defined]
    if plan.send == "stamps":
        response.headers["x-stamp"] = str(call.place)
    if plan.send == "rewrites":
        streamed = StreamingResponse(response.body_iterator, response.status_code)  # type: ignore[attr-defined]
        streamed.raw_headers = response.raw_headers
        return streamed, inward, None
    return response, inward, None


async def _heard(
    journal: Journal, inward: Inward, chunks: AsyncIterator[bytes], plan: Plan, place: int
) -> AsyncIterator[bytes]:
    try:
        async for chunk in chunks:
            journal.came(inward, {"type": BODY, "body": chunk, "more_body": True})
            yield chunk
    except Exception as error:
        inward.error = error
        raise
    inward.body_ended = True
    if plan.send == "rewrites":
        yield f" rewritten {place}".encode()


class TellingResponse(Response):
    """A response that tells when it is sent, and how its sending ends."""

    def __init__(
        self, journal: Journal, call: Call, inner: Response, source: Inward | None, because: BaseException | None
    ) -> None:
        self.journal = journal
        self.call = call
        self.inner = inner
        self.source = source
        self.because = because

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            await self.journal.out(self.call, send, message, self.source, self.because)

        with self.journal.telling(self.call):
            await self.inner(scope, receive, told)
