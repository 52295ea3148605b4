"""The words that every format of a suite's report shares."""

from __future__ import annotations

from collections import Counter

from mwviz.model.suite import Suite, SuiteApp, Way
from mwviz.render.places import where
from mwviz.render.plain import visible


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: `1 request`, `2 requests`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def headline(suite: Suite) -> str:
    """Return the whole suite in one line."""
    if not suite.apps:
        return "no request went through a Starlette or FastAPI app"
    different = sum(len(orders(app)) for app in suite.apps)
    late = f" ({suite.unfinished} not ended)" if suite.unfinished else ""
    told = f"{counted(suite.requests, 'request')}{late} through {counted(len(suite.apps), 'app')}"
    return f"{told}, {counted(different, 'request order')}"


def title(app: SuiteApp) -> str:
    """Return an app in one line, with how often its stack was built where that is more than once."""
    stacks = f" in {app.stacks} stacks" if app.stacks > 1 else ""
    return f"{visible(app.name)}: {counted(app.requests, 'request')}{stacks}"


def orders(app: SuiteApp) -> tuple[tuple[str, int], ...]:
    """Return the orders without the framework's own layers, each with its requests, the most frequent first."""
    counts: Counter[str] = Counter()
    for way in app.ways:
        counts[_order(app, way)] += way.requests
    return tuple(counts.most_common())


def _order(app: SuiteApp, way: Way) -> str:
    own = [index for index in way.order if app.layers[index].origin != "framework"]
    if not own:
        return "the framework's own layers alone"
    ended = own[-1] == way.order[-1] != app.layers[-1].index
    return " > ".join(visible(app.layers[index].label) for index in own) + (", no further" if ended else "")


def never_reached(app: SuiteApp) -> tuple[str, ...]:
    """Return the layers that no request entered, each with its place; the framework's own ones are left out."""
    layers = (app.layers[index] for index in app.never_reached)
    return tuple(f"{visible(layer.label)} ({where(layer)})" for layer in layers if layer.origin != "framework")


def unwatched(app: SuiteApp) -> tuple[str, ...]:
    """Return the layers that no boundary could be placed around."""
    return tuple(visible(app.layers[index].label) for index in app.unwatched)
