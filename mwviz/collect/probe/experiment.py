"""One probe of one app: the stack with its boundaries, the request sent through it, and what is left to tell."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

from mwviz.collect.compat import is_application, is_base_http, overriding_call
from mwviz.collect.find.registration import Registrations
from mwviz.collect.probe.endpoint import Routes, StandIn
from mwviz.collect.probe.loops import Loop, load_backend, room_for
from mwviz.collect.probe.order import reordered
from mwviz.collect.probe.request import ProbeOptions, Request, prepare
from mwviz.collect.probe.server import Connection, LifespanConversation
from mwviz.collect.probe.watchdog import Watchdog
from mwviz.collect.probe.websocket import WebsocketConnection
from mwviz.collect.stack.boundary import ASGIApp, Boundary, Recorder
from mwviz.collect.stack.build import Built, Found, claim, instrument
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
    """The probe of one subject. `conduct` makes it; what has happened may be read at any time, from any thread."""

    def __init__(self, subject: Subject, options: ProbeOptions) -> None:
        self.subject = subject
        self.options = options
        self.recorder = Recorder()
        self.layers: list[Found] = []
        self.built = Built()
        self._outers: list[Found] = []
        self._undo = ExitStack()
        self.entrance: ASGIApp = subject.target
        self.request: Request | None = None
        self.routes: Routes | None = None
        self.connection: Connection | WebsocketConnection | None = None
        self.conversation: LifespanConversation | None = None
        self.error: BaseException | None = None
        self.began: int | None = None
        self.over = False
        self.expired = False

    async def conduct(self, loop: Loop, watchdog: Watchdog) -> None:
        """Arrange, probe and restore, all in the loop: there a server builds the stack, too. Raises ProbeError."""
        try:
            self.arrange()
            await self._run(loop, watchdog)
        finally:
            self.restore()

    def arrange(self) -> None:
        """Give every layer its boundary. Raises ProbeError for options that do not fit the app."""
        wanted, application = self.options.order, self.subject.application
        entries = None if wanted is None else reordered(application.user_middleware, wanted)
        claim(application, self._undo)
        self._undo.enter_context(room_for(self.subject.depth))
        self._outers = self._bound_wrappers()
        self._build(entries)
        self.request = prepare(self.options, [found.layer for found in self.layers])
        self._prepare_end(self.request)

    def restore(self) -> None:
        """Leave the app as it was found; may be called from another thread, and twice."""
        undo, self._undo = self._undo, ExitStack()
        undo.close()

    def _build(self, entries: list[object] | None) -> None:
        self.built = instrument(self.subject.application, self.recorder, entries, self._undo)
        self.layers = self._outers + self.built.layers
        if self.built.entrance is not None:
            self.built.entrance.mwviz.entrance = not self._outers
        for rank, found in enumerate(self.layers):
            if found.boundary is not None:
                found.boundary.mwviz.rank = rank
        if self.built.router is not None:
            self.built.router.mwviz.rank = len(self.layers)

    def _keep_up(self, request: Request) -> None:
        """Startup may have built another stack, or asked for one: then that is the one to be traced."""
        built = self.built.entrance
        if built is not None and vars(self.subject.application).get("middleware_stack") is not built:
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
        for index, inner in enumerate(inward):
            if not wrappers:
                break
            boundary = Boundary(inner, self.recorder)
            with suppress(Exception):  # a link that cannot be set: that layer stays without a boundary
                self._undo.callback(wrappers[index][1].put(boundary))
                found[index + 1].boundary = boundary
        if found:
            found[0].boundary = self.entrance = Boundary(self.subject.target, self.recorder)
            self.entrance.mwviz.entrance = True
        return found

    def _prepare_end(self, request: Request) -> None:
        stand_in, router, end = request.endpoint == "stand-in", self.built.router, len(self.layers) + 1
        if self.built.error is not None:
            return
        if stand_in and router is None:
            raise ProbeError(
                f"No stand-in endpoint can be put into the stack of '{self.subject.name}': its router is hidden in a "
                "layer that mwviz cannot look into. Give a PATH to send a real request instead."
            )
        if stand_in and not request.routed and router is not None:
            router.mwviz.layer = StandIn(router.mwviz.layer, raises=request.raises, reads=request.says)
            router.mwviz.rank = end
        elif self.routes is not None:
            self.routes.rank = end
        else:
            self.routes = Routes(self.recorder, end, stand_in=stand_in, raises=request.raises, reads=request.says)
            self.routes.watch(self.subject.application.router, self._undo)

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
                await self._send(loop, watchdog, self.request)
                await self._shut_down(loop, watchdog, self.request.timeout)
            if self.conversation is not None:
                self.conversation.over = True

    @property
    def startup_failed(self) -> bool:
        """Whether the app said `lifespan.startup.failed`, which ends a server's run."""
        return self.conversation is not None and self.conversation.startup == "failed"

    async def _start_up(self, loop: Loop, watchdog: Watchdog, start: Any, timeout: float) -> None:
        self.conversation = conversation = LifespanConversation(loop.event)
        late = partial(conversation.run_out, "startup")
        with watchdog.within(timeout, late):
            start(partial(conversation.run, self.subject.target))
            await loop.within(timeout, conversation.started.wait, late)

    async def _shut_down(self, loop: Loop, watchdog: Watchdog, timeout: float) -> None:
        conversation = self.conversation
        if conversation is None or conversation.startup != "complete":
            return
        late = partial(conversation.run_out, "shutdown")
        with watchdog.within(timeout, late):
            conversation.stop()
            await loop.within(timeout, conversation.stopped.wait, late)

    async def _send(self, loop: Loop, watchdog: Watchdog, request: Request) -> None:
        self.connection = connection = request.connection(loop.event, loop.give_way)
        state = {} if self.conversation is None else dict(self.conversation.state)
        scope = request.scope(self.recorder.mark, state)

        async def call() -> None:
            try:
                with self.recorder.following():
                    await self.entrance(scope, connection.receive, connection.send)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                if self.expired or loop.is_cancelled(error):
                    raise
                self.over, self.error = True, error
            else:
                self.over = True
            finally:
                self.recorder.close()
                connection.finish()

        with watchdog.within(request.timeout, self._expire):
            if request.endpoint == "real" or any(is_base_http(type(found.layer)) for found in self.layers):
                await load_backend()
            self.began = self.recorder.now()
            await loop.within(request.timeout, call, self._expire)

    def fail(self, error: BaseException) -> None:
        """The loop itself was ended by an exception of the app's."""
        self.over, self.error = True, self.error or error
        self.recorder.close()

    def _expire(self) -> bool:
        if self.over or self.expired:
            return False
        self.expired = True
        self.recorder.close()
        return True
