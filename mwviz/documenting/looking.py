"""Opens the apps that commands name, each once, and looks at them: here, or in a process of its own."""

from __future__ import annotations

import pickle
import subprocess
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from mwviz import api, collect, config
from mwviz.collect import Subject
from mwviz.config import environment
from mwviz.documenting.commands import Command, RouteView
from mwviz.documenting.steady import steady
from mwviz.errors import ConfigError, MwvizError, ProbeError, TargetError
from mwviz.model import Trace
from mwviz.model.routes import Routes
from mwviz.render.summary import summary
from mwviz.values import dataclass

Seen: TypeAlias = Trace | Routes
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Looks:
    """What became of each command, in their order, and the project's files that were imported for it."""

    seen: tuple[Seen | MwvizError, ...]
    files: tuple[str, ...]


def look(commands: Sequence[Command], *, apart: bool = False) -> Looks:
    """What each command shows, or what kept it from that.

    An app is imported once: here if it is the only one, else, and always where `apart` is set, in a process of its own.
    The modules of several apps may have the same names, and of an app that is looked at apart nothing stays here.
    """
    groups: dict[object, list[int]] = {}
    for at, command in enumerate(commands):
        groups.setdefault((command.target, command.env_file), []).append(at)
    asked = [[commands[at] for at in places] for places in groups.values()]
    if apart or len(asked) > 1:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(_look_apart, asked))
    else:
        found = [_look(each) for each in asked]
    places = [at for places in groups.values() for at in places]
    by_place = dict(zip(places, chain.from_iterable(looks.seen for looks in found), strict=True))
    files = sorted({file for looks in found for file in looks.files})
    return Looks(tuple(by_place[at] for at in range(len(commands))), tuple(files))


def _look_apart(commands: Sequence[Command]) -> Looks:
    directory = commands[0].target.directory
    with TemporaryDirectory() as folder:
        file = Path(folder) / "looks"
        # The path is set before anything is imported: a module of the app's may have the name of one that we need.
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; from mwviz.documenting.looking import work; work({str(file)!r})"
        )
        done = subprocess.run(  # noqa: S603 - this interpreter, and our own code
            [sys.executable, "-c", code], input=pickle.dumps(tuple(commands)), stdout=2, cwd=directory, check=False
        )
        if not file.exists():
            told = f"The process that looked at the app ended with code {done.returncode} and told nothing."
            return Looks((TargetError(f"{told} Did the app end it?"),) * len(commands), ())
        result = pickle.loads(file.read_bytes())  # noqa: S301 - written by our own process into our own folder
    if not isinstance(result, Looks):
        raise result
    return result


def work(file: str) -> None:
    """Look at what the commands on stdin name, and write what was seen to `file`."""
    import os

    result: Looks | Exception
    try:
        result = _look(pickle.load(sys.stdin.buffer))  # noqa: S301 - from the process that started this one
    except KeyboardInterrupt:  # of both processes: the one that waits tells of it
        os._exit(130)
    except Exception:  # noqa: BLE001 - raised by the process that waits for this one
        result = RuntimeError(traceback.format_exc())
    Path(f"{file}.part").write_bytes(pickle.dumps(result))
    Path(f"{file}.part").rename(file)  # whole or not at all
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)  # threads of the app's that never end cannot keep us


def _look(commands: Sequence[Command]) -> Looks:
    first = commands[0]
    try:
        environment.load(first.env_file)
        with api.opened(first.target) as subject:
            seen = tuple(_seen(subject, command) for command in commands)
    except MwvizError as error:
        return Looks((error,) * len(commands), _files(first))
    return Looks(seen, _files(first))


def _seen(subject: Subject, command: Command) -> Seen | MwvizError:
    asked = command.asked
    try:
        if isinstance(asked, RouteView):
            found = api.list_routes(
                subject, asked.selection, timeout=asked.timeout, headers=asked.headers, order=asked.order
            )
            return steady(found, command.target.directory)
        trace = collect.probe_in_thread(subject, asked)
    except MwvizError as error:
        return error
    if trace.error is not None and (trace.error.during != "probe" or trace.error.type == "Timeout"):
        return ProbeError(summary(trace))
    return steady(trace, command.target.directory)


def _files(command: Command) -> tuple[str, ...]:
    """The project's own files among those of all modules, and what configures them: with them changes what is shown."""
    target = command.target
    try:
        settings = config.find(target.directory, target.config)
    except ConfigError:  # the look at the app has told of it
        settings = config.Config(target.directory)
    folders = (target.directory, target.app_dir, settings.folder, settings.app_dir)
    roots = [each.resolve() for each in folders if each is not None]
    own = {str(file) for file in _modules() if any(root in file.parents for root in roots)}
    return tuple(sorted(own | {str(file.resolve()) for file in (settings.file, command.env_file) if file is not None}))


def _modules() -> Iterator[Path]:
    loaded: Iterable[object] = list(sys.modules.values())
    for module in loaded:
        file = getattr(module, "__file__", None)
        if type(file) is str and file.endswith(".py") and "site-packages" not in file:
            yield Path(file).resolve()
