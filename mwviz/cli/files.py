"""Files, written whole or not at all; of several, all or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mwviz.errors import OutputError


def write_all(files: Sequence[tuple[Path, bytes]], last: Callable[[], None] | None = None) -> None:
    """Write each content to its file, then call `last`: what that raises undoes all of it. Raises OutputError.

    What a device or a pipe has taken by then stays there.
    """
    special = [(file, content) for file, content in files if file.exists() and not file.is_file()]
    plain = [each for each in files if each not in special]
    with ExitStack() as cleanup, ExitStack() as undo:
        staged = [(file, _staged(file, content, cleanup)) for file, content in plain]
        for file, content in special:  # written to, never replaced
            with _told(file):
                file.write_bytes(content)
        for number, (file, temporary) in enumerate(staged, start=1):
            with _told(file):
                target = file.resolve()  # a link stays a link
                if number < len(staged) or last is not None:
                    undo.callback(_restoring(target, cleanup))
                temporary.replace(target)
        if last is not None:
            last()
        undo.pop_all()


def _staged(file: Path, content: bytes, cleanup: ExitStack) -> Path:
    """The content as a file beside the one that it is going to replace, with the mode of that one."""
    target = file.resolve()
    with _told(file):
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        temporary = _neighbour(target, cleanup)
        temporary.write_bytes(content)
        temporary.chmod(mode)
    return temporary


def _restoring(target: Path, cleanup: ExitStack) -> Callable[[], object]:
    """What brings the file back as it is now, or takes away the one that is not there yet."""
    if not target.exists():
        return lambda: target.unlink(missing_ok=True)
    kept = _neighbour(target, cleanup)
    shutil.copy2(target, kept)
    return lambda: kept.replace(target)


def _neighbour(target: Path, cleanup: ExitStack) -> Path:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    cleanup.callback(Path(name).unlink, missing_ok=True)
    return Path(name)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"'{file}' cannot be written: {error.strerror}.") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
