"""What the layers of a random app say they did during one request; nothing here knows mwviz."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.exceptions import HTTPException

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

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

    def is_first_call(self, place: int) -> bool:
        """Whether the place was not called before in this request."""
        return sum(call.place == place for call in self.calls) == 1

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


def _content_type(message: Message) -> bytes:
    return next((value for name, value in message.get("headers", []) if name == b"content-type"), b"")


def same(one: BaseException | None, other: BaseException | None) -> bool:
    """Whether two exceptions are one, or one of them is a group of tasks failed with the other."""
    return bool(leaves(one) & leaves(other))


def leaves(error: BaseException | None) -> set[int]:
    """The identities of the exceptions in a group, or of the one that is none."""
    members = getattr(error, "exceptions", None)
    if isinstance(members, (tuple, list)):
        return {leaf for each in members for leaf in leaves(each)}
    return set() if error is None else {id(error)}
