"""Random websocket apps of layers that say what they do; nothing here knows mwviz."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.routing import WebSocketRoute

from tests.collect.journal import App, Message, Receive, Scope, Send

ACCEPT, SAID, CLOSE = "websocket.accept", "websocket.send", "websocket.close"
DENIAL, DENIAL_BODY = "websocket.http.response.start", "websocket.http.response.body"
LEFT = "websocket.disconnect"
ENDS = ("echo", "closes", "open", "refuses", "denies", "raises", "raises late", "silent", "nowhere", "stand-in")


@dataclass(frozen=True, slots=True)
class Plan:
    """What one layer will do."""

    form: Literal["class", "base"]
    before: Literal["passes", "closes", "denies", "accepts", "raises", "silent"]
    send: Literal["tells", "holds", "buffers", "drops", "replaces", "shouts", "mutes", "cuts"]
    on_error: Literal["passes", "closes", "swallows", "converts"]
    after: Literal["passes", "raises"]
    copies: bool
    tasks: bool


@dataclass(slots=True, eq=False)
class Out:
    """A message that a layer let out: its own, perhaps `because` of an exception, or one from further in."""

    turn: int
    message: Message
    own: bool
    because: BaseException | None


@dataclass(slots=True, eq=False)
class Call:
    """What one layer says of its part."""

    place: int
    ins: list[tuple[int, Message]] = field(default_factory=list)
    outs: list[Out] = field(default_factory=list)
    called: bool = False
    inner_error: BaseException | None = None
    error: BaseException | None = None
    gone: bool = False


@dataclass(slots=True)
class Journal:
    """What everybody says during one websocket, in the order of `turn`."""

    turn: int = 0
    calls: list[Call] = field(default_factory=list)
    made: dict[int, int] = field(default_factory=dict)

    def tick(self) -> int:
        self.turn += 1
        return self.turn

    def raising(self, place: int, kind: type[Exception]) -> Exception:
        error = kind(f"by {place}")
        self.made[id(error)] = place
        return error


class Speaker:
    """A layer that does what its plan says, keeps its messages in turn, and tells them."""

    def __init__(self, app: App, plan: Plan, journals: list[Journal], place: int) -> None:
        self.app = app
        self.plan = plan
        self.journals = journals
        self.place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        call = Call(self.place)
        self.journals[-1].calls.append(call)
        try:
            await _Part(self, call, receive, send).play(scope)
        except Exception as error:
            call.error = error
            raise


class _Part:
    def __init__(self, layer: Speaker, call: Call, receive: Receive, send: Send) -> None:
        self.layer = layer
        self.plan = layer.plan
        self.journal = layer.journals[-1]
        self.call = call
        self.receive = receive
        self.send = send
        self.kept: list[Message] = []

    async def play(self, scope: Scope) -> None:
        plan = self.plan
        match plan.before:
            case "closes" | "denies" | "accepts":
                await self.answer(plan.before)
                if plan.before != "accepts":
                    return
            case "raises":
                raise self.journal.raising(self.call.place, ValueError)
            case "silent":
                return
            case "passes":
                pass
        try:
            await self.inward(dict(scope) if plan.copies else scope)
        except Exception as error:  # noqa: BLE001 - what comes of it is the plan's affair
            self.call.inner_error = error
            await self.failed(error)
            return
        await self.flush()
        if plan.send in ("replaces", "cuts"):
            await self.answer("closes")
        if plan.after == "raises":
            raise self.journal.raising(self.call.place, KeyError)

    async def inward(self, scope: Scope) -> None:
        self.call.called = True
        inner = self.layer.app(scope, self.received, self.came)
        await (asyncio.ensure_future(_awaited(inner)) if self.plan.tasks else inner)

    async def failed(self, error: Exception) -> None:
        match self.plan.on_error:
            case "passes":
                raise error
            case "closes":
                await self.flush()
                await self.answer("closes", error)
            case "converts":
                raise self.journal.raising(self.call.place, LookupError) from error
            case "swallows":
                pass

    async def received(self) -> Message:
        await self.flush()
        undecided = self.call.ins and not self.call.outs
        # The server would wait for a decision that this layer keeps from it.
        message = {"type": LEFT, "code": 1001} if undecided else await self.receive()
        self.call.gone = self.call.gone or message["type"] == LEFT
        return message

    async def came(self, message: Message) -> None:
        self.call.ins.append((self.journal.tick(), dict(message)))
        kind = message["type"]
        match self.plan.send:
            case "drops" | "replaces":
                return
            case "mutes" if kind == SAID:
                return
            case "cuts" if kind == CLOSE and self.state == ACCEPT:
                return
            case "shouts" if kind == SAID:
                message["text"] = message["text"] + "!"
            case "buffers":
                self.kept.append(message)
                return
            case "holds" if kind in (ACCEPT, CLOSE, DENIAL) and not self.kept and self.state is None:
                self.kept.append(message)
                return
            case _:
                pass
        await self.flush()
        await self.out(message)

    async def flush(self) -> None:
        kept, self.kept = self.kept, []
        for message in kept:
            await self.out(message)

    @property
    def state(self) -> str | None:
        """What the layer has let out last: nothing, an accept, or what ended it."""
        kinds = [out.message["type"] for out in self.call.outs]
        return CLOSE if CLOSE in kinds else kinds[0] if kinds else None

    async def answer(self, how: str, because: BaseException | None = None) -> None:
        if how == "denies":
            await self.out({"type": DENIAL, "status": 418, "headers": []}, own=True, because=because)
            await self.out({"type": DENIAL_BODY, "body": b"own"}, own=True, because=because)
        elif how == "accepts":
            await self.out({"type": ACCEPT}, own=True)
        else:
            code = 4000 + self.call.place
            await self.out({"type": CLOSE, "code": code}, own=True, because=because)

    async def out(self, message: Message, *, own: bool = False, because: BaseException | None = None) -> None:
        allowed = {None: (ACCEPT, CLOSE, DENIAL), ACCEPT: (SAID, CLOSE), DENIAL: (DENIAL_BODY,)}.get(self.state, ())
        if message["type"] not in allowed or self.call.gone:
            return
        self.call.outs.append(Out(self.journal.tick(), dict(message), own, because))
        await self.send(message)


async def _awaited(call: Awaitable[None]) -> None:
    await call


class Base(BaseHTTPMiddleware):
    """A layer of Starlette's helper."""

    async def dispatch(self, request: Any, call_next: Any) -> Any:
        raise AssertionError("a websocket is no request")


