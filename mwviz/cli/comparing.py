"""Locks and compares orders for the command line: options in, result written, exit code told."""

from __future__ import annotations

from pathlib import Path

import typer

from mwviz import api, comparing
from mwviz.analysis.selection import Selection
from mwviz.api import Target
from mwviz.cli import messages, output, process
from mwviz.cli.groups import Configured, Request
from mwviz.cli.opening import opened
from mwviz.cli.output import Sink
from mwviz.collect import ProbeOptions
from mwviz.comparing import Probing
from mwviz.comparing.lockfile import NAME
from mwviz.errors import OutputError, ProbeError
from mwviz.model import Trace
from mwviz.model.routes import Routes
from mwviz.render import DIFF_RENDERERS, Format
from mwviz.render.lock import render


def lock(target: Target, probe: ProbeOptions, *, check: bool, routes: bool | None, whole: bool) -> None:
    """Write the lock, or hold the app against it. Raises typer.Exit with 1 where it is stale, and MwvizError."""
    folder = comparing.lock_folder(target)
    trace, listed = _probed(target, probe, routes=comparing.locked_routes(folder) if routes is None else routes)
    if trace.error is not None:
        messages.tell_traced(trace.error, whole=whole)
        messages.say(f"{trace.error.type}: {trace.error.message}")
        if trace.error.during != "probe":
            raise typer.Exit(messages.FINDINGS)
    missed = [trace.layers[at].label for at in trace.not_reached if trace.layers[at].origin != "framework"]
    if missed:
        messages.say(f"Note: the probe did not reach {', '.join(missed)}, whose place is that of the built stack.")
    if check:
        sink = output.sink(None, None, verbose=False)
        difference = comparing.drifted(trace, listed, folder)
        sink.write(sink.rendered(difference))
        raise typer.Exit(messages.FINDINGS if difference.changes else 0)
    held = comparing.accepted(trace, listed, folder)
    Sink(Format.TABLE, folder / NAME, verbose=False).write(render(held))
    messages.say(f"Wrote {NAME}: {len(held.layers)} layers{_count(listed)}.")


def diff(old: str, new: str | None, probing: Probing, sink: Sink) -> None:
    """Write what differs between two sides. Raises typer.Exit with 1 where anything does, and MwvizError."""
    if sink.format not in DIFF_RENDERERS:
        raise OutputError(f"A difference cannot be told as {sink.format.value}: -f is one of text, markdown, json.")
    difference = comparing.compare(old, new, probing, directory=Path.cwd(), say=messages.say)
    sink.write(sink.rendered(difference))
    raise typer.Exit(messages.FINDINGS if difference.changes else 0)


def for_both(request: Request) -> Request:
    """What is to be sent to both sides. Raises ProbeError for stdin, which can be read once."""
    if request.data == "@-":
        raise ProbeError("--data @-: both sides would read stdin. Name a file instead.")
    return request


def probing(probe: ProbeOptions, data: str | None, found: Configured, *, routes: bool) -> Probing:
    """How the processes of both sides are to probe: the command line that `probe` came from, checked already."""
    given: dict[str, object] = {
        "--method": probe.method,
        "--header": [f"{name}: {value}" for name, value in probe.headers],
        "--data": f"@{Path(data[1:]).resolve()}" if data is not None and data[:1] == "@" else data,
        "--scheme": probe.scheme,
        "--client": probe.client,
        "--preflight": probe.preflight,
        "--endpoint": probe.endpoint,
        "--timeout": probe.timeout,
        "--order": probe.order,
        "--repeat": probe.repeat,
        "--extension": list(probe.extensions),
        "--websocket": probe.websocket,
        "--raise": probe.raises,
        "--lifespan": probe.lifespan,
        "--no-lifespan": probe.lifespan is False,
    }
    words = [] if probe.path is None else [probe.path]
    for option, value in given.items():
        words += _words(option, value)
    return Probing(tuple(words), routes, found.factory, found.app_dir, found.config)


def _words(option: str, value: object) -> list[str]:
    match value:
        case None | False:
            return []
        case True:
            return [option]
        case list():
            return [f"{option}={item}" for item in value]
        case _:
            return [f"{option}={value}"]


def _count(listed: Routes | None) -> str:
    return "" if listed is None else f", {listed.total} routes"


def _probed(target: Target, probe: ProbeOptions, *, routes: bool) -> tuple[Trace, Routes | None]:
    diversion = process.Diversion()

    def stuck(_trace: Trace) -> None:
        # In another thread, while the app's keeps the main one: nothing can be accepted of a probe that hangs.
        diversion.end()
        messages.say(
            f"Error: the probe hung, nothing was written. `mwviz show` tells where, --timeout is {probe.timeout} s."
        )
        process.end(messages.FINDINGS)

    with opened(target, diversion) as subject:
        trace = api.probe(subject, probe, stuck=stuck)
        built = trace.error is None or trace.error.during != "build"
        return trace, api.list_routes(subject, Selection(), timeout=None) if routes and built else None
