"""Tells an experiment as the model's values: the stack that was built, and the trace of the probe."""

from __future__ import annotations

import platform
from collections.abc import Iterator

from mwviz import __version__
from mwviz.collect import failure, redact
from mwviz.collect.compat import framework_versions, has_startup, overriding_call
from mwviz.collect.probe.experiment import Experiment
from mwviz.collect.probe.order import entry_labels
from mwviz.collect.probe.server import Connection, LifespanConversation
from mwviz.collect.probe.websocket import WebsocketConnection
from mwviz.collect.read.interpret import Reading
from mwviz.collect.read.messages import status_of
from mwviz.collect.read.websocket import taken_by
from mwviz.collect.stack import describe
from mwviz.collect.stack.build import Found
from mwviz.errors import ProbeError
from mwviz.model import Endpoint, Layer, Lifespan, Response, Stack, Trace, TracedError, Versions


def stack(experiment: Experiment) -> Stack:
    """The stack alone. Raises ProbeError where the app could not build it."""
    error = experiment.built.error
    if error is not None:
        raise ProbeError(
            f"The app cannot build its stack: {failure.one_line(error)}\n{failure.own_frames(error)}".rstrip()
        )
    subject = experiment.subject
    return Stack(subject.name, _versions(experiment), layers(experiment), tuple(_stack_notes(experiment)))


def trace(experiment: Experiment) -> Trace:
    """The trace as far as the probe has come; may be called from another thread while it is still stuck."""
    request, connection = experiment.request, experiment.connection
    if request is None:
        raise ProbeError("The probe has not been arranged.")
    reading = _reading(experiment)
    answered_by, handled_by = reading.answered()
    steps = reading.steps()
    return Trace(
        target=experiment.subject.name,
        versions=_versions(experiment),
        layers=layers(experiment),
        probe=request.described(_order(experiment)),
        endpoint=_endpoint(experiment),
        response=_response(experiment),
        error=_error(experiment, reading),
        request_order=reading.request_order(),
        response_order=reading.response_order(),
        answered_by=answered_by if connection is not None else None,
        handled_by=handled_by,
        not_reached=tuple(step.layer for step in steps if step.outcome == "not_reached"),
        steps=steps,
        timeline=reading.timeline(),
        lifespan=_lifespan(experiment),
        duration_ns=_duration(experiment),
        notes=tuple(_stack_notes(experiment)) + tuple(_probe_notes(experiment)),
        websocket=taken_by(connection) if isinstance(connection, WebsocketConnection) else None,
    )


def layers(experiment: Experiment) -> tuple[Layer, ...]:
    """The layers of the stack, outermost first; what is registered, where it could not be built."""
    found = experiment.layers
    if experiment.built.error is not None:
        found = [*found, *(Found(None, entry, "user", None) for entry in experiment.built.entries)]
    subjects = [_subject(experiment, each) for each in found]
    labels = describe.labels([describe.name(subject) for subject in subjects])
    return tuple(
        _layer(experiment, index, *each) for index, each in enumerate(zip(found, subjects, labels, strict=True))
    )


def _subject(experiment: Experiment, found: Found) -> object:
    if found.layer is experiment.subject.application:
        return overriding_call(found.layer)
    return describe.subject(found.entry, found.layer)


def _layer(experiment: Experiment, index: int, found: Found, subject: object, label: str) -> Layer:
    base = experiment.subject.base
    registered = experiment.subject.registrations.find(found.entry) if found.entry is not None else None
    own_app = found.layer is experiment.subject.application
    return Layer(
        index=index,
        name=describe.name(subject),
        label=label,
        qualified_name=describe.qualified_name(subject),
        origin=found.origin,
        within="app",
        kind=describe.kind(found.entry, found.layer),
        arguments={} if own_app else describe.arguments(found.entry, found.layer),
        defined_at=describe.defined_at(subject, base),
        registered_at=describe.place(*registered, base) if registered is not None else None,
    )


