"""Tells an experiment as the model's values: the stack that was built, and the trace of the probe."""

from __future__ import annotations

import platform

from mwviz import __version__
from mwviz.collect import failure, redact
from mwviz.collect.compat import framework_versions, is_application, overriding_call
from mwviz.collect.probe.experiment import Experiment, Subject
from mwviz.collect.probe.order import labels_today
from mwviz.collect.probe.run import Run
from mwviz.collect.probe.server import Connection, LifespanConversation
from mwviz.collect.probe.websocket import WebsocketConnection
from mwviz.collect.read import lifespans, remarks, repeats
from mwviz.collect.read.interpret import Reading
from mwviz.collect.read.messages import status_of
from mwviz.collect.read.websocket import taken_by
from mwviz.collect.stack import describe
from mwviz.collect.stack.build import Found
from mwviz.errors import ProbeError
from mwviz.model import Endpoint, Layer, Lifespan, LostHeader, Response, Stack, Trace, TracedError, Versions
from mwviz.model.state import Carried


def stack(experiment: Experiment) -> Stack:
    """The stack alone. Raises ProbeError where the app could not build it."""
    error = experiment.built.error
    if error is not None:
        raise ProbeError(
            f"The app cannot build its stack: {failure.one_line(error)}\n{failure.own_frames(error)}".rstrip()
        )
    subject = experiment.subject
    return Stack(subject.name, _versions(experiment), layers(experiment), tuple(remarks.of_stack(experiment)))


def trace(experiment: Experiment) -> Trace:
    """The trace as far as the probe has come; may be called from another thread while it is still stuck."""
    request, run = experiment.request, experiment.run
    if request is None:
        raise ProbeError("The probe has not been arranged.")
    reading = _reading(experiment, run)
    answered_by, handled_by = reading.answered()
    shown, lifespan = layers(experiment), _lifespan(experiment)
    alike = _alike(experiment) if len(experiment.measured) > 1 else []
    steps = repeats.medians(reading.steps(), [each.steps() for _, each in alike]) if alike else reading.steps()
    notes = (*remarks.of_stack(experiment), *remarks.of_probe(experiment, shown, reading.request_order(), lifespan))
    return Trace(
        target=experiment.subject.name,
        versions=_versions(experiment),
        layers=shown,
        probe=request.described(_order(experiment)),
        endpoint=_endpoint(experiment),
        response=_response(run),
        error=_error(experiment, reading),
        request_order=reading.request_order(),
        response_order=reading.response_order(),
        answered_by=answered_by if run is not None else None,
        handled_by=handled_by,
        not_reached=tuple(step.layer for step in steps if step.outcome == "not_reached"),
        steps=steps,
        timeline=reading.timeline(),
        lifespan=lifespan,
        duration_ns=_duration(run, [each for each, _ in alike]),
        notes=(*notes, *reading.remarks(), *remarks.of_repeats(len(alike), len(experiment.measured))),
        lost_headers=_lost(experiment),
        websocket=taken_by(run.connection) if run and isinstance(run.connection, WebsocketConnection) else None,
        state=_carried(run, reading),
    )


def _carried(run: Run | None, reading: Reading) -> tuple[Carried, ...] | None:
    if run is None or run.sight is None:
        return None
    from mwviz.collect.read.carried import State, carried  # most probes look at none of this

    return carried(State(reading, run, run.sight))


def _alike(experiment: Experiment) -> list[tuple[Run, Reading]]:
    """The measured probes that went the way of the last one, which is shown: no other ones tell of its times."""
    measured = [(run, _reading(experiment, run)) for run in experiment.measured]
    shown = repeats.way(measured[-1][1]) if measured else None
    return [(run, reading) for run, reading in measured if repeats.way(reading) == shown]


def _lost(experiment: Experiment) -> tuple[LostHeader, ...] | None:
    reference, run = _response(experiment.reference), _response(experiment.run)
    if reference is None or run is None or experiment.reference is experiment.run:
        return None
    kept = {name.lower() for name, _ in run.headers}
    added = _reading(experiment, experiment.reference).added_headers()
    lost = dict.fromkeys(name.lower() for name, _ in reference.headers if name.lower() not in kept)
    return tuple(LostHeader(name, added.get(name)) for name in lost)


def layers(experiment: Experiment) -> tuple[Layer, ...]:
    """The layers of the stack, outermost first; what is registered, where it could not be built."""
    found = experiment.chain.layers
    subjects = [_subject(each) for each in found]
    labels = describe.labels([describe.name(subject) for subject in subjects])
    return tuple(
        layer(experiment.subject, index, *each) for index, each in enumerate(zip(found, subjects, labels, strict=True))
    )


