"""`--mwviz-report FILE.html`: one page without scripts, that loads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from mwviz.model.suite import Suite, SuiteApp
from mwviz.render.plain import visible
from mwviz.render.suite import words

_STYLE = (
    ":root{color-scheme:light dark;--line:#8886;--bad:#b3261e}@media(prefers-color-scheme:dark){:root{--bad:#ff8a80}}"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}"
    "h1{font-size:1.4rem;line-height:1.3}h2{font-size:1.15rem;margin-top:2.5rem}h3{font-size:1rem;margin-bottom:.3rem}"
    "ul{margin:0;padding-left:1.2rem}li{margin:.2rem 0}.broken{color:var(--bad)}"
    "table{border-collapse:collapse;width:100%}th{font-weight:600}tr{border-bottom:1px solid var(--line)}"
    "td,th{padding:.35rem .8rem .35rem 0;text-align:left;vertical-align:top}"
    "td:first-child,th:first-child{text-align:right;width:4.5rem;white-space:nowrap;font-variant-numeric:tabular-nums}"
)


def render(suite: Suite) -> str:
    """Return the page."""
    return "\n".join(_lines(suite)) + "\n"


def _lines(suite: Suite) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>mwviz: a test suite</title>'
    yield f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>mwviz: {escape(words.headline(suite))}</h1>"
    yield from _listed("Contracts broken", map(visible, suite.broken), "broken")
    for app in suite.apps:
        yield from _app(app)
    yield from _listed("Contracts not held here", map(visible, suite.unheld))
    yield from _listed("Not observed", map(visible, suite.problems))
    yield "</body>\n</html>"


def _app(app: SuiteApp) -> Iterator[str]:
    yield f"<h2>{escape(words.title(app))}</h2>"
    yield "<table>\n<tr><th>requests</th><th>request order</th></tr>"
    for order, requests in words.orders(app):
        yield f"<tr><td>{requests}</td><td>{escape(order)}</td></tr>"
    yield "</table>"
    yield from _listed("Never reached", words.never_reached(app))
    yield from _listed("Not observable", words.unwatched(app))


def _listed(title: str, texts: Iterable[str], kind: str = "") -> Iterator[str]:
    if items := [f"<li>{escape(text)}</li>" for text in texts]:
        yield f'<h3>{title}</h3>\n<ul class="{kind}">\n' + "\n".join(items) + "\n</ul>"
