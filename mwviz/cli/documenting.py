"""Refreshes documents for the command line: files written all or none, what is stale told, the exit code with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import typer

from mwviz.cli import messages, output, process
from mwviz.cli.files import write_all
from mwviz.documenting import blocks
from mwviz.documenting.refresh import Refresh, Refreshed, documents, refresh
from mwviz.errors import OutputError
from mwviz.render.plain import visible

_COLORS = {"-": "\x1b[31m", "+": "\x1b[32m", "@": "\x1b[36m"}
_PLAIN = "\x1b[0m"


def refresh_documents(named: Sequence[Path], *, check: bool, diff: bool, whole: bool) -> None:
    """Refresh the blocks of documents, or tell which are stale. Raises typer.Exit with 1 for these, and MwvizError."""
    directory, files = Path.cwd(), documents(named)
    with ExitStack() as undo:
        undo.callback(process.Diversion().end)
        with process.own_interrupt():
            found = refresh(files, directory, whole=whole)
    if diff:
        output.write_stdout("".join(_diffs(found.files, directory, color=output.wants_color())))
    elif check:
        output.write_stdout("".join(f"{each.file}:{each.line}: stale: {visible(each.what)}\n" for each in found.stale))
    else:
        _write(found.files)
    messages.say(_summary(found, len(files), wrote=not (check or diff)))
    if (check or diff) and found.stale:
        raise typer.Exit(messages.FINDINGS)


def _summary(found: Refresh, files: int, *, wrote: bool) -> str:
    blocks = f"{found.blocks} block{'s' * (found.blocks != 1)} in {files} file{'s' * (files != 1)}"
    return f"{blocks}: {len(found.stale) or 'none'} {'refreshed' if wrote else 'stale'}."


def _write(files: Sequence[Refreshed]) -> None:
    """Write every file, or none where one cannot be written. Raises OutputError."""
    for each in files:
        _prepare(each.file)
    write_all([(each.file, each.after) for each in files])


def _prepare(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        output.check_place(file)
    except OSError as error:
        raise OutputError(f"'{file}' cannot be written: {error.strerror}.") from error


def _diffs(files: Sequence[Refreshed], directory: Path, *, color: bool) -> Iterator[str]:
    for each in files:
        name = each.file.relative_to(directory) if each.file.is_relative_to(directory) else each.file
        before, after = (_shown(content, each.encoding) for content in (each.before, each.after))
        old = "/dev/null" if each.before is None else f"a/{name.as_posix()}"
        for line in difflib.unified_diff(before, after, old, f"b/{name.as_posix()}"):
            code = _COLORS.get(line[0], "") if color else ""
            text = visible(line.rstrip("\r\n"))
            yield f"{code}{text}{_PLAIN}\n" if code else f"{text}\n"


def _shown(content: bytes | None, encoding: str) -> list[str]:
    return blocks.split((content or b"").decode(encoding, "replace"))
