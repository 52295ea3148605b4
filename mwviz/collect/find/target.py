"""What the user may call their app, and how it is found where they call it nothing."""

from __future__ import annotations

import os
from importlib import machinery
from pathlib import Path

from mwviz.errors import TargetError
from mwviz.values import dataclass

#: fastapi-cli's discovery, in its order.
_FILES = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")


@dataclass(frozen=True, slots=True)
class Reference:
    """A module to import and an attribute in it; `roots` are the directories that must be importable for that.

    `attribute` is None where the app is to be discovered in the module; `file` is set where a file was named.
    """

    shown: str
    module: str
    attribute: str | None
    roots: tuple[Path, ...]
    file: Path | None
    factory: bool = False


def parse(app: str, directory: Path, app_dir: Path | None = None) -> Reference:
    """The reference that `app` is: `package.module:attribute`, a module, or a file with or without `:attribute`.

    Raises TargetError for a file that is not there, or for what cannot be any of these.
    """
    module, attribute = _split(app)
    factory = attribute is not None and attribute.endswith("()")
    attribute = attribute.removesuffix("()") if attribute else attribute
    if attribute is not None and not all(part.isidentifier() for part in attribute.split(".")):
        raise TargetError(f"'{app}' names no attribute after its ':': write it as 'package.module:attribute'.")
    first = (app_dir or directory).resolve()
    if _is_file(module):
        return _file(app, Path(module), attribute, first, factory)
    if not module or not all(part.isidentifier() for part in module.split(".")):
        raise TargetError(f"'{app}' is neither a module nor a file: write 'package.module:attribute' or 'main.py:app'.")
    return Reference(app, module, attribute, (first,), None, factory)


def discover(directory: Path, app_dir: Path | None = None) -> Reference:
    """The app of a directory in which the user named none. Raises TargetError where there is no likely file."""
    first = (app_dir or directory).resolve()
    for name in _FILES:
        if (first / name).is_file():
            return _file(name, first / name, None, first, False)
    raise TargetError(
        f"No app was named, and none of {', '.join(_FILES)} is in {first}. "
        "Name it as 'package.module:attribute' or 'main.py:app', or set `app` in [tool.mwviz] of pyproject.toml."
    )


def _split(app: str) -> tuple[str, str | None]:
    # A Windows path has a colon of its own: `C:\shop\main.py`.
    module, colon, attribute = app.rpartition(":")
    if not colon or app.endswith(".py") or os.sep in attribute or "/" in attribute:
        return app, None
    return module, attribute


def _is_file(module: str) -> bool:
    return module.endswith(".py") or os.sep in module or "/" in module


def _file(shown: str, file: Path, attribute: str | None, directory: Path, factory: bool) -> Reference:
    path = file if file.is_absolute() else directory / file
    try:
        path.stat()
    except FileNotFoundError:
        raise TargetError(f"There is no file '{file}' in {directory}.{_nearby(path)}") from None
    except OSError as error:
        raise TargetError(f"'{file}' cannot be read: {error.strerror}.") from error
    if path.is_dir() and (path / "__init__.py").is_file():
        path /= "__init__.py"
    if path.is_dir():
        raise TargetError(f"'{file}' is a directory without an __init__.py: name a file in it.{_nearby(path / 'any')}")
    if path.suffix not in machinery.all_suffixes():
        raise TargetError(f"'{file}' is no Python file: it must end in .py.")
    path = path.resolve()
    root, parts = path.parent, [] if path.name == "__init__.py" else [path.stem]
    while (root / "__init__.py").is_file() and root.parent != root:
        parts.insert(0, root.name)
        root = root.parent
    return Reference(shown, ".".join(parts), attribute, (root, directory), path, factory)


def _nearby(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    names = sorted(each.name for each in path.parent.glob("*.py"))[:8]
    return f" It has {', '.join(names)}." if names else ""
