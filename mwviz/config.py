"""The one reader of mwviz's configuration: `mwviz.toml`, or `[tool.mwviz]` of `pyproject.toml`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwviz.errors import ConfigError, closest

#: Every key that may be written, with its type in words; the commands that hold contracts check them further.
_KEYS = {"app": "a string", "contracts": "an array of tables"}
_CONTRACT_KEYS = {
    "name": "a string",
    "layers": "an array of strings",
    "exhaustive": "true or false",
    "paths": "an array of strings",
    "on_faults": "an array of strings",
}


@dataclass(frozen=True, slots=True)
class Config:
    """What the configuration says. `folder` is its own: importable, and places are relative to it.

    `entrypoint` is FastAPI's (`[tool.fastapi]`), which counts where `app` is not set. `file` is None where there is no
    configuration; `folder` is the working directory then.
    """

    folder: Path
    file: Path | None = None
    app: str | None = None
    entrypoint: str | None = None


def find(directory: Path, named: Path | None = None) -> Config:
    """The configuration in `named`, or the nearest one from `directory` upward, or an empty one.

    Raises ConfigError for a file that cannot be read, an unknown key or a wrong type.
    """
    if named is not None:
        return _read(named if named.is_absolute() else directory / named, named=True) or Config(directory)
    for folder in (directory, *directory.parents):
        for name in ("mwviz.toml", "pyproject.toml"):
            if (folder / name).is_file() and (config := _read(folder / name, named=False)) is not None:
                return config
    return Config(directory)


def _read(file: Path, *, named: bool) -> Config | None:
    tables = _load(file)
    tool = tables.get("tool", {})
    if not isinstance(tool, dict):
        raise ConfigError(f"{file}: `tool` must be a table, not {_kind(tool)}.")
    own = tables if file.name != "pyproject.toml" and "tool" not in tables else tool.get("mwviz")
    fastapi = tool.get("fastapi")
    if own is None and fastapi is None and not named:
        return None
    prefix = "tool.mwviz." if own is not tables else ""
    _check(file, f"[{prefix[:-1]}]" if prefix else "the top level", own if own is not None else {}, _KEYS)
    for number, contract in enumerate((own or {}).get("contracts", ()), start=1):
        _check(file, f"[[{prefix}contracts]] number {number}", contract, _CONTRACT_KEYS)
    if fastapi is not None and not isinstance(fastapi, dict):
        raise ConfigError(f"{file}: [tool.fastapi] must be a table, not {_kind(fastapi)}.")
    entrypoint = (fastapi or {}).get("entrypoint")
    if entrypoint is not None and not isinstance(entrypoint, str):
        raise ConfigError(f"{file}: `entrypoint` in [tool.fastapi] must be a string, not {_kind(entrypoint)}.")
    return Config(file.parent.resolve(), file, (own or {}).get("app"), entrypoint)


def _load(file: Path) -> dict[str, Any]:
    # Only a project with a configuration pays for a TOML reader.
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ConfigError(f"There is no configuration file '{file}'.") from error
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8: {error.reason} at byte {error.start}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is no valid TOML: {error}.") from error


def _check(file: Path, where: str, table: Any, known: dict[str, str]) -> None:
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: {where} must be a table, not {_kind(table)}.")
    for key, value in table.items():
        if key not in known:
            close = closest(key, known)
            hint = f"did you mean `{close}`?" if close else f"it knows {', '.join(f'`{each}`' for each in known)}."
            raise ConfigError(f"{file}: {where} has an unknown key `{key}`: {hint}")
        if _kind(value) != known[key] and not (value == [] and known[key].startswith("an array")):
            raise ConfigError(f"{file}: `{key}` in {where} must be {known[key]}, not {_kind(value)}.")


def _kind(value: Any) -> str:
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
