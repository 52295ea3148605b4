"""What a client still gets where a layer rejects its request or crashes: one row per fault and place."""

from __future__ import annotations

from typing import Literal, TypeAlias

from mwviz.model.stack import Layer, Versions
from mwviz.model.trace import Position, Probe, Response
from mwviz.values import dataclass

#: What goes wrong. `reject` happens at a layer, `crash` there and at the endpoint, all others at the endpoint alone.
FaultKind: TypeAlias = Literal[
    "reject", "crash", "http_exception", "not_found", "method_not_allowed", "invalid", "disconnect", "too_large"
]
AT_LAYERS: tuple[FaultKind, ...] = ("reject", "crash")
AT_ENDPOINT: tuple[FaultKind, ...] = (
    "crash", "http_exception", "not_found", "method_not_allowed", "invalid", "disconnect", "too_large"
)  # fmt: skip
#: Where it goes wrong: a layer's index, or the end of the chain.
At: TypeAlias = int | Literal["endpoint"]


@dataclass(frozen=True, slots=True)
class Added:
    """A header of a normal response, its name in lower case, and the outermost place that it was seen to come from.

    `layer` is that place's label, `"endpoint"` or `"router"`; both are None where it is not known.
    """

    name: str
    at: Position | None
    layer: str | None


@dataclass(frozen=True, slots=True)
class Normal:
    """A request without a fault, which those with one are held against. `response` is None where nobody answered.

    `headers` are those that rows are about: without the ones that describe a body, as content-length does. `error` is
    the exception that left the app, as `"Type: message"`, or what else kept it from ending.
    """

    probe: Probe
    response: Response | None
    error: str | None
    answered_by: Position | None
    request_order: tuple[int, ...]
    headers: tuple[Added, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one request with a fault. `status` is None where nobody answered.

    `present` and `missing` divide the headers of the normal response. `reached` says whether the fault took place: a
    layer further out may answer before, and a row is then about that. `answered_by` is the innermost place that the
    response came from, `handled_by` the layer that made it of an exception. `error` is the exception that left the app,
    as `"Type: message"`, or what else kept it from ending; a server then logs it, and answers 500 itself if nobody did.
    `complete` says whether the response ended: a server cuts off one that never does.
    """

    status: int | None
    present: tuple[str, ...]
    missing: tuple[str, ...]
    reached: bool
    answered_by: Position | None = None
    handled_by: int | None = None
    error: str | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """One row: what went wrong where, and what came back; the keys of `Reply` are those of the normal request's.

    `layer` is the label of the place. `preflight` is the same fault met by a CORS preflight, held against the normal
    answer to one; None where the app answers none, or the fault is none of a preflight's. `note` says what else must
    be known, such as why there is no answer to tell of.
    """

    fault: FaultKind
    at: At
    layer: str
    status: int | None
    present: tuple[str, ...]
    missing: tuple[str, ...]
    reached: bool
    answered_by: Position | None = None
    handled_by: int | None = None
    error: str | None = None
    complete: bool = True
    preflight: Reply | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Faults:
    """The fault matrix of one app: per layer, outermost first, and then at the endpoint, what each fault leaves.

    `headers` are the names that the rows are about, `preflight_headers` those of their preflights. `before` is the
    matrix of the app as it is, where another order of its middleware was tried.
    """

    target: str
    versions: Versions
    layers: tuple[Layer, ...]
    headers: tuple[str, ...]
    preflight_headers: tuple[str, ...]
    normal: Normal
    preflight: Normal | None
    rows: tuple[Fault, ...]
    notes: tuple[str, ...]
    before: Faults | None = None
