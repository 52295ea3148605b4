"""Layers that set context variables, ask for them and log, and what the rules have to say of apps made of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse, Response

from tests.linting.layered import Auth, Passing, Plain, app

user: ContextVar[object] = ContextVar("user")
tenant: ContextVar[object] = ContextVar("tenant", default=None)
request_id: ContextVar[str] = ContextVar("request_id", default="-")
log = logging.getLogger("tests.linting")


class SetsUser(Plain):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        user.set(object())
        await self.app(scope, receive, send)


class SetsUserAndAsks(Plain):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        user.set(object())
        user.get()
        await self.app(scope, receive, send)


class SetsUserForAWhile(Plain):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        token = user.set(object())
        try:
            await self.app(scope, receive, send)
        finally:
            user.reset(token)


class SetsUserInDispatch(BaseHTTPMiddleware):
    async def dispatch(self, request: Any, call_next: Any) -> Response:
        user.set(object())
        return await call_next(request)  # type: ignore[no-any-return]


class AsksAfterwards(Plain):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
        user.get(None)


class AsksOnTheWayOut(Plain):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def asking(message: Any) -> None:
            user.get(None)
            await send(message)

        await self.app(scope, receive, asking)


class AsksBefore(Plain):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        user.get(None)
        await self.app(scope, receive, send)


class AsksInDispatch(BaseHTTPMiddleware):
    async def dispatch(self, request: Any, call_next: Any) -> Response:
        response: Response = await call_next(request)
        user.get(None)
        return response


class AsksForAnother(Plain):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
        tenant.get()


class MakesItsOwn(Plain):
    """As libraries do that keep something per task: who has none makes one."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
        if user.get(None) is None:
            user.set(object())


class LooksAtAll(Plain):
    """Reads every variable that there is, and asks for none."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
        len(dict(copy_context().items()))


class NeedsUser(Plain):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        user.get()
        await self.app(scope, receive, send)


class SetsId(Plain):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request_id.set("1")
        await self.app(scope, receive, send)


class Logs(Plain):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        log.warning("begun")
        await self.app(scope, receive, send)


class LogsAfterwards(Plain):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
        log.warning("done")


class LogsNothing(Plain):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
        log.debug("done")


async def asks(request: Any, error: Any) -> JSONResponse:
    return JSONResponse({"user": str(user.get(None))}, 500)


async def asks_nothing(request: Any, error: Any) -> JSONResponse:
    return JSONResponse({}, 500)


RENDERS: dict[str, Any] = {"exception_handlers": {Exception: asks}}

#: rule, what it is, the app, and the layers that each finding names: none for a near miss
CASES: list[tuple[str, str, Callable[[], Any], list[tuple[str, ...]]]] = [
    ("MW008", "a reader outside", lambda: app(AsksAfterwards, Passing, SetsUser), [("Passing", "AsksAfterwards")]),
    ("MW008", "it asks when the response starts", lambda: app(AsksOnTheWayOut, Passing, SetsUser),
     [("Passing", "AsksOnTheWayOut")]),
    ("MW008", "the reader is the one that cuts", lambda: app(AsksInDispatch, SetsUser),
     [("AsksInDispatch", "SetsUser")]),
    ("MW008", "the setter asks, too", lambda: app(AsksAfterwards, Passing, SetsUserAndAsks),
     [("Passing", "AsksAfterwards")]),
    ("MW008", "the innermost of two", lambda: app(AsksAfterwards, Passing, Passing, SetsUser),
     [("Passing#2", "AsksAfterwards")]),
    ("MW008", "a handler for any exception outside", lambda: app(Passing, SetsUser, **RENDERS),
     [("Passing", "ServerErrorMiddleware")]),
    ("MW008", "behind a layer that turns the request away", lambda: app(AsksAfterwards, Auth, Passing, SetsUser),
     [("Passing", "AsksAfterwards")]),
    ("MW008", "nothing in between", lambda: app(AsksAfterwards, SetsUser), []),
    ("MW008", "the cutting layer further in", lambda: app(AsksAfterwards, SetsUser, Passing), []),
    ("MW008", "it asks before it is set", lambda: app(AsksBefore, Passing, SetsUser), []),
    ("MW008", "it asks for another one", lambda: app(AsksForAnother, Passing, SetsUser), []),
    ("MW008", "the setter has reset it by then", lambda: app(AsksAfterwards, Passing, SetsUserForAWhile), []),
    ("MW008", "it is set outside, too", lambda: app(SetsUser, AsksAfterwards, Passing, SetsUser), []),
    ("MW008", "the reader makes its own", lambda: app(MakesItsOwn, Passing, SetsUser), []),
    ("MW008", "all are looked at", lambda: app(LooksAtAll, Passing, SetsUser), []),
    ("MW008", "set in the dispatch itself", lambda: app(AsksAfterwards, SetsUserInDispatch), []),
    ("MW008", "nobody asks", lambda: app(Passing, SetsUser), []),
    ("MW009", "reset when its handler asks", lambda: app(SetsUserForAWhile, **RENDERS),
     [("SetsUserForAWhile", "ServerErrorMiddleware")]),
    ("MW009", "never reset", lambda: app(SetsUser, **RENDERS), []),
    ("MW009", "cut off is another rule's", lambda: app(Passing, SetsUser, **RENDERS), []),
    ("MW009", "its handler does not ask", lambda: app(
        SetsUserForAWhile, exception_handlers={Exception: asks_nothing}), []),
    ("MW009", "no handler", lambda: app(SetsUserForAWhile), []),
    ("MW005", "outside of who sets a variable", lambda: app(NeedsUser, SetsUser), [("SetsUser", "NeedsUser")]),
    ("MW005", "inside of who sets a variable", lambda: app(SetsUser, NeedsUser), []),
    ("MW019", "logs outside", lambda: app(Logs, SetsId), [("SetsId", "Logs")]),
    ("MW019", "logs inside", lambda: app(SetsId, Logs), []),
    ("MW019", "logs when the id is known", lambda: app(LogsAfterwards, SetsId), []),
    ("MW019", "logs behind a layer that cuts it off", lambda: app(LogsAfterwards, Passing, SetsId),
     [("SetsId", "LogsAfterwards")]),
    ("MW019", "logs nothing", lambda: app(LogsNothing, SetsId), []),
    ("MW019", "no id", lambda: app(Logs, SetsUser), []),
]  # fmt: skip
