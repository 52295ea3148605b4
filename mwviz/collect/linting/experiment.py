"""Sends every kind of probe that a rule asks for, through one stack: what is told of them is told elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

from mwviz.collect.compat_faults import renders_errors
from mwviz.collect.faults import requests
from mwviz.collect.faults.injected import injected, raising
from mwviz.collect.linting import asked, seen
from mwviz.collect.linting.lifespans import of_mounted
from mwviz.collect.linting.missed import Misses
from mwviz.collect.linting.owners import own_code
from mwviz.collect.linting.peeled import PeelingExperiment, Send
from mwviz.collect.linting.reads import noting_reads
from mwviz.collect.linting.stand_ins import lingering, small, streaming, supplied
from mwviz.collect.linting.streams import holder
from mwviz.collect.probe import endpoint
from mwviz.collect.probe.experiment import Subject
from mwviz.collect.probe.loops import Loop
from mwviz.collect.probe.request import ProbeOptions, Request, prepare
from mwviz.collect.probe.watchdog import Watchdog
from mwviz.collect.read import report
from mwviz.collect.read.carried import State
from mwviz.collect.stack.asgi import ASGIApp
from mwviz.collect.stack.boundary import Boundary
from mwviz.model import Trace
from mwviz.model.evidence import Attempt, Elsewhere, Small, Socket, Stream, Supplied
from mwviz.model.routes import Routes

#: Mounts that are asked for, and places to supply from; routes.
_MOST_ASKED, _MOST_ROUTES = 3, 12


class LintExperiment(PeelingExperiment):
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
        self.direct: tuple[Attempt, ...] = ()
        self.supplied: tuple[Supplied, ...] = ()
        self.small: Small | None = None
        self.stream: Stream | None = None
        self.lingered: Attempt | None = None
        self.sockets: tuple[Socket, ...] = ()
        self.behind: tuple[Trace, ...] = ()
        self.asked_of_routes: tuple[Trace, ...] = ()
        self.elsewhere: tuple[Elsewhere, ...] = ()
        self.lifespans = of_mounted(subject.application)
        self.looks: list[Misses] = []
        self.state: State | None = None
        self.told: list[str] = []
        self._plainly = options
        self.finished = False

    async def _start_up(self, loop: Loop, watchdog: Watchdog, start: Any, timeout: float) -> None:
        with self.lifespans.watching():
            await super()._start_up(loop, watchdog, start, timeout)

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
            if request.endpoint == "stand-in":
                with self._routed() if self._routable else nullcontext():
                    await self._to_paths(send)  # last: these are many, and a layer may count requests

    @property
    def renders_errors(self) -> bool:
        """Whether the app has a handler of its own for any exception."""
        return renders_errors(self.subject.application)

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
        self._plainly = wanted
        if self.request is not None:
            self.supplied = await self._supplied(send, self.request, self.plain)
        crossing, preflight = self._crossing(wanted)
        self.cross_origin = await self._peeled(send, crossing, seen.is_allowed)
        self.asked = await self._peeled(send, preflight, seen.is_allowed)
        self.insecure = await self._peeled(send, replace(preflight, scheme="http"), seen.is_allowed)
        forwarded = asked.forwarded(wanted, layers)
        self.forwarded = await self._peeled(send, forwarded, lambda _: False)
        if self.forwarded and seen.client_changed(self.forwarded[-1].trace):
            self.direct = await self._peeled(send, asked.directly(forwarded), lambda _: False)

    async def _to_streams(self, send: Send, loop: Loop) -> None:
        if self.hung is not None:
            return
        request = asked.compressible(self._wanted, self._standing())
        with self._instead(small), ExitStack() as undo:
            trace = await send(request)
            stopped = seen.stopper(trace)
            if stopped is not None and self._takes_place(stopped, small, undo):
                trace = await send(request)  # whether its own answer is short is not known
            self.small = Small(trace)
            places = seen.dividers(trace)
            for place in places:  # what stands further out may divide a whole body as well
                tried = await self._undivided(send, request, trace, place)
                self.small = replace(tried, by=places[0])
                if tried.without is None or not seen.is_compressed(tried.without):
                    break
        with self._instead(streaming(loop)):
            trace = await send(request)
        if not self._is_over():
            self.stream = Stream(trace, holder(self.recorder.observed(), self.chain.numbered()))

        if self._is_over():
            return
        with self._instead(lingering(loop)):
            plain = prepare(self._wanted, self._standing())
            self.lingered = next(reversed(await self._peeled(send, plain, lambda _: False)), None)

    def _is_over(self) -> bool:
        return self.hung is not None

    async def _undivided(self, send: Send, request: Request, trace: Trace, divider: int) -> Small:
        with ExitStack() as undo:
            if not self._takes_place(divider, small, undo):
                return Small(trace)
            return Small(trace, divider, await send(request))

    def _takes_place(self, layer: int, instead: ASGIApp, undo: ExitStack) -> bool:
        """Let requests meet something else in a layer's place; answers whether that can be done."""
        boundary = self.chain.layers[layer].boundary
        if boundary is not None:
            undo.enter_context(injected(boundary, instead, self.recorder.owns))
        return boundary is not None

    async def _to_routes(self, send: Send) -> None:
        sockets = []
        for path in asked.socket_paths(self.subject.application.router)[:_MOST_ROUTES]:
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

    async def _to_paths(self, send: Send) -> None:
        """Ask for the app's own routes, whose handlers a stand-in stands in for: guards let pass what is for all."""
        known = seen.judged_by(self.plain, self.cross_origin, self.asked)
        for method, path, made_up in asked.examples(self.subject.application)[:_MOST_ROUTES]:
            wanted = asked.route(self._plainly, method, path)
            traces = [await send(each) for each in self._crossing(wanted)]
            if self.hung is not None:
                return
            self.asked_of_routes += (traces[1],)
            if len(self.elsewhere) == _MOST_ASKED or not any(map(seen.is_stopped, traces)):
                continue
            found = replace(await self._at_path(send, wanted), made_up=made_up)
            new = seen.judged_by(found.plain, found.cross_origin, found.preflight) - known
            if new and self.hung is None:
                known |= new
                self.elsewhere += (found,)

    def _crossing(self, wanted: ProbeOptions) -> tuple[Request, Request]:
        """The request as a page of another origin sends it, and its preflight."""
        layers = self._standing()
        origin = asked.origin(wanted, layers)
        crossing = asked.cross_origin(wanted, origin, layers)
        return crossing, requests.preflight(asked.without_origin(wanted), origin, crossing.method, layers)

    async def _at_path(self, send: Send, wanted: ProbeOptions) -> Elsewhere:
        request = prepare(wanted, self._standing())
        plain = await self._peeled(send, request, lambda _: False)
        supplied = await self._supplied(send, request, plain)
        crossing, preflight = self._crossing(wanted)  # the layers of a mount are only known by now
        crossed = await self._peeled(send, crossing, seen.is_allowed)
        return Elsewhere(plain, crossed, await self._peeled(send, preflight, seen.is_allowed), supplied)

    async def _supplied(self, send: Send, request: Request, attempts: tuple[Attempt, ...]) -> tuple[Supplied, ...]:
        """Call what raised again, with what layers further in put into the scope once it was passed by."""
        if len(attempts) < 2 or self.hung is not None:
            return ()
        last, notes = attempts[-1], self.run.recorder.observed() if self.run is not None else []
        values = seen.scope_values(notes)
        found: list[Supplied] = []
        for attempt, following in pairwise(attempts):
            layer = following.without[-1]
            raised, boundary = attempt.trace.steps[layer].raised, self.chain.layers[layer].boundary
            if raised is None or boundary is None:
                continue
            for given in seen.givers(last.trace, values, self.state, layer, _MOST_ASKED):
                with ExitStack() as undo:
                    for other in attempt.without:
                        self._pass_by(other, undo)
                    with self._supplying(boundary, given):
                        tried = await send(request)
                    again = (await send(request)).steps[layer].raised  # it may have raised but once
                found.append(Supplied(layer, given.by, tuple(given.keys), raised, tried, given.names, again))
        return tuple(found)

    @contextmanager
    def _supplying(self, boundary: Boundary, given: seen.Given) -> Iterator[None]:
        layer: ASGIApp = boundary.mwviz.layer
        with injected(boundary, supplied(layer, given.keys, given.variables), self.recorder.owns):
            yield
