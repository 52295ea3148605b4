"""The calls in a user's source that register middleware, and what stands around each."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from pathlib import Path
from typing import TypeAlias

from mwviz.linting.syntax import name_of
from mwviz.model import Layer
from mwviz.values import dataclass

Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
_REGISTERS = ("add_middleware", "middleware", "Middleware")
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that registers middleware: its text, its calls, and for each node the one around it."""

    text: str
    calls: tuple[ast.Call, ...]
    around: dict[ast.AST, ast.AST] = field(repr=False)

    def outward(self, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
        """Each node around this one, with what of it this one lies in."""
        while (outer := self.around.get(node)) is not None:
            yield outer, node
            node = outer

    def decorated(self, call: ast.Call) -> Function | None:
        """The function that the call decorates."""
        for outer, inner in self.outward(call):
            if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef)) and inner in outer.decorator_list:
                return outer
        return None

    def reaches(self, call: ast.Call, line: int) -> bool:
        """Whether the call lies on that line; one that decorates is made there up to Python 3.10: at the `def`."""
        function = self.around.get(call)
        decorates = isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and call in function.decorator_list
        end = function.lineno if decorates and isinstance(function, ast.stmt) else call.end_lineno
        return call.lineno <= line <= (end or call.lineno)

    def moves(self, call: ast.Call) -> bool:
        """Whether the call registers one layer wherever it is moved to: what it registers is no loop's or caller's."""
        given = call.args[0] if call.args else None
        name = given.id if isinstance(given, ast.Name) else None
        for outer, _ in self.outward(call):
            if isinstance(outer, (*_LOOPS, ast.IfExp)):
                return False
            if isinstance(outer, _FUNCTIONS) and name in {each.arg for each in _parameters(outer.args)}:
                return False
        return True

    def conditions(self, call: ast.Call) -> tuple[tuple[ast.expr, bool], ...]:
        """What each `if` around the call asks, innermost first, and whether it has to be true for the call."""
        found: list[tuple[ast.expr, bool]] = []
        for outer, inner in self.outward(call):
            if isinstance(outer, _FUNCTIONS) and inner not in getattr(outer, "decorator_list", ()):
                break
            if isinstance(outer, ast.If) and inner is not outer.test:
                found.append((outer.test, inner in outer.body))
        return tuple(found)


def read(file: Path) -> Source | None:
    """The source of a file; None where it cannot be read: no source, or code of another Python."""
    try:
        with tokenize.open(file) as stream:
            text = stream.read()
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError):
        return None
    nodes = list(ast.walk(tree))
    around = {inner: outer for outer in nodes for inner in ast.iter_child_nodes(outer)}
    return Source(text, tuple(node for node in nodes if isinstance(node, ast.Call)), around)


def registering(layer: Layer, layers: Iterable[Layer], source: Source) -> ast.Call | None:
    """The call that registers the layer: of several on its line the one that names it, else one that names no other.

    `layers` are all that are registered in this file. A call by another name counts where no usual one is on the line.
    """
    place = layer.registered_at
    if place is None:
        return None
    there = [call for call in source.calls if source.reaches(call, place.line)]
    usual = [call for call in there if name_of(call.func) in _REGISTERS]
    naming = [call for call in usual or there if _names(call, layer)]
    others = [each for each in layers if each.registered_at == place and each.name != layer.name]
    unnamed = [call for call in usual if not any(_names(call, other) for other in others)]
    return min(naming or unnamed, key=_lines, default=None)


def _names(call: ast.Call, layer: Layer) -> bool:
    given: Sequence[ast.expr] = [*call.args[:1], *(each.value for each in call.keywords if each.arg == "dispatch")]
    return any(name_of(each) == layer.name for each in given)


def _lines(call: ast.Call) -> int:
    return (call.end_lineno or call.lineno) - call.lineno


def _parameters(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (each for each in (arguments.vararg, arguments.kwarg) if each is not None)
