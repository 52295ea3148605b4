"""What the tests of called functions share: a request without mwviz, and a trace told in short lines."""

from __future__ import annotations

import asyncio
from typing import Any

from mwviz.model import Trace


async def request(app: Any, path: str) -> tuple[int, bytes]:
    """Send a request as a server would, without mwviz, and return status and body. Raises what leaves the app."""
    messages: list[Any] = []
    pending = [{"type": "http.request", "body": b"", "more_body": False}]
    over = asyncio.Event()

    async def receive() -> Any:
        if not pending:
            await over.wait()
        return pending.pop() if pending else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        messages.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            over.set()

    scope: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET"}
    scope |= {
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
    }
    await app({**scope, "client": None, "server": None}, receive, send)
    return messages[0]["status"], b"".join(message.get("body", b"") for message in messages[1:])


def told(trace: Trace, *, details: bool = False) -> list[str]:
    """What was called, what the endpoint sent, and when the outermost layer let the last of the response out."""
    lines = []
    for event in trace.timeline:
        kind = event.of.partition(" ")[0] if isinstance(event.of, str) else "layer"
        if kind not in ("layer", "router", "client") and event.event != "receive":
            message = f" {(event.message or '').removeprefix('http.response.')}" if event.message else ""
            detail = f" ({event.detail})" if details and event.detail and not event.message else ""
            lines.append(f"{event.event} {event.of}{message}{detail}")
    return lines


def calls(trace: Trace, *, details: bool = False) -> list[str]:
    """The same without messages."""
    return [line for line in told(trace, details=details) if not line.startswith("send")]
