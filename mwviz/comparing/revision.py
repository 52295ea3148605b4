"""A git revision, checked out for a moment in a folder of its own; the user's working tree and index stay untouched."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from mwviz.errors import TargetError

#: What git sets for the hooks that it runs: inside of one they would lead a command to the user's own index.
_OF_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
#: Seconds that git gets to check a revision out.
_LIMIT = 300


def knows(name: str, directory: Path) -> bool:
    """Whether `name` is a revision in the repository that `directory` lies in."""
    if not name or name.startswith("-") or shutil.which("git") is None:
        return False
    return _git(directory, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").returncode == 0


def top(directory: Path) -> Path | None:
    """The top folder of the working tree that `directory` lies in."""
    if shutil.which("git") is None:
        return None
    done = _git(directory, "rev-parse", "--show-toplevel")
    return Path(done.stdout.rstrip("\r\n")).resolve() if done.returncode == 0 and done.stdout.strip() else None


@contextmanager
def checked_out(name: str, directory: Path) -> Iterator[Path]:
    """A folder with the files of revision `name`, for the time of the `with`. Raises TargetError where git cannot."""
    holder = Path(tempfile.mkdtemp(prefix="mwviz-")).resolve()
    tree = holder / "revision"
    with _ended_in_order():
        try:
            # No hook of the user's runs, and what the revision keeps in LFS or a submodule stays where it is.
            quiet = ("-c", f"core.hooksPath={os.devnull}", "-c", "advice.detachedHead=false")
            done = _git(directory, *quiet, "worktree", "add", "--quiet", "--detach", str(tree), f"{name}^{{commit}}")
            if done.returncode != 0:
                raise TargetError(f"git cannot check out '{name}': {done.stderr.strip()}")
            yield tree
        finally:
            with _uninterrupted():
                _remove(tree, directory)
                shutil.rmtree(holder, ignore_errors=True)


def environment() -> dict[str, str]:
    """The environment of this process without what git sets for its hooks."""
    return {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}


def _remove(tree: Path, directory: Path) -> None:
    if _git(directory, "worktree", "remove", "--force", "--force", str(tree)).returncode == 0:
        return
    # Git was stopped halfway. Not `git worktree prune`: that would also forget worktrees of the user's whose disk is
    # away for the moment.
    common = _git(directory, "rev-parse", "--git-common-dir").stdout.rstrip("\r\n")
    for note in (directory / common / "worktrees").glob("*/gitdir"):
        if Path(note.read_text("utf-8").strip()) == tree / ".git":
            shutil.rmtree(note.parent, ignore_errors=True)


def _git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command: Sequence[str] = ("git", *arguments)
    variables: Mapping[str, str] = {**environment(), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    return subprocess.run(  # noqa: S603 - git itself, with a name that it has verified
        command, cwd=directory, env=variables, stdin=subprocess.DEVNULL, capture_output=True,
        encoding="utf-8", errors="replace", timeout=_LIMIT, check=False,
    )  # fmt: skip


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """A second Ctrl-C, which also goes to git, does not stop what cleans up after the first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """A signal that would end this process on the spot lets it clean up first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    watched = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [(number, signal.signal(number, leave)) for number in watched]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
