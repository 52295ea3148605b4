"""The source of an expression as it may be shown: every literal that is, or may be, a secret is `***`."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from copy import deepcopy

from mwviz.collect import redact
from mwviz.linting.syntax import name_of


def shown(node: ast.expr, text: str, name: str = "", given: Sequence[str] = ()) -> str:
    """The expression as it stands in `text`; as Python would write it where something is masked.

    `name` is what the value is given to. `given` are the names of what the call passes on after its first argument.
    """
    if isinstance(node, ast.Starred):  # alone it is no expression
        return f"*{shown(node.value, text, name)}"
    plain = ast.unparse(node)
    masked = _Masking(name, given).visit(ast.parse(plain, mode="eval").body)
    if (told := ast.unparse(masked)) != plain:
        return told.replace(f"'{redact.MASK}'", redact.MASK)
    segment = ast.get_source_segment(text, node) or plain
    # a comment may hold what no literal does: then it is left out
    return _dedented(segment, node.col_offset) if redact.text(segment) == segment else plain


def head(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The first line of a function, with what its parameters are by default."""
    masked = _Masking("").visit(deepcopy(function.args))
    arguments = ast.unparse(masked).replace(f"'{redact.MASK}'", redact.MASK)
    returns = f" -> {ast.unparse(function.returns)}" if function.returns is not None else ""
    keyword = "async def" if isinstance(function, ast.AsyncFunctionDef) else "def"
    return f"{keyword} {function.name}({arguments}){returns}:"


def _dedented(segment: str, columns: int) -> str:
    first, *rest = segment.splitlines()
    return "\n".join([first, *(line[columns:] if not line[:columns].strip() else line.lstrip() for line in rest)])


class _Masking(ast.NodeTransformer):
    """Puts `***` for every literal that is, or may be, a secret: by the name that it is given to, or by its look."""

    def __init__(self, name: str, given: Sequence[str] = ()) -> None:
        self._names = [name]
        self._given = given

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        node.value = self._named(node.arg or "", node.value)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.Dict:
        names = [each.value if isinstance(each, ast.Constant) else "" for each in node.keys]
        node.values = [self._named(str(name), value) for name, value in zip(names, node.values, strict=True)]
        node.keys = [each and self.visit(each) for each in node.keys]
        return node

    def visit_Tuple(self, node: ast.Tuple) -> ast.Tuple:
        if len(node.elts) == 2 and isinstance(node.elts[0], ast.Constant):  # a header
            name = str(node.elts[0].value)
            node.elts = [self.visit(node.elts[0]), self._named(name, node.elts[1])]
        else:
            node.elts = [self.visit(each) for each in node.elts]
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.arguments:
        taken = [*node.posonlyargs, *node.args]
        last = taken[len(taken) - len(node.defaults) :]
        node.defaults = [self._named(each.arg, value) for each, value in zip(last, node.defaults, strict=True)]
        node.kw_defaults = [
            value and self._named(each.arg, value)
            for each, value in zip(node.kwonlyargs, node.kw_defaults, strict=True)
        ]
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        given, self._given = ["", *self._given], ()
        if not given[1:] and node.args and isinstance(node.args[0], ast.Constant):
            given = ["", *[str(node.args[0].value)] * len(node.args)]  # getenv("SECRET", "the default")
        node.func = self.visit(node.func)
        self._names.append(name_of(node.func))  # SecretStr("...")
        names = given + [""] * len(node.args)
        node.args = [self._named(name, each) for name, each in zip(names, node.args, strict=False)]
        self._names.pop()
        node.keywords = [self.visit_keyword(each) for each in node.keywords]
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if node.value is None or node.value is ... or isinstance(node.value, bool):
            return node
        if any(map(redact.looks_secret, self._names)):
            return ast.Constant(redact.MASK)
        if isinstance(node.value, str) and (told := redact.text(node.value)) != node.value:
            return ast.Constant(told)
        return node

    def _named(self, name: str, value: ast.expr) -> ast.expr:
        self._names.append(name)
        found: ast.expr = self.visit(value)
        self._names.pop()
        return found
