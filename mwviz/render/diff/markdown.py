"""`markdown`: the changes for a comment on a pull request, with a Mermaid diagram of both orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.model.diff import Difference
from mwviz.render.diff.rows import Mark, Row, sections, stack, summary, title
from mwviz.render.markdown import escaped
from mwviz.render.mermaid import escaped as in_mermaid
from mwviz.render.mermaid import styles
from mwviz.render.plain import visible

_WORDS: dict[Mark, str] = {" ": "stays", "+": "added", "-": "removed", ">": "moved", "~": "changed"}
#: The boxes of a diagram have the colours that those of a trace have.
_CLASSES: dict[Mark, str] = {" ": "user", "+": "answered", "-": "failed", ">": "took_over", "~": "took_over"}


def render(difference: Difference, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """Return a headline, a list of the changes, and the diagram; `verbose` draws it also where no place has changed."""
    rows = stack(difference)
    changed = [row for row in rows if row.mark != " "]
    parts = [f"**{escaped(title(difference))}**: {escaped(summary(difference))}"]
    if changed:
        parts.append("\n".join(map(_item, changed)))
    parts += ["\n".join([f"{escaped(each.title)}:\n", *map(_item, each.rows)]) for each in sections(difference)]
    if verbose or changed:
        parts.append("\n".join(["```mermaid", *_diagram(difference, rows), "```"]))
    return "\n\n".join(parts) + "\n"


def _item(row: Row) -> str:
    facts = "; ".join(map(escaped, row.facts))
    return f"- {_WORDS[row.mark]} **{escaped(row.name)}**{f': {facts}' if facts else ''}"


def _diagram(difference: Difference, rows: Sequence[Row]) -> Iterator[str]:
    marks = {row.name: row.mark for row in rows}
    before = [visible(layer.label) for layer in difference.before]
    after = [visible(layer.label) for layer in difference.after]
    gone = {row.name for row in rows if row.mark == "-"}
    yield "flowchart LR"
    used = set()
    for key, heading, names in (("before", difference.old.name, before), ("after", difference.new.name, after)):
        shown = [_class(name, marks, old=key == "before", gone=gone) for name in names]
        used |= set(shown)
        yield f'  subgraph {key}["{in_mermaid(visible(heading))}"]'
        yield "    direction TB"
        boxes = enumerate(zip(names, shown, strict=True))
        yield from (f'    {key}{at}("{in_mermaid(name)}"):::{style}' for at, (name, style) in boxes)
        yield from (f"    {key}{at} --> {key}{at + 1}" for at in range(len(names) - 1))
        yield "  end"
    yield "  before ~~~ after"
    yield from (f"  classDef {name} {style}" for name, style in styles.items() if name in used)


def _class(name: str, marks: dict[str, Mark], *, old: bool, gone: set[str]) -> str:
    if old:
        return _CLASSES["-" if name in gone else ">" if marks.get(name) in (">", "~") else " "]
    return _CLASSES[marks.get(name, " ") if marks.get(name) != "-" else " "]
