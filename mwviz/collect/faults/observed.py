"""What came of one request with a fault, or without one."""

from __future__ import annotations

from mwviz.collect import failure
from mwviz.collect.probe.experiment import Experiment
from mwviz.collect.probe.request import Request
from mwviz.collect.probe.run import Run
from mwviz.collect.probe.server import Connection
from mwviz.collect.read import report
from mwviz.collect.read.interpret import Reading
from mwviz.collect.read.messages import status_of
from mwviz.collect.redact import latin
from mwviz.collect.stack.build import Found
from mwviz.model import Position, Response
from mwviz.model.faults import At, FaultKind
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Observed:
    """What came of one request; `layers` were known then, `entered` are those that it came to.

    `ended` says whether it came to the router or the endpoint, `added` where each header of the response came from,
    `status_there` what the router or the endpoint answered with, and `complete` whether the response ended.
    """

    request: Request
    status: int | None
    status_there: int | None
    complete: bool
    names: tuple[str, ...]
    added: dict[str, Position | None]
    response: Response | None
    answered_by: Position | None
    handled_by: int | None
    entered: tuple[int, ...]
    error: str | None
    expired: bool
    ended: bool
    layers: tuple[Found, ...]
    reached: bool = True

    @property
    def origin(self) -> str | None:
        """The Origin that it was sent with."""
        return next((latin(value) for name, value in self.request.headers if name == b"origin"), None)


def observed(experiment: Experiment, request: Request, run: Run, *, whole: bool) -> Observed:
    """Read what crossed the boundaries for one request; where its headers came from only if the `whole` is wanted."""
    reading = report.reading_of(experiment, run)
    answered_by, handled_by = reading.answered()
    connection = run.connection
    headers = connection.headers if isinstance(connection, Connection) else []
    names = tuple(dict.fromkeys(latin(name).lower() for name, _ in headers))
    return Observed(
        request=request,
        status=status_of(connection.start) if isinstance(connection, Connection) else None,
        status_there=reading.status_of_the_end(),
        complete=run.connection.complete,
        names=names,
        added=reading.added_headers() if whole else {},
        response=report.response_of(run) if whole else None,
        answered_by=answered_by,
        handled_by=handled_by,
        entered=reading.request_order(),
        error=_error(experiment, run),
        expired=run.expired,
        ended=_came_to_an_end(reading),
        layers=tuple(experiment.chain.layers),
    )


def _came_to_an_end(reading: Reading) -> bool:
    return any(not isinstance(reading.places[rank], int) for rank in reading.first)


def _error(experiment: Experiment, run: Run) -> str | None:
    if run.expired:
        return f"Timeout: not over after {experiment.options.timeout:g} s"
    if run.error is not None:
        return failure.one_line(run.error)
    if run.connection.complete:
        return None
    began = run.connection.start is not None
    return f"NoResponse: {'the response began, but never ended' if began else 'nobody answered'}"


@dataclass(frozen=True, slots=True)
class Trial:
    """A fault that was tried, and what came of it; `said` tells why there is nothing, or what else is to be known."""

    fault: FaultKind
    at: At
    main: Observed | None
    preflight: Observed | None = None
    said: str | None = None