def _subject(found: Found) -> object:
    if is_application(found.layer):  # a layer where its class overrides `__call__`: that one is named
        return overriding_call(found.layer)
    return describe.subject(found.entry, found.layer)


def layer(subject: Subject, index: int, found: Found, named: object, label: str) -> Layer:
    """One layer as the model has it; `named` is what its name names."""
    registered = subject.registrations.find(found.entry) if found.entry is not None else None
    return Layer(
        index=index,
        name=describe.name(named),
        label=label,
        qualified_name=describe.qualified_name(named),
        origin=found.origin,
        within=found.within,
        kind=describe.kind(found.entry, found.layer),
        arguments={} if is_application(found.layer) else describe.arguments(found.entry, found.layer),
        defined_at=describe.defined_at(named, subject.base),
        registered_at=describe.place(*registered[:2], subject.base) if registered is not None else None,
        registered_by=registered.by if registered is not None else None,
        registered_in=registered.code if registered is not None else None,
    )


def _reading(experiment: Experiment, run: Run | None) -> Reading:
    places = experiment.chain.numbered()
    # A stack that was never built was never entered: nothing about that is unknown.
    built = experiment.built.error is None
    bounded = {rank for rank, found in enumerate(experiment.chain.found) if found.boundary is not None or not built}
    if experiment.chain.ends:
        bounded.add(len(places) - 1)
    if run is None or run.began is None:
        return Reading([], places, frozenset(bounded), 0, 0, expired=False, escaped=None)
    told = run.recorder.told
    ended = told(run.recorder.cutoff or run.recorder.now())
    notes = run.recorder.observed()
    return Reading(
        notes,
        places,
        frozenset(bounded),
        run.began,
        ended,
        expired=run.expired,
        escaped=run.error,
        names=experiment.chain.names(),
        calls=experiment.calls,
        noted=[(told(at), happening, call, error) for at, happening, call, error in run.called],
    )


def _versions(experiment: Experiment) -> Versions:
    starlette, fastapi = framework_versions(experiment.subject.application)
    return Versions(__version__, platform.python_version(), starlette, fastapi)


def _order(experiment: Experiment) -> tuple[str, ...] | None:
    if experiment.options.order is None:
        return None
    return tuple(labels_today(experiment.subject.application.user_middleware, experiment.built.entries))


def _endpoint(experiment: Experiment) -> Endpoint | None:
    if experiment.request is not None and experiment.request.endpoint == "stand-in":
        return Endpoint("stand-in", None)
    reached = experiment.routes.reached if experiment.routes is not None else None
    if reached is None:
        return None
    handler = describe.named(reached)
    return Endpoint(describe.name(handler), describe.defined_at(handler, experiment.subject.base))


def _response(run: Run | None) -> Response | None:
    connection = run.connection if run is not None else None
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
    built, run = experiment.built, experiment.run
    if built.error is not None:
        entries = [found.entry for found in experiment.chain.found]
        failed = entries.index(built.failed) if built.failed in built.entries else None
        return _told(built.error, failed, "build")
    if experiment.startup_failed:
        return _startup_error(experiment)
    if experiment.error is not None:
        return _told(experiment.error, None, "startup")
    if run is None or run.began is None:
        told = f"Startup was not over after {experiment.options.timeout:g} s, and could not be interrupted."
        return TracedError("Timeout", told, None, "startup", "", "")
    if run.expired:
        return _timeout(experiment.options.timeout, run, reading)
    if run.error is not None:
        return _told(run.error, reading.raised_by(run.error), "probe")
    if run.connection.complete:
        return None
    told = f"The app's call returned, and {_missing(run.connection)}."
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


def _timeout(seconds: float, run: Run, reading: Reading) -> TracedError:
    connection, whole = run.connection, run.connection.complete
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
    startup, shutdown = conversation.startup or "timeout", conversation.shutdown or "not_run"
    lifespan = Lifespan(startup, shutdown, told)  # type: ignore[arg-type]
    if experiment.lifespan is None:
        return lifespan
    chain = experiment.chain
    return lifespans.with_way(lifespan, experiment.lifespan.observed(), chain.numbered(), chain.names())


def _duration(shown: Run | None, alike: list[Run]) -> int | None:
    if alike:
        return repeats.median([run.duration for run in alike if run.duration is not None])
    return shown.duration if shown is not None else None


#: What the report on faults has in common with this one.
order_of, reading_of, response_of, versions_of = _order, _reading, _response, _versions
