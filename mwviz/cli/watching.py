"""Shows again whenever the code changes. Each run is a process of its own: no changed module can be imported twice."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mwviz import config
from mwviz.api import Target
from mwviz.cli import messages, probing, process
from mwviz.cli.output import Sink
from mwviz.collect import ProbeOptions
from mwviz.errors import ProbeError
from mwviz.values import dataclass

if TYPE_CHECKING:
    from watchfiles import Change

#: Milliseconds until the first run starts, by when the watcher surely sees what changes meanwhile.
_PATIENCE = 100
_SUFFIXES = frozenset({".py", ".pyi", ".toml"})
#: Seconds that a run gets to end before it is killed; it may be waiting for an app that hangs.
_GRACE = 1.0


@dataclass(frozen=True, slots=True)
class Showing:
    """One `mwviz show`, as the command line asked for it."""

    target: Target
    probe: ProbeOptions
    sink: Sink
    env_file: Path | None
    whole: bool


def watch(showing: Showing) -> None:
    """Show now and after every change of the code or the configuration, until Control-C.

    Raises ProbeError, and typer.Exit where another signal ended it.
    """
    running: subprocess.Popen[bytes] | None = None
    with _interrupting() as taken:
        try:
            for changed in _changes(showing):
                if running is None or changed:
                    _end(running)
                    _announce(showing, changed)
                    running = _start(showing)
        except KeyboardInterrupt:
            pass  # the way to end it
        finally:
            _end(running)
    if taken:
        raise typer.Exit(128 + taken[0])


@contextmanager
def _interrupting() -> Iterator[list[int]]:
    """While it lasts, what asks a process to end interrupts as Control-C does: no run stays behind. Yields the signals.

    One that is ignored, as under nohup, stays so.
    """
    taken: list[int] = []

    def take(number: int, _frame: object) -> None:
        taken.append(number)
        raise KeyboardInterrupt

    asking = (getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP", "SIGBREAK"))
    before = {each: signal.getsignal(each) for each in asking if each is not None}
    mine = [each for each, handler in before.items() if handler == signal.SIG_DFL]
    for each in mine:
        signal.signal(each, take)
    try:
        yield taken
    finally:
        for each in mine:
            signal.signal(each, signal.SIG_DFL)


def _changes(showing: Showing) -> Iterator[Collection[str]]:
    try:
        import watchfiles
    except ImportError as error:
        raise ProbeError("--watch needs the package watchfiles: pip install 'mwviz[watch]'.") from error
    usual, env_file = watchfiles.DefaultFilter(), showing.env_file and showing.env_file.resolve()

    def relevant(change: Change, path: str) -> bool:
        return (Path(path).suffix in _SUFFIXES or Path(path) == env_file) and usual(change, path)

    folders = _folders(showing)
    found = watchfiles.watch(*folders, watch_filter=relevant, rust_timeout=_PATIENCE, yield_on_timeout=True)
    return (sorted({path for _, path in changes}) for changes in found)


def _folders(showing: Showing) -> set[Path]:
    target = showing.target
    app = target.app or ""
    files = [Path(name) for name in (app, app.rpartition(":")[0]) if name.endswith(".py")]
    files += [] if showing.env_file is None else [showing.env_file]
    settings = config.find(target.directory, target.config)
    folders = (target.directory, settings.folder, target.app_dir, *(target.directory / file.parent for file in files))
    return {folder.resolve() for folder in folders if folder is not None and folder.is_dir()}


def _announce(showing: Showing, changed: Iterable[str]) -> None:
    if showing.sink.file is None and sys.stdout.isatty():
        from rich.console import Console  # knows how the terminals of Windows are cleared

        Console().clear()
    names = ", ".join(Path(path).name for path in changed)
    messages.say(f"{datetime.now().astimezone():%H:%M:%S} {names + ' changed' if names else 'watching'} (Ctrl-C ends)")


def _start(showing: Showing) -> subprocess.Popen[bytes]:
    # The path is set before anything is imported: a module of the app's may have the name of one that we need.
    code = f"import sys; sys.path[:] = {sys.path!r}; from mwviz.cli import watching; watching.work()"
    run = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)  # noqa: S603 - this interpreter
    with run.stdin as asked:  # type: ignore[union-attr]
        asked.write(pickle.dumps(showing))
    return run


def _end(run: subprocess.Popen[bytes] | None) -> None:
    if run is None:
        return
    run.terminate()
    try:
        run.wait(_GRACE)
    except subprocess.TimeoutExpired:
        pass
    finally:  # the app may have taken the signal, or the user may be out of patience
        run.kill()
        run.wait()


def work() -> None:
    """Show once, as the process that watches asks for on stdin, and leave."""
    showing: Showing = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
    code = 0
    try:
        probing.load_environment(showing.env_file)
        probing.show(showing.target, showing.probe, showing.sink, whole=showing.whole)
    except typer.Exit as done:
        code = done.exit_code
    except KeyboardInterrupt:
        code = messages.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - told here, because no command line stands around this
        code = messages.tell_exception(error, whole=showing.whole)
    process.leave(code)
