"""The server's side of one request, and of the lifespan, as uvicorn plays them: no socket is opened."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

from mwviz.collect.probe.watchdog import is_interrupt
from mwviz.collect.stack.asgi import ASGIApp, Message


class Event(Protocol):
    """An event of asyncio's or trio's."""

    def set(self) -> object:
        """Let go of who waits."""

    async def wait(self) -> object:
        """Wait until it is set."""


#: Extensions of ASGI that a server may offer; each has one message, of the same name. uvicorn offers none of them.
ASIDE = frozenset({"http.response.early_hint", "http.response.push", "http.response.debug"})
FILES = frozenset({"http.response.pathsend", "http.response.zerocopysend"})
TRAILERS = "http.response.trailers"
EXTENSIONS = (*sorted(ASIDE), *sorted(FILES), TRAILERS)


class Connection:
    """One HTTP request and the response to it. `receive` and `send` are what the app is called with.

    Messages of `extensions` are taken as a server takes them that offers these.
    """

    def __init__(self, body: bytes, event: Callable[[], Event], extensions: Collection[str] = ()) -> None:
        self._body: bytes | None = body
        self._over = event()
        self._extensions = extensions
        self._trailing = False
        self._body_ended = False
        self.start: Message | None = None
        self.headers: list[Any] = []
        self.trailers: list[Any] = []
        self.body_bytes = 0
        self.complete = False
        self.given_up = False

    async def receive(self) -> dict[str, Any]:
        """The whole body at once; after that, `http.disconnect` as soon as the response is complete."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a message of the response. Raises RuntimeError for one out of turn, in uvicorn's words.

        Of one that was `given_up` nothing is taken any more, as of one whose client has left.
        """
        if self.given_up:
            return
        kind = message["type"]
        if self.complete:
            raise RuntimeError(f"Unexpected ASGI message '{kind}' sent, after response already completed.")
        if kind in ASIDE and kind in self._extensions:
            return
        if self.start is None:
            _expect("http.response.start", kind)
            status = message["status"]
            if not isinstance(status, int):
                raise TypeError(f"The status of a response must be an int, not {type(status).__name__}.")
            self.headers = [(name, value) for name, value in message.get("headers", [])]
            self._trailing = TRAILERS in self._extensions and bool(message.get("trailers", False))
            self.start = message
        elif self._body_ended:
            _expect(TRAILERS, kind)
            self.trailers += [(name, value) for name, value in message.get("headers", [])]
            self._end(complete=not message.get("more_trailers", False))
        else:
            if kind not in FILES or kind not in self._extensions:
                _expect("http.response.body", kind)
            self.body_bytes += _sent_bytes(message)
            self._body_ended = kind == "http.response.pathsend" or not message.get("more_body", False)
            self._end(complete=self._body_ended and not self._trailing)

    def _end(self, *, complete: bool) -> None:
        self.complete = complete
        if complete:
            self._over.set()

    def finish(self) -> None:
        """The app's call is over: whoever still waits for the client is told that it is gone."""
        self._over.set()


def _expect(wanted: str, kind: str) -> None:
    if kind != wanted:
        raise RuntimeError(f"Expected ASGI message '{wanted}', but got '{kind}'.")


def _sent_bytes(message: Message) -> int:
    """How many bytes a server sends for a message of the body. Raises OSError for a file that is not there."""
    match message["type"]:
        case "http.response.pathsend":
            return os.stat(message["path"]).st_size  # noqa: PTH116 - the path may be bytes
        case "http.response.zerocopysend":
            whole: int = os.fstat(message["file"].fileno()).st_size - int(message.get("offset") or 0)
            return min(whole, int(message.get("count") or whole))
        case _:
            return len(message.get("body", b""))


class LifespanConversation:
    """Startup and shutdown of one app. The outcomes are words of `mwviz.model.Lifespan`; None while undecided."""

    def __init__(self, event: Callable[[], Event]) -> None:
        self.started = event()
        self.stopped = event()
        self._stop = event()
        self._asked = False
        self.startup: str | None = None
        self.shutdown: str | None = None
        self.message: str | None = None
        self.error: BaseException | None = None
        self.state: dict[str, Any] = {}
        self.over = False

    async def run(self, app: ASGIApp, asgi: dict[str, str], inside: AbstractContextManager[None]) -> None:
        """Call the app with the lifespan scope; returns when its call is over, and raises nothing of the app's.

        `inside` is entered for as long as the app's code runs.
        """
        scope = {"type": "lifespan", "asgi": asgi, "state": self.state}
        try:
            with inside:
                await app(scope, self.receive, self.send)
        except BaseException as error:
            if is_interrupt(error):
                return
            if (
                self.over
                or self.startup == "timeout"
                or self.shutdown == "timeout"
                or isinstance(error, KeyboardInterrupt)
            ):
                raise  # the end of the loop, not the app's doing
            self.error = error
            self._ended("raised")
        else:
            self._ended("unsupported")
        finally:
            self.started.set()
            self.stopped.set()

    def _ended(self, how: str) -> None:
        if self.startup is None:
            self.startup = how
        elif self.shutdown is None and self.startup == "complete":
            self.shutdown = "raised" if how == "raised" else "complete"

    async def receive(self) -> dict[str, str]:
        """`lifespan.startup`, and `lifespan.shutdown` once that was asked for."""
        if not self._asked:
            self._asked = True
            return {"type": "lifespan.startup"}
        await self._stop.wait()
        return {"type": "lifespan.shutdown"}

    async def send(self, message: Message) -> None:
        """Take the app's answer; one that comes when the time limit has decided already changes nothing."""
        kind = message["type"]
        match kind.split("."):
            case ["lifespan", "startup", "complete" | "failed" as how]:
                if self.startup is None:
                    self.startup, self.message = how, message.get("message")
                self.started.set()
            case ["lifespan", "shutdown", "complete" | "failed" as how]:
                if self.shutdown is None:
                    self.shutdown, self.message = how, message.get("message")
                self.stopped.set()
            case _:
                raise RuntimeError(f"Unexpected ASGI message '{kind}' sent in the lifespan.")

    def stop(self) -> None:
        """Ask for the shutdown."""
        self._stop.set()

    def run_out(self, phase: Literal["startup", "shutdown"]) -> bool:
        """The time limit is reached before the phase was over; False where that is known already."""
        if getattr(self, phase) is None:
            setattr(self, phase, "timeout")
            return True
        return False
