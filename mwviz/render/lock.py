"""The text of `mwviz.lock`: TOML with one layer, and one route, per line, so that a change of one is a line's diff."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from mwviz.model.diff import Lock, LockedLayer, LockedRoute

_Passed: TypeAlias = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]

_FORMAT = "mwviz.lock/1"
_HEAD = """\
# The accepted order of the middleware, outermost first; the framework's own layers are left out.
# Written by `mwviz lock` and held by `mwviz check`: commit it, and do not edit it.
"""
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def render(lock: Lock) -> str:
    """Return the lock as TOML, with nothing live in it, the same for the same order on every machine."""
    parts = [f"{_HEAD}format = {_text(_FORMAT)}\n", _array("layers", [_layer(layer) for layer in lock.layers])]
    if lock.routes is not None:
        parts.append("# what a request to a route passes beyond the app's own layers above\n" + _routes(lock.routes))
    return "\n".join(parts)


def _routes(routes: Sequence[LockedRoute]) -> str:
    groups: dict[_Passed, list[str]] = {}
    for route in routes:
        groups.setdefault((route.layers, route.dependencies, route.skipped), []).append(route.name)
    tables = ("\n".join(_group(key, names)) for key, names in groups.items())
    return "\n".join(tables) if groups else "routes = []\n"


def _group(passed: _Passed, names: Sequence[str]) -> Iterator[str]:
    yield "[[routes]]"
    for key, labels in zip(("layers", "dependencies", "skipped"), passed, strict=True):
        if labels:
            yield f"{key} = [{', '.join(map(_text, labels))}]"
    yield _array("paths", [_text(name) for name in names])


def _array(key: str, items: Sequence[str]) -> str:
    return "\n".join([f"{key} = [", *(f"  {item}," for item in items), "]\n"]) if items else f"{key} = []\n"


def _layer(layer: LockedLayer) -> str:
    facts = {"layer": layer.label, "is": layer.qualified_name, "origin": layer.origin}
    if layer.within != "app":
        facts["within"] = layer.within
    if layer.file is not None:
        facts["file"] = layer.file
    pairs = _pairs(facts)
    if layer.arguments:
        pairs.append(f"arguments = {{ {', '.join(_pairs(dict(layer.arguments)))} }}")
    return f"{{ {', '.join(pairs)} }}"


def _pairs(facts: Mapping[str, str]) -> list[str]:
    return [f"{key if _BARE.fullmatch(key) else _text(key)} = {_text(value)}" for key, value in facts.items()]


def _text(text: str) -> str:
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"  # a literal string, which knows no escapes
    return "".join(['"', *(char if char.isprintable() and char not in '"\\' else _escaped(char) for char in text), '"'])


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:  # half a character, which no TOML may hold
        return "\\uFFFD"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
