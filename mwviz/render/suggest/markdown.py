"""`markdown`: the suggestion for an issue or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.model.findings import Finding
from mwviz.model.suggestion import Suggestion
from mwviz.render.markdown import escaped, row
from mwviz.render.plain import visible
from mwviz.render.suggest import words


def render(suggestion: Suggestion, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """Return a headline, the two orders as a table, lists of findings, and the code; `verbose` adds the evidence."""
    parts = [f"**{escaped(visible(suggestion.target))}**: {escaped(words.headline(suggestion))}"]
    if suggestion.order is not None:
        parts.append("\n".join(_orders(suggestion)))
        parts += _found("Gone", suggestion.gone, verbose, remedies=False)
        parts += _found(words.BROUGHT, suggestion.new, verbose, remedies=True)
        parts += _found(words.REVEALED, suggestion.revealed, verbose, remedies=True)
    for heading, left in words.groups(suggestion):
        parts += _found(heading, [each.finding for each in left], verbose, remedies=True)
    if suggestion.order is not None:
        place = f" in {escaped(words.file(suggestion))}" if words.file(suggestion) else ""
        parts += [f"Write it in this order{place}:", "\n".join(_code(suggestion))]
    parts += map(escaped, words.remarks(suggestion))
    return "\n\n".join(parts) + "\n"


def _code(suggestion: Suggestion) -> Iterator[str]:
    # In an indented block nothing is live; still no `<` of foreign text is written raw.
    for source, comment in words.code(suggestion):
        yield f"    {'  '.join(filter(None, (source, comment)))}".replace("<", "\\x3c")


def _orders(suggestion: Suggestion) -> Iterator[str]:
    marks = words.marks(suggestion)
    yield row([words.start(suggestion), "suggested", "moved"])
    yield row(["---", "---", "---"])
    for old, new in zip(suggestion.today, suggestion.order or (), strict=True):
        name = escaped(visible(new))
        yield row([escaped(visible(old)), f"**{name}**" if new in marks else name, marks.get(new, "")])


def _found(heading: str, found: Sequence[Finding], verbose: bool, *, remedies: bool) -> Iterator[str]:
    if not found:
        return
    yield f"{escaped(heading)}:"
    items = []
    for finding in found:
        told = [finding.message]
        told += [finding.evidence] if verbose and finding.evidence else []
        told += [finding.remedy] if remedies and finding.remedy else []
        items.append(f"- **{finding.code}** ({finding.severity}): {escaped(visible(' '.join(told)))}")
    yield "\n".join(items)
