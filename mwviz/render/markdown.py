"""`markdown`: a table for a README or a pull request, without anything that differs from run to run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mwviz.model import Trace
from mwviz.render import words
from mwviz.render.graph import diagram
from mwviz.render.places import where
from mwviz.render.plain import visible
from mwviz.render.remarks import remarks
from mwviz.render.summary import summary

_COLUMNS = ("Request", "Response", "Layer", "Kind", "Place", "What happened")


def render(trace: Trace, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """Return a GitHub table with a headline and a summary; `verbose` adds versions and arguments.

    No times are in it and no path of this machine, so it may be committed.
    """
    title = f"**{_text(visible(trace.target))}** · {_text(words.request_line(trace, timed=False))}"
    columns = (*_COLUMNS, "Arguments") if verbose else _COLUMNS
    rule = ["--:", "--:", *("---" for _ in columns[2:])]
    table = [_row(columns), _row(rule), *_layer_rows(trace, verbose=verbose), _end_row(trace, len(columns))]
    paragraphs = [title, "\n".join(table), _text(summary(trace)), *map(_text, remarks(trace))]
    if verbose:
        paragraphs.insert(1, _text(words.headline(trace)))
    return "\n\n".join(paragraphs) + "\n"


def _layer_rows(trace: Trace, *, verbose: bool) -> Iterator[str]:
    turns_in, turns_out = words.turns(trace.request_order), words.turns(trace.response_order)
    home = "app"
    for layer in trace.layers:
        if layer.within != home:
            home = layer.within
            yield _row(["", "", _text(visible(home)), *[""] * (4 if verbose else 3)])
        cells = [
            str(turns_in.get(layer.index, "")),
            str(turns_out.get(layer.index, "")),
            f"**{_text(visible(layer.label))}**" if layer.origin != "framework" else _text(visible(layer.label)),
            f"{layer.origin} {words.KINDS[layer.kind]}",
            _text(where(layer)),
            _text(words.happened(trace, layer.index, verbose=verbose)),
        ]
        if verbose:
            cells.append(
                ", ".join(f"{_text(visible(key))}={_text(visible(it))}" for key, it in layer.arguments.items())
            )
        yield _row(cells)


def _end_row(trace: Trace, count: int) -> str:
    end = diagram(trace).nodes[-1]
    kind, _, place = end.fact.partition(", ")
    cells = ["", "", f"**{_text(end.name)}**", _text(kind), _text(place), _text(end.badge)]
    return _row([*cells, *[""] * (count - len(cells))])


def _row(cells: Sequence[str]) -> str:
    return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in cells)}|"


#: What Markdown acts on wherever it stands; what it acts on at the start of a paragraph; the start of an autolink.
_LIVE = re.compile(
    r"[&<>|`*\[\]\\~$^#@{}]|(?<![^\W_])_|_(?![^\W_])|(?<=[wW]{3})\.|:(?=/)|^[-+=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]"
)

#: GitHub looks for mentions, references and `:emoji:` after the entities are decoded: only a joiner keeps them apart.
_SOCIAL = re.compile(r"[@#](?=\w)|:(?=[\w+-]+:)")


def _text(text: str) -> str:
    """Return foreign text as Markdown that shows it and does nothing."""
    joined = _SOCIAL.sub("\\g<0>\u2060", text.strip())
    return _LIVE.sub(lambda found: f"&#{ord(found[0])};", joined).replace("\u2060", "&#8288;")


#: What the views of routes have in common with this one.
escaped, row = _text, _row
