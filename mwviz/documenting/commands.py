"""The command of a block: one of the command line, read without a shell, and without what changes from run to run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mwviz import api
from mwviz.analysis.selection import Selection
from mwviz.api import Target
from mwviz.collect import ProbeOptions, parse_header
from mwviz.documenting.options import OPTIONS, Value, parse
from mwviz.errors import OutputError, ProbeError, closest
from mwviz.render import RENDERERS, ROUTES_RENDERERS, Format, look
from mwviz.render.look import Look
from mwviz.values import dataclass

#: What a block can hold: JSON has times, and a page or a picture of points is no text of a document's.
FORMATS: tuple[Format, ...] = (
    Format.TABLE,
    Format.TREE,
    Format.TIMELINE,
    Format.MARKDOWN,
    Format.MERMAID,
    Format.SEQUENCE,
    Format.DOT,
    Format.SVG,
)
#: A picture's place as both kinds of markup, every server and every file system take it.
_PLACE = re.compile(r"(?:[\w.-]+/)*[\w.-]+\.svg")


@dataclass(frozen=True, slots=True)
class RouteView:
    """Which routes are shown, and in which order; `timeout` (seconds) and `headers` are of the probes, None without."""

    selection: Selection
    timeout: float | None
    headers: tuple[tuple[str, str], ...]
    order: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """What a block says: the app, what to ask of it, and how to show it. `format` is None where it says nothing.

    `picture` is the file that an SVG goes to, as seen from the document. `words` is all of it, as it was written.
    """

    target: Target
    env_file: Path | None
    asked: ProbeOptions | RouteView
    format: Format | None
    picture: str | None
    verbose: bool
    look: Look | None
    words: tuple[str, ...]


def read(text: str, directory: Path) -> Command:
    """The command that `text` is, as a shell would part it: `show app:app /orders -f tree`.

    Relative files in it count from `directory`. Raises MwvizError for what the command line would refuse, too.
    """
    return of_words(split(text), directory)


def split(text: str) -> list[str]:
    """The words of a command, as a shell would part it. Raises ProbeError for a quote without an end."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ProbeError(f"The command cannot be read: {str(error)[:1].lower()}{str(error)[1:]}.") from error


def of_words(words: Sequence[str], directory: Path) -> Command:
    """The command that these words are; see `read`."""
    name = words[0] if words else ""
    if name not in OPTIONS:
        told = f"'{name}' is no command of a block" if name else "The command is missing"
        close = closest(name, OPTIONS)
        raise ProbeError(f"{told}: {f'did you mean {close}?' if close else 'write `show` or `routes`.'}")
    arguments, values = parse(name, words[1:])
    app, path = _split(arguments, directory)
    if name == "routes" and path is not None:
        raise ProbeError(f"routes takes one APP: '{path}' is too much. Did you mean --path '{path}'?")
    shape, picture = _view(name, values)
    asked = _probe(path, values, directory) if name == "show" else _routes(values)
    if isinstance(asked, ProbeOptions):
        asked = replace(asked, state=shape is Format.TIMELINE)  # as `mwviz show` itself does
    env_file = _file(values, "env_file", directory)
    target = Target(app, bool(values.get("factory")), _folder(values, directory), _file(values, "config", directory))
    verbose = bool(values.get("verbose"))
    return Command(
        _placed(target, directory), env_file, asked, shape, picture, verbose, _look(shape, values), tuple(words)
    )


def _placed(target: Target, directory: Path) -> Target:
    return Target(target.app, target.factory, target.app_dir, target.config, directory.resolve())


def _split(arguments: Sequence[str], directory: Path) -> tuple[str | None, str | None]:
    if len(arguments) > 2:
        raise ProbeError(f"One APP and one PATH are enough: '{arguments[2]}' is too much.")
    app, path = (*arguments, None, None)[:2]
    if app is None or not app.startswith("/") or _exists(directory, app) or _exists(directory, app.rpartition(":")[0]):
        return app, path
    if path is not None:
        raise ProbeError(f"Both '{app}' and '{path}' look like PATH: there is no file '{app}'.")
    return None, app


def _exists(directory: Path, name: str) -> bool:
    try:
        return bool(name) and (directory / name).exists()
    except OSError:  # a PATH may be longer than the name of any file
        return False


def _probe(path: str | None, values: dict[str, Value], directory: Path) -> ProbeOptions:
    if "repeat" in values:
        raise ProbeError("--repeat measures times, and a block shows none: they would make it stale with every run.")
    names = ("method", "scheme", "client", "preflight", "endpoint", "raises", "lifespan", "timeout", "order")
    given: dict[str, Any] = {name: values[name] for name in (*names, "websocket") if name in values}
    given["headers"] = tuple(map(parse_header, _texts(values, "header")))
    given["extensions"] = _texts(values, "extension")
    if isinstance(data := values.get("data"), str):
        given["data"] = _body(data, directory)
    return api.probe_options(path, **given)


def _routes(values: dict[str, Value]) -> RouteView:
    chosen = (_texts(values, name) for name in ("path", "method", "layer", "without"))
    headers, trace = _texts(values, "header"), bool(values.get("trace"))
    if headers and not trace:
        raise ProbeError("-H is a header of the probes, and without --trace none is sent: add --trace.")
    timeout = values.get("timeout", 10.0)
    seconds = timeout if trace and isinstance(timeout, float) else None
    order = str(values["order"]) if "order" in values else None
    return RouteView(Selection(*chosen), seconds, tuple(map(parse_header, headers)), order)


def _texts(values: dict[str, Value], name: str) -> tuple[str, ...]:
    given = values.get(name, [])
    return tuple(given) if isinstance(given, list) else (str(given),)


def _body(data: str, directory: Path) -> bytes:
    if not data.startswith("@"):
        return data.encode("utf-8", "surrogateescape")
    if data == "@-":
        raise ProbeError("--data @-: a block has no stdin. Name a file instead.")
    try:
        return (directory / data[1:]).read_bytes()
    except OSError as error:
        raise ProbeError(f"--data: '{data[1:]}' cannot be read: {error.strerror}.") from error


def _file(values: dict[str, Value], name: str, directory: Path) -> Path | None:
    return directory / str(values[name]) if name in values else None


def _folder(values: dict[str, Value], directory: Path) -> Path | None:
    folder = _file(values, "app_dir", directory)
    if folder is not None and not folder.is_dir():
        raise ProbeError(f"--app-dir '{values['app_dir']}' is no directory.")
    return folder


def _look(shape: Format | None, values: dict[str, Value]) -> Look | None:
    theme: Any = values.get("theme")
    return look.of(theme, shape or Format.SVG, changes=bool(values.get("changes")))


def _view(name: str, values: dict[str, Value]) -> tuple[Format | None, str | None]:
    table = RENDERERS if name == "show" else ROUTES_RENDERERS
    formats = [each.value for each in FORMATS if each in table]
    chosen, picture = values.get("format"), values.get("file")
    if chosen is not None and chosen not in formats:
        raise OutputError(f"A block of {name} cannot be -f {chosen}: it is one of {', '.join(formats)}.")
    if picture is None:
        return Format(str(chosen)) if chosen is not None else None, None
    if not _PLACE.fullmatch(str(picture)):
        raise OutputError(
            f"-o '{picture}' cannot be: a block writes pictures, as pictures/NAME.svg, in letters, digits, '.', '_' "
            "and '-', as seen from its document."
        )
    if chosen not in (None, "svg"):
        raise OutputError(f"-o {picture} is an SVG, and -f says {chosen}: leave one of them out.")
    return Format.SVG, str(picture)
