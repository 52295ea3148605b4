"""Sends one request, and again past the layers that stop it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import TypeAlias

from mwviz.collect.faults.injected import injected
from mwviz.collect.faults.trials import FaultExperiment
from mwviz.collect.linting import seen
from mwviz.collect.probe import endpoint
from mwviz.collect.probe.experiment import Subject
from mwviz.collect.probe.loops import Loop
from mwviz.collect.probe.request import ProbeOptions, Request
from mwviz.collect.probe.watchdog import Watchdog
from mwviz.collect.read import report
from mwviz.model import Trace
from mwviz.model.evidence import Attempt

#: Layers that are passed by at most for one request.
_MOST_PASSED = 8
#: Sends a request, and tells what came of it.
Send: TypeAlias = Callable[[Request], Awaitable[Trace]]


class PeelingExperiment(FaultExperiment):
    """Layers can be passed by, one after the other; `hung` is the request that never ended: no other is sent then."""

    def __init__(self, subject: Subject, options: ProbeOptions) -> None:
        super().__init__(subject, options)
        self.hung: Trace | None = None

    async def _traced(self, loop: Loop, watchdog: Watchdog, request: Request) -> Trace:
        """Send one request; once one has hung, the others would, too: they are not sent."""
        if self.hung is not None:
            return self.hung
        before, self.request = self.request, request
        try:
            await self._send(loop, watchdog, request)
            trace = report.trace(self)
        finally:
            self.request = before
        if self.timed_out:
            self.hung = trace
        return trace

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
                undo.enter_context(self._instead(endpoint.answer))  # no handler is called past who guards it
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
