"""Reads contracts: the tables of the configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from mwviz.config import grammar
from mwviz.config.grammar import Malformed
from mwviz.config.tables import check
from mwviz.errors import ConfigError
from mwviz.model import contracts as model
from mwviz.model.contracts import Contract, Group

_Read = TypeVar("_Read")

_KEYS = {
    "name": "a string",
    "layers": "an array of strings",
    "exhaustive": "true or false",
    "outermost": "a string",
    "innermost": "a string",
    "forbidden": "an array of strings",
    "once": "an array of strings",
    "before": "an array of strings",
    "after": "an array of strings",
    "paths": "an array of strings",
    "methods": "an array of strings",
    "on_faults": "an array of strings",
}
_LOCK = "mwviz.lock"
#: What a contract may hold; without any of it there is nothing to keep or to break.
_HELD = ("layers", "outermost", "innermost", "forbidden", "once", "before", "after", "on_faults")


def contracts(file: Path, where: str, tables: Sequence[Any], before: tuple[Contract, ...] = ()) -> tuple[Contract, ...]:
    """The contracts of an array of tables that is called `where`. Raises ConfigError, which names table and key.

    `before` are those of the top level, which hold together with these: no two may have one name.
    """
    read = tuple(
        _contract(file, f"[[{where}]] number {number}", len(before) + number, table)
        for number, table in enumerate(tables, start=1)
    )
    for number, contract in enumerate(read):
        if contract.name == _LOCK:
            raise ConfigError(f"{file}: `name` in {contract.place}: reports call the lock '{_LOCK}'; take another one.")
        if contract.name in (each.name for each in (*before, *read[:number])):
            raise ConfigError(f"{file}: `name` in {contract.place}: another contract is called '{contract.name}', too.")
    return read


def _contract(file: Path, where: str, number: int, table: Any) -> Contract:
    check(file, where, table, _KEYS)
    if not any(table.get(key) for key in _HELD):
        raise ConfigError(f"{file}: {where} holds nothing: give it {', '.join(f'`{key}`' for key in _HELD)}.")
    if table.get("exhaustive") and not table.get("layers"):
        raise ConfigError(f"{file}: `exhaustive` in {where} says nothing without `layers`.")
    if table.get("on_faults") and (table.get("paths") or table.get("methods")):
        raise ConfigError(
            f"{file}: `on_faults` in {where} holds for the app's own stack: put it into a contract without `paths` and "
            "`methods`."
        )
    reader = _Reader(file, where)
    groups = reader.order("layers", table)
    before = tuple(reader.pair("before", text, grammar.INWARD) for text in table.get("before", ()))
    after = tuple(reader.pair("after", text, grammar.OUTWARD)[::-1] for text in table.get("after", ()))
    return Contract(
        name=table.get("name") or f"contract {number}",
        place=where,
        layers=groups,
        exhaustive=table.get("exhaustive", False),
        outermost=reader.group("outermost", table["outermost"]) if "outermost" in table else (),
        innermost=reader.group("innermost", table["innermost"]) if "innermost" in table else (),
        forbidden=reader.plain("forbidden", table),
        once=reader.plain("once", table),
        pairs=(*before, *after),
        paths=reader.names("paths", table),
        methods=tuple(each.upper() for each in reader.names("methods", table)),
        on_faults=reader.names("on_faults", table),
    )


class _Reader:
    """Reads the names in one table; their mistakes name file, table and key."""

    def __init__(self, file: Path, where: str) -> None:
        self._file, self._where = file, where

    def names(self, key: str, table: dict[str, Any]) -> tuple[str, ...]:
        """Names without a grammar: none of them may be empty."""
        texts = tuple(text.strip() for text in table.get(key, ()))
        if "" in texts:
            raise self._mistake(key, "has an empty string in it.")
        return texts

    def plain(self, key: str, table: dict[str, Any]) -> tuple[str, ...]:
        """Names of layers that stand alone: what `a | b` and `(a)` mean in an order has no meaning here."""
        texts = self.names(key, table)
        for text in texts:
            self._alone(key, text)
            if any(sign in text for sign in "|()"):
                raise self._mistake(key, f"wants one name in each string, without '|' and parentheses, not '{text}'.")
        return texts

    def group(self, key: str, text: str) -> Group:
        """The names of one place of an order."""
        self._alone(key, text)
        return self._read(key, lambda: grammar.group(text))

    def order(self, key: str, table: dict[str, Any]) -> model.Sequence:
        """An order that is an array, a group to each string."""
        for text in table.get(key, ()):
            self._alone(key, text)
        return self._read(key, lambda: grammar.once_each(tuple(map(grammar.group, table.get(key, ())))))

    def pair(self, key: str, text: str, sign: re.Pattern[str]) -> model.Sequence:
        """`a > b`, as long as you like."""
        groups = self._read(key, lambda: grammar.order(text, sign))
        if len(groups) < 2:
            example = "`A > B`: A stands outside of B" if key == "before" else "`B < A`: B stands inside of A"
            raise self._mistake(key, f"wants {example}; '{text}' has one name only.")
        return groups

    def _alone(self, key: str, text: str) -> None:
        """Raise ConfigError for an order, as `before` and `assert_order` write it, in the place of one of its names."""
        if grammar.INWARD.search(text) or grammar.OUTWARD.search(text):
            orders = "a string for each place, outermost first" if key == "layers" else "no order: see `before`"
            raise self._mistake(key, f"wants {orders}, not '{text}'.")

    def _read(self, key: str, read: Callable[[], _Read]) -> _Read:
        try:
            return read()
        except Malformed as error:
            raise self._mistake(key, str(error)) from error

    def _mistake(self, key: str, told: str) -> ConfigError:
        return ConfigError(f"{self._file}: `{key}` in {self._where} {told}")
