"""Self-reporting layers made with Starlette's `BaseHTTPMiddleware`; nothing here knows mwviz."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tests.collect.journal import BODY, START, App, Call, Inward, Journal, Message, Plan, Receive, Scope, Send

CallNext = Callable[[Request], Awaitable[Response]]


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
    if plan.before == "raises" or (plan.before == "fails once" and journal.is_first_call(call.place)):
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
