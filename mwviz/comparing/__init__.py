"""The use cases of `mwviz.lock` and of comparisons, beside those of `mwviz.api`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mwviz import config
from mwviz.analysis.diff import difference
from mwviz.analysis.lock import lock_of
from mwviz.api import Target
from mwviz.comparing import lockfile, sides
from mwviz.comparing.sides import Probing
from mwviz.errors import ConfigError
from mwviz.model import Trace
from mwviz.model.diff import Difference, Lock, Side
from mwviz.model.routes import Routes

__all__ = ["Probing", "accepted", "compare", "drifted", "lock_folder", "locked_routes"]


def lock_folder(target: Target) -> Path:
    """Where `mwviz.lock` lies: in the folder of the configuration, else in the working directory."""
    return config.find(target.directory, target.config).folder


def locked_routes(folder: Path) -> bool:
    """Whether the lock in `folder` holds routes, as far as that can be told of one that is broken."""
    try:
        lines = (folder / lockfile.NAME).read_text("utf-8", "replace").splitlines()
    except OSError:  # there is none, or none that can be read: whoever needs it says so
        return False
    return any(line.startswith(("[[routes]]", "routes =")) for line in lines)


def accepted(trace: Trace, routes: Routes | None, folder: Path) -> Lock:
    """The lock of an app as it was just probed."""
    return lock_of(trace, routes, folder=str(folder))


def drifted(trace: Trace, routes: Routes | None, folder: Path) -> Difference:
    """The lock in `folder` beside the app as it was just probed. Raises ConfigError for a lock that is none."""
    file = folder / lockfile.NAME
    if not file.exists():
        raise ConfigError(f"There is no {lockfile.NAME} in {folder}: `mwviz lock` writes it.")
    old = Side(lockfile.NAME, lockfile.read(file, str(file)))
    return difference(old, Side(trace.target, accepted(trace, routes, folder)))


def compare(old: str, new: str | None, probing: Probing, *, directory: Path, say: Callable[[str], None]) -> Difference:
    """Two sides, each named by a file, an app or a git revision; no `new` is the working tree's app.

    `say` hears what is worth a note. Raises MwvizError.
    """
    named = [sides.recognised(name, directory, say) for name in (old, new)]
    return difference(*sides.opened(named, probing, directory))
