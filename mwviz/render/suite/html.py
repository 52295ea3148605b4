"""`--mwviz-report FILE.html`: one page without scripts, that loads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mwviz.model.suite import Suite, SuiteApp
from mwviz.render.markup import Html, block, element, still, text
from mwviz.render.suite import words

_STYLE = (
    ":root{color-scheme:light dark;--line:#8886;--bad:#b3261e}@media(prefers-color-scheme:dark){:root{--bad:#ff8a80}}"
    "body{background:Canvas;color:CanvasText}"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}"
    "h1{font-size:1.4rem;line-height:1.3}h2{font-size:1.15rem;margin-top:2.5rem}h3{font-size:1rem;margin-bottom:.3rem}"
    "ul{margin:0;padding-left:1.2rem}li{margin:.2rem 0}.broken{color:var(--bad)}"
    "table{border-collapse:collapse;width:100%}th{font-weight:600}tr{border-bottom:1px solid var(--line)}"
    "td,th{padding:.35rem .8rem .35rem 0;text-align:left;vertical-align:top}"
    "td:first-child,th:first-child{text-align:right;width:4.5rem;white-space:nowrap;font-variant-numeric:tabular-nums}"
)


def render(suite: Suite) -> str:
    """Return the page."""
    return still("mwviz: a test suite", _STYLE, _parts(suite))


def _parts(suite: Suite) -> Iterator[Html]:
    yield element("h1", text(f"mwviz: {words.headline(suite)}"))
    yield from _listed("Contracts broken", suite.broken, "broken")
    for app in suite.apps:
        yield from _app(app)
    yield from _listed("Contracts not held here", suite.unheld)
    yield from _listed("Not observed", suite.problems)


def _app(app: SuiteApp) -> Iterator[Html]:
    yield element("h2", text(words.title(app)))
    heads = element("tr", element("th", text("requests")), element("th", text("request order")))
    rows = (
        element("tr", element("td", text(str(requests))), element("td", text(order)))
        for order, requests in words.orders(app)
    )
    yield block("table", heads, *rows)
    yield from _listed("Never reached", words.never_reached(app))
    yield from _listed("Not observable", words.unwatched(app))


def _listed(title: str, texts: Iterable[str], kind: str | None = None) -> Iterator[Html]:
    if items := [element("li", text(each)) for each in texts]:
        yield element("h3", text(title))
        yield block("ul", *items, class_=kind)
