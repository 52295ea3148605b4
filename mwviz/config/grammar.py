"""The one grammar of an order, as contracts and `assert_order` write it: `A > B | C > (D)`, outermost first."""

from __future__ import annotations

import re

from mwviz.model.contracts import Group, Name, Sequence

#: `<lambda>` and `f.<locals>.g` are names, too.
INWARD, OUTWARD = re.compile(r"(?<!<lambda)(?<!<locals)>"), re.compile(r"<(?!lambda>|locals>)")


class Malformed(ValueError):
    """What is wrong with an order, in words that follow its name: `lacks a name in 'A | '.` for one."""


def order(text: str, sign: re.Pattern[str] = INWARD) -> Sequence:
    """The groups between the signs, in the order in which they are written. Raises Malformed."""
    return once_each(tuple(group(part) for part in sign.split(text)))


def group(text: str) -> Group:
    """`a`, `(a)`, `a | b`, `(a | b)`: parentheses make optional what is in them. Raises Malformed."""
    whole = text.strip()
    optional = whole.startswith("(") and whole.find(")") == len(whole) - 1
    parts = (whole[1:-1] if optional else whole).split("|")
    return tuple(_name(text, part.strip(), optional) for part in parts)


def once_each(groups: Sequence) -> Sequence:
    """The groups of one order: a name in two places of it would count in one of them only. Raises Malformed."""
    names = [name.text for group in groups for name in group]
    for name in names:
        if names.count(name) > 1:
            second = f": the second layer of a name is '{name}#2'" if name.isidentifier() else ""
            raise Malformed(f"names '{name}' twice{second}.")
    return groups


def _name(whole: str, text: str, optional: bool) -> Name:
    if text.startswith("(") and text.endswith(")"):
        text, optional = text[1:-1].strip(), True
    if not text:
        raise Malformed(f"lacks a name in '{whole}'." if whole.strip() else "lacks a name.")
    if "(" in text or ")" in text:
        raise Malformed(f"has a parenthesis without its other half in '{whole}': '(x)' may be absent.")
    return Name(text, optional)
