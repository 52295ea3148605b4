"""What several processes saw of one test suite, as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from mwviz.model.suite import Suite, SuiteApp, Way


def merged(suites: Sequence[Suite]) -> Suite:
    """The sum, the apps with the most requests first."""
    parts = sorted((app for suite in suites for app in suite.apps), key=_identity)
    apps = (_joined(list(group)) for _, group in groupby(parts, _identity))
    problems = dict.fromkeys(problem for suite in suites for problem in suite.problems)
    return Suite(
        requests=sum(suite.requests for suite in suites),
        unfinished=sum(suite.unfinished for suite in suites),
        apps=tuple(sorted(apps, key=lambda app: (-app.requests, app.name, len(app.layers)))),
        problems=tuple(problems),
    )


def _identity(app: SuiteApp) -> tuple[str, tuple[tuple[str, str], ...]]:
    places = (f"{layer.registered_at}" for layer in app.layers)
    return app.name, tuple(zip((layer.qualified_name for layer in app.layers), places, strict=True))


def _joined(parts: Sequence[SuiteApp]) -> SuiteApp:
    orders: Counter[tuple[int, ...]] = Counter()
    for part in parts:
        orders.update({way.order: way.requests for way in part.ways})
    return replace(
        parts[0],
        stacks=sum(part.stacks for part in parts),
        ways=tuple(Way(order, requests) for order, requests in orders.most_common()),
        never_reached=tuple(
            index for index in parts[0].never_reached if all(index in part.never_reached for part in parts)
        ),
        unwatched=tuple(sorted({index for part in parts for index in part.unwatched})),
    )
