"""What every table of the configuration is held against: its keys, and their types in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mwviz.errors import ConfigError, closest


def check(file: Path, where: str, table: Any, known: Mapping[str, str]) -> None:
    """Raise ConfigError for a table that is none, an unknown key or a wrong type; it names file, table and key."""
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: {where} must be a table, not {kind(table)}.")
    for key, value in table.items():
        if key not in known:
            close = closest(key, known)
            hint = f"did you mean `{close}`?" if close else f"it knows {', '.join(f'`{each}`' for each in known)}."
            raise ConfigError(f"{file}: {where} has an unknown key `{key}`: {hint}")
        if kind(value) != known[key] and not (value == [] and known[key].startswith("an array")):
            raise ConfigError(f"{file}: `{key}` in {where} must be {known[key]}, not {kind(value)}.")


def kind(value: Any) -> str:
    """Return the type of a TOML value in words."""
    match value:
        case bool():
            return "true or false"
        case str():
            return "a string"
        case dict():
            return "a table"
        case [*items] if items and all(isinstance(item, str) for item in items):
            return "an array of strings"
        case [*items] if items and all(isinstance(item, dict) for item in items):
            return "an array of tables"
        case list():
            return "an array"
        case int() | float():
            return "a number"
        case _:
            return "a date or time"
