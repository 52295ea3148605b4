"""What was observed, as values: one `Stack` per app, one `Trace` per probe.

Every time is an integer in nanoseconds from the start of the probe, or None where the thing never happened. A place
in the stack is a layer's index (0 is the outermost), `"router"` or `"endpoint"`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Origin: TypeAlias = Literal["framework", "user", "injected", "outer", "mount", "route"]
Kind: TypeAlias = Literal["asgi", "base_http", "function", "factory"]
Position: TypeAlias = int | Literal["router", "endpoint"]

#: What became of the request at a layer.
#:
#: passed       handed the request inward, and whatever came back outward
#: answered     made the response itself, without one from further in
#: handled      turned an exception from further in into the response
#: replaced     threw the inner response away and sent its own
#: raised       raised an exception of its own
#: swallowed    caught an exception from further in, and sent no response instead
#: silent       returned without a response and without calling inward
#: hung         held the request when the time limit was reached
#: not_reached  was never entered
#: unknown      no boundary could be placed around it
Outcome: TypeAlias = Literal[
    "passed", "answered", "handled", "replaced", "raised", "swallowed", "silent", "hung", "not_reached", "unknown"
]

#: What else was seen at a layer's two boundaries, whatever its outcome.
#:
#: after_response   it raised when its response had already started
#: twice            it started the response a second time
#: other_task       it ran the inner app in another task or thread
#: copied_scope     it handed a copy of the scope inward
#: held_back        it let go of the start of the response only after a part of the body had come
#: buffered         it let go of the start of the response only after the whole body had come
#: changed_status   the status that left it is not the status that came from inside
#: rewrote_body     the body that left it is not the body that came from inside
#: called_again     it called the inner app more than once
#: dropped          it swallowed the inner response and sent nothing instead
#: same_messages    it handed the very same `receive` and `send` inward: it cannot have touched a message
Observation: TypeAlias = Literal[
    "after_response",
    "twice",
    "other_task",
    "copied_scope",
    "held_back",
    "buffered",
    "changed_status",
    "rewrote_body",
    "called_again",
    "dropped",
    "same_messages",
]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of source. `file` is relative to the working directory where it lies below it, with `/` between parts."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions of what took part; None for a framework that the app does not use."""

    mwviz: str
    python: str
    starlette: str | None
    fastapi: str | None


@dataclass(frozen=True, slots=True)
class Layer:
    """One ASGI callable of the stack.

    `name` is the class's or function's; `label` is the name that stands alone: a second layer of one name is
    `GZipMiddleware#2`. `arguments` maps parameter names to short, harmless texts with secrets as `***`.
    """

    index: int
    name: str
    label: str
    qualified_name: str
    origin: Origin
    within: str
    kind: Kind
    arguments: Mapping[str, str]
    defined_at: Place | None
    registered_at: Place | None


