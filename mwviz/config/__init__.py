"""The one reader of mwviz's configuration: `mwviz.toml`, or `[tool.mwviz]` of `pyproject.toml`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mwviz.config.tables import check, kind
from mwviz.errors import ConfigError
from mwviz.values import dataclass

if TYPE_CHECKING:
    from mwviz.model.contracts import Contract

#: Every key that may be written, with its type in words.
_KEYS = {
    "app": "a string",
    "app_dir": "a string",
    "factory": "true or false",
    "contracts": "an array of tables",
    "apps": "an array of tables",
    "lint": "a table",
}
_APP_KEYS = {"name": "a string", **{key: told for key, told in _KEYS.items() if key not in ("apps", "lint")}}
_LINT_KEYS = {"select": "an array of strings", "ignore": "an array of strings"}


@dataclass(frozen=True, slots=True)
class Lint:
    """Which rules of `lint` are on: codes, or beginnings of codes. `place` is the table that says so."""

    place: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class App:
    """One of several apps of a repository: `name` (default: `app`) is what the command line may call it."""

    name: str
    app: str
    app_dir: Path | None = None
    factory: bool = False
    contracts: tuple[Contract, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """What the configuration says. `folder` is its own: importable, and places are relative to it.

    `entrypoint` is FastAPI's (`[tool.fastapi]`), which counts where `app` is not set. `file` is None where there is no
    configuration; `folder` is the working directory then. `contracts` are those of the top level, which hold for each
    of `apps`, too.
    """

    folder: Path
    file: Path | None = None
    app: str | None = None
    entrypoint: str | None = None
    app_dir: Path | None = None
    factory: bool = False
    contracts: tuple[Contract, ...] = ()
    apps: tuple[App, ...] = ()
    lint: Lint = Lint()


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
        raise ConfigError(f"{file}: `tool` must be a table, not {kind(tool)}.")
    own = tables if file.name != "pyproject.toml" and "tool" not in tables else tool.get("mwviz")
    fastapi = tool.get("fastapi")
    if own is None and fastapi is None and not named:
        return None
    prefix = "tool.mwviz." if own is not tables else ""
    own = own if own is not None else {}
    check(file, f"[{prefix[:-1]}]" if prefix else "the top level", own, _KEYS)
    folder, contracts = file.parent.resolve(), _contracts(file, f"{prefix}contracts", own, ())
    if fastapi is not None and not isinstance(fastapi, dict):
        raise ConfigError(f"{file}: [tool.fastapi] must be a table, not {kind(fastapi)}.")
    entrypoint = (fastapi or {}).get("entrypoint")
    if entrypoint is not None and not isinstance(entrypoint, str):
        raise ConfigError(f"{file}: `entrypoint` in [tool.fastapi] must be a string, not {kind(entrypoint)}.")
    return Config(
        folder,
        file,
        own.get("app"),
        entrypoint,
        folder / own["app_dir"] if "app_dir" in own else None,
        own.get("factory", False),
        contracts,
        _apps(file, f"{prefix}apps", own, contracts),
        _lint(file, f"[{prefix}lint]", own["lint"]) if "lint" in own else Lint(),
    )


def _lint(file: Path, place: str, table: dict[str, Any]) -> Lint:
    check(file, place, table, _LINT_KEYS)
    return Lint(place, tuple(table.get("select", ())), tuple(table.get("ignore", ())))


def _contracts(file: Path, where: str, table: dict[str, Any], before: tuple[Contract, ...]) -> tuple[Contract, ...]:
    if not table.get("contracts"):
        return ()
    from mwviz.config.contracts import contracts  # only who holds some pays for reading them

    return contracts(file, where, table["contracts"], before)


def _apps(file: Path, where: str, own: dict[str, Any], before: tuple[Contract, ...]) -> tuple[App, ...]:
    apps: list[App] = []
    for number, table in enumerate(own.get("apps", ()), start=1):
        place = f"[[{where}]] number {number}"
        check(file, place, table, _APP_KEYS)
        if not table.get("app"):
            raise ConfigError(f"{file}: {place} lacks `app`.")
        name = table.get("name", table["app"])
        if name in (each.name for each in apps):
            raise ConfigError(f"{file}: {place} is called '{name}' like another one: give it a `name` of its own.")
        app_dir = file.parent.resolve() / table["app_dir"] if "app_dir" in table else None
        held = _contracts(file, f"{where}.contracts", table, before)
        apps.append(App(name, table["app"], app_dir, table.get("factory", False), held))
    return tuple(apps)


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
