"""`markdown`: the matrix for a README or a pull request, without anything that differs from run to run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from mwviz.model.faults import Fault, Faults, Reply
from mwviz.render.faults import words
from mwviz.render.faults.matrix import Group, Run, runs
from mwviz.render.faults.meaning import meaning
from mwviz.render.markdown import escaped, row
from mwviz.render.plain import visible


def render(faults: Faults, *, width: int = 80, color: bool = False, verbose: bool = False, every: bool = False) -> str:
    """Return a GitHub table with the headers below it; `verbose` names the headers that each row has lost."""
    paragraphs: list[str] = []
    if faults.before is not None:
        paragraphs += ["### As it is", *_matrix(faults.before, verbose, every)]
        paragraphs += [f"### As tried: {escaped(words.order(faults) or '')}"]
    return "\n\n".join([*paragraphs, *_matrix(faults, verbose, every)]) + "\n"


def _matrix(faults: Faults, verbose: bool, every: bool) -> Iterator[str]:
    sent = [words.request(each) for each in (faults.normal, faults.preflight) if each is not None]
    yield f"**{escaped(visible(faults.target))}** · {escaped(' · '.join(sent))}"
    normal, asked = words.blocks(faults)
    heads = ["Where", "Status", *map(_head, normal)]
    if asked:
        heads += ["Preflight", *map(_head, asked)]
    rule = ["---", "--:", *[":-:"] * len(normal), *(["--:", *[":-:"] * len(asked)] if asked else [])]
    rows: list[str] = []
    for section, found in groupby(runs(faults, every=every), words.section):
        rows.append(row([f"**{section}**", *[""] * len(heads)]))
        rows += [_row(faults, run, normal, asked, verbose) for run in found]
    yield "\n".join([row([*heads, ""]), row([*rule, "---"]), *rows])
    yield escaped(words.KEY)
    if told := words.legend(faults):
        yield "\n".join(
            f"- {escaped(words.adder(group))}: {kind}{escaped(', '.join(map(visible, group.names)))}"
            for group, kind in told
        )
    yield from (escaped(visible(note)) for note in faults.notes)
    yield from (f"**{escaped(sentence)}**" for sentence in meaning(faults))


def _head(group: Group) -> str:
    return escaped(words.adder(group))


def _row(faults: Faults, run: Run, normal: Sequence[Group], asked: Sequence[Group], verbose: bool) -> str:
    first = run.first
    cells = [escaped(" … ".join(words.where(run))), words.status(first), *_cells(first, normal)]
    if asked and first.preflight is not None:
        cells += [words.status(first.preflight), *_cells(first.preflight, asked)]
    elif asked:
        cells += [""] * (1 + len(asked))
    told = words.remark(faults, first, verbose=verbose)
    return row([*cells, escaped(told)])


def _cells(reply: Fault | Reply, groups: Sequence[Group]) -> Iterator[str]:
    for group in groups:
        told = words.cell(reply, group.names)
        yield f"({told.text})" if told.state == "unreached" and told.text != "·" else told.text
