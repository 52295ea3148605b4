"""A tiny server and its client in one, to hear an app without mwviz."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from tests.collect.journal import BODY, START, Inward, Journal, Message, Scope, is_failure


class Client:
    """A tiny server and its client in one: sends the request, and keeps what comes back as uvicorn would."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.inward = Inward(None)
        self.start: Message | None = None
        self.body = b""
        self.complete = False
        self.error: BaseException | None = None

    async def request(self, app: Any, method: str, path: str, event: Callable[[], Any]) -> None:
        """One request to `app`; `event` makes an event of the loop's own. Raises nothing of the app's."""
        over = event()
        body = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Message:
            if body:
                return body.pop()
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            self._take(message)
            if self.complete:
                over.set()

        with self.journal.calling(None) as self.inward:
            try:
                with anyio.fail_after(30):
                    await app(_scope(method, path), receive, send)
            except TimeoutError:
                pytest.fail("the app hung without mwviz")
            except BaseException as error:
                if not is_failure(error):
                    raise
                self.error = error
            finally:
                over.set()

    def _take(self, message: Message) -> None:
        expected = START if self.start is None else BODY
        if self.complete or message["type"] != expected:
            raise RuntimeError(f"{message['type']} is out of turn")
        self.journal.came(self.inward, message)
        if self.start is None:
            self.start = message
            return
        self.body += message.get("body", b"")
        self.complete = not message.get("more_body", False)


def _scope(method: str, path: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(b"host", b"testserver")],
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
    }
