"""What the rules of `lint` are judged by: one kind of probe each, and what became of it."""

from __future__ import annotations

from mwviz.model.faults import Faults
from mwviz.model.routes import Routes
from mwviz.model.stack import Layer, Place, Versions
from mwviz.model.state import Where
from mwviz.model.trace import Trace, TracedError
from mwviz.values import dataclass


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

    `trace` is the request with `keys`, or context `variables`, supplied, `raised` what the layer had raised without
    them, and `again` what it raised when it was asked without them once more.
    """

    layer: int
    by: int
    keys: tuple[str, ...]
    raised: str
    trace: Trace
    variables: tuple[str, ...] = ()
    again: str | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same as for the probe's own path for that of a route, where a layer does what it does not do there.

    `made_up`: the path holds values that nothing is known of, as `1` for `{tenant}`.
    """

    plain: tuple[Attempt, ...]
    cross_origin: tuple[Attempt, ...]
    preflight: tuple[Attempt, ...]
    supplied: tuple[Supplied, ...]
    made_up: bool = False


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
class MountedLifespan:
    """An app mounted at `path` that has something of its own to do at startup: `name` and `place` are the function's.

    `ran` tells whether anybody ran that while the app around it started; None where that was not seen.
    """

    path: str
    name: str
    place: Place | None
    ran: bool | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was observed of one app; a probe that was not possible has left nothing, and `notes` say why.

    Every tuple of attempts begins with the request as it is; each further one passes by the layer that stopped the one
    before. `insecure` is the preflight by plain HTTP, `forwarded` a request that came to a proxy by HTTPS, `direct` the
    same from the client itself, where a layer reads who that is, `lingered` one whose endpoint goes on when it has
    answered, `behind` a request to each mount or route that has a layer of the app's once more. `routed` are preflights
    for some of the app's own routes, and `elsewhere` is what is different for them; no handler was called there.
    `startup` is what kept the app from starting, and `failed_at` the user's own line that it was raised at;
    `renders_errors` says that the app has a handler of its own for any exception; `lifespans` are those of mounted apps
    that do something. `missed` and `logged` were seen in the plain requests, and in one whose endpoint raised.
    """

    target: str
    versions: Versions
    layers: tuple[Layer, ...]
    plain: tuple[Attempt, ...] = ()
    cross_origin: tuple[Attempt, ...] = ()
    preflight: tuple[Attempt, ...] = ()
    insecure: tuple[Attempt, ...] = ()
    forwarded: tuple[Attempt, ...] = ()
    direct: tuple[Attempt, ...] = ()
    supplied: tuple[Supplied, ...] = ()
    small: Small | None = None
    stream: Stream | None = None
    lingered: Attempt | None = None
    sockets: tuple[Socket, ...] = ()
    behind: tuple[Trace, ...] = ()
    routed: tuple[Trace, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    faults: Faults | None = None
    routes: Routes | None = None
    startup: TracedError | None = None
    failed_at: Place | None = None
    renders_errors: bool = False
    lifespans: tuple[MountedLifespan, ...] = ()
    notes: tuple[str, ...] = ()
    missed: tuple[Missed, ...] = ()
    logged: tuple[Logged, ...] = ()