@dataclass(frozen=True, slots=True)
class Design:
    """One random app."""

    plans: tuple[Plan, ...]
    end: str

    @property
    def path(self) -> str:
        return "/nowhere" if self.end == "nowhere" else "/end"


def _mostly(usual: Any, weight: int, *others: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from((usual,) * weight + others)


plans = st.builds(
    Plan,
    form=_mostly("class", 4, "base"),
    before=_mostly("passes", 14, "closes", "denies", "accepts", "raises", "silent"),
    send=_mostly("tells", 5, "holds", "buffers", "drops", "replaces", "shouts", "mutes", "cuts"),
    on_error=_mostly("passes", 3, "closes", "closes", "swallows", "converts"),
    after=_mostly("passes", 9, "raises"),
    copies=st.booleans(),
    tasks=_mostly(False, 4, True),
)
designs = st.builds(Design, plans=st.lists(plans, max_size=8).map(tuple), end=st.sampled_from(ENDS))


def made(design: Design, journals: list[Journal]) -> Starlette:
    """The app."""
    middleware = [
        Middleware(Base) if plan.form == "base" else Middleware(Speaker, plan=plan, journals=journals, place=place)
        for place, plan in enumerate(design.plans)
    ]
    return Starlette(routes=[WebSocketRoute("/end", _End(design.end, journals))], middleware=middleware)


class _End:
    """The endpoint, as an ASGI app."""

    def __init__(self, end: str, journals: list[Journal]) -> None:
        self.end = end
        self.journals = journals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        match self.end:
            case "refuses":
                await send({"type": CLOSE, "code": 1008})
            case "denies":
                await send({"type": DENIAL, "status": 404, "headers": []})
                await send({"type": DENIAL_BODY, "body": b"no"})
            case "raises":
                raise self.journals[-1].raising(-1, RuntimeError)
            case "silent":
                return
            case _:
                await self._talk(receive, send)

    async def _talk(self, receive: Receive, send: Send) -> None:
        await send({"type": ACCEPT})
        if self.end == "open":
            return
        await send({"type": SAID, "text": "hello"})
        if self.end == "raises late":
            raise self.journals[-1].raising(-1, RuntimeError)
        while self.end == "echo" and (message := await receive())["type"] != LEFT:
            await send({"type": SAID, "text": message["text"]})
        if self.end == "closes":
            await send({"type": CLOSE, "code": 1001})


class Client:
    """A tiny server and its client in one: says `hi` after the accept, and leaves when more is wanted."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.left = False
        self.said = 0
        self.error: BaseException | None = None

    async def connect(self, app: Any, path: str, event: Callable[[], Any] = asyncio.Event) -> None:
        """One websocket to `app`. Raises nothing of the app's."""
        decided, to_come = event(), [{"type": "websocket.connect"}]

        async def receive() -> Message:
            if to_come:
                return to_come.pop()
            await decided.wait()
            if self.taken[0]["type"] == ACCEPT and not self.said and not self.closed:
                self.said = 1
                return {"type": "websocket.receive", "text": "hi"}
            self.left = True
            return {"type": LEFT, "code": 1000}

        async def send(message: Message) -> None:
            kinds = [each["type"] for each in self.taken]
            first = {ACCEPT: (SAID, CLOSE), DENIAL: (DENIAL_BODY,)}.get(kinds[0], ()) if kinds else ()
            assert message["type"] in (first or (ACCEPT, CLOSE, DENIAL)), "the layers keep their messages in turn"
            assert not self.closed
            self.taken.append(dict(message))
            decided.set()

        scope = {
            "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "ws", "path": path,
            "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [(b"host", b"testserver")],
            "client": ("127.0.0.1", 50000), "server": ("testserver", 80), "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        }  # fmt: skip
        try:
            await asyncio.wait_for(app(scope, receive, send), 10)
        except Exception as error:  # noqa: BLE001 - the app's own, or of the layers out of turn
            self.error = error

    @property
    def closed(self) -> bool:
        """Whether either side has closed."""
        return self.left or any(message["type"] == CLOSE for message in self.taken)
