"""Where the result goes: a file, or stdout, byte for byte."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mwviz.cli.files import write_all
from mwviz.errors import OutputError
from mwviz.render import FORMAT_OF_ENDING, Format, render
from mwviz.values import dataclass

if TYPE_CHECKING:
    from mwviz.model import Trace
    from mwviz.model.diff import Difference
    from mwviz.model.probes import Probes
    from mwviz.model.routes import Routes
    from mwviz.render.look import Look
    from mwviz.render.palette import Theme


Chosen = TypeVar("Chosen")

_TERMINAL = frozenset({Format.TABLE, Format.TREE, Format.TIMELINE})
_BINARY = frozenset({Format.PNG, Format.PDF})
_PROTECTED = frozenset({".py", ".toml"})


@dataclass(frozen=True, slots=True)
class Sink:
    """A format and where it goes; `file` is None for stdout."""

    format: Format
    file: Path | None
    verbose: bool
    look: Look | None = None

    def rendered(self, result: Trace | Probes | Routes | Difference) -> str | bytes:
        """The result as text or bytes. Raises OutputError where the format cannot be made."""
        return render(result, self.format, width=width(), color=self._color(), verbose=self.verbose, look=self.look)

    def write(self, result: str | bytes) -> None:
        """Write the result. Raises OutputError where that cannot be done."""
        if self.file is not None:
            write_all([(self.file, result.encode() if isinstance(result, str) else result)])
        else:
            write_stdout(result)

    def _color(self) -> bool:
        return self.file is None and self.format in _TERMINAL and wants_color()


def sink(format: Format | None, file: Path | None, *, verbose: bool) -> Sink:
    """Decide format and place before any work is done; `-` is stdout. Raises OutputError for what cannot be written."""
    file = None if file is not None and str(file) == "-" else file
    if file is None:
        check_stdout()
        chosen = format or Format.TABLE
        if chosen in _BINARY and _is_terminal():
            raise OutputError(
                f"{chosen.value.upper()} is no text: write it with -o FILE.{chosen.value}, or redirect stdout."
            )
        return Sink(chosen, None, verbose)
    return Sink(*placed(format, file, FORMAT_OF_ENDING), verbose)


def placed(format: Chosen | None, file: Path, endings: Mapping[str, Chosen]) -> tuple[Chosen, Path]:
    """The format of a result for `file`, and where that is. Raises OutputError for what cannot be written."""
    try:
        check_place(file)
    except OSError as error:
        raise OutputError(f"'{file}' cannot be written: {error.strerror}.") from error
    ending = file.suffix.lower()
    if format is None and ending not in endings:
        raise OutputError(f"'{file}' tells no format: end it in {', '.join(endings)}, or give -f FORMAT.")
    # the app may change the working directory before the result is written
    return format or endings[ending], file.absolute()


def drawn(plain: Sink, theme: Theme | None, *, changes: bool = False) -> Sink:
    """Add what was asked of a picture. Raises OutputError where the result is none."""
    if theme is None and not changes:
        return plain
    from mwviz.render import look

    return replace(plain, look=look.of(theme, plain.format, changes=changes))


def check_stdout() -> None:
    """Raise OutputError where there is no stdout."""
    if sys.stdout is None:
        raise OutputError("The result cannot be written: stdout is closed. Give -o FILE.")


def check_place(file: Path) -> None:
    """Raise OutputError, or OSError, for a file that no result may be written to."""
    target = file.resolve()
    for ending in (file.suffix.lower(), target.suffix.lower()):
        if ending in _PROTECTED:
            raise OutputError(f"'{file}' is not written: results never go over a {ending} file.")
    if target.is_dir():
        raise OutputError(f"'{file}' cannot be written: it is a directory.")
    if not file.parent.is_dir():
        raise OutputError(f"'{file}' cannot be written: '{file.parent}' is no directory.")
    if not target.parent.is_dir():
        raise OutputError(f"'{file}' cannot be written: it is a link into '{target.parent}', which is no directory.")


def write_stdout(result: str | bytes) -> None:
    """Write to stdout, byte for byte. Raises OutputError."""
    content = result if isinstance(result, bytes) else _encoded(result)
    try:
        if hasattr(sys.stdout, "buffer"):
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
        else:
            sys.stdout.write(content.decode())
        sys.stdout.flush()
    except BrokenPipeError:
        discard_rest()
    except OSError as error:
        raise OutputError(f"The result cannot be written to stdout: {error.strerror}.") from error


def discard_rest() -> None:
    """Who reads stdout has seen enough (`| head`): what is left must not be flushed again on the way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _encoded(text: str) -> bytes:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        from mwviz.render.terminal import ascii_only

        return ascii_only(text).encode(encoding, "backslashreplace")


def width() -> int:
    """Return the columns of the terminal."""
    return shutil.get_terminal_size((80, 24)).columns


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def wants_color() -> bool:
    """Tell whether escape codes are wanted on stdout."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    plain_console = sys.platform == "win32" and not any(
        name in os.environ for name in ("WT_SESSION", "TERM", "ANSICON")
    )
    return _is_terminal() and os.environ.get("TERM") != "dumb" and not plain_console
