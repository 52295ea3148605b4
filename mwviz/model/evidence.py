"""What the rules of `lint` are judged by: one kind of probe each, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from mwviz.model.faults import Faults
from mwviz.model.routes import Routes
from mwviz.model.stack import Layer, Versions
from mwviz.model.state import Where
from mwviz.model.trace import Trace, TracedError


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request. `without` are layers that were passed by for it: what stood outside of them called what is inside.

    `refused` is the status of the HTTPException that left the app, where one did.
    """

    trace: Trace
    without: tuple[int, ...] = ()
    refused: int | None = None


@dataclass(frozen=True, slots=True)
class Supplied:
    """A layer that raised, called again with what a layer further in puts into the scope, or into the context.

    `trace` is the request with `keys`, or context `variables`, supplied; `raised` what the layer had raised without.
    """

    layer: int
    by: int
    keys: tuple[str, ...]
    raised: str
    trace: Trace
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missed:
    """A layer asked for a context variable and found nothing, although `setter`, further in, had set it before.

    `by` runs what is inside of it in another task, where it was set even then, and may be the reader itself; None where
    the setter had taken it back. `trace` is the request.
    """

    variable: str
    reader: int
    setter: Where
    by: int | None
    trace: Trace


@dataclass(frozen=True, slots=True)
class Logged:
    """A layer emitted a record of the `logger` where a context variable was not set that `setter` sets further in."""

    variable: str
    layer: int
    setter: Where
    logger: str
    trace: Trace


@dataclass(frozen=True, slots=True)
class Small:
    """A short body in one message. `without` is the same answer given in the place of `by`, a layer that divided it."""

    trace: Trace
    by: int | None = None
    without: Trace | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """Server-sent events with pauses between them; `holder` had not let the first one out when the second came."""

    trace: Trace
    holder: int | None


@dataclass(frozen=True, slots=True)
class Socket:
    """A websocket's path, asked for by a plain GET and by a websocket; neither calls a handler."""

    path: str
    http: Trace
    websocket: Trace


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was observed of one app; a probe that was not possible has left nothing, and `notes` say why.

    Every tuple of attempts begins with the request as it is; each further one passes by the layer that stopped the one
    before. `insecure` is the preflight by plain HTTP, `forwarded` a request that came to a proxy by HTTPS, `behind` a
    request to each mount or route that has a layer of the app's once more. `missed` and `logged` were seen in the plain
    requests, and in one whose endpoint raised. `startup` is what kept the app from
    starting; `renders_errors` says that it has a handler of its own for any exception.
    """

    target: str
    versions: Versions
    layers: tuple[Layer, ...]
    plain: tuple[Attempt, ...] = ()
    cross_origin: tuple[Attempt, ...] = ()
    preflight: tuple[Attempt, ...] = ()
    insecure: tuple[Attempt, ...] = ()
    forwarded: tuple[Attempt, ...] = ()
    supplied: tuple[Supplied, ...] = ()
    small: Small | None = None
    stream: Stream | None = None
    sockets: tuple[Socket, ...] = ()
    behind: tuple[Trace, ...] = ()
    faults: Faults | None = None
    routes: Routes | None = None
    startup: TracedError | None = None
    renders_errors: bool = False
    notes: tuple[str, ...] = ()
    missed: tuple[Missed, ...] = ()
    logged: tuple[Logged, ...] = ()
