"""What is wrong with an order, as an assertion tells it: expected, observed, which two, and what to change."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.model import Layer, Trace
from mwviz.model.order import Absent, Comparison, Misplaced
from mwviz.render import words
from mwviz.render.places import where
from mwviz.render.plain import visible

_UNMET = "not reached: the built stack has it here"


def broken(trace: Trace, wanted: str, comparison: Comparison) -> str:
    """Return the whole message for an order that does not hold."""
    lines = [
        f"The order of {visible(trace.target)} is another one.",
        f"expected  {visible(wanted)}",
        f"observed  {words.request_line(trace, timed=False)}",
        *_rows(trace, comparison),
        "",
        *(_absent(trace, each) for each in comparison.absent),
        *_wrong(trace, comparison),
    ]
    return "\n".join(lines)


def unbuilt(trace: Trace) -> str:
    """Return why there is no order to be held: the app's stack could not be built, or its startup failed."""
    error = trace.error
    told = f"{visible(error.type)}: {visible(error.message)}" if error is not None else "nothing was sent"
    failed = "start" if error is not None and error.during == "startup" else "build its stack"
    return f"The order of {visible(trace.target)} was not observed: the app could not {failed}. {told}"


def _rows(trace: Trace, comparison: Comparison) -> Iterator[str]:
    turns = words.turns(trace.request_order)
    wrong = {index for pair in comparison.misplaced for index in (pair.outer, pair.inner)}
    names = [visible(layer.label) for layer in trace.layers]
    places = [where(layer) for layer in trace.layers]
    for index in comparison.met:
        mark, turn = "✗" if index in wrong else " ", f"↓ {turns[index]}" if index in turns else "-"
        name, place = names[index].ljust(max(map(len, names))), places[index].ljust(max(map(len, places)))
        yield f"  {mark} {turn:<4}  {name}  {place}  {'' if index in turns else _UNMET}".rstrip()


def _absent(trace: Trace, absent: Absent) -> str:
    own = ", ".join(visible(layer.label) for layer in trace.layers if layer.origin != "framework")
    there = f"it has {own}." if own else "it has none beside the framework's own."
    hint = f"did you mean {visible(absent.meant)}?" if absent.meant is not None else there
    return f"No layer of the app is called '{visible(absent.name)}': {hint}"


def _wrong(trace: Trace, comparison: Comparison) -> Iterator[str]:
    match comparison.moved:
        case ():
            return
        case (moved,):
            pair = _farthest(comparison, moved)
            yield _two(trace, pair)
            other = pair.outer if pair.inner == moved else pair.inner
            change = _move(trace, trace.layers[moved], trace.layers[other], outward=pair.inner == moved)
        case several:
            yield from (_two(trace, _farthest(comparison, moved)) for moved in several)
            names = ", ".join(visible(trace.layers[index].label) for index in comparison.mended)
            change = f"register them in this order, outermost first: {names} (the last one added is the outermost)"
    yield f"To mend it: {change}."


def _farthest(comparison: Comparison, moved: int) -> Misplaced:
    """The pair that a layer to be moved makes with the layer that it has to pass last."""
    pairs = [pair for pair in comparison.misplaced if moved in (pair.outer, pair.inner)]
    inward = [pair for pair in pairs if pair.outer == moved]
    if inward:
        return max(inward, key=lambda pair: comparison.met.index(pair.inner))
    return min(pairs, key=lambda pair: comparison.met.index(pair.outer))


def _two(trace: Trace, pair: Misplaced) -> str:
    outer, inner = _told(trace.layers[pair.outer]), _told(trace.layers[pair.inner])
    return f"{outer} stands outside of {inner}, and ought to stand inside of it."


def _told(layer: Layer) -> str:
    return f"{visible(layer.label)} ({where(layer)})"


def _move(trace: Trace, mover: Layer, other: Layer, *, outward: bool) -> str:
    here, there = mover.registered_at, other.registered_at
    # a line of several layers is a list or a loop, which does not move for one of them
    places = [each.registered_at for each in trace.layers]
    alone = places.count(here) == 1 and places.count(there) == 1
    if here is None or there is None or here.file != there.file or here.line == there.line or not alone:
        after, before = ("after", "before") if outward else ("before", "after")
        return (
            f"add {visible(mover.label)} {after} {visible(other.label)} (the last one added is the outermost), "
            f"or name it {before} that in a list `middleware=[...]`"
        )
    # However they were registered: the line belongs on the other side of the one that it has to pass.
    below = here.line < there.line
    why = "the last one added is the outermost" if below is outward else "the first one of a list is the outermost"
    return f"move line {here.line} of {visible(here.file)} {'below' if below else 'above'} line {there.line} ({why})"
