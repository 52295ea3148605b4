"""Sends every kind of probe that a rule asks for, through one stack: what is told of them is told elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from mwviz.collect.compat_faults import renders_errors
from mwviz.collect.faults import requests
from mwviz.collect.faults.injected import injected, raising
from mwviz.collect.faults.trials import FaultExperiment
from mwviz.collect.linting import asked, seen
from mwviz.collect.linting.missed import Misses
from mwviz.collect.linting.owners import own_code
from mwviz.collect.linting.reads import noting_reads
from mwviz.collect.linting.stand_ins import small, streaming, supplied
from mwviz.collect.linting.streams import holder
from mwviz.collect.probe import endpoint
from mwviz.collect.probe.experiment import Subject
from mwviz.collect.probe.loops import Loop
from mwviz.collect.probe.request import ProbeOptions, Request, prepare
from mwviz.collect.probe.watchdog import Stuck, Watchdog
from mwviz.collect.read import report
from mwviz.collect.read.carried import State
from mwviz.collect.stack.asgi import ASGIApp
from mwviz.collect.stack.boundary import Boundary
from mwviz.model import Trace
from mwviz.model.evidence import Attempt, Small, Socket, Stream, Supplied
from mwviz.model.routes import Routes

#: Layers that are passed by at most for one request, websockets that are asked for, and places to supply from.
_MOST_PASSED, _MOST_ASKED = 8, 3
_ALLOWED = "access-control-allow-origin"
#: Sends a request, and tells what came of it.
Send: TypeAlias = Callable[[Request], Awaitable[Trace]]


class LintExperiment(FaultExperiment):
    """All probes of the rules, and then every fault; each attribute stays empty until its probe has been sent."""

    def __init__(self, subject: Subject, options: ProbeOptions, routes: Routes | None) -> None:
        asked.check(options)
        super().__init__(subject, options)
        self.listed = routes
        self.plain: tuple[Attempt, ...] = ()
        self.cross_origin: tuple[Attempt, ...] = ()
        self.asked: tuple[Attempt, ...] = ()
        self.insecure: tuple[Attempt, ...] = ()
        self.forwarded: tuple[Attempt, ...] = ()
        self.supplied: tuple[Supplied, ...] = ()
        self.small: Small | None = None
        self.stream: Stream | None = None
        self.sockets: tuple[Socket, ...] = ()
        self.behind: tuple[Trace, ...] = ()
        self.looks: list[Misses] = []
        self.state: State | None = None
        self.hung: Trace | None = None
        self.told: list[str] = []
        self.finished = False

    async def _send_all(self, loop: Loop, watchdog: Watchdog, request: Request) -> None:
        send = partial(self._traced, loop, watchdog)
        looking = partial(self._looked, send)
        self.plain = await self._peeled(looking, request, lambda _: False)
        if request.endpoint == "stand-in":
            request = await self._as_wanted(looking, request)
        if self.routes is None:
            return
        with self._instead(endpoint.answer):  # no handler of the user's is called a second time
            await self._to_layers(send)
            if self.renders_errors and any(each.kind == "context" for each in self.plain[-1].trace.state or ()):
                with self._instead(raising(lambda: RuntimeError("raised by mwviz"))):
                    await looking(request)
            await self._to_streams(send, loop)
            if request.endpoint == "stand-in":
                await self._to_routes(send)
            if self.hung is None:
                await super()._send_all(loop, watchdog, request)
                self.finished = True

    @property
    def renders_errors(self) -> bool:
        """Whether the app has a handler of its own for any exception."""
        return renders_errors(self.subject.application)

    async def _traced(self, loop: Loop, watchdog: Watchdog, request: Request) -> Trace:
        """Send one request; once one has hung, the others would, too: they are not sent."""
        if self.hung is not None:
            return self.hung
        before, self.request = self.request, request
        try:
            with suppress(Stuck):  # told by the trace, as far as it went
                await self._send(loop, watchdog, request)
            trace = report.trace(self)
        finally:
            self.request = before
        if self.run is not None and self.run.expired:
            self.hung = trace
        return trace

    async def _looked(self, send: Send, request: Request) -> Trace:
        """Send one request, and look at who sets context variables, asks for them, and logs without them."""
        self.looking = True
        try:
            with noting_reads(lambda: self.run.sight if self.run is not None else None, self.recorder.is_followed):
                trace = await send(request)
        finally:
            self.looking = False
        if self.hung is None and self.run is not None and self.run.sight is not None:
            self.state = State(report.reading_of(self, self.run), self.run, self.run.sight)
            own = [own_code(found, self.subject.application) for found in self.chain.layers]
            self.looks.append(Misses(self.state, trace, own))
        return trace

    async def _as_wanted(self, send: Send, request: Request) -> Request:
        """Ask as a browser would that knows the app: a layer may want another host, HTTPS, or a name of the client."""
        stopped = seen.turned_away(self.plain[0].trace)
        for changed, told in asked.otherwise(self._wanted) if stopped is not None else ():
            other = prepare(changed, self._standing())
            if self.hung is not None or seen.turned_away(await send(other)) == stopped:
                continue
            layer = self.plain[0].trace.layers[stopped or 0].label
            self.told.append(f"{told}: {layer} answers other requests itself.")
            self._wanted = changed
            self.request = other
            self.plain = await self._peeled(send, other, lambda _: False)
            return other
        return request

    async def _to_layers(self, send: Send) -> None:
        layers, wanted = self._standing(), self._wanted
        if requests.origin_of(wanted) is None and requests.origin_for(layers) == (True, None):
            self.told.append("No origin is known that CORSMiddleware accepts: rules about CORS want -H 'Origin: ...'.")
        origin = asked.origin(wanted, layers)
        self.supplied = await self._supplied(send)
        crossing = asked.cross_origin(wanted, origin, layers)
        self.cross_origin = await self._peeled(send, crossing, _allowed)
        preflight = requests.preflight(asked.without_origin(wanted), origin, crossing.method, layers)
        self.asked = await self._peeled(send, preflight, _allowed)
        self.insecure = await self._peeled(send, replace(preflight, scheme="http"), _allowed)
        self.forwarded = await self._peeled(send, asked.forwarded(wanted, layers), lambda _: False)

    async def _to_streams(self, send: Send, loop: Loop) -> None:
        if self.hung is not None:
            return
        request = asked.compressible(self._wanted, self._standing())
        with self._instead(small):
            trace = await send(request)
            self.small = Small(trace)
            if (divider := seen.divider(trace)) is not None:
                self.small = await self._undivided(send, request, trace, divider)
        with self._instead(streaming(loop)):
            trace = await send(request)
        if not self._is_over():
            self.stream = Stream(trace, holder(self.recorder.observed(), self.chain.numbered()))

    def _is_over(self) -> bool:
        return self.hung is not None

    async def _undivided(self, send: Send, request: Request, trace: Trace, divider: int) -> Small:
        boundary = self.chain.layers[divider].boundary
        if boundary is None:
            return Small(trace)
        with injected(boundary, small, self.recorder.owns):
            return Small(trace, divider, await send(request))

    async def _to_routes(self, send: Send) -> None:
        sockets = []
        for path in asked.socket_paths(self.subject.application.router)[:_MOST_ASKED]:
            http = await send(asked.http_to(path, self._wanted, self._standing()))
            sockets.append(Socket(path, http, await send(asked.websocket_to(path, self._wanted, self._standing()))))
        if self.hung is None:
            self.sockets = tuple(sockets)
        if self.listed is not None and self._routable and self.hung is None:
            behind = []
            for method, path in asked.doubled(self.listed)[:_MOST_ASKED]:
                with self._routed():
                    behind.append(await send(asked.routed_to(path, method, self._wanted, self._standing())))
            self.behind = tuple(behind)

    async def _peeled(self, send: Send, request: Request, done: Callable[[Trace], bool]) -> tuple[Attempt, ...]:
        """Send the request, and again without the layer that stopped it, as long as one does."""
        attempts: list[Attempt] = []
        with ExitStack() as undo:
            without: tuple[int, ...] = ()
            while self.hung is None and len(without) <= _MOST_PASSED:
                trace = await send(request)
                attempts.append(Attempt(trace, without, seen.refused(self.run)))
                stopped = None if done(trace) else seen.stopper(trace)
                if stopped is None or stopped in without or not self._pass_by(stopped, undo):
                    break
                without = (*without, stopped)
        return tuple(attempts)

    def _pass_by(self, layer: int, undo: ExitStack) -> bool:
        """Let what stands outside of a layer call what stands inside; answers whether that can be done."""
        found = self.chain.layers[layer]
        place = next(number for number, each in enumerate(self.chain.found) if each is found)
        further = [each.boundary for each in self.chain.found[place + 1 :]]
        inner = next(iter([*further, *self.chain.ends[-1:]]), None)
        if found.boundary is None or inner is None:
            return False
        undo.enter_context(injected(found.boundary, inner, self.recorder.owns))
        return True

    async def _supplied(self, send: Send) -> tuple[Supplied, ...]:
        """Call what raised again, with what layers further in put into the scope once it was passed by."""
        if len(self.plain) < 2 or self.hung is not None or self.request is None:
            return ()
        last, notes = self.plain[-1], self.run.recorder.observed() if self.run is not None else []
        values = seen.scope_values(notes)
        found: list[Supplied] = []
        for attempt, following in zip(self.plain, self.plain[1:], strict=False):
            layer = following.without[-1]
            raised, boundary = attempt.trace.steps[layer].raised, self.chain.layers[layer].boundary
            if raised is None or boundary is None:
                continue
            for given in seen.givers(last.trace, values, self.state, layer, _MOST_ASKED):
                with ExitStack() as undo:
                    for other in attempt.without:
                        self._pass_by(other, undo)
                    undo.enter_context(self._supplying(boundary, given))
                    tried = await send(self.request)
                found.append(Supplied(layer, given.by, tuple(given.keys), raised, tried, given.names))
        return tuple(found)

    @contextmanager
    def _supplying(self, boundary: Boundary, given: seen.Given) -> Iterator[None]:
        layer: ASGIApp = boundary.mwviz.layer
        with injected(boundary, supplied(layer, given.keys, given.variables), self.recorder.owns):
            yield


def _allowed(trace: Trace) -> bool:
    return trace.response is not None and any(name.lower() == _ALLOWED for name, _ in trace.response.headers)
