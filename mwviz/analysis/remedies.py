"""The smallest change of code that mends an order, as far as the places of registration tell it."""

from __future__ import annotations

from collections.abc import Sequence

from mwviz.model import Layer
from mwviz.model.stack import RegisteredBy

_FIXED = {
    "framework": "is the framework's own: its place is fixed",
    "injected": "is put there by an instrumentation library, which decides where",
}
#: Why a line goes where it goes, by how the layers are registered.
_WHY: dict[RegisteredBy | None, str] = {
    "call": "what is added last stands outermost",
    "list": "the first of a list stands outermost",
    None: "what add_middleware adds last stands outermost, and so does the first of a list",
}
_AFTER_LIST = "what is added after the list stands outside of it"


def move(moved: Layer, beside: Layer, layers: Sequence[Layer], *, outward: bool, moves_too: bool = False) -> str:
    """Return how `moved` gets to the outer (`outward`) or inner side of `beside`, in a sentence.

    `layers` is the whole chain, whose lines tell whether moving one of them would help. `moves_too`: another remedy has
    moved `beside` before.
    """
    for layer in (moved, beside):
        if layer.origin in _FIXED:
            return f"{layer.label} {_FIXED[layer.origin]}."
    side = "outside" if outward else "inside"
    if "outer" in (moved.origin, beside.origin):
        return _around(moved, beside, side)
    if moved.within != beside.within:
        return _across(moved, beside, side)
    here, there = moved.registered_at, beside.registered_at
    if here is None or there is None:
        return f"Register {moved.label} so that it stands {side} of {beside.label}: {_WHY[None]}."
    if here == there:
        return (
            f"{here.file}:{here.line} registers both: change the order in which it does, so that {moved.label} stands "
            f"{side}."
        )
    if here.file != there.file or not _lines_tell(moved, beside, layers):
        why = _WHY[moved.registered_by if moved.registered_by == beside.registered_by else None]
        first, second = f"{here.file}:{here.line}", f"{there.file}:{there.line}"
        return f"Register {moved.label} ({first}) so that it stands {side} of {beside.label} ({second}): {why}."
    return f"In {here.file}, {_within_file(moved, beside, outward=outward, moves_too=moves_too)}."


def _within_file(moved: Layer, beside: Layer, *, outward: bool, moves_too: bool) -> str:
    this, that = _line(moved), _line(beside, ", once that has moved" if moves_too else "")
    match moved.registered_by, beside.registered_by:
        # not by their lines: the other one may have moved past this one before
        case "call", "call":
            return f"move {this} {'below' if outward else 'above'} {that}: {_WHY['call']}"
        case "list", "list":
            return f"move {this} {'before' if outward else 'behind'} {that}: {_WHY['list']}"
        case "list", _:
            return f"take {this} out of the list, and add it with add_middleware below {that}: {_AFTER_LIST}"
        case _:
            return f"take {this} into the list{_as_entry(moved)}, behind {that}: {_AFTER_LIST}"


def _as_entry(layer: Layer) -> str:
    """How a list holds what `@app.middleware("http")` decorates, which is no class."""
    named = layer.kind == "function" and layer.name.isidentifier()
    return f" as Middleware(BaseHTTPMiddleware, dispatch={layer.name})" if named else ""


def _line(layer: Layer, more: str = "") -> str:
    line = f"line {layer.registered_at.line} ({layer.label}{more})" if layer.registered_at is not None else layer.label
    return f"the entry of {line}" if layer.registered_by == "list" else line


def _lines_tell(moved: Layer, beside: Layer, layers: Sequence[Layer]) -> bool:
    """Tell whether the lines of registration are in the order that calls, and entries of a list, give.

    What is called in one function does not go into another by moving a line, nor does an entry of its list; it is
    another matter where one leaves a list, or goes into it. Lines are in no order where loops register some, or code
    puts entries into the list by itself. Where several layers share a line, it does not move for one of them.
    """
    if moved.registered_by == beside.registered_by and moved.registered_in != beside.registered_in:
        return False
    codes = (_code_of(moved), _code_of(beside))
    placed = [
        (layer.registered_by, layer.registered_at.line)
        for layer in sorted(layers, key=lambda layer: layer.index)
        if layer.registered_at is not None and _code_of(layer) in codes
    ]
    calls = [line for by, line in placed if by == "call"]
    lines = [line for _, line in placed]
    # what is called stands outside of what is listed, the last call outermost, the first of the list too
    regular = [*sorted(calls, reverse=True), *sorted(line for by, line in placed if by == "list")]
    concerned = [layer.registered_at.line for layer in (moved, beside) if layer.registered_at is not None]
    return lines == regular and all(lines.count(line) == 1 for line in concerned)


def _code_of(layer: Layer) -> tuple[str | None, ...]:
    """The app or mount, the file and the function: among the lines of one of these there is one order."""
    place = layer.registered_at
    return layer.within, place.file if place is not None else None, layer.registered_in


def _around(moved: Layer, beside: Layer, side: str) -> str:
    if moved.origin == beside.origin:
        return f"Wrap the app in another order, so that {moved.label} stands {side} of {beside.label}."
    wrapper = moved if moved.origin == "outer" else beside
    return (
        f"Register {wrapper.label} with add_middleware, so that {moved.label} can stand {side} of {beside.label}: "
        f"what wraps the app, as {wrapper.label} does, lies outside of all that is registered."
    )


def _across(moved: Layer, beside: Layer, side: str) -> str:
    inner = moved if moved.within != "app" else beside
    return (
        f"Register {moved.label} elsewhere, so that it stands {side} of {beside.label}: what belongs to {inner.within} "
        "lies inside of all of the app's own layers."
    )