def _reading(experiment: Experiment) -> Reading:
    notes = experiment.recorder.observed() if experiment.began is not None else []
    # A stack that was never built was never entered: nothing about that is unknown.
    failed = experiment.built.error is not None
    count = len(experiment.layers) + (len(experiment.built.entries) if failed else 0)
    bounded = (
        set(range(count))
        if failed
        else {rank for rank, found in enumerate(experiment.layers) if found.boundary is not None}
    )
    if experiment.built.router is not None:
        bounded.add(count)
    ended = experiment.recorder.cutoff or experiment.recorder.now()
    return Reading(
        notes,
        count,
        frozenset(bounded),
        experiment.began or 0,
        ended,
        expired=experiment.expired,
        escaped=experiment.error,
    )


def _versions(experiment: Experiment) -> Versions:
    starlette, fastapi = framework_versions(experiment.subject.application)
    return Versions(__version__, platform.python_version(), starlette, fastapi)


def _order(experiment: Experiment) -> tuple[str, ...] | None:
    return None if experiment.options.order is None else tuple(entry_labels(experiment.built.entries))


def _endpoint(experiment: Experiment) -> Endpoint | None:
    if experiment.request is not None and experiment.request.endpoint == "stand-in":
        return Endpoint("stand-in", None)
    reached = experiment.routes.reached if experiment.routes is not None else None
    if reached is None:
        return None
    handler = describe.named(reached)
    return Endpoint(describe.name(handler), describe.defined_at(handler, experiment.subject.base))


def _response(experiment: Experiment) -> Response | None:
    connection = experiment.connection
    status = status_of(connection.start) if isinstance(connection, Connection) else None
    if not isinstance(connection, Connection) or status is None:
        return None
    return Response(
        status=status,
        headers=redact.headers(connection.headers),
        body_bytes=connection.body_bytes,
        complete=connection.complete,
        trailers=redact.headers(connection.trailers),
    )


def _error(experiment: Experiment, reading: Reading) -> TracedError | None:
    built, connection = experiment.built, experiment.connection
    if built.error is not None:
        failed = len(experiment.layers) + built.entries.index(built.failed) if built.failed in built.entries else None
        return _told(built.error, failed, "build")
    if experiment.startup_failed:
        return _startup_error(experiment)
    if experiment.began is None:
        told = f"Startup was not over after {experiment.options.timeout:g} s, and could not be interrupted."
        return TracedError("Timeout", told, None, "startup", "", "")
    if experiment.expired:
        return _timeout(experiment, reading)
    if experiment.error is not None:
        return _told(experiment.error, reading.raised_by(experiment.error), "probe")
    if connection is None or connection.complete:
        return None
    told = f"The app's call returned, and {_missing(connection)}."
    return TracedError("NoResponse", told, reading.silent(), "probe", "", "")


def _missing(connection: Connection | WebsocketConnection) -> str:
    if isinstance(connection, Connection):
        return "the response began, but never ended" if connection.start is not None else "nobody answered"
    return "the denial began, but never ended" if connection.start is not None else "the websocket was never answered"


def _told(error: BaseException, place: object, during: str) -> TracedError:
    return TracedError(
        type=redact.type_name(type(error)),
        message=failure.message(error),
        raised_by=place,  # type: ignore[arg-type]
        during=during,  # type: ignore[arg-type]
        frames=failure.own_frames(error),
        traceback=failure.whole(error),
    )


def _startup_error(experiment: Experiment) -> TracedError | None:
    conversation = experiment.conversation
    if conversation is None:
        return None
    if conversation.error is not None:
        return _told(conversation.error, None, "startup")
    lines = _said(conversation)
    last = lines[-1] if lines else "The app said lifespan.startup.failed."
    return TracedError("StartupFailed", last, None, "startup", "", "\n".join(lines))


