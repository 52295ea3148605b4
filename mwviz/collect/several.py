"""Probes one app in several ways, one after the other. A single probe needs nothing of this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from mwviz.collect.compat import accepted_origins
from mwviz.collect.probe.experiment import Experiment, Subject
from mwviz.collect.probe.loops import Loop
from mwviz.collect.probe.request import ProbeOptions
from mwviz.collect.probe.watchdog import Watchdog
from mwviz.collect.read import report
from mwviz.collect.routes.walk import Walk
from mwviz.collect.running import run
from mwviz.collect.stack.construct import Kept
from mwviz.errors import ProbeError
from mwviz.model import Trace
from mwviz.model.probes import ProbeKind, Probes, kind_of

_ORIGIN = "https://example.com"
_NO_OTHER = "No other probe was sent to an app that did not get through this one."
_NAMES: dict[ProbeKind, str] = {
    "normal": "A normal request",
    "preflight": "A preflight",
    "error": "A request whose endpoint raises",
    "websocket": "A websocket",
}


def probe_several_here(subject: Subject, options: ProbeOptions, stuck: Callable[[Probes], None]) -> Probes:
    """Probe as asked, then in the other ways that the app knows, in this thread and on one loop.

    Only the probe asked for may call a handler or a lifespan: all others meet the stand-in endpoint. Each layer is
    constructed once, as by a server. `stuck` gets what there is, in another thread, where a call cannot be interrupted.
    Raises ProbeError for options that make no sense.
    """
    series = _Series(subject, options)
    run(series, series.conduct, lambda: stuck(series.given_up()))
    return series.told()


class _Series:
    """Several experiments, the one asked for first; they share one loop and the layers in `kept`."""

    def __init__(self, subject: Subject, asked: ProbeOptions) -> None:
        self.subject = subject
        self._asked = asked
        self._kept: Kept = {}
        self._current = Experiment(subject, asked, self._kept)
        self._kind: ProbeKind | None = None
        self._seen: list[tuple[ProbeKind, Trace]] = []
        self._left_out: list[str] = []

    async def conduct(self, loop: Loop, watchdog: Watchdog) -> None:
        """Send the probe asked for, and the others unless there is nothing to be learned from them."""
        await self._current.conduct(loop, watchdog)
        trace = report.trace(self._current)
        self._seen.append((kind_of(trace.probe), trace))
        if trace.error is not None and (trace.error.during != "probe" or trace.error.type == "Timeout"):
            self._left_out.append(_NO_OTHER)
            return
        try:
            others = tuple(self._others(kind_of(trace.probe)))
        except ProbeError as refused:
            self._left_out.append(f"No other probe was sent: {refused}")
            return
        for kind, options in others:
            await self._send(kind, options, loop, watchdog)

    async def _send(self, kind: ProbeKind, options: ProbeOptions, loop: Loop, watchdog: Watchdog) -> None:
        self._current, self._kind = Experiment(self.subject, options, self._kept), kind
        try:
            await self._current.conduct(loop, watchdog)
        except ProbeError as refused:
            self._left_out.append(f"{_NAMES[kind]} was not sent: {refused}")
            self._kind = None
        if self._current.timed_out:
            self._kept = {}
        self._tell()

    def _tell(self) -> None:
        if self._kind is None:
            return
        trace = report.trace(self._current)
        if trace.error is None or trace.error.during == "probe":
            self._seen.append((self._kind, trace))
        else:
            self._left_out.append(f"{_NAMES[self._kind]} was not sent: {trace.error.type}: {trace.error.message}")
        self._kind = None

    def told(self) -> Probes:
        """All that was seen, also of a probe that did not come to its end."""
        if not self._seen:
            trace = report.trace(self._current)
            return Probes(((kind_of(trace.probe), trace),), tuple(self._left_out))
        self._tell()
        return Probes(tuple(self._seen), tuple(self._left_out))

    def given_up(self) -> Probes:
        """All that was seen until a probe did not come back, and that none is sent after it."""
        seen = self.told()
        later = len(seen.probes) > 1 or seen.probes[0][1].error is None
        why = "No further probe was sent: the app did not come back from the last one." if later else _NO_OTHER
        return replace(seen, left_out=tuple(dict.fromkeys((*seen.left_out, why))))

    def fail(self, error: BaseException) -> None:
        """The loop was ended by an exception of the app's."""
        self._current.fail(error)

    def restore(self) -> None:
        """Leave the app as it was found."""
        self._current.restore()

    def _others(self, asked: ProbeKind) -> Iterator[tuple[ProbeKind, ProbeOptions]]:
        """The kinds that were not asked for; of a websocket only where the app has one."""
        listing = self._current = Experiment(self.subject, ProbeOptions(order=self._asked.order), self._kept)
        path = self._built(listing)
        plain = _plain(self._asked)
        if asked != "normal":
            yield "normal", plain
        if asked != "preflight":
            origin = _origin(self._asked, (found.layer for found in listing.chain.found))
            host = tuple(pair for pair in plain.headers if pair[0].lower() == "host")
            yield "preflight", replace(plain, headers=host, data=None, preflight=origin)
        if asked != "error":
            yield "error", replace(plain, raises=True)
        if asked != "websocket" and path is not None:
            yield "websocket", replace(plain, path=path, method=None, data=None, extensions=(), websocket=True)

    def _built(self, listing: Experiment) -> str | None:
        """Build the stack once more to walk its routes; returns an example of a path that leads to a websocket."""
        try:
            listing.arrange()
        finally:
            listing.restore()
        if listing.built.error is not None:
            return None
        walk = Walk(self.subject.registrations.given, self._kept)
        walk.outermost(self.subject.application, listing.chain.layers)
        addresses = (met.address for met in walk.met if met.type == "websocket" and not met.opaque)
        return next((each.example for each in addresses if each.example and each.host is None), None)


def _plain(asked: ProbeOptions) -> ProbeOptions:
    """The request that was asked for, without what makes it special, to a stand-in endpoint and without startup."""
    plain = replace(asked, endpoint="stand-in", lifespan=False, raises=False, preflight=None)
    if not asked.websocket:
        return plain
    # what the client of a websocket says is no body, and its path leads no request to an endpoint
    scheme = {"ws": "http", "wss": "https"}.get(asked.scheme or "", asked.scheme)
    return replace(plain, websocket=False, path=None, data=None, scheme=scheme)


def _origin(asked: ProbeOptions, layers: Iterable[object]) -> str:
    """The origin that a preflight comes from: the request's own, else one that the app accepts."""
    own = next((value for name, value in asked.headers if name.lower() == "origin"), None)
    accepted = [origins for layer in layers if (origins := accepted_origins(layer))]
    if own is not None or not accepted or "*" in accepted[0]:
        return own or _ORIGIN
    return accepted[0][0]
