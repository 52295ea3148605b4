"""Suggests an order for the command line: options in, suggestion written, exit code told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from mwviz import suggesting
from mwviz.api import Target
from mwviz.cli import messages, output, process
from mwviz.cli.files import write_all
from mwviz.cli.linting import codes
from mwviz.cli.opening import leaving, opened
from mwviz.collect import ProbeOptions
from mwviz.errors import ProbeError
from mwviz.model.suggestion import Suggestion
from mwviz.render.suggest import ENDINGS, SuggestFormat, render
from mwviz.values import dataclass


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
    return View(*output.placed(format, file, ENDINGS), verbose)


def suggest(
    target: Target, probe: ProbeOptions, wanted: View, select: Sequence[str] | None, ignore: Sequence[str] | None
) -> None:
    """Search an order and write what came of it. Raises typer.Exit with 1 where one is better, and MwvizError."""
    asked = suggesting.asked(target, codes(select), codes(ignore))
    diversion = process.Diversion()

    def written(known: Suggestion | ProbeError) -> int:
        if isinstance(known, ProbeError):
            raise known
        return wanted.write(known)

    with opened(asked.rules.target, diversion) as subject:
        found = suggesting.suggest(subject, asked, probe, stuck=leaving(diversion, written))
    if code := wanted.write(found):
        raise typer.Exit(code)