def _timeout(experiment: Experiment, reading: Reading) -> TracedError:
    seconds, connection = experiment.options.timeout, experiment.connection
    whole = connection is not None and connection.complete
    told = "The response was complete, but the app's call had not ended" if whole else "There was no complete response"
    if isinstance(connection, WebsocketConnection):
        told = f"{_state(connection)}, and the app's call had not ended"
    return TracedError("Timeout", f"{told} after {seconds:g} s.", reading.holder(), "probe", "", "")


def _state(connection: WebsocketConnection) -> str:
    taken = taken_by(connection)
    if taken is None:
        return "The websocket was neither accepted nor closed"
    ended = "closed" if taken.closed_by is not None else "accepted" if taken.accepted else "denied"
    return f"The websocket was {ended}"


def _said(conversation: LifespanConversation) -> list[str]:
    said = conversation.message
    return redact.text(said).strip().splitlines() if type(said) is str else []


def _lifespan(experiment: Experiment) -> Lifespan | None:
    conversation = experiment.conversation
    if conversation is None:
        return None
    said = _said(conversation)
    told = failure.one_line(conversation.error) if conversation.error is not None else said[-1] if said else None
    shutdown = conversation.shutdown or "not_run"
    return Lifespan(conversation.startup or "timeout", shutdown, told)  # type: ignore[arg-type]


def _duration(experiment: Experiment) -> int | None:
    began, ended = experiment.began, experiment.recorder.cutoff
    return None if began is None or ended is None else ended - began


def _stack_notes(experiment: Experiment) -> Iterator[str]:
    yield from experiment.built.notes
    if experiment.built.error is not None:
        return
    entries, found = experiment.built.entries, experiment.built.layers
    labels = dict(zip(map(id, entries), entry_labels(entries), strict=True))
    standing = {id(each.entry) for each in found if each.entry is not None}
    for entry in entries:
        if id(entry) not in standing:
            yield f"{labels[id(entry)]} is registered, but is no layer of the stack that was built."
    listed = [id(each.entry) for each in found if each.entry is not None]
    if listed != [id(entry) for entry in entries if id(entry) in standing]:
        yield "The stack was built in another order than app.user_middleware lists."
    injected = [describe.name(describe.subject(None, each.layer)) for each in found if each.origin == "injected"]
    if injected:
        yield f"The built stack holds layers that app.user_middleware does not list: {', '.join(injected)}."


def _probe_notes(experiment: Experiment) -> Iterator[str]:
    for path in experiment.routes.mounts if experiment.routes is not None else ():
        yield f"The request went on into what is mounted at '{path}': layers in there are not shown."
    request, connection = experiment.request, experiment.connection
    if (
        request is not None
        and request.method == "HEAD"
        and isinstance(connection, Connection)
        and connection.body_bytes
    ):
        yield f"A server sends no body for HEAD: the {connection.body_bytes} bytes that left the app go no further."
    lifespan = _lifespan(experiment)
    if lifespan is None:
        raised = experiment.error is not None and not experiment.options.raises
        ran = request is None or request.lifespan
        if raised and not ran and has_startup(experiment.subject.application):
            yield "The app's startup did not run, which may be what is missing: --lifespan runs it as a server would."
        return
    told = f" ({lifespan.message})" if lifespan.message else ""
    went_on = "the probe was sent all the same"
    match lifespan.startup:
        case "raised":
            yield f"The lifespan call raised an exception{told}: no startup was completed, and {went_on}."
        case "unsupported":
            yield f"The lifespan call ended without an answer: no startup was completed, and {went_on}."
        case "timeout" if experiment.began is not None:
            yield f"Startup was not complete after {experiment.options.timeout:g} s: {went_on}."
        case "timeout" | "complete" | "failed":
            pass
    if lifespan.shutdown in ("failed", "raised", "timeout"):
        ended = {"failed": "failed", "raised": "raised an exception", "timeout": "did not end in time"}
        yield f"Shutdown {ended[lifespan.shutdown]}{told}."
