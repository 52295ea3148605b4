"""The registrations of a suggested order as source: each as it stands in the code, in the order to write them."""

from __future__ import annotations

import ast
import tokenize
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from mwviz.collect import redact
from mwviz.model import Layer
from mwviz.model.suggestion import Line

#: By file its text and tree; None where it cannot be read.
_Sources: TypeAlias = "dict[str, tuple[str, ast.Module] | None]"
_ADDS, _IN_LIST = ("add_middleware", "middleware"), "Middleware"


@dataclass(frozen=True, slots=True)
class _Registration:
    """A registration as it was read: `receiver` is what it is called of, `given` what stands in its brackets."""

    layer: Layer
    form: Literal["call", "list", "unknown"]
    text: str | None = None
    receiver: str = ""
    given: str = ""


def written(layers: Sequence[Layer], base: Path) -> tuple[Line, ...]:
    """The lines of these layers, outermost first, in the order to write them.

    Calls come with the outermost one last, entries of a list with the outermost one first, before the calls: a list
    stands inside of what is added to it. Entries that have to stand outside of a call become calls.
    """
    places = {layer.registered_at for layer in layers if layer.registered_at is not None}
    sources = {file: _parsed(base / file) for file in {place.file for place in places}}
    calls = [_call_of(layer, sources) for layer in layers]
    shared = Counter(map(id, calls))
    read = [
        _Registration(layer, "unknown") if call is None or shared[id(call)] > 1 else _read(layer, call, sources)
        for layer, call in zip(layers, calls, strict=True)
    ]
    listed = list(_innermost(read))
    added = [_as_call(each, read) for each in read[: len(read) - len(listed)]]
    return tuple(_line(each) for each in (*listed, *reversed(added)))


def _innermost(read: Sequence[_Registration]) -> Iterable[_Registration]:
    count = 0
    while count < len(read) and read[-1 - count].form == "list":
        count += 1
    return read[len(read) - count :]


def _as_call(found: _Registration, all_: Sequence[_Registration]) -> _Registration:
    receiver = next((each.receiver for each in all_ if each.receiver), "app")
    if found.form != "list":
        return found
    return _Registration(found.layer, "call", f"{receiver}.add_middleware({found.given})", receiver)


def _line(found: _Registration) -> Line:
    return Line(found.layer.label, found.form, found.text, found.layer.registered_at)


def _call_of(layer: Layer, sources: _Sources) -> ast.Call | None:
    """The call that registers the layer: of several on its line the one that names it, else the smallest."""
    place = layer.registered_at
    source = sources.get(place.file) if place is not None else None
    if place is None or source is None:
        return None
    calls = [
        node
        for node in ast.walk(source[1])
        if isinstance(node, ast.Call)
        and _name(node.func) in (*_ADDS, _IN_LIST)
        and node.lineno <= place.line <= (node.end_lineno or node.lineno)
    ]
    naming = [call for call in calls if call.args and _name(call.args[0]) == layer.name]
    found = min(naming or calls, key=lambda call: (call.end_lineno or 0) - call.lineno, default=None)
    return None if found is None or _is_repeated(source[1], found) else found


def _read(layer: Layer, call: ast.Call, sources: _Sources) -> _Registration:
    source = sources[layer.registered_at.file] if layer.registered_at is not None else None
    text, tree = source or ("", ast.Module([], []))
    if _name(call.func) == _IN_LIST:
        return _Registration(layer, "list", f"{_shown(call, text)},", given=_given(call, text))
    receiver = _shown(call.func.value, text) if isinstance(call.func, ast.Attribute) else ""
    return _Registration(layer, "call", _statement(tree, call, text), receiver)


def _is_repeated(tree: ast.Module, call: ast.Call) -> bool:
    loops = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.GeneratorExp)
    return any(isinstance(node, loops) and call in ast.walk(node) for node in ast.walk(tree))


def _statement(tree: ast.Module, call: ast.Call, text: str) -> str:
    """The whole statement: `@app.middleware("http")` with the head of its function."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and call in node.decorator_list:
            head = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
            return f"@{_shown(call, text)}\n{head} {node.name}({ast.unparse(node.args)}): ..."
        if isinstance(node, ast.Expr) and call in ast.walk(node.value):
            return _shown(node.value, text)
    return _shown(call, text)


def _given(call: ast.Call, text: str) -> str:
    parts = [_shown(each, text) for each in call.args]
    parts += [f"{each.arg}={_shown(each.value, text, each.arg or '')}" if each.arg else f"**{_shown(each.value, text)}"
              for each in call.keywords]  # fmt: skip
    return ", ".join(parts)


def _shown(node: ast.expr, text: str, name: str = "") -> str:
    """The source of an expression, its secrets masked; as Python would write it where there are some."""
    masked = _Masking(name).visit(ast.parse(ast.unparse(node), mode="eval").body)
    plain = ast.unparse(node)
    if (shown := ast.unparse(masked)) != plain:
        return shown.replace(f"'{redact.MASK}'", redact.MASK)
    return _dedented(ast.get_source_segment(text, node) or plain, node.col_offset)


def _dedented(segment: str, columns: int) -> str:
    first, *rest = segment.splitlines()
    return "\n".join([first, *(line[columns:] if not line[:columns].strip() else line.lstrip() for line in rest)])


class _Masking(ast.NodeTransformer):
    """Puts `***` for every literal that is, or may be, a secret: by the name that it is given to, or by its look."""

    def __init__(self, name: str) -> None:
        self._names = [name]

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        node.value = self._named(node.arg or "", node.value)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.Dict:
        keys = [each.value if isinstance(each, ast.Constant) else "" for each in node.keys]
        node.values = [self._named(str(key), value) for key, value in zip(keys, node.values, strict=True)]
        return node

    def visit_Tuple(self, node: ast.Tuple) -> ast.Tuple:
        if len(node.elts) == 2 and isinstance(node.elts[0], ast.Constant):  # a header
            node.elts[1] = self._named(str(node.elts[0].value), node.elts[1])
        else:
            node.elts = [self.visit(each) for each in node.elts]
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self._names.append(_name(node.func))  # SecretStr("...")
        node.args = [self.visit(each) for each in node.args]
        self._names.pop()
        node.keywords = [self.visit_keyword(each) for each in node.keywords]
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if not isinstance(node.value, (str, bytes)):
            return node
        if any(map(redact.looks_secret, self._names)):
            return ast.Constant(redact.MASK)
        if isinstance(node.value, str) and (shown := redact.text(node.value)) != node.value:
            return ast.Constant(shown)
        return node

    def _named(self, name: str, value: ast.expr) -> ast.expr:
        self._names.append(name)
        found: ast.expr = self.visit(value)
        self._names.pop()
        return found


def _name(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _parsed(file: Path) -> tuple[str, ast.Module] | None:
    try:
        with tokenize.open(file) as stream:
            text = stream.read()
        return text, ast.parse(text)
    except (OSError, SyntaxError, ValueError):  # not there any more, no source, or code of another Python
        return None
