"""`html`: the matrix as one page without scripts, that loads nothing; its policy lets in its own style alone."""

from __future__ import annotations

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
:root{--good-fill:light-dark(#e3f6e8,#0f2a18);--warn-fill:light-dark(#fff3d1,#30260a);--bad-fill:light-dark(#ffeceb,#3a1517)}
*{box-sizing:border-box}
body{margin:0 auto;max-width:84rem;padding:1.5rem;background:var(--page);color:var(--ink);overflow-wrap:anywhere;
font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
h1{font-size:1.6rem;line-height:1.2;margin:0}h2{font-size:1.25rem;margin:2rem 0 .5rem}p{margin:.3rem 0}
.faint{color:var(--faint);font-size:.9em}.meaning{font-weight:600;max-width:62rem}
.scroll{overflow-x:auto;margin:1rem 0;border:1px solid var(--rule);border-radius:10px}
table{border-collapse:collapse;width:100%}
th,td{padding:.35rem .7rem;text-align:start;vertical-align:top;border-top:1px solid var(--rule)}
thead th{border-top:0;background:var(--band);vertical-align:bottom;font-size:.86em;overflow-wrap:normal}
thead small{display:block;font-weight:400;color:var(--faint)}
th.group,td.cell,td.status{text-align:center}td.status{font-variant-numeric:tabular-nums}
tbody th{font-weight:600;white-space:nowrap}tbody.first>tr:first-child>*{border-top:2px solid var(--faint)}
td.cell,td.status,th.group{white-space:nowrap}td.asked,th.asked{border-inline-start:2px solid var(--rule)}
td.kept{color:var(--good)}td.some{color:var(--warn);background:var(--warn-fill)}
td.lost{color:var(--bad);background:var(--bad-fill);font-weight:700}td.unreached{color:var(--faint)}
td.where{min-width:13rem}td.remark{color:var(--faint);font-size:.9em;min-width:10rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.5rem 0}dt{font-weight:600}dd{margin:0}
code{font:.86em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media(max-width:40rem){body{padding:.8rem}dl{grid-template-columns:1fr}dd{margin-block-end:.4rem}td.where{min-width:9rem}}
@media print{.scroll{overflow:visible}}
"""


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
    yield from (f'<p class="meaning">{escape(sentence)}</p>' for sentence in meaning(faults))
    yield '<div class="scroll" role="region" aria-label="Fault matrix" tabindex="0">\n<table>'
    normal, asked = words.blocks(faults)
    heads = "".join(_head(group) for group in normal)
    heads += '<th scope="col" class="asked">preflight</th>' if asked else ""
    heads += "".join(_head(group) for group in asked)
    yield f'<thead><tr><th scope="col">fault</th><th scope="col">where</th><th scope="col">status</th>{heads}'
    yield '<th scope="col"><span class="faint">remark</span></th></tr></thead>'
    yield from _bodies(faults, normal, asked, verbose, every)
    yield "</table>\n</div>"
    yield f'<p class="faint">{escape(words.KEY)}</p>'
    yield from _headers(normal, asked)
    yield from (f'<p class="faint">{_text(note)}</p>' for note in faults.notes)


def _bodies(
    faults: Faults, normal: Sequence[Group], asked: Sequence[Group], verbose: bool, every: bool
) -> Iterator[str]:
    before = None
    for run in runs(faults, every=every):
        if run.first.fault != before:
            yield ("</tbody>\n" if before is not None else "") + '<tbody class="first">'
        yield _row(faults, run, normal, asked, verbose, named=run.first.fault != before)
        before = run.first.fault
    if before is not None:
        yield "</tbody>"


def _head(group: Group) -> str:
    return f'<th scope="col" class="group"><small>{words.head(group)}</small>{escape(words.adder(group))}</th>'


def _row(
    faults: Faults, run: Run, normal: Sequence[Group], asked: Sequence[Group], verbose: bool, *, named: bool
) -> str:
    first = run.first
    name = escape(words.FAULTS[first.fault]) if named else ""
    cells = [f'<th scope="row">{name}</th><td class="where">{escape(words.where(run))}</td>']
    cells += [f'<td class="status">{words.status(first)}</td>', *_cells(first, normal)]
    if asked and first.preflight is not None:
        cells += [f'<td class="status asked">{words.status(first.preflight)}</td>', *_cells(first.preflight, asked)]
    elif asked:
        cells += ['<td class="asked"></td>', *["<td></td>"] * len(asked)]
    told = words.remark(faults, first, verbose=verbose)
    return f'<tr>{"".join(cells)}<td class="remark">{escape(told)}</td></tr>'


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
