"""Random apps of self-reporting layers; nothing here knows mwviz."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from inspect import signature
from typing import Any

import anyio
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, Router

from tests.collect.journal import BODY, ENDPOINT, ERRORS, START, Journal, Plan, Receive, Scope, Send
from tests.collect.self_reporting import SlottedSpeaker, Speaker, speaking_closure
from tests.collect.self_reporting_base import SpeakingBase, dispatch_of

try:
    from fastapi import FastAPI
except ImportError:
    FastAPI = None  # type: ignore[assignment, misc]

#: How the endpoint (or the router) takes the request.
ENDS = (
    *("plain", "stream", "large", "raises", "refuses", "stream raises"),
    *("background", "background raises", "not found", "method not allowed", "stand-in"),
)
_CLASSES: dict[str, Any] = {
    "class": Speaker,
    "slots": SlottedSpeaker,
    "closure": speaking_closure,
    "base": SpeakingBase,
}


@dataclass(frozen=True, slots=True)
class Design:
    """One random app: wrappers outside of it, user layers outermost first (`added` of them by `add_middleware`).

    `inner` stand behind the app's router: the first `at_mount` of them around a mount, or the router that is mounted,
    the others around its route.
    """

    wrappers: tuple[Plan, ...]
    users: tuple[Plan, ...]
    added: int
    end: str
    error: str
    handlers: str
    fastapi: bool
    method: str = "GET"
    inner: tuple[Plan, ...] = ()
    at_mount: int = 0
    at_router: bool = False

    @property
    def plans(self) -> tuple[Plan, ...]:
        """All layers that tell what they do, outermost first."""
        return self.wrappers + self.users + self.inner

    @property
    def path(self) -> str:
        """Where the request goes."""
        if self.inner:
            return "/in/end"
        return {"not found": "/nowhere", "stand-in": "/"}.get(self.end, "/end")

    @property
    def expected_end(self) -> str:
        """What the second observer has to expect of the router and the endpoint."""
        if self.end in ("not found", "method not allowed"):
            return "refused"
        handled = self.end == "refuses" or (self.end == "raises" and self.handlers == "for the error")
        if handled:
            return "handled in the route" if _ROUTES_HANDLE else "handled"
        return "raises" if self.end == "raises" else "answers"


def _take_middleware(*classes: Any) -> bool:
    return all("middleware" in signature(cls).parameters for cls in classes)


#: Whether this Starlette knows layers of mounts, routes and routers.
HAS_INNER = _take_middleware(Mount, Route, Router)

#: What the app's own layers around the router have no part in, and layers inside of it neither.
_INNER_ENDS = ("plain", "stream", "large", "raises", "stream raises", "background", "background raises")

#: From Starlette 0.29 on a route handles its handler's exceptions itself.
_ROUTES_HANDLE = find_spec("starlette._exception_handler") is not None


def plans(*, tasks: bool, forms: tuple[str, ...] = (*_CLASSES, "function")) -> st.SearchStrategy[Plan]:
    """Random layers; `tasks`: the loop is asyncio's, and has futures."""
    return st.builds(
        Plan,
        form=st.sampled_from(forms),
        before=_mostly("passes", 9, "answers", "raises", "silent", "fails once", "answers early"),
        scope=_mostly("same", 3, "shallow", "deep", "new"),
        carrier=_mostly("here", 5, *(("task",) if tasks else ()), "group"),
        receive=_mostly("same", 2, "wrapped"),
        send=_mostly("stamps", 4, "same", "same", "holds", "buffers", "drops", "replaces", "rewrites", "raises"),
        on_error=_mostly("passes", 2, "rescues", "rescues", "swallows", "converts"),
        careful=st.booleans(),
        after=_mostly("passes", 8, "raises", "starts again"),
        again=_mostly(False, 8, True),
        status=st.sampled_from((200, 403, 503)),
        size=st.sampled_from((1, 0, 3000)),
        content_type=st.sampled_from(("text/plain", "text/x-own")),
        error=st.sampled_from(tuple(ERRORS)),
    ).map(_sensible)


