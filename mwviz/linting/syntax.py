"""What a line of source calls."""

from __future__ import annotations

import ast


def name_of(function: ast.expr) -> str:
    """The last name of what is called; nothing where it has none."""
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""
