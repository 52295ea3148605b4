"""Tries faults for the command line: options in, matrix written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from mwviz import api
from mwviz.analysis.faults import narrowed
from mwviz.api import Target
from mwviz.cli import messages, output, process
from mwviz.collect import ProbeOptions
from mwviz.errors import OutputError, ProbeError
from mwviz.model.faults import Faults
from mwviz.render.faults import ENDINGS, FaultsFormat, render


@dataclass(frozen=True, slots=True)
class View:
    """A format, where it goes (`file` is None for stdout), and which headers and rows it shows."""

    format: FaultsFormat
    file: Path | None
    verbose: bool
    only: tuple[str, ...]
    every: bool

    def write(self, faults: Faults) -> None:
        """Write the matrix. Raises SelectionError for headers that are not there, OutputError for a place."""
        color = self.file is None and self.format is FaultsFormat.TABLE and output.wants_color()
        text = render(
            narrowed(faults, self.only), self.format,
            width=output.width(), color=color, verbose=self.verbose, every=self.every,
        )  # fmt: skip
        if self.file is None:
            output.write_stdout(text)
        else:
            output.write_file(self.file, text.encode())


def view(
    format: FaultsFormat | None, file: Path | None, only: Sequence[str] | None, *, verbose: bool, every: bool
) -> View:
    """Decide format and place before any work is done. Raises OutputError for what cannot be written."""
    globs = tuple(glob.strip() for text in only or () for glob in text.split(",") if glob.strip())
    if file is None or str(file) == "-":
        output.check_stdout()
        return View(format or FaultsFormat.TABLE, None, verbose, globs, every)
    try:
        output.check_place(file)
    except OSError as error:
        raise OutputError(f"'{file}' cannot be written: {error.strerror}.") from error
    ending = file.suffix.lower()
    if format is None and ending not in ENDINGS:
        raise OutputError(f"'{file}' tells no format: end it in {', '.join(ENDINGS)}, or give -f FORMAT.")
    return View(format or ENDINGS[ending], file.absolute(), verbose, globs, every)


def show(target: Target, probe: ProbeOptions, wanted: View) -> None:
    """Try every fault and write the matrix. Raises MwvizError."""
    diversion = process.Diversion()

    def stuck(found: Faults | ProbeError) -> None:
        # In another thread, while the app's keeps the main one: say what is known, and leave without it.
        diversion.end()
        code = messages.FINDINGS
        try:
            if isinstance(found, ProbeError):
                code = messages.tell_exception(found, whole=False)
            else:
                wanted.write(found)
        except Exception as error:  # noqa: BLE001 - told, and nobody above this thread's function would be
            code = messages.tell_exception(error, whole=False)
        os._exit(code)

    with ExitStack() as undo:
        undo.callback(diversion.end)
        with process.quick_import(), process.own_interrupt():
            subject = undo.enter_context(api.opened(target))
        found = api.try_faults(subject, probe, stuck=stuck)
    wanted.write(found)
