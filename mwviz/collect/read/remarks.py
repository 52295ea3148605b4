"""What a reader must know besides the table, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.collect.compat import has_startup
from mwviz.collect.probe.experiment import Experiment
from mwviz.collect.probe.order import entry_labels
from mwviz.collect.probe.server import Connection
from mwviz.collect.stack import describe
from mwviz.model import Layer, Lifespan


def of_stack(experiment: Experiment) -> Iterator[str]:
    """Where the stack that was built and the list of what is registered differ."""
    yield from experiment.built.notes
    if experiment.built.error is not None:
        return
    entries, found = experiment.built.entries, experiment.built.found
    labels = dict(zip(map(id, entries), entry_labels(entries), strict=True))
    found = [each for each in found if each.origin == "user" or each.entry is None]
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


def of_probe(
    experiment: Experiment, layers: tuple[Layer, ...], entered: Sequence[int], lifespan: Lifespan | None
) -> Iterator[str]:
    """Where the way went and what was met on it, and how startup and shutdown went."""
    yield from experiment.chain.notes
    yield from _met_twice(layers, entered)
    run, request = experiment.run, experiment.request
    sent = run.connection.body_bytes if run is not None and isinstance(run.connection, Connection) else 0
    if request is not None and request.method == "HEAD" and sent:
        yield f"A server sends no body for HEAD: the {sent} bytes that left the app go no further."
    if lifespan is None:
        error = experiment.run.error if experiment.run is not None else None
        raised = error is not None and not experiment.options.raises
        ran = experiment.request is None or experiment.request.lifespan
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
        case "timeout" if experiment.run is not None:
            yield f"Startup was not complete after {experiment.options.timeout:g} s: {went_on}."
        case "timeout" | "complete" | "failed":
            pass
    if lifespan.shutdown in ("failed", "raised", "timeout"):
        ended = {"failed": "failed", "raised": "raised an exception", "timeout": "did not end in time"}
        yield f"Shutdown {ended[lifespan.shutdown]}{told}."


def of_repeats(alike: int, probes: int) -> Iterator[str]:
    """Whether the probes that were repeated went the same way; `alike` counts those that went the last one's."""
    others = probes - alike
    if alike and others:
        those = "it" if others == 1 else "them"
        way = f"{others} of {probes} probes went another way than the last one, which is shown"
        yield f"{way}; its times leave {those} out."


def _met_twice(layers: tuple[Layer, ...], entered: Sequence[int]) -> Iterator[str]:
    homes: dict[str, list[str]] = {}
    for layer in (layers[index] for index in entered):
        if layer.origin != "framework":
            homes.setdefault(layer.qualified_name, []).append(layer.within)
    for name, found in homes.items():
        if len(found) > 1:
            *others, last = ("the app" if home == "app" else home for home in dict.fromkeys(found))
            where = f"{', '.join(others)} and {last}" if others else last
            times = "twice" if len(found) == 2 else f"{len(found)} times"
            yield f"{name.rpartition('.')[2]} stands {times} on this way, in {where}."
