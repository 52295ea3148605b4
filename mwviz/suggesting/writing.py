"""The registrations of a suggested order as source: each as it stands in the code, in the order to write them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import indent
from typing import Literal

from mwviz.linting.syntax import name_of
from mwviz.model import Layer
from mwviz.model.suggestion import Line
from mwviz.suggesting import calls
from mwviz.suggesting.calls import Source
from mwviz.suggesting.masking import head, shown
from mwviz.values import dataclass

_IN_LIST = "Middleware"


@dataclass(frozen=True, slots=True)
class _Registration:
    """A registration as it was read: `receiver` is what it is called of, `given` what stands in its brackets."""

    layer: Layer
    form: Literal["call", "list", "unknown"]
    text: str | None = None
    receiver: str = ""
    given: str | None = None


def written(layers: Sequence[Layer], base: Path) -> tuple[Line, ...]:
    """The lines of these layers, outermost first, in the order to write them.

    Calls come with the outermost one last, entries of a list with the outermost one first, before the calls: a list
    stands inside of what is added to it. Entries that have to stand outside of a call become calls.
    """
    places = {layer.registered_at for layer in layers if layer.registered_at is not None}
    sources = {file: calls.read(base / file) for file in {place.file for place in places}}
    read = _registrations(layers, sources)
    listed = 0
    while listed < len(read) and read[-1 - listed].form == "list":
        listed += 1
    added = [_as_call(each, read) for each in read[: len(read) - listed]]
    return tuple(_line(each) for each in (*read[len(read) - listed :], *reversed(added)))


def _registrations(layers: Sequence[Layer], sources: dict[str, Source | None]) -> list[_Registration]:
    found: list[tuple[ast.Call, Source] | None] = []
    for layer in layers:
        source = sources.get(layer.registered_at.file) if layer.registered_at is not None else None
        call = calls.registering(layer, layers, source) if source is not None else None
        found.append((call, source) if call is not None and source is not None and source.moves(call) else None)
    shared = Counter(id(each[0]) for each in found if each is not None)
    return [
        _Registration(layer, layer.registered_by or "unknown")
        if each is None or shared[id(each[0])] > 1
        else _read(layer, *each)
        for layer, each in zip(layers, found, strict=True)
    ]


def _read(layer: Layer, call: ast.Call, source: Source) -> _Registration:
    form = layer.registered_by or ("list" if name_of(call.func) == _IN_LIST else "call")
    conditions = source.conditions(call)
    if form == "call":
        receiver = shown(call.func.value, source.text) if isinstance(call.func, ast.Attribute) else ""
        text = _statement(layer, call, source)
        for test, holds in conditions:
            text = f"if {_condition(test, source, holds=holds)}:\n{indent(text, '    ')}"
        return _Registration(layer, form, text, receiver)
    if conditions and isinstance(source.around[call], ast.Call):  # an entry that only sometimes goes into the list
        return _Registration(layer, form)
    return _Registration(layer, form, f"{_call(layer, call, source)},", given=_given(layer, call, source))


def _as_call(found: _Registration, all_: Sequence[_Registration]) -> _Registration:
    if found.form != "list":
        return found
    receiver = next((each.receiver for each in all_ if each.receiver), "app")
    text = None if found.given is None else f"{receiver}.add_middleware({found.given})"
    return replace(found, form="call", text=text, receiver=receiver)


def _line(found: _Registration) -> Line:
    layer = found.layer
    return Line(layer.label, found.form, found.text, layer.registered_at, layer.registered_by, layer.registered_in)


def _statement(layer: Layer, call: ast.Call, source: Source) -> str:
    """The whole statement: `@app.middleware("http")` with the head of its function."""
    if (function := source.decorated(call)) is not None:
        decorators = [f"@{shown(each, source.text)}\n" for each in function.decorator_list]
        return f"{''.join(decorators)}{head(function)}\n    ...  # its body as it stands"
    for outer, inner in source.outward(call):
        if isinstance(outer, ast.Call) and outer.func is inner:  # app.middleware("http")(function)
            return shown(outer, source.text)
    return _call(layer, call, source)


def _condition(test: ast.expr, source: Source, *, holds: bool) -> str:
    told = " ".join(shown(test, source.text).split("\n"))
    if holds:
        return told
    return f"not {told}" if isinstance(test, (ast.Name, ast.Attribute, ast.Call, ast.Constant)) else f"not ({told})"


def _call(layer: Layer, call: ast.Call, source: Source) -> str:
    return shown(call, source.text, given=tuple(layer.arguments))


def _given(layer: Layer, call: ast.Call, source: Source) -> str:
    """What stands in the brackets of the call."""
    names = ["", *layer.arguments]
    parts = [shown(each, source.text, names[at] if at < len(names) else "") for at, each in enumerate(call.args)]
    for each in call.keywords:
        value = shown(each.value, source.text, each.arg or "")
        parts.append(f"{each.arg}={value}" if each.arg else f"**{value}")
    return ", ".join(parts)
