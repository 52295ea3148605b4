"""`html`: the matrix as one page without scripts, that loads nothing; its policy lets in its own style alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from mwviz.model.faults import Fault, Faults, Reply
from mwviz.render.faults import words
from mwviz.render.faults.matrix import Group, Run, runs
from mwviz.render.faults.meaning import meaning
from mwviz.render.markup import Html, block, element, joined, name, still, text

_STYLE = """
:root{color-scheme:light dark;--page:light-dark(#fff,#0d1117);--ink:light-dark(#1f2328,#f0f3f6)}
:root{--faint:light-dark(#57606a,#b1bac4);--rule:light-dark(#d8dee4,#30363d);--band:light-dark(#f6f8fa,#161b22)}
:root{--good:light-dark(#196c32,#5fd96d);--warn:light-dark(#855700,#f2cc60);--bad:light-dark(#b3161e,#ff9f97)}
:root{--warn-fill:light-dark(#fff3d1,#30260a);--bad-fill:light-dark(#ffeceb,#3a1517)}
*{box-sizing:border-box}
body{margin:0 auto;max-width:84rem;padding:1.5rem;background:var(--page);color:var(--ink);overflow-wrap:anywhere;
font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
h1{font-size:1.6rem;line-height:1.2;margin:0}h2{font-size:1.25rem;margin:2rem 0 .5rem}p{margin:.3rem 0}
.faint,.remark{color:var(--faint);font-size:.88em}
.meaning{margin:1rem 0;padding:0 0 0 1.1rem;max-width:62rem}.meaning li{margin:.25rem 0;font-weight:600}
.scroll{overflow-x:auto;margin:1rem 0;border:1px solid var(--rule);border-radius:10px}
table{border-collapse:separate;border-spacing:0;width:100%}
th,td{padding:.35rem .7rem;text-align:start;vertical-align:top;border-top:1px solid var(--rule);font-weight:400}
thead th{border-top:0;background:var(--band);vertical-align:bottom;font-size:.82em;overflow-wrap:normal;font-weight:600}
thead small{display:block;font-weight:400;color:var(--faint)}
tbody .section{font-weight:650;background:var(--band);border-top:2px solid var(--faint)}
th.where{min-width:15rem;position:sticky;inset-inline-start:0;background:var(--page)}
th.where{border-inline-end:1px solid var(--rule)}
thead th.where,tbody th.section{background:var(--band)}
.where span{display:block}.where .to{padding-inline-start:.8rem}
th.group,td.cell,td.status{text-align:center;white-space:nowrap}th.group{white-space:normal;min-width:5.5rem}
td.status{font-variant-numeric:tabular-nums}td.asked,th.asked{border-inline-start:2px solid var(--rule)}
td.kept{color:var(--good)}td.some{color:var(--warn);background:var(--warn-fill)}
td.lost{color:var(--bad);background:var(--bad-fill);font-weight:700}td.unreached{color:var(--faint)}
dl{display:grid;grid-template-columns:fit-content(50%) minmax(0,1fr);gap:.2rem 1rem;margin:.5rem 0}
dt{font-weight:600}dd{margin:0}
code{font:.86em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media(max-width:40rem){body{padding:.8rem}h1{font-size:1.3rem}dl{grid-template-columns:1fr}dd{margin-block-end:.4rem}}
@media(max-width:40rem){th.where{min-width:9.5rem;max-width:9.5rem;font-size:.85em}th,td{padding:.3rem .45rem}}
@media print{.scroll{overflow:visible;border:0}th.where{position:static;min-width:9rem}th,td{padding:.2rem .25rem}}
@media print{th.group{min-width:0}.wide th.group{writing-mode:vertical-rl;text-align:start}.wide small{display:inline}}
"""
#: Columns whose names fit side by side on paper.
_UPRIGHT = 8
#: Where a name may be broken: between the words of `RequestIdMiddleware` or `process_time`.
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=_)(?=[a-z])")


def render(faults: Faults, *, width: int = 80, color: bool = False, verbose: bool = False, every: bool = False) -> str:
    """Return the page; `verbose` names the headers that each row has lost."""
    title = f"{faults.target}: what faults leave"
    return still(title, _STYLE, _parts(faults, title, verbose, every))


def _parts(faults: Faults, title: str, verbose: bool, every: bool) -> Iterator[Html]:
    yield element("h1", text(title))
    yield element("p", text(words.title(faults)), class_="faint")
    tried = joined(_matrix(faults, verbose, every))
    if faults.before is None:
        yield block("main", block("section", tried))
        return
    before = joined(_matrix(faults.before, verbose, every))
    order = f"As tried: {words.order(faults) or ''}"
    sections = [element("h2", text("As it is")), before], [element("h2", text(order)), tried]
    yield block("main", *(block("section", *parts) for parts in sections))


def _matrix(faults: Faults, verbose: bool, every: bool) -> Iterator[Html]:
    for each in (faults.normal, faults.preflight):
        if each is not None:
            yield element("p", element("code", text(words.request(each))))
    if said := meaning(faults):
        yield element("ul", *(element("li", text(each)) for each in said), class_="meaning")
    normal, asked = words.blocks(faults)
    heads = [
        element("th", text("where"), scope="col", class_="where"),
        element("th", text("status"), scope="col"),
        *map(_head, normal),
        *([element("th", text("preflight"), scope="col", class_="asked")] if asked else []),
        *map(_head, asked),
    ]
    bodies = _bodies(faults, normal, asked, verbose, every)
    wide = "wide" if len(normal) + len(asked) > _UPRIGHT else None
    table = block("table", element("thead", element("tr", *heads)), *bodies, class_=wide)
    label = "Fault matrix" if words.order(faults) is None else "Fault matrix of the order that was tried"
    yield block("div", table, class_="scroll", role="region", aria_label=label, tabindex=0)
    yield element("p", text(words.KEY), class_="faint")
    yield from _headers(faults)
    yield from (element("p", text(note), class_="faint") for note in faults.notes)


def _bodies(
    faults: Faults, normal: Sequence[Group], asked: Sequence[Group], verbose: bool, every: bool
) -> Iterator[Html]:
    width = 1 + len(normal) + (1 + len(asked) if asked else 0)
    for section, found in groupby(runs(faults, every=every), words.section):
        title = element("th", text(section), scope="rowgroup", class_="where section")
        first = element("tr", title, element("td", class_="section", colspan=width))
        yield block("tbody", first, *(_row(faults, run, normal, asked, verbose) for run in found))


def _head(group: Group) -> Html:
    number = element("small", text(words.head(group)))
    return element("th", number, name(words.adder(group), _WORDS), scope="col", class_="group")


def _row(faults: Faults, run: Run, normal: Sequence[Group], asked: Sequence[Group], verbose: bool) -> Html:
    first = run.first
    begin, *end = words.where(run)
    where = [element("span", name(begin, _WORDS), text(" …" if end else ""))]
    where += [element("span", name(each, _WORDS), class_="to") for each in end]
    if told := words.remark(faults, first, verbose=verbose):
        where.append(element("span", text(told), class_="remark"))
    cells = [element("td", text(words.status(first)), class_="status"), *_cells(first, normal)]
    if asked and first.preflight is not None:
        cells.append(element("td", text(words.status(first.preflight)), class_="status asked"))
        cells += _cells(first.preflight, asked)
    elif asked:
        cells.append(element("td", class_="asked", colspan=1 + len(asked)))
    return element("tr", element("th", *where, scope="row", class_="where"), *cells)


def _cells(reply: Fault | Reply, groups: Sequence[Group]) -> Iterator[Html]:
    for group in groups:
        told = words.cell(reply, group.names)
        lost = [each for each in group.names if each in reply.missing]
        title = "not reached" if told.state == "unreached" else f"lost: {', '.join(lost)}" if lost else None
        yield element("td", text(told.text), class_=f"cell {told.state}", title=title)


def _headers(faults: Faults) -> Iterator[Html]:
    lines = []
    for group, kind in words.legend(faults):
        names = Html(", ".join(element("code", text(each)) for each in group.names))
        title = text(f"{words.head(group)} {words.adder(group)}")
        lines.append(Html(element("dt", title) + element("dd", text(kind), names)))
    if lines:
        yield block("dl", *lines)
