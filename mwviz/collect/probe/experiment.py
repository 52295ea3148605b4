"""One probe of one app: the stack with its boundaries, the request sent through it, and what is left to tell."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

from mwviz.collect.compat import is_application, is_base_http, overriding_call
from mwviz.collect.find.registration import Registrations
from mwviz.collect.probe.calls import Calls
from mwviz.collect.probe.endpoint import Routes
from mwviz.collect.probe.loops import Loop, load_backend, room_for
from mwviz.collect.probe.order import reordered
from mwviz.collect.probe.request import ProbeOptions, Request, prepare
from mwviz.collect.probe.run import Run
from mwviz.collect.probe.server import LifespanConversation
from mwviz.collect.probe.watchdog import Stuck, Watchdog
from mwviz.collect.stack.asgi import ASGIApp
from mwviz.collect.stack.boundary import Boundary
from mwviz.collect.stack.build import Built, Found, bounded, claim, instrument
from mwviz.collect.stack.chain import Chain
from mwviz.collect.stack.construct import Kept
from mwviz.collect.stack.recorder import Recorder
from mwviz.collect.stack.unwrap import Link, path_to
from mwviz.errors import ProbeError, TargetError


class Subject:
    """The app to be probed: `target` is what the user named, `application` the Starlette app found in it."""

    def __init__(self, target: Any, name: str, registrations: Registrations, base: Path) -> None:
        way = path_to(target, is_application)
        if way is None:
            raise TargetError(
                f"'{name}' is an object of class {type(target).__name__}: no Starlette or FastAPI app was found in it. "
                "Name the app object, or a function without arguments that returns it."
            )
        self.target = target
        self.name = name
        self.registrations = registrations
        self.base = base
        self.wrappers: list[tuple[Any, Link]] = way
        self.application = way[-1][1].get() if way else target

    @property
    def depth(self) -> int:
        """How many layers there will be, about."""
        return len(self.wrappers) + len(self.application.user_middleware)


class Experiment:
    """The probe of one subject. `conduct` makes it; what has happened may be read at any time, from any thread.

    Several of them, one after the other on the same loop, may share the layers in `kept`.
    """

    #: Whether something else may take a handler's place for one request.
    replaceable = False

    def __init__(self, subject: Subject, options: ProbeOptions, kept: Kept | None = None) -> None:
        self.subject = subject
        self.options = options
        self.recorder = Recorder()
        self.calls = Calls(self.recorder)
        self.built = Built()
        self._outers: list[Found] = []
        self._undo = ExitStack()
        self._kept = kept
        self.chain = Chain(self.recorder, self._undo, subject.registrations.given, kept)
        self.entrance: ASGIApp = subject.target
        self.request: Request | None = None
        self.routes: Routes | None = None
        self.conversation: LifespanConversation | None = None
        self.lifespan: Recorder | None = None
        self.run: Run | None = None
        self.measured: list[Run] = []
        self.reference: Run | None = None
        self.error: BaseException | None = None
        self.looking = options.state

    async def conduct(self, loop: Loop, watchdog: Watchdog) -> None:
        """Arrange, probe and restore, all in the loop: there a server builds the stack, too. Raises ProbeError."""
        try:
            self.arrange()
            await self._run(loop, watchdog)
        finally:
            self.restore()
        if self.routes is not None and self.routes.refusal is not None:
            raise self.routes.refusal

    def arrange(self) -> None:
        """Give every layer its boundary. Raises ProbeError for options that do not fit the app."""
        wanted, application = self.options.order, self.subject.application
        entries = None if wanted is None else reordered(application.user_middleware, wanted)
        claim(application, self._undo)
        self._undo.enter_context(room_for(self.subject.depth))
        self._outers = self._bound_wrappers()
        self._build(entries)
        self.request = prepare(self.options, [found.layer for found in self.chain.found])
        self._prepare_end(self.request)

    def restore(self) -> None:
        """Leave the app as it was found; may be called from another thread, and twice."""
        undo, self._undo = self._undo, ExitStack()
        undo.close()

    def _build(self, entries: list[object] | None) -> None:
        self.built = instrument(self.subject.application, self.recorder, entries, self._undo, self._kept)
        found = self.built.found
        if self.built.error is not None:
            found = [Found(None, entry, "user", None) for entry in self.built.entries]
        elif self.built.entrance is not None:
            self.built.entrance.mwviz.entrance = not self._outers
        self.chain.begin(self.subject.application, [*self._outers, *found])

    def _keep_up(self, request: Request) -> None:
        """Startup may have built another stack, or asked for one: then that is the one to be traced."""
        built = self.built.entrance
        if built is not None and vars(self.subject.application).get("middleware_stack") is not built:
            self.lifespan = None  # what it passed are layers of another stack than the one that is shown
            self._build(None)
            self.built.notes.append("Startup changed the stack: it is shown as the request met it.")
            self._prepare_end(request)

    def _bound_wrappers(self) -> list[Found]:
        """Boundaries around what stands outside of the application, or overrides its `__call__`."""
        wrappers, application = self.subject.wrappers, self.subject.application
        inward = [layer for layer, _ in wrappers[1:]]
        found = [Found(layer, None, "outer", None) for layer, _ in wrappers]
        if overriding_call(application) is not None:
            inward.append(application)
            found.append(Found(application, None, "outer", None))
        links = [link for _, link in wrappers][: len(inward)]
        for each, boundary in zip(found[1:], bounded(links, self.recorder, self._undo), strict=False):
            each.boundary = boundary
        if found:
            found[0].boundary = self.entrance = Boundary(self.subject.target, self.recorder)
            self.entrance.mwviz.entrance = True
        return found

    def _prepare_end(self, request: Request) -> None:
        if self.built.error is not None:
            return
        stand_in = request.endpoint == "stand-in"
        routes = self.routes or Routes(
            self.chain,
            self.recorder,
            self.calls,
            stand_in=stand_in,
            raises=request.raises,
            reads=request.says,
            replaceable=self.replaceable,
        )
        hidden = not self.chain.found or not self.chain.found[-1].is_router
        if stand_in and (hidden or (not request.routed and not self.chain.end_at_router(routes.ending))):
            raise ProbeError(
                f"No stand-in endpoint can be put into the stack of '{self.subject.name}': its router is hidden in a "
                "layer that mwviz cannot look into. Give a PATH to send a real request instead."
            )
        if self.routes is None and (request.routed or not stand_in):
            routes.watch(self.subject.application.router, self._undo)
            if not stand_in:
                self.calls.watch(self.subject.application.router, self._undo)
        self.routes = routes

    async def _run(self, loop: Loop, watchdog: Watchdog) -> None:
        """Startup, the probe, shutdown; raises nothing of the app's."""
        if self.built.error is not None or self.request is None:
            return
        self.recorder.current_task = loop.task
        async with loop.background() as start:
            if self.request.lifespan:
                await self._start_up(loop, watchdog, start, self.request.timeout)
            if not self.startup_failed:
                self._keep_up(self.request)
                await self._send_all(loop, watchdog, self.request)
                await self._shut_down(loop, watchdog, self.request.timeout)
            if self.conversation is not None:
                self.conversation.over = True

    @property
    def timed_out(self) -> bool:
        """Whether the last request did not end in time: what it left behind may be in any state."""
        return self.run is not None and self.run.expired

    @property
    def startup_failed(self) -> bool:
        """Whether the app said `lifespan.startup.failed`, which ends a server's run."""
        return self.conversation is not None and self.conversation.startup == "failed"

    async def _start_up(self, loop: Loop, watchdog: Watchdog, start: Any, timeout: float) -> None:
        self.conversation = conversation = LifespanConversation(loop.event)
        late = partial(conversation.run_out, "startup")
        self.recorder.begin("2.0")
        with watchdog.within(timeout, late):
            start(partial(conversation.run, self.entrance, self.recorder.mark, watchdog.inside()))
            await loop.within(timeout, conversation.started.wait, late)
        self.lifespan = self.recorder.begin()

    async def _shut_down(self, loop: Loop, watchdog: Watchdog, timeout: float) -> None:
        conversation = self.conversation
        if conversation is None or conversation.startup != "complete":
            return
        late = partial(conversation.run_out, "shutdown")
        with watchdog.within(timeout, late):
            conversation.stop()
            await loop.within(timeout, conversation.stopped.wait, late)

    async def _send_all(self, loop: Loop, watchdog: Watchdog, request: Request) -> None:
        """A normal request to compare with, if one shall raise; then the probe, as often as it was asked for."""
        if request.raises and self.routes is not None:
            self.routes.raises = False
            self.reference = await self._send(loop, watchdog, request)
            self.routes.raises = True
            if self.reference.expired:
                return
        if request.repeat is not None:
            await self._send(loop, watchdog, request)
        for _ in range(request.repeat or 1):
            run = await self._send(loop, watchdog, request)
            self.measured.append(run)
            if run.expired:
                return

    async def _send(self, loop: Loop, watchdog: Watchdog, request: Request) -> Run:
        before = self.recorder.begin()
        if self.run is not None:
            self.run.recorder = before
        self.run = run = Run(self.recorder, request.connection(loop.event, loop.give_way), self.calls.begin())
        if self.looking:
            from mwviz.collect.probe.sight import Sight  # a plain probe starts sooner without it

            run.sight = Sight(self.recorder)
        state = {} if self.conversation is None else dict(self.conversation.state)
        scope = request.scope(self.recorder.mark, state)

        async def call() -> None:
            try:
                with self.recorder.following(), watchdog.inside():
                    await self.entrance(scope, run.connection.receive, run.connection.send)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                if loop.is_cancelled(error):
                    raise
                if not run.expired:  # or it is what layers made of the interrupt, if only a group with it
                    run.over, run.error = True, error
            else:
                run.over = True
            finally:
                run.recorder.close()
                run.connection.finish()

        with suppress(Stuck), watchdog.within(request.timeout, run.expire):  # one that came a moment late
            if request.endpoint == "real" or any(is_base_http(type(found.layer)) for found in self.chain.found):
                await load_backend()
            run.began = self.recorder.now()
            await loop.within(request.timeout, call, run.expire)
        return run

    def fail(self, error: BaseException) -> None:
        """The loop itself was ended by an exception of the app's."""
        if self.run is None:
            self.error = error
        else:
            self.run.over, self.run.error = True, self.run.error or error
        self.recorder.close()
