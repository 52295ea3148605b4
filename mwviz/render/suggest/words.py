"""The words that the views of a suggestion share; texts are visible but still foreign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.model.suggestion import Left, Line, Reason, Suggestion
from mwviz.render.findings.told import at
from mwviz.render.plain import visible

#: What the suggested order shows that today's does not.
BROUGHT = "New: what this order brings, which is less than what it removes"
REVEALED = "Comes to light: it was so before, but no request got there to show it"
HEADINGS: dict[Reason, str] = {
    "kept": "Left: no order that was tried removes them without harm",
    "fixed": "Left: no order of the layers removes them",
    "unseen": "Left: in this order they are not seen, which does not say that they are gone",
}


def headline(suggestion: Suggestion) -> str:
    """Return whether there is a better order, and by how much."""
    found = len(suggestion.gone) + len(suggestion.left)
    if suggestion.order is None:
        return _none(suggestion, found)
    moves = _count(len(suggestion.moves), "move")
    new = f", {len(suggestion.new)} new" if suggestion.new else ""
    return f"A better order: {len(suggestion.gone)} of {_count(found, 'finding')} gone{new}, with {moves}."


def _none(suggestion: Suggestion, found: int) -> str:
    if not found:
        return f"Lint found nothing: {'no order was looked for' if suggestion.broken else 'no other order is needed'}."
    if not any(each.reason == "kept" for each in suggestion.left):
        return f"No order is better: {_count(found, 'finding')}, and none that another order could remove."
    ended = suggestion.cut or not (suggestion.tried or suggestion.against)
    told = "No better order was found" if ended else "No order is better"
    return f"{told}: {_count(found, 'finding')}, {_count(suggestion.tried, 'order')} tried."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def start(suggestion: Suggestion) -> str:
    """Return what the order is called that the suggested one is compared with."""
    return "asked for" if suggestion.asked else "today"


def groups(suggestion: Suggestion) -> Iterator[tuple[str, tuple[Left, ...]]]:
    """Yield what is left, by why it is, with a heading each."""
    reasons: tuple[Reason, ...] = ("kept", "unseen", "fixed")
    for reason in reasons:
        found = tuple(each for each in suggestion.left if each.reason == reason)
        if found and reason == "kept" and suggestion.against:
            yield "Left: a contract forbids the orders that promise to remove them", found
        elif found and reason == "kept" and not suggestion.tried:
            yield "Left: no order was tried", found
        elif found:
            yield HEADINGS[reason], found


def remarks(suggestion: Suggestion) -> Iterator[str]:
    """Yield what else is to be said: contracts, and how far the search went."""
    if suggestion.asked:
        yield "This starts from the order that --order gives, not from the code's."
    if suggestion.against:
        yield f"Orders that promise fewer findings break {_contracts(suggestion.against)}."
    if suggestion.mended:
        yield f"This order mends {_contracts(suggestion.mended)}, broken today."
    if still := [name for name in suggestion.broken if name not in suggestion.mended]:
        too = "" if suggestion.order is None else " and in this order, too"
        yield f"Broken today{too}: {_contracts(still)}. `mwviz check` tells what mends that."
    if suggestion.cut:
        yield f"The search was cut after {_count(suggestion.tried, 'order')}: there may be a better one."
    yield from map(visible, suggestion.notes)


def _contracts(names: Sequence[str]) -> str:
    several = "s" if len(names) > 1 else ""
    return f"the contract{several} {', '.join(repr(visible(name)) for name in names)}"


def command(suggestion: Suggestion) -> str:
    """Return what tries the order without touching the code."""
    return f'--order "{" > ".join(map(visible, suggestion.order or ()))}"'


def marks(suggestion: Suggestion) -> dict[str, str]:
    """Return the layers that move, each with its way."""
    return {each.layer: "outward" if each.after < each.before else "inward" for each in suggestion.moves}


def file(suggestion: Suggestion) -> str:
    """Return the file that holds all registrations; nothing where there are several, or where one is not known."""
    files = {line.place.file if line.place is not None else "" for line in suggestion.lines}
    return visible(files.pop()) if len(files) == 1 else ""


def code(suggestion: Suggestion) -> tuple[tuple[str, str], ...]:
    """Return the registrations as lines of code, each with a comment that tells the place where it stands now."""
    forms = [line.form for line in suggestion.lines]
    short, several = bool(file(suggestion)), len({line.registered_in for line in suggestion.lines}) > 1
    found: list[tuple[str, str]] = []
    for number, line in enumerate(suggestion.lines):
        if line.form == "list" and "list" not in forms[:number]:
            found.append(("", "# in the list: the first one stands outermost"))
        if line.form != "list" and all(form == "list" for form in forms[:number]):
            found.append(("", "# added by calls: the last one stands outermost"))
        found += _source(line, _comment(line, short=short, several=several))
    return tuple(found)


def _comment(line: Line, *, short: bool, several: bool) -> str:
    """Where it stands today: the function is told where there are several, and a list that it has to leave."""
    if line.place is None:
        return "place unknown"
    place = f"line {line.place.line}" if short else at(line.place)
    code = f", in {visible(line.registered_in)}" if several and line.registered_in is not None else ""
    return f"{place}{code}{', take it out of the list' if (line.registered_by, line.form) == ('list', 'call') else ''}"


def _source(line: Line, comment: str) -> list[tuple[str, str]]:
    if line.text is None:
        return [("", f"# {visible(line.layer)} ({comment})")]
    first, *rest = line.text.split("\n")
    return [(visible(first), f"# {comment}"), *((visible(each), "") for each in rest)]
