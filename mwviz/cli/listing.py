"""Lists routes for the command line: options in, result written, what is missing told."""

from __future__ import annotations

from contextlib import ExitStack

from mwviz import api
from mwviz.analysis.selection import Selection
from mwviz.api import Target
from mwviz.cli import messages, process
from mwviz.cli.output import Sink
from mwviz.model.routes import Routes


def show(target: Target, selection: Selection, sink: Sink, *, trace: bool, timeout: float) -> None:
    """Write the selected routes of the app. Raises MwvizError, for a filter's name that fits nothing, too."""
    with ExitStack() as undo:
        undo.callback(process.Diversion().end)
        with process.quick_import(), process.own_interrupt():
            subject = undo.enter_context(api.opened(target))
        routes = api.list_routes(subject, selection, timeout=timeout if trace else None)
    sink.write(sink.rendered(routes))
    if not routes.routes:
        messages.say(f"Warning: {_missing(routes)}")


def selection(
    path: list[str] | None, method: list[str] | None, layer: list[str] | None, without: list[str] | None
) -> Selection:
    """What the command line says of the routes to keep."""
    return Selection(tuple(path or ()), tuple(method or ()), tuple(layer or ()), tuple(without or ()))


def _missing(routes: Routes) -> str:
    if routes.total:
        return f"none of the {routes.total} routes of {routes.target} fits these filters."
    return f"{routes.target} has no routes. Are they added on startup, or to another app object?"
