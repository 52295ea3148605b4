"""`mwviz.lock` as a file: what it says, told with its line where somebody broke it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from mwviz.errors import ConfigError, closest
from mwviz.model import Origin
from mwviz.model.diff import Lock, LockedLayer, LockedRoute
from mwviz.values import dataclass

NAME, FORMAT = "mwviz.lock", "mwviz.lock/1"

_NEEDED = ("layer", "is", "origin")
_LAYER_KEYS = (*_NEEDED, "within", "file", "arguments")
_ROUTE_KEYS = ("layers", "dependencies", "skipped", "paths")
_ANEW = "Write the lock anew with `mwviz lock`."


@dataclass(frozen=True, slots=True)
class _Source:
    """The text of a lock, to find the line of what is wrong in it."""

    name: str
    lines: tuple[str, ...]

    def wrong(self, where: object, message: str) -> ConfigError:
        """The error that names the line of `where`: a key with its value, or a value that stands alone on a line."""
        places = [number for number, line in self.numbered() if line and _said(line) == where]
        if not places and isinstance(where, tuple):  # the value goes on over several lines
            places = [number for number, line in self.numbered() if re.match(rf"\[*{re.escape(where[0])}\b", line)]
        return self.at(places[0] if places else 1, message)

    def at(self, number: int, message: str) -> ConfigError:
        """The error that names this line."""
        return ConfigError(f"{self.name}:{number}: {message}")

    def numbered(self) -> Iterator[tuple[int, str]]:
        """Yield the lines, counted from one, without the blanks around them."""
        yield from ((number, line.strip()) for number, line in enumerate(self.lines, start=1))


def read(file: Path, shown: str) -> Lock:
    """The lock in `file`, which errors call `shown`. Raises ConfigError with file and line for what is none."""
    try:
        content = file.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{shown} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{shown}:{line}: this is not UTF-8: {error.reason}.") from error
    return parse(text, shown)


def parse(text: str, name: str) -> Lock:
    """The lock that `text` is. Raises ConfigError as `read` does, with `name` for the file's."""
    source = _Source(name, tuple(text.splitlines()))
    tables = _load(text, source)
    if tables.get("format") != FORMAT:
        raise source.wrong(
            ("format", tables.get("format")),
            f'this is no lock that this mwviz reads, which says format = "{FORMAT}". {_ANEW}',
        )
    _check_keys(source, tables, ("format", "layers", "routes"), None)
    if "layers" not in tables:
        raise source.wrong(("format", FORMAT), f"`layers` is missing. {_ANEW}")
    layers = tuple(_layer(source, table) for table in _tables(source, tables, "layers"))
    _check_names(source, layers)
    routes = _tables(source, tables, "routes") if "routes" in tables else None
    return Lock(layers, None if routes is None else tuple(each for table in routes for each in _routes(source, table)))


def _load(text: str, source: _Source) -> dict[str, Any]:
    for number, line in source.numbered():
        if line.startswith(("<<<<<<<", "=======", ">>>>>>>")):
            raise source.at(number, f"a merge left a conflict here. {_ANEW}")
    tables = _toml(text)
    if isinstance(tables, dict):
        return tables
    message, _, place = str(tables).partition(" (at ")
    words = place.rstrip(")").replace(",", "").split()
    number = int(words[1]) if words[:1] == ["line"] else max(len(source.lines), 1)
    raise source.at(number, f"this is no valid TOML: {message}. {_ANEW}") from tables


def _toml(text: str) -> dict[str, Any] | ValueError:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and what Python refuses, such as a number of 5000 digits
        return error
    except RecursionError:
        return ValueError("it is nested too deeply")


def _layer(source: _Source, table: dict[str, Any]) -> LockedLayer:
    _check_keys(source, table, _LAYER_KEYS, table)
    for key in _NEEDED:
        if key not in table:
            raise source.wrong(table, f"this layer has no `{key}`. {_ANEW}")
    for key, value in table.items():
        if key == "arguments" and not isinstance(value, dict):
            raise source.wrong(table, f"`arguments` must be a table, not {value!r}.")
        if key != "arguments" and not isinstance(value, str):
            raise source.wrong(table, f"`{key}` must be a string, not {value!r}.")
    arguments: dict[str, Any] = table.get("arguments", {})
    for name, value in arguments.items():
        if not isinstance(value, str):
            raise source.wrong(table, f"the argument `{name}` must be a string, not {value!r}.")
    if table["origin"] not in get_args(Origin):
        raise source.wrong(table, f"`origin` must be one of {', '.join(get_args(Origin))}, not {table['origin']!r}.")
    return LockedLayer(
        label=table["layer"],
        qualified_name=table["is"],
        origin=table["origin"],
        within=table.get("within", "app"),
        file=table.get("file"),
        arguments=tuple(arguments.items()),
    )


def _routes(source: _Source, table: dict[str, Any]) -> Iterator[LockedRoute]:
    _check_keys(source, table, _ROUTE_KEYS, None)
    lists = {key: table.get(key, []) for key in _ROUTE_KEYS}
    for key, names in lists.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise source.wrong((key, names), f"`{key}` must be an array of strings, not {names!r}.")
    for path in lists["paths"]:
        yield LockedRoute(path, tuple(lists["layers"]), tuple(lists["dependencies"]), tuple(lists["skipped"]))


def _tables(source: _Source, tables: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = tables[key]
    if not isinstance(found, list):
        raise source.wrong((key, found), f"`{key}` must be an array of tables, not {found!r}.")
    for each in found:
        if not isinstance(each, dict):
            raise source.wrong(each, f"`{key}` must hold tables alone, not {each!r}.")
    return found


def _check_keys(source: _Source, table: Mapping[str, Any], keys: tuple[str, ...], where: object) -> None:
    for key in table:
        if key not in keys:
            close = closest(key, keys)
            hint = f"did you mean `{close}`?" if close else f"there are {', '.join(f'`{each}`' for each in keys)}."
            raise source.wrong((key, table[key]) if where is None else where, f"unknown key `{key}`: {hint}")


def _check_names(source: _Source, layers: tuple[LockedLayer, ...]) -> None:
    seen = set()
    for layer in layers:
        if layer.within == "app" and layer.label in seen:
            number = max(number for number, line in source.numbered() if _names(line, layer.label))
            raise source.at(number, f"the layer {layer.label} stands here a second time. {_ANEW}")
        seen.add(layer.label)


def _names(line: str, label: str) -> bool:
    table = _alone(line)
    return isinstance(table, dict) and table.get("layer") == label


def _said(line: str) -> object:
    """What a line says by itself: a key with its value, or an item of an array."""
    tables = _toml(line)
    return next(iter(tables.items()), None) if isinstance(tables, dict) else _alone(line)


def _alone(line: str) -> object:
    tables = _toml(f"it = {line.rstrip(',')}")
    return tables["it"] if isinstance(tables, dict) else None
