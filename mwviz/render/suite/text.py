"""The closing report of `pytest --mwviz`: a line that begins with `mwviz`, and what belongs to it."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.model.suite import Suite, SuiteApp
from mwviz.render.plain import visible
from mwviz.render.suite import words
from mwviz.render.terminal import NARROWEST, fold, paint

_APPS_AT_MOST, _ORDERS_AT_MOST = 10, 10


def render(suite: Suite, *, width: int | None = None) -> str:
    """Return the report; of many apps or orders those that took the most requests.

    Lines longer than `width` columns are broken between words; None is for a log, whose lines stay whole.
    """
    lines = _lines(suite)
    return "\n".join(lines if width is None else (part for line in lines for part in _folded(line, width)))


def _folded(line: str, width: int) -> Iterator[str]:
    deeper = len(line) - len(line.lstrip()) + 4
    yield from (paint(part, color=False) for part in fold([(line, "")], max(width, NARROWEST), deeper))


def _lines(suite: Suite) -> Iterator[str]:
    yield f"mwviz: {words.headline(suite)}"
    for app in suite.apps[:_APPS_AT_MOST]:
        yield from _app(app)
    if (more := len(suite.apps) - _APPS_AT_MOST) > 0:
        yield f"  and {words.counted(more, 'app')} more: --mwviz-report FILE.html tells of all"
    yield from (f"  contract broken: {visible(broken)}" for broken in suite.broken)
    yield from (f"  contract not held: {visible(unheld)}" for unheld in suite.unheld)
    yield from (f"  not observed: {visible(problem)}" for problem in suite.problems)


def _app(app: SuiteApp) -> Iterator[str]:
    yield f"  {words.title(app)}"
    orders = words.orders(app)
    width = max(len(str(requests)) for _, requests in orders)
    for order, requests in orders[:_ORDERS_AT_MOST]:
        yield f"    {requests:>{width}}  {order}"
    if (more := len(orders) - _ORDERS_AT_MOST) > 0:
        yield f"    and {words.counted(more, 'order')} more"
    if unmet := words.never_reached(app):
        yield f"    never reached: {', '.join(unmet)}"
    if hidden := words.unwatched(app):
        yield f"    not observable: {', '.join(hidden)}"
