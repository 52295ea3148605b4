"""`html`: the matrix as one page without scripts, that loads nothing; its policy lets in its own style alone."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from html import escape

from mwviz.model.faults import Fault, Faults, Reply
from mwviz.render.faults import words
from mwviz.render.faults.matrix import Group, Run, runs
from mwviz.render.faults.meaning import meaning
from mwviz.render.plain import visible

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
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.5rem 0}dt{font-weight:600}dd{margin:0}
code{font:.86em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media(max-width:40rem){body{padding:.8rem}h1{font-size:1.3rem}dl{grid-template-columns:1fr}dd{margin-block-end:.4rem}}
@media(max-width:40rem){th.where{min-width:9.5rem;max-width:9.5rem;font-size:.85em}th,td{padding:.3rem .45rem}}
@media print{.scroll{overflow:visible}th.where{position:static}}
"""
#: Where a name may be broken: between the words of `RequestIdMiddleware` or `process_time`.
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=_)(?=[a-z])")


def render(faults: Faults, *, width: int = 80, color: bool = False, verbose: bool = False, every: bool = False) -> str:
    """Return the page; `verbose` names the headers that each row has lost."""
    return "\n".join(_lines(faults, verbose, every)) + "\n"


def _text(foreign: str) -> str:
    return escape(visible(foreign))


def _lines(faults: Faults, verbose: bool, every: bool) -> Iterator[str]:
    digest = b64encode(sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">'
    yield f'<title>{_text(faults.target)}: what faults leave</title>\n<link rel="icon" href="data:,">'
    yield f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{_text(faults.target)}: what faults leave</h1>"
    yield f'<p class="faint">{_text(words.title(faults))}</p>\n<main>'
    if faults.before is not None:
        yield "<section>\n<h2>As it is</h2>"
        yield from _matrix(faults.before, verbose, every)
        yield f"</section>\n<section>\n<h2>As tried: {_text(words.order(faults) or '')}</h2>"
    else:
        yield "<section>"
    yield from _matrix(faults, verbose, every)
    yield "</section>\n</main>\n</body>\n</html>"


def _matrix(faults: Faults, verbose: bool, every: bool) -> Iterator[str]:
    for each in (faults.normal, faults.preflight):
        if each is not None:
            yield f"<p><code>{_text(words.request(each))}</code></p>"
    if said := meaning(faults):
        yield '<ul class="meaning">' + "".join(f"<li>{escape(each)}</li>" for each in said) + "</ul>"
    yield '<div class="scroll" role="region" aria-label="Fault matrix" tabindex="0">\n<table>'
    normal, asked = words.blocks(faults)
    heads = "".join(_head(group) for group in normal)
    heads += '<th scope="col" class="asked">preflight</th>' if asked else ""
    heads += "".join(_head(group) for group in asked)
    yield f'<thead><tr><th scope="col" class="where">where</th><th scope="col">status</th>{heads}</tr></thead>'
    yield from _bodies(faults, normal, asked, verbose, every)
    yield "</table>\n</div>"
    yield f'<p class="faint">{escape(words.KEY)}</p>'
    yield from _headers(normal, asked)
    yield from (f'<p class="faint">{_text(note)}</p>' for note in faults.notes)


def _bodies(
    faults: Faults, normal: Sequence[Group], asked: Sequence[Group], verbose: bool, every: bool
) -> Iterator[str]:
    width = 1 + len(normal) + (1 + len(asked) if asked else 0)
    before = None
    for run in runs(faults, every=every):
        if (section := words.section(run)) != before:
            yield ("</tbody>\n" if before is not None else "") + "<tbody>"
            yield f'<tr><th scope="rowgroup" class="where section">{section}</th>'
            yield f'<td class="section" colspan="{width}"></td></tr>'
            before = section
        yield _row(faults, run, normal, asked, verbose)
    if before is not None:
        yield "</tbody>"


def _head(group: Group) -> str:
    return f'<th scope="col" class="group"><small>{words.head(group)}</small>{_name(words.adder(group))}</th>'


def _name(label: str) -> str:
    return "<wbr>".join(escape(part) for part in _WORDS.split(label))


def _row(faults: Faults, run: Run, normal: Sequence[Group], asked: Sequence[Group], verbose: bool) -> str:
    first = run.first
    begin, *end = words.where(run)
    where = f"<span>{_name(begin)}{' …' if end else ''}</span>"
    where += "".join(f'<span class="to">{_name(each)}</span>' for each in end)
    if told := words.remark(faults, first, verbose=verbose):
        where += f'<span class="remark">{escape(told)}</span>'
    cells = [f'<td class="status">{words.status(first)}</td>', *_cells(first, normal)]
    if asked and first.preflight is not None:
        cells += [f'<td class="status asked">{words.status(first.preflight)}</td>', *_cells(first.preflight, asked)]
    elif asked:
        cells.append(f'<td class="asked" colspan="{1 + len(asked)}"></td>')
    return f'<tr><th scope="row" class="where">{where}</th>{"".join(cells)}</tr>'


def _cells(reply: Fault | Reply, groups: Sequence[Group]) -> Iterator[str]:
    for group in groups:
        told = words.cell(reply, group.names)
        lost = [visible(name) for name in group.names if name in reply.missing]
        title = f' title="{escape("lost: " + ", ".join(lost))}"' if lost and told.state != "unreached" else ""
        yield f'<td class="cell {told.state}"{title}>{told.text}</td>'


def _headers(normal: Sequence[Group], asked: Sequence[Group]) -> Iterator[str]:
    told = [*((group, "") for group in normal), *((group, "preflight: ") for group in asked if group not in normal)]
    if told:
        yield "<dl>"
        for group, kind in told:
            names = ", ".join(f"<code>{_text(name)}</code>" for name in group.names)
            yield f"<dt>{words.head(group)} {escape(words.adder(group))}</dt><dd>{kind}{names}</dd>"
        yield "</dl>"
