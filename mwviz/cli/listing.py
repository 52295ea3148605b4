"""Lists routes for the command line: options in, result written, what is missing told."""

from __future__ import annotations

from mwviz import api
from mwviz.analysis.selection import Selection
from mwviz.api import Target
from mwviz.cli import messages
from mwviz.cli.opening import opened
from mwviz.cli.output import Sink
from mwviz.collect import parse_header
from mwviz.errors import OutputError, ProbeError
from mwviz.model.routes import Routes
from mwviz.render import ROUTES_RENDERERS
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True)
class Probes:
    """What the probe of each route is sent with; `timeout` counts seconds."""

    headers: tuple[tuple[str, str], ...]
    timeout: float


def show(target: Target, selection: Selection, sink: Sink, probes: Probes | None, order: str | None) -> None:
    """Write the selected routes of the app, probed or not, with its user middleware in another order or in its own.

    Raises MwvizError, for a filter's name that fits nothing, too.
    """
    if sink.format not in ROUTES_RENDERERS:
        formats = ", ".join(each.value for each in ROUTES_RENDERERS)
        raise OutputError(f"Routes cannot be told as {sink.format.value}: -f is one of {formats}.")
    with opened(target) as subject:
        if probes is None:
            routes = api.list_routes(subject, selection, timeout=None, order=order)
        else:
            timeout, headers = probes.timeout, probes.headers
            routes = api.list_routes(subject, selection, timeout=timeout, headers=headers, order=order)
    sink.write(sink.rendered(routes))
    if not routes.routes:
        messages.say(f"Warning: {_missing(routes)}")


def probes(header: list[str] | None, timeout: float, *, trace: bool) -> Probes | None:
    """What the command line says of the probes; None if there are none. Raises ProbeError for headers without any."""
    if header and not trace:
        raise ProbeError("-H is a header of the probes, and without --trace none is sent: add --trace.")
    return Probes(tuple(map(parse_header, header or ())), timeout) if trace else None


def selection(
    path: list[str] | None, method: list[str] | None, layer: list[str] | None, without: list[str] | None
) -> Selection:
    """What the command line says of the routes to keep."""
    return Selection(tuple(path or ()), tuple(method or ()), tuple(layer or ()), tuple(without or ()))


def _missing(routes: Routes) -> str:
    if routes.total:
        return f"none of the {routes.total} routes of {routes.target} fits these filters."
    return f"{routes.target} has no routes. Are they added on startup, or to another app object?"
