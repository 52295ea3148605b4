"""The stack itself: what stands twice, what came too late, what nobody listed, what breaks the protocol."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Iterator, Sequence
from itertools import combinations

from mwviz.analysis.lint.met import Met, named, sent
from mwviz.model import Layer, Trace
from mwviz.model.evidence import Evidence

_LATE = "Cannot add middleware after an application has started"
#: What a layer did that a second one of its kind may do again: the sign, then what it was done to.
_SIGNS = ("+ ", "~ ")


def doubled(evidence: Evidence) -> Iterator[Met]:
    """MW014: two layers of one class, of which each does what the other has done, or was told to."""
    done: set[str] = set()
    traces = [attempts[-1].trace for attempts in (evidence.plain, evidence.cross_origin) if attempts]
    for trace in (*traces, *evidence.behind):
        passed = [trace.layers[index] for index in trace.request_order if trace.layers[index].origin != "framework"]
        for outer, inner in combinations(passed, 2):
            same = outer.qualified_name == inner.qualified_name
            told = _twice(trace, outer, inner) if same and inner.label not in done else None
            if told is not None:
                done.add(inner.label)
                yield _twofold(trace, outer, inner, told)


def _twice(trace: Trace, outer: Layer, inner: Layer) -> str | None:
    if outer.kind in ("function", "factory"):
        return None  # one function may make many
    given = dict(outer.arguments)
    alike = given == dict(inner.arguments) and all(map(_is_whole, given.values()))
    both = [name for name in _did(trace, outer) if name in _did(trace, inner)]
    # a mounted app may want other origins, or other users, than the app does
    if both and (alike or outer.within == inner.within):
        return f"both change {', '.join(both)}"
    if alike and "<locals>" not in outer.qualified_name:  # else each call has made a class of its own
        return "both have the same arguments" if given else "neither has arguments"
    return None


def _is_whole(shown: str) -> bool:
    """Whether an argument is shown by its value: of an object only the class is, and two of one may differ."""
    try:
        literal_eval(shown.replace("***", "0"))
    except (SyntaxError, ValueError):
        return False
    return True


def _did(trace: Trace, layer: Layer) -> tuple[str, ...]:
    step = trace.steps[layer.index]
    changes: Sequence[str] = (*(step.request_changes or ()), *(step.response_changes or ()))
    return tuple(change[2:].partition(":")[0] for change in changes if change.startswith(_SIGNS))


def _twofold(trace: Trace, outer: Layer, inner: Layer, told: str) -> Met:
    where = f" (in {inner.within})" if inner.within != "app" else ""
    spare = inner if inner.within != "app" else outer
    return Met(
        f"{outer.label} and {inner.label}{where} do the same thing twice: {told}.",
        f"Sent {sent(trace)}: it passed both.",
        (inner, outer),
        f"Take one of them away, as {spare.label}.",
    )


def added_late(evidence: Evidence) -> Iterator[Met]:
    """MW016: the lifespan has built the stack."""
    error = evidence.startup
    if error is None or error.during != "startup" or _LATE not in f"{error.message}\n{error.traceback}":
        return
    place = evidence.failed_at
    yield Met(
        "Middleware is added while the app starts, which Starlette refuses: the app does not start.",
        f"Sent lifespan: {error.type}: {error.message}{f', raised at {place.file}:{place.line}' if place else ''}",
        (),
        "Call add_middleware where the app is made, outside of lifespan and startup handlers.",
        place=place,
    )


def unlisted(evidence: Evidence) -> Iterator[Met]:
    """MW022: an instrumentation library has put something into the stack."""
    around: Layer | None = None
    for layer in evidence.layers:
        if layer.origin != "injected":
            around = layer
            continue
        own = any(layer.qualified_name.startswith(f"{each.qualified_name}.") for each in evidence.layers)
        # else a layer of the user's has wrapped what it was given
        if not own and (around is None or around.origin in ("framework", "outer")):
            yield Met(
                f"{layer.label} is a layer of the built stack, but not of app.user_middleware.",
                f"The stack was built: {layer.label} ({layer.qualified_name}) stands in it at place {layer.index}.",
                (layer,),
                "Rely on `mwviz show` for the order: what the list says is not all.",
            )


def registered_both_ways(evidence: Evidence) -> Iterator[Met]:
    """MW023: in one file of the user's, calls add to an app that was given a list; a request meets what they add first.

    What another file registers, as an instrumentation library does, nobody reads together with the list.
    """
    layers = evidence.layers
    met = sorted({index for attempt in evidence.plain for index in (*attempt.trace.request_order, *attempt.without)})
    by_file: dict[str, list[Layer]] = {}
    for layer in (layers[index] for index in met if index < len(layers)):
        own = layer.origin == "user" and layer.within == "app"
        if own and layer.registered_at is not None and layer.registered_by is not None:
            by_file.setdefault(layer.registered_at.file, []).append(layer)
    for file, each in by_file.items():
        if _is_installed(file, evidence.target):
            continue
        forms = [layer.registered_by for layer in each]
        count = forms.count("call")
        if 0 < count < len(each) and "call" not in forms[count:]:
            yield _both_ways(evidence.plain[0].trace, each[:count], each[count:])


def _is_installed(file: str, target: str) -> bool:
    """Whether the file belongs to an installed package, other than the one that was asked for."""
    parts = re.split(r"/(?:site|dist)-packages/", file)
    package = parts[-1].partition("/")[0].removesuffix(".py")
    return len(parts) > 1 and package != target.partition(":")[0].partition(".")[0]


def _both_ways(trace: Trace, called: Sequence[Layer], listed: Sequence[Layer]) -> Met:
    order = " > ".join(layer.label for layer in (*called, *listed))
    added = "a call, stands" if len(called) == 1 else "calls, stand"
    return Met(
        f"{named(called)}, added by {added} outside of {named(listed)}, which a list of middleware holds.",
        f"Sent {sent(trace)}: it met {order}. A list stands in the order of its lines, calls stand in the reverse of "
        "theirs, and all of them outside of the list.",
        (*called, *listed),
        f"Register them in one way, as in one list, outermost first: {order}.",
    )


def broken_protocol(evidence: Evidence) -> Iterator[Met]:
    """MW024: a response that starts twice, or a call that ends without one."""
    done: set[int] = set()
    groups = (evidence.plain, evidence.cross_origin, evidence.preflight)
    for trace in (attempt.trace for group in groups for attempt in group):
        for step in trace.steps:
            layer = trace.layers[step.layer]
            told = "starts the response twice" if "twice" in step.observed else None
            told = "ends the call without a response" if step.outcome in ("silent", "swallowed") else told
            if told is not None and step.layer not in done and layer.origin != "framework":
                done.add(step.layer)
                yield Met(
                    f"{layer.label} {told}.",
                    f"Sent {sent(trace)}: {layer.label} {told}.",
                    (layer,),
                    f"Let {layer.label} send exactly one http.response.start for each request.",
                )