def _mostly(usual: Any, weight: int, *others: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from((usual,) * weight + others)


def _sensible(plan: Plan) -> Plan:
    after = "passes" if plan.after == "starts again" else plan.after
    if plan.form in ("base", "function"):
        send = plan.send if plan.send in ("stamps", "replaces", "rewrites") else "same"
        before = plan.before if plan.before in ("answers", "raises", "fails once") else "passes"
        plan = replace(plan, send=send, before=before, after=after, again=False)
        return replace(plan, on_error="passes") if plan.on_error == "swallows" else plan
    if plan.send == "same":
        # It could not tell its own start from the one that passes by.
        plan = replace(plan, after=after, again=False)
        return replace(plan, on_error="passes") if plan.on_error == "rescues" else plan
    return plan


def _repeatable(chosen: tuple[Plan, ...], end: str) -> tuple[Plan, ...]:
    """The plans without what would not happen twice in the same way."""
    if "stream" in end or any(plan.form in ("base", "function") for plan in chosen):
        # Once the client has its answer it is gone, and streams further in are cut short where they happen to be.
        chosen = tuple(replace(plan, before="answers") if plan.before == "answers early" else plan for plan in chosen)
    return chosen


@st.composite
def designs(draw: st.DrawFn, *, tasks: bool = True, deepest: int = 12) -> Design:
    """Random apps."""
    wrappers = draw(st.lists(plans(tasks=tasks, forms=("class", "slots", "base")), max_size=2))
    wrappers = wrappers if draw(_mostly(False, 2, True)) else []
    users = draw(st.lists(plans(tasks=tasks), max_size=deepest))
    end = draw(st.sampled_from(ENDS))
    inner = draw(st.lists(plans(tasks=tasks).map(_behind_the_router), max_size=4)) if HAS_INNER else []
    inner = inner if end in _INNER_ENDS else []
    chosen = _repeatable((*wrappers, *users, *inner), end)
    if inner:  # a mount changes the path in the scope: it would not be found a second time
        chosen = tuple(replace(plan, again=False) for plan in chosen)
    # An exception handler of the app's stands between the app's layers and those behind its router.
    handlers = draw(_mostly("none", 2, *(() if inner else ("for the error",)), "for all"))
    innermost = len(wrappers) + len(users)
    return Design(
        wrappers=chosen[: len(wrappers)],
        users=chosen[len(wrappers) : innermost],
        added=draw(st.integers(0, len(users))),
        end=end,
        error=draw(st.sampled_from(("ValueError", "KeyError"))),
        handlers=handlers,
        fastapi=FastAPI is not None and draw(st.booleans()),
        method="POST" if end == "method not allowed" else "GET",
        inner=chosen[innermost:],
        at_mount=draw(st.integers(0, len(inner))),
        at_router=draw(st.booleans()),
    )


def _behind_the_router(plan: Plan) -> Plan:
    # The app's exception middleware would answer for an HTTPException; and the router has put itself into the scope,
    # and the app's state, which does not live through a deep copy.
    plan = replace(plan, error="Broken") if plan.error == "HTTPException" else plan
    return replace(plan, scope="shallow") if plan.scope == "deep" else plan


def made(design: Design, journal: Journal) -> tuple[Any, Any]:
    """The app as it is served, and the Starlette or FastAPI app in it."""
    offset = len(design.wrappers)
    users = [_registered(plan, journal, offset + index) for index, plan in enumerate(design.users)]
    options: dict[str, Any] = {"middleware": users[design.added :], "exception_handlers": _handlers(design)}
    endpoint = _endpoint(design, journal)
    routes: list[Any] = [Route("/", _Probe()), *([_mounted(design, endpoint, journal)] if design.inner else [])]
    if design.fastapi:
        application: Any = FastAPI(**options)
        application.add_api_route("/end", endpoint, methods=["GET"])
        application.router.routes.extend(routes)
    else:
        application = Starlette(routes=[Route("/end", endpoint, methods=["GET"]), *routes], **options)
    for entry, plan in reversed(list(zip(users, design.users, strict=True))[: design.added]):
        _add(application, entry, plan)
    app = application
    for index, plan in reversed(list(enumerate(design.wrappers))):
        app = _CLASSES[plan.form](app, plan=plan, journal=journal, place=index)
    return app, application


def _mounted(design: Design, endpoint: Callable[[Request], Any], journal: Journal) -> Any:
    first = len(design.wrappers) + len(design.users)
    layers = [_registered(plan, journal, first + index) for index, plan in enumerate(design.inner)]
    outer: dict[str, Any] = {"middleware": layers[: design.at_mount]}
    inner: dict[str, Any] = {"middleware": layers[design.at_mount :]}
    route = Route("/end", endpoint, methods=["GET"], **inner)
    return Mount("/in", app=Router([route], **outer)) if design.at_router else Mount("/in", routes=[route], **outer)


def _registered(plan: Plan, journal: Journal, place: int) -> Middleware:
    if plan.form == "function":
        dispatch: Any = dispatch_of(plan, journal, place)
        return Middleware(BaseHTTPMiddleware, dispatch=dispatch)
    return Middleware(_CLASSES[plan.form], plan=plan, journal=journal, place=place)


def _add(application: Any, entry: Any, plan: Plan) -> None:
    options = getattr(entry, "kwargs", None) or getattr(entry, "options", {})
    if plan.form == "function" and FastAPI is not None and isinstance(application, FastAPI):
        application.middleware("http")(options["dispatch"])
    else:
        application.add_middleware(entry.cls, **options)


def _handlers(design: Design) -> dict[Any, Any]:
    async def handle(request: Request, error: Exception) -> Response:
        return PlainTextResponse("handled", 409)

    kind = {"ValueError": ValueError, "KeyError": KeyError}[design.error]
    return {"none": {}, "for the error": {kind: handle}, "for all": {Exception: handle}}[design.handlers]


def _endpoint(design: Design, journal: Journal) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        call = journal.enter(ENDPOINT)

        def fail(name: str) -> None:
            call.error = journal.raising(ENDPOINT, name)
            raise call.error

        async def chunks() -> AsyncIterator[bytes]:
            yield b"first"
            await anyio.sleep(0)
            if design.end == "stream raises":
                fail("Broken")
            yield b"second"
            yield b"third"

        async def later() -> None:
            if design.end == "background raises":
                fail("Broken")

        match design.end:
            case "stream" | "stream raises":
                return StreamingResponse(chunks(), media_type="text/plain")
            case "raises":
                fail(design.error)
            case "refuses":
                fail("HTTPException")
            case "large":
                return PlainTextResponse("large" * 180_000)
            case _:
                pass
        task = BackgroundTask(later) if design.end.startswith("background") else None
        return PlainTextResponse("plain", background=task)

    return endpoint


class _Probe:
    """Answers what the stand-in endpoint answers, from where a real one stands."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b'{"mwviz":"probe"}'
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": START, "status": 200, "headers": headers})
        await send({"type": BODY, "body": body})
