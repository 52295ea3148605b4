"""Runs a probe for the command line: options in, result written, exit code told."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from mwviz import api
from mwviz.api import Target
from mwviz.cli import messages, process
from mwviz.cli.groups import Configured, Found, Request
from mwviz.cli.opening import leaving, opened
from mwviz.cli.output import Sink
from mwviz.collect import ProbeOptions, parse_header
from mwviz.config import environment
from mwviz.errors import ProbeError
from mwviz.model import Trace
from mwviz.render import PROBES_RENDERERS, Format

if TYPE_CHECKING:
    from mwviz.model.probes import Probes

#: Formats that tell who sees which state: no other probe looks at any.
_TELLING_STATE = frozenset({Format.TIMELINE, Format.JSON})

#: What `--env-file` does.
load_environment = environment.load


def show(target: Target, probe: ProbeOptions, sink: Sink, *, whole: bool) -> None:
    """Probe the app and write the trace. Raises typer.Exit with 1 where there is an error in it."""
    result = _probed(target, probe, sink)
    sink.write(sink.rendered(result))
    trace = _asked_for(result)
    if trace.error is not None:
        asked_for = trace.probe.raises and trace.error.raised_by == "endpoint"
        if whole or not asked_for:
            messages.tell_traced(trace.error, whole=whole)
        raise typer.Exit(messages.FINDINGS)


def _asked_for(result: Trace | Probes) -> Trace:
    """The probe that the command line asked for: the others never change the exit code."""
    return result if isinstance(result, Trace) else result.probes[0][1]


def _probed(target: Target, probe: ProbeOptions, sink: Sink) -> Trace | Probes:
    diversion = process.Diversion()

    def written(result: Trace | Probes) -> int:
        sink.write(sink.rendered(result))
        another = not isinstance(result, Trace) and _asked_for(result).error is None  # not the one that was asked for
        return 0 if another else messages.FINDINGS

    stuck = leaving(diversion, written)
    probe = replace(probe, state=sink.format in _TELLING_STATE)
    with opened(target, diversion) as subject:
        if sink.format in PROBES_RENDERERS:
            return api.probe_several(subject, probe, stuck=stuck)
        return api.probe(subject, probe, stuck=stuck)


def options(path: str | None, request: Request) -> ProbeOptions:
    """What the command line says of the probe. Raises ProbeError."""
    end: Literal["stand-in", "real"] | None = None if request.endpoint is None else request.endpoint.value
    return ProbeOptions(
        path=path,
        method=request.method,
        headers=tuple(parse_header(line) for line in request.header or ()),
        data=body(request.data),
        scheme=request.scheme,
        client=request.client,
        preflight=request.preflight,
        endpoint=end,
        raises=request.raises,
        lifespan=request.lifespan,
        timeout=request.timeout,
        order=request.order,
        repeat=request.repeat,
        websocket=request.websocket,
        extensions=tuple(request.extension or ()),
    )


def target(app: str | None, found: Found) -> Target:
    """What the command line says of the app. Raises ProbeError for an --app-dir that is not there."""
    if found.app_dir is not None and not found.app_dir.is_dir():
        raise ProbeError(f"--app-dir '{found.app_dir}' is no directory.")
    return Target(app, found.factory, found.app_dir, found.config if isinstance(found, Configured) else None)


def body(data: str | None) -> bytes | None:
    """The body that `--data` gives or names. Raises ProbeError for a file that cannot be read."""
    if data is None or not data.startswith("@"):
        return data.encode("utf-8", "surrogateescape") if data is not None else None
    name = data[1:]
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise ProbeError(f"--data: '{name}' cannot be read: {error.strerror}.") from error
