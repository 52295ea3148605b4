"""What several processes saw of one test suite, as one; and what follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from mwviz.model.suite import Suite, SuiteApp, Way

#: Judges the orders that a suite's requests took: a sentence for each contract that some request broke.
Judge = Callable[[Suite], Iterable[str]]


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
        broken=tuple(dict.fromkeys(broken for suite in suites for broken in suite.broken)),
    )


def judged(suite: Suite, judges: Iterable[Judge]) -> Suite:
    """The suite, with what each judge says of it."""
    return replace(suite, broken=(*suite.broken, *(sentence for judge in judges for sentence in judge(suite))))


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
