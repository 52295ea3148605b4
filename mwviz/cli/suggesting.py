"""Suggests an order for the command line: options in, suggestion written, exit code told."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import typer

from mwviz import api, suggesting
from mwviz.api import Target
from mwviz.cli import messages, output, process
from mwviz.cli.files import write_all
from mwviz.cli.linting import codes
from mwviz.collect import ProbeOptions
from mwviz.errors import OutputError, ProbeError
from mwviz.model.suggestion import Suggestion
from mwviz.render.suggest import ENDINGS, SuggestFormat, render


@dataclass(frozen=True, slots=True)
class View:
    """A format and where it goes; `file` is None for stdout."""

    format: SuggestFormat
    file: Path | None
    verbose: bool

    def write(self, found: Suggestion) -> int:
        """Write the suggestion and return the exit code: 1 where a better order was found. Raises OutputError."""
        color = self.file is None and self.format is SuggestFormat.TEXT and output.wants_color()
        text = render(found, self.format, width=output.width(), color=color, verbose=self.verbose)
        if self.file is None:
            output.write_stdout(text)
        else:
            write_all([(self.file, text.encode())])
        return messages.FINDINGS if found.order is not None else 0


def view(format: SuggestFormat | None, file: Path | None, *, verbose: bool) -> View:
    """Decide format and place before any work is done. Raises OutputError for what cannot be written."""
    if file is None or str(file) == "-":
        output.check_stdout()
        return View(format or SuggestFormat.TEXT, None, verbose)
    try:
        output.check_place(file)
    except OSError as error:
        raise OutputError(f"'{file}' cannot be written: {error.strerror}.") from error
    ending = file.suffix.lower()
    if format is None and ending not in ENDINGS:
        raise OutputError(f"'{file}' tells no format: end it in {', '.join(ENDINGS)}, or give -f FORMAT.")
    return View(format or ENDINGS[ending], file.absolute(), verbose)


def suggest(
    target: Target, probe: ProbeOptions, wanted: View, select: Sequence[str] | None, ignore: Sequence[str] | None
) -> None:
    """Search an order and write what came of it. Raises typer.Exit with 1 where one is better, and MwvizError."""
    asked = suggesting.asked(target, codes(select), codes(ignore))
    diversion = process.Diversion()

    def stuck(found: Suggestion | ProbeError) -> None:
        # In another thread, while the app's keeps the main one: say what is known, and leave without it.
        diversion.end()
        try:
            code = messages.tell_exception(found, whole=False) if isinstance(found, ProbeError) else wanted.write(found)
        except Exception as error:  # noqa: BLE001 - told, and nobody above this thread's function would be
            code = messages.tell_exception(error, whole=False)
        os._exit(code)

    with ExitStack() as undo:
        undo.callback(diversion.end)
        with process.quick_import(), process.own_interrupt():
            subject = undo.enter_context(api.opened(asked.rules.target))
        found = suggesting.suggest(subject, asked, probe, stuck=stuck)
    if code := wanted.write(found):
        raise typer.Exit(code)
