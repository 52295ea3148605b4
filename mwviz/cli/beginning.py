"""Writes a first configuration for the command line; what is there already is never touched."""

from __future__ import annotations

import os
from pathlib import Path

from mwviz import checking, config
from mwviz.api import Target
from mwviz.cli import messages, output
from mwviz.cli.opening import opened
from mwviz.config import Config
from mwviz.errors import OutputError
from mwviz.render.first import configuration

_DEFAULT = Path("mwviz.toml")


def init(target: Target, file: Path | None) -> None:
    """Write the configuration to `file` (`-`: stdout; default: mwviz.toml) and say so. Raises MwvizError."""
    place = None if str(file) == "-" else file or _DEFAULT
    written = place.absolute() if place is not None else None  # the app may change the working directory
    settings = config.find(target.directory)
    if place is not None:
        _check(place, settings)
    with opened(target) as subject:
        order = checking.order_of(subject)
    app_dir = _app_dir(target, settings, place)
    name = subject.name
    if app_dir is None and place is not None:
        name = _named(name, target.directory if target.app is not None else settings.folder, place)
    text = configuration(name, order, app_dir=app_dir, factory=target.factory)
    if written is None:
        output.write_stdout(text)
        return
    try:
        with written.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise OutputError(f"'{place}' cannot be written: {error.strerror}.") from error
    messages.say(f"Wrote {place}: `mwviz check` holds it.")


def _check(place: Path, settings: Config) -> None:
    if place.exists():
        raise OutputError(f"'{place}' is there already, and init writes over nothing: -o - prints what it would write.")
    if place.suffix != ".toml":
        raise OutputError(f"'{place}' is no .toml file, as a configuration must be.")
    if not place.parent.is_dir():
        raise OutputError(f"'{place}' cannot be written: '{place.parent}' is no directory.")
    if place == _DEFAULT and (settings.app or settings.contracts or settings.apps):
        raise OutputError(
            f"{settings.file} configures mwviz already, and {place} would take its place: -o - prints what init would "
            "write."
        )


def _named(name: str, folder: Path, place: Path) -> str:
    """The app as `place` has to name it: the path of a file counts from there, not from `folder`."""
    file, colon, attribute = name.partition(":")
    if not file.endswith(".py") or not (folder / file).is_file():
        return name
    try:
        seen = os.path.relpath((folder / file).resolve(), place.resolve().parent)
    except ValueError:  # another drive of Windows'
        return name
    return f"{Path(seen).as_posix()}{colon}{attribute}"


def _app_dir(target: Target, settings: Config, place: Path | None) -> str | None:
    """The directory of the app, as seen from the file that will name it."""
    folder = target.app_dir or (settings.app_dir if target.app is None else None)
    if folder is None:
        return None
    home = place.resolve().parent if place is not None else target.directory
    try:
        return Path(os.path.relpath(folder.resolve(), home)).as_posix()
    except ValueError:  # another drive of Windows'
        return folder.resolve().as_posix()
