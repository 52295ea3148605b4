"""One probe: what was sent, what came back, and what every layer did."""

from __future__ import annotations

from typing import Literal, TypeAlias

from mwviz.model.stack import Layer, Place, Versions
from mwviz.model.state import Carried
from mwviz.values import dataclass

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
#: skipped      a BaseHTTPMiddleware whose dispatch never ran: it hands a websocket inward as it came
#: not_reached  was never entered
#: unknown      no boundary could be placed around it
#:
#: The response to a websocket is its accept, its close before that, or its denial; `handled` may also be an exception
#: that the layer turned into a close after the accept.
Outcome: TypeAlias = Literal[
    "passed",
    "answered",
    "handled",
    "replaced",
    "raised",
    "swallowed",
    "silent",
    "hung",
    "skipped",
    "not_reached",
    "unknown",
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
#: rewrote_body     the body (of a websocket: the messages) that left it is not what came from inside
#: called_again     it called the inner app more than once
#: dropped          it swallowed the inner response and sent nothing instead
#: closed           it closed an accepted websocket itself: no close had come from inside
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
    "closed",
    "same_messages",
]


@dataclass(frozen=True, slots=True)
class Probe:
    """The request that was sent. Secret-looking header and query values are `***`; `endpoint` says which end it met.

    `reasons` tells why a default differs from plain `GET http://testserver/`, a sentence each; `raises` says that the
    stand-in endpoint was asked to raise. The method of a websocket is its handshake's, its body is one message.
    `repeat` is the number of probes that the times are medians of, after one more to warm up; None where one probe was
    sent. `extensions` are those of ASGI that were offered to the app.
    """

    type: Literal["http", "websocket"]
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
    repeat: int | None = None
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the request ended: the route's handler, or the stand-in that answered for it (`defined_at` is None)."""

    name: str
    defined_at: Place | None


@dataclass(frozen=True, slots=True)
class Response:
    """The response as it left the outermost layer. `complete` is False where its body, or its trailers, never ended.

    The bytes of a file that the server was told to send count as if the app had sent them.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body_bytes: int
    complete: bool
    trailers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Websocket:
    """How a websocket went, as seen from outside of a layer, or by the client.

    `status` is the handshake's: 101 where it was accepted, 403 for a close before that, which is what a server makes of
    it, else the denial's (None: it had none); `headers` are those of the accept or of the denial, `body_bytes` and
    `complete` tell of the denial's body. `closed_by` is None where neither side closed: the call ended first.
    """

    accepted: bool
    status: int | None
    subprotocol: str | None
    headers: tuple[tuple[str, str], ...]
    close_code: int | None
    close_reason: str | None
    closed_by: Literal["app", "client"] | None
    messages_in: int
    messages_out: int
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
    """How startup and shutdown went; `message` is what the app, or its exception, said.

    `request_order` holds the layers that the lifespan scope entered, `startup_order` and `shutdown_order` those that
    the answers left, in the order observed. `stopped_at` is the place that did not hand it on; None where it reached
    the router. The times of `timeline` count from when the lifespan began.
    """

    startup: Literal["complete", "failed", "unsupported", "raised", "timeout"]
    shutdown: Literal["complete", "failed", "raised", "timeout", "not_run"]
    message: str | None
    request_order: tuple[int, ...] = ()
    startup_order: tuple[int, ...] = ()
    shutdown_order: tuple[int, ...] = ()
    stopped_at: Position | None = None
    timeline: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class LostHeader:
    """A header of the normal response that the response to an exception lacks; `added_by` is the place it came from."""

    name: str
    added_by: Position | None


@dataclass(frozen=True, slots=True)
class Step:
    """What one layer did with the probe.

    `entered_ns`, `responded_ns` and `left_ns` are when the request entered it, the start of the response left it,
    and its call ended. `self_request_ns` and `self_response_ns` are its own time, without the layers further in, before
    and after the response (or exception) reached it. `raised` is the exception that left it, as `"Type: message"`.
    The changes are None where they could not be observed, empty where there were none. `status` is the response's, or
    that of a websocket's handshake; `websocket` is what else left the layer of one (None: no answer to it did).
    `held_ns` is for how long it held the start of the response back, where it did, and `held_until` the message that it
    took in last before.
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
    held_ns: int | None = None
    held_until: str | None = None
    websocket: Websocket | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One crossing of one boundary: `of` is the place inside it, `detail` a short word more (status, bytes, exception).

    `enter`, `leave` and `raise` are calls; `receive` and `send` carry a message, named by `message`. Besides layers,
    router and endpoint, `of` may be a call of the handler's, as `"dependency get_db"` or `"background send_mail"`. The
    calls of `"endpoint"` are those of its function where that can be seen, else of all that handles the route. One
    dependency that yields has one `enter`, before its setup, and one `leave`, after its exit code.
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
    the response came from (None: nobody answered), `handled_by` the layer that made it of an exception. A websocket has
    no `response` but a `websocket`; both are None where nobody answered. `lost_headers` are what the response to the
    exception of `--raise` lacks beside a normal one, `state` is what the request carried; None where nobody asked.
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
    lost_headers: tuple[LostHeader, ...] | None = None
    websocket: Websocket | None = None
    state: tuple[Carried, ...] | None = None
