"""What a probe showed that decides which one is sent next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from itertools import pairwise
from typing import Any

from mwviz.collect.probe.run import Run
from mwviz.collect.read.carried import State
from mwviz.collect.stack.crossing import Note
from mwviz.model import Trace
from mwviz.model.evidence import Attempt
from mwviz.values import dataclass

_ADDED = "+ scope "
_CLIENT = "~ scope client:"
_BODY = "http.response.body"
_ALLOWED = "access-control-allow-origin"


def stopper(trace: Trace) -> int | None:
    """The layer of the user's that answered or raised before the request came to its end; None where none did."""
    place = trace.answered_by
    if place is None and trace.error is not None:
        place = trace.error.raised_by
    if not isinstance(place, int) or trace.layers[place].origin in ("framework", "injected"):
        return None
    return place


def turned_away(trace: Trace) -> int | None:
    """The layer of the user's that answered by itself; None where none did, or where it raised."""
    place = stopper(trace)
    return place if place is not None and trace.response is not None and trace.steps[place].raised is None else None


def is_allowed(trace: Trace) -> bool:
    """Whether pages of another origin may read the response."""
    return trace.response is not None and any(name.lower() == _ALLOWED for name, _ in trace.response.headers)


def is_stopped(trace: Trace) -> bool:
    """Whether a layer raised, or answered what no page of another origin may read."""
    place = stopper(trace)
    return place is not None and (trace.steps[place].raised is not None or not is_allowed(trace))


def judged_by(
    plain: Sequence[Attempt], cross_origin: Sequence[Attempt], preflight: Sequence[Attempt]
) -> set[tuple[str, int]]:
    """The layers that can be judged by these: those that raised, and those that kept a request from being allowed."""
    found = {
        ("raised", following.without[-1])
        for attempt, following in pairwise(plain)
        if attempt.trace.steps[following.without[-1]].raised is not None
    }
    for kind, attempts in (("crossing", cross_origin), ("preflight", preflight)):
        if attempts and is_allowed(attempts[-1].trace):
            found.update((kind, each.without[-1]) for each in attempts[1:])
    return found


def refused(run: Run | None) -> int | None:
    """The status of the HTTPException that left the app; None where no such one did."""
    error = run.error if run is not None else None
    # The task group of BaseHTTPMiddleware wraps what its dispatch raised (anyio 4 with Starlette before 0.31).
    while error is not None and len(getattr(error, "exceptions", ())) == 1:
        (error,) = error.exceptions  # type: ignore[attr-defined]
    if error is None or not any(
        cls.__name__ == "HTTPException" and cls.__module__.endswith(".exceptions") for cls in type(error).__mro__
    ):
        return None
    status = getattr(error, "status_code", None)
    return int(status) if isinstance(status, int) else None


def dividers(trace: Trace) -> tuple[int, ...]:
    """The innermost layer that divided a body that came in one message, where that was compressed further out.

    After it come the layers between it and the one that compresses, innermost first. Empty where none has divided it.
    """
    sent = Counter(event.of for event in trace.timeline if event.event == "send" and event.message == _BODY)
    compressed = next((step.layer for step in trace.steps if _compressed(step.response_changes or ())), None)
    if compressed is None:
        return ()
    order: list[int | str] = [*trace.request_order, "endpoint"]
    between = [
        (outer, sent[outer] > sent[inner] == 1)
        for outer, inner in zip(reversed(order[:-1]), reversed(order[1:]), strict=True)
        if isinstance(outer, int) and outer > compressed
    ]
    first = next((at for at, (_, divides) in enumerate(between) if divides), len(between))
    return tuple(layer for layer, _ in between[first:] if trace.layers[layer].origin != "framework")


def is_compressed(trace: Trace) -> bool:
    """Whether a layer has compressed the response."""
    return any(_compressed(step.response_changes or ()) for step in trace.steps)


def client_changed(trace: Trace) -> bool:
    """Whether a layer told those further in of another client."""
    return any(change.startswith(_CLIENT) for step in trace.steps for change in step.request_changes or ())


def _compressed(changes: Iterable[str]) -> bool:
    return any(change.startswith("+ content-encoding:") for change in changes)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Given:
    """What the layer `by` puts into the scope (`keys`), or into the context; `names` are those of `variables`."""

    by: int
    keys: Mapping[str, Any]
    variables: Mapping[ContextVar[Any], Any]
    names: tuple[str, ...] = ()


def givers(trace: Trace, values: Mapping[str, Any], state: State | None, layer: int, most: int) -> Iterator[Given]:
    """What layers inside of `layer` put into the scope, whose `values` are known, and after it into the context.

    Of either at `most` so many layers are told.
    """
    for by, keys in providers(trace, layer)[:most]:
        yield Given(by, {key: values[key] for key in keys if key in values}, {})
    if state is not None:
        for by, variables in _setters(state, layer)[:most]:
            yield Given(by, {}, variables, tuple(map(state.label, variables)))


def _setters(state: State, layer: int) -> list[tuple[int, dict[ContextVar[Any], Any]]]:
    found: dict[int, dict[ContextVar[Any], Any]] = {}
    for variable, history in state.variables():
        by = next(iter(history.set_by))
        further_in = state.contexts.get(state.inside[by]) if isinstance(by, int) and by in state.inside else None
        entered = further_in.entered if further_in is not None else None
        if isinstance(by, int) and by > layer and entered is not None and history.is_seen(variable, entered):
            found.setdefault(by, {})[variable] = entered[variable]
    return list(found.items())


def providers(trace: Trace, layer: int) -> list[tuple[int, tuple[str, ...]]]:
    """The layers inside of `layer` that put something into the scope, and the keys, as `session` or `state.user`."""
    found = []
    for step in trace.steps:
        keys = tuple(change.removeprefix(_ADDED) for change in step.request_changes or () if change.startswith(_ADDED))
        if step.layer > layer and keys:
            found.append((step.layer, keys))
    return found


def scope_values(notes: Iterable[Note]) -> dict[str, Any]:
    """The values of all keys that the scope had anywhere on the way in, those of its state as `state.x`."""
    values: dict[str, Any] = {}
    for _, happening, crossing, _ in notes:
        if happening != "enter":
            continue
        values.update(crossing.seen)
        state = crossing.seen.get("state")
        if type(state) is dict:
            values.update({f"state.{key}": value for key, value in state.items()})
    return values
