"""Tries every fault in turn: one stack, one loop, one request per fault, and one more where a preflight meets it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from mwviz.collect import compat_faults, redact
from mwviz.collect.compat import unwatchable
from mwviz.collect.faults import paths, requests
from mwviz.collect.faults.injected import Place, injected, raising, reading, reject
from mwviz.collect.faults.observed import Observed, Trial, observed
from mwviz.collect.probe import endpoint
from mwviz.collect.probe.experiment import Experiment, Subject
from mwviz.collect.probe.loops import Loop
from mwviz.collect.probe.request import ProbeOptions, Request, prepare
from mwviz.collect.probe.watchdog import Watchdog
from mwviz.collect.stack.asgi import ASGIApp
from mwviz.collect.stack.boundary import Boundary
from mwviz.errors import ProbeError
from mwviz.model.faults import FaultKind

_ACCESS_CONTROL = "access-control-"
_TRIED, _TOO_LARGE = 400, 413
#: Takes the place of whoever shall go wrong, and says whether it was asked.
Injection: TypeAlias = Callable[[], AbstractContextManager[Place]]
#: Sends a request, and tells what came of it.
Send: TypeAlias = Callable[[Request], Awaitable[Observed]]


class FaultExperiment(Experiment):
    """A normal request and its preflight, and then every fault; `trials` grows as they are tried."""

    replaceable = True

    def __init__(self, subject: Subject, options: ProbeOptions) -> None:
        self._wanted = requests.checked(options)
        super().__init__(subject, self._wanted)
        self.normal: Observed | None = None
        self.preflight: Observed | None = None
        self.trials: list[Trial] = []
        self.said: list[str] = []
        self.again: Observed | None = None
        self._unroutable: str | None = None
        self._routable = False

    def has_begun(self) -> bool:
        """Whether the normal request was sent, so that there is something to tell, even if it never ended."""
        if self.normal is None and self.request is not None and self.run is not None:
            self.normal = observed(self, self.request, self.run, whole=True)
        return self.normal is not None

    def _prepare_end(self, request: Request) -> None:
        super()._prepare_end(request)
        if self.routes is None or self._routable or self._unroutable is not None:
            return
        if request.routed or request.endpoint == "real":
            self._routable = True  # its routes are watched already
            return
        try:
            self.routes.watch(self.subject.application.router, self._undo)
        except ProbeError as refused:
            self._unroutable = str(refused)
        else:
            self._routable = True

    async def _send_all(self, loop: Loop, watchdog: Watchdog, request: Request) -> None:
        send = partial(self._seen, loop, watchdog)
        self.normal = await self._normal(send, request)
        await self._preflight(send)
        if self.routes is None:
            return
        with self._instead(endpoint.answer):  # whatever a fault leads to, it is no handler of the user's
            await self._at_layers(send)
            await self._at_endpoint(send)
            if self._obstacle() is None:
                self.again = await send(self.normal.request)

    async def _seen(self, loop: Loop, watchdog: Watchdog, request: Request) -> Observed:
        run = await self._send(loop, watchdog, request)
        # only these two are held against all others, and steps are dear
        return observed(self, request, run, whole=self.normal is None or not self.trials)

    async def _normal(self, send: Send, request: Request) -> Observed:
        """A request that gets as many headers as one can: with an Origin, where a CORS layer takes one."""
        given = requests.origin_of(self._wanted) is not None
        known, origin = requests.origin_for(self._standing())
        if given:
            return await send(request)
        if known and origin is not None:
            return await send(self._from(origin))
        plain = await send(request)
        known, origin = requests.origin_for(self._standing())  # behind a mount there may be others
        if known and origin is not None:
            return await send(self._from(origin))
        if known:
            self.said.append(
                "No origin is known that CORSMiddleware accepts: give one with -H 'Origin: ...' to see its headers."
            )
        elif request.endpoint == "stand-in":
            # A CORS layer of another kind answers anybody, as most do, or cannot be asked.
            asked = await send(self._from("https://example.com"))
            if any(name.startswith(_ACCESS_CONTROL) for name in asked.names if name not in plain.names):
                return asked
        return plain

    def _from(self, origin: str) -> Request:
        self._wanted = requests.with_origin(self._wanted, origin)
        return prepare(self._wanted, self._standing())

    def _standing(self) -> list[object]:
        return [found.layer for found in self.chain.found]

    async def _preflight(self, send: Send) -> None:
        normal = self.normal
        origin = None if normal is None else normal.origin
        if normal is None or origin is None or normal.request.method == "OPTIONS":
            return
        known, _ = requests.origin_for(self._standing())
        if not known and not any(name.startswith(_ACCESS_CONTROL) for name in normal.names):
            return
        with self._instead(endpoint.answer):
            asked = await send(requests.preflight(self._wanted, origin, normal.request.method, self._standing()))
        self.preflight = asked
        if not any(name.startswith(_ACCESS_CONTROL) for name in asked.names):
            self.said.append("The preflight gets no CORS headers even where nothing goes wrong.")

    async def _at_layers(self, send: Send) -> None:
        for index, found in enumerate(self.chain.layers[: len(self._at_first())]):
            for fault, happens in (("reject", reject), ("crash", _crash())):
                kind: FaultKind = fault  # type: ignore[assignment]
                if found.boundary is None:
                    told = "What crosses into this layer cannot be observed, so nothing was tried there."
                    self.trials.append(Trial(kind, index, None, said=told))
                    continue
                self.trials.append(await self._at_layer(send, kind, index, found.boundary, happens))

    def _at_first(self) -> list[object]:
        """The layers that the normal request could meet: trials may lead to further ones."""
        count = len(self.normal.layers) if self.normal is not None else 0
        return self._standing()[:count] if count else []

    async def _at_layer(self, send: Send, fault: FaultKind, index: int, boundary: Boundary, happens: ASGIApp) -> Trial:
        def taken() -> AbstractContextManager[Place]:
            return injected(boundary, happens, self.recorder.owns)

        main = await self._unless_hung(send, self.normal, index, taken)
        asked = await self._unless_hung(send, self.preflight, index, taken)
        said = None if main is not None else "Not tried: without a fault the request already hangs further out."
        return Trial(fault, index, main, asked, said)

    async def _unless_hung(
        self, send: Send, normal: Observed | None, index: int, injection: Injection
    ) -> Observed | None:
        """One request, unless it would only hang again before it got there."""
        if normal is None or (normal.expired and index not in normal.entered):
            return None
        with injection() as place:
            seen = await send(normal.request)
        return replace(seen, reached=place.happened)

    async def _at_endpoint(self, send: Send) -> None:
        normal, application = self.normal, self.subject.application
        if normal is None:
            return
        gone = partial(compat_faults.client_disconnect, application)
        refused = partial(compat_faults.http_exception, application, _TRIED, "refused by mwviz")
        method = normal.request.method if normal.request.routed or self._wanted.method else "POST"
        limit = compat_faults.body_limit(application)
        await self._ended(send, "crash", _crash(), normal.request)
        await self._ended(send, "http_exception", raising(refused), normal.request)
        await self._refused(send, "not_found", [(paths.UNKNOWN, normal.request.method)], 404)
        await self._refused(send, "method_not_allowed", paths.refused(application.router, self._path()), 405)
        if (invalid := partial(compat_faults.validation_error, application))() is not None:
            await self._ended(send, "invalid", raising(invalid), normal.request)  # type: ignore[arg-type]
        else:
            told = "Not applicable: FastAPI validates requests, Starlette alone does not."
            self.trials.append(Trial("invalid", "endpoint", None, said=told))
        await self._ended(send, "disconnect", reading(gone), requests.leaving(normal.request, method))
        await self._ended(send, "too_large", reading(gone), requests.pouring(normal.request, method, limit))

    def _path(self) -> str | None:
        return self.request.target if self.request is not None and self.request.routed else None

    async def _ended(self, send: Send, fault: FaultKind, happens: ASGIApp, request: Request) -> None:
        """Let something else stand where a handler would."""
        hangs = self.normal is not None and self.normal.expired
        if hangs or (obstacle := self._obstacle()) is not None:
            told = "Not tried: without a fault the request already hangs further out." if hangs else obstacle
            self.trials.append(Trial(fault, "endpoint", None, said=told))
            return
        happened: list[bool] = []

        async def noted(*call: object) -> None:
            happened.append(True)
            await happens(*call)  # type: ignore[arg-type]

        with self._instead(noted):
            seen = await send(request)
        said = None
        if fault == "too_large" and happened and seen.error is None and seen.status == 200:
            said = "Nothing limits the body: all of it was read."
        limited = fault == "too_large" and seen.status == _TOO_LARGE  # a layer that looks at sizes need not go on
        self.trials.append(Trial(fault, "endpoint", replace(seen, reached=bool(happened) or limited), said=said))

    def _obstacle(self) -> str | None:
        """Why a request would get past everything that can stand in for a handler, in words."""
        if self.request is None or not self.request.routed:
            return None  # a stand-in takes the place of the whole router
        obstacle = unwatchable(self.subject.application.router)
        return f"Not tried: nothing can stand in for {obstacle}." if obstacle is not None else None

    async def _refused(self, send: Send, fault: FaultKind, asked: Sequence[tuple[str, str]], wanted: int) -> None:
        """Let the app's own router refuse a request with the wanted status; where it takes one, a stand-in answers."""
        obstacle = self._unroutable or self._obstacle()
        if self.normal is None or self.normal.expired or not asked or obstacle is not None:
            nothing = "the router is not reached" if asked else "no route of the app says which methods it takes"
            told = obstacle if obstacle is not None else f"Not tried: {nothing}."
            self.trials.append(Trial(fault, "endpoint", None, said=told))
            return
        tried: list[Trial] = []
        elsewhere: set[str] = set()
        for target, method in asked:
            if target in elsewhere:
                continue
            seen, said, taken = await self._asked(send, self.normal, target, method, wanted)
            aside = f"Tried with {method} {target}." if target != asked[0][0] and seen.reached else None
            tried.append(Trial(fault, "endpoint", seen, said=said or aside))
            if not taken:  # no other method is refused there, either
                elsewhere.add(target)
            if seen.reached or not seen.ended:
                break
        best = tried[-1]
        self.trials.append(best if best.main is not None and best.main.reached else tried[0])

    async def _asked(
        self, send: Send, normal: Observed, target: str, method: str, wanted: int
    ) -> tuple[Observed, str | None, bool]:
        """What came of it, what is to be said of that, and whether a route took the request."""
        answered: list[bool] = []

        async def noted(*call: object) -> None:
            answered.append(True)
            await endpoint.answer(*call)  # type: ignore[arg-type]

        with self._routed(), self._instead(noted):
            seen = await send(requests.elsewhere(normal.request, target, method))
            refusal = self.routes.refusal if self.routes is not None else None
        said, shown = str(refusal) if refusal is not None else None, redact.text(f"{method} {target}")
        if said is None and answered:
            said = f"Not refused: a route takes {shown}, and its handler was not called."
        elif said is None and seen.ended and seen.status_there not in (None, wanted):
            said = f"The router answers {shown} with {seen.status_there}, not with {wanted}."
        return replace(seen, reached=seen.ended and said is None), said, bool(answered)

    @contextmanager
    def _routed(self) -> Iterator[None]:
        """Let requests go on to the router itself, with stand-ins for all of its handlers."""
        routes, router = self.routes, self.built.router
        if routes is None or router is None:
            yield
            return
        station = router.mwviz
        standing = station.layer
        if isinstance(standing, endpoint.StandIn):
            station.layer = standing.replaced
        try:
            yield
        finally:
            station.layer = standing

    @contextmanager
    def _instead(self, happens: ASGIApp) -> Iterator[None]:
        """Let this stand where a handler would."""
        routes = self.routes
        if routes is None:
            yield
            return
        before, routes.instead, routes.stands_in = (routes.instead, routes.stands_in), happens, True
        try:
            yield
        finally:
            routes.instead, routes.stands_in = before
            routes.refusal = None  # it stood in for all that cannot be looked into: nothing of the user's was called


def _crash() -> ASGIApp:
    return raising(lambda: RuntimeError("raised by mwviz"))