@dataclass(frozen=True, slots=True)
class Stack:
    """The layers of the app as it was built, outermost first, and what is worth knowing about how it was built."""

    target: str
    versions: Versions
    layers: tuple[Layer, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """The request that was sent. Secret-looking header and query values are `***`; `endpoint` says which end it met.

    `reasons` tells why a default differs from plain `GET http://testserver/`, a sentence each; `raises` says that the
    stand-in endpoint was asked to raise.
    """

    type: Literal["http"]
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    scheme: str
    client: str
    body_bytes: int
    endpoint: Literal["stand-in", "real"]
    lifespan: bool
    order: tuple[str, ...] | None
    reasons: tuple[str, ...]
    raises: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the request ended: the route's handler, or the stand-in that answered for it (`defined_at` is None)."""

    name: str
    defined_at: Place | None


@dataclass(frozen=True, slots=True)
class Response:
    """The response as it left the outermost layer. `complete` is False where its body never ended."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body_bytes: int
    complete: bool


@dataclass(frozen=True, slots=True)
class TracedError:
    """Why there is no plain result: an exception left the app, it hung, never answered, or could not be built.

    `type` is the exception's class name, or `"Timeout"`, `"NoResponse"`. `during` says when. `frames` is the
    traceback cut to the user's own frames, `traceback` the whole of it; both are text and may be empty.
    """

    type: str
    message: str
    raised_by: Position | None
    during: Literal["build", "startup", "probe"]
    frames: str
    traceback: str


@dataclass(frozen=True, slots=True)
class Lifespan:
    """How startup and shutdown went, in a sentence for the reader; `supported` is None where it cannot be told."""

    startup: Literal["complete", "failed", "unsupported", "raised", "timeout"]
    shutdown: Literal["complete", "failed", "raised", "timeout", "not_run"]
    message: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """What one layer did with the probe.

    `entered_ns`, `responded_ns` and `left_ns` are when the request entered it, the start of the response left it,
    and its call ended. `self_request_ns` and `self_response_ns` are its own time, without the layers further in, before
    and after the response (or exception) reached it. `raised` is the exception that left it, as `"Type: message"`.
    The changes are None where they could not be observed, empty where there were none.
    """

    layer: int
    outcome: Outcome
    observed: tuple[Observation, ...]
    status: int | None
    entered_ns: int | None
    responded_ns: int | None
    left_ns: int | None
    self_request_ns: int | None
    self_response_ns: int | None
    request_changes: tuple[str, ...] | None
    response_changes: tuple[str, ...] | None
    raised: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One crossing of one boundary: `of` is the place inside it, `detail` a short word more (status, bytes, exception).

    `enter`, `leave` and `raise` are calls; `receive` and `send` carry a message, named by `message`.
    """

    at_ns: int
    event: Literal["enter", "leave", "raise", "receive", "send"]
    message: str | None
    of: int | str
    detail: str | None


@dataclass(frozen=True, slots=True)
class Trace:
    """One probe of one app: its stack, what was sent, what came back, and everything that crossed a boundary.

    `request_order` and `response_order` hold layer indexes in the order observed. `answered_by` is the innermost place
    the response came from (None: nobody answered), `handled_by` the layer that made it of an exception.
    """

    target: str
    versions: Versions
    layers: tuple[Layer, ...]
    probe: Probe
    endpoint: Endpoint | None
    response: Response | None
    error: TracedError | None
    request_order: tuple[int, ...]
    response_order: tuple[int, ...]
    answered_by: Position | None
    handled_by: int | None
    not_reached: tuple[int, ...]
    steps: tuple[Step, ...]
    timeline: tuple[Event, ...]
    lifespan: Lifespan | None
    duration_ns: int | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dependency:
    """A FastAPI dependency. `label` tells callables of one name apart, over the whole app: `RoleChecker#2`.

    `instead_of` is the name of the dependency that this one overrides (`app.dependency_overrides`).
    """

    index: int
    name: str
    label: str
    qualified_name: str
    instead_of: str | None
    defined_at: Place | None


@dataclass(frozen=True, slots=True)
class RouteChain:
    """One route, and what a request to it passes: layers, outermost first, then dependencies as they are solved.

    `layers` and `dependencies` are labels; `layer_indexes` and `dependency_indexes` say which ones of `Routes` they
    are. `path` holds the prefixes of all mounts and ends in `/*` where an app that cannot be looked into (`opaque`)
    takes over; no `methods` means any. `skipped` are layers that a websocket passes by: a BaseHTTPMiddleware.
    `observed` is None where no probe was sent; `agrees` is None where that probe could not tell.
    """

    path: str
    host: str | None
    methods: tuple[str, ...]
    type: Literal["http", "websocket"]
    endpoint: Endpoint
    opaque: bool
    layers: tuple[str, ...]
    dependencies: tuple[str, ...]
    skipped: tuple[str, ...]
    layer_indexes: tuple[int, ...]
    dependency_indexes: tuple[int, ...]
    observed: tuple[str, ...] | None = None
    agrees: bool | None = None


@dataclass(frozen=True, slots=True)
class Routes:
    """Routes of an app in the order in which its routers try them, and all that stands on the way to any of its routes.

    `total` counts those that the app has, whatever filter left these.
    """

    target: str
    versions: Versions
    layers: tuple[Layer, ...]
    dependencies: tuple[Dependency, ...]
    routes: tuple[RouteChain, ...]
    total: int
    notes: tuple[str, ...]
