"""`--mwviz-report FILE.json`: all of it, for programs (`"format": "mwviz.suite/1"`)."""

from __future__ import annotations

import json
from dataclasses import asdict

from mwviz.model.suite import Suite, SuiteApp


def render(suite: Suite) -> str:
    """Return the suite; layers of an order and those never reached by their labels."""
    told = {
        "format": "mwviz.suite/1",
        "requests": suite.requests,
        "unfinished": suite.unfinished,
        "apps": [_app(app) for app in suite.apps],
        "broken": list(suite.broken),
        "unheld": list(suite.unheld),
        "problems": list(suite.problems),
    }
    return json.dumps(told, indent=2, ensure_ascii=True) + "\n"


def _app(app: SuiteApp) -> dict[str, object]:
    labels = [layer.label for layer in app.layers]
    return {
        "name": app.name,
        "requests": app.requests,
        "stacks": app.stacks,
        "layers": [asdict(layer) for layer in app.layers],
        "orders": [{"layers": [labels[index] for index in way.order], "requests": way.requests} for way in app.ways],
        "never_reached": [labels[index] for index in app.never_reached],
        "unwatched": [labels[index] for index in app.unwatched],
    }
