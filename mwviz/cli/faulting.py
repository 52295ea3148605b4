"""Tries faults for the command line: options in, matrix written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mwviz import api
from mwviz.analysis.faults import narrowed
from mwviz.api import Target
from mwviz.cli import messages, output, process
from mwviz.cli.files import write_all
from mwviz.cli.opening import leaving, opened
from mwviz.collect import ProbeOptions
from mwviz.errors import ProbeError
from mwviz.model.faults import Faults
from mwviz.render.faults import ENDINGS, FaultsFormat, render
from mwviz.values import dataclass


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
            write_all([(self.file, text.encode())])


def view(
    format: FaultsFormat | None, file: Path | None, only: Sequence[str] | None, *, verbose: bool, every: bool
) -> View:
    """Decide format and place before any work is done. Raises OutputError for what cannot be written."""
    globs = tuple(glob.strip() for text in only or () for glob in text.split(",") if glob.strip())
    if file is None or str(file) == "-":
        output.check_stdout()
        return View(format or FaultsFormat.TABLE, None, verbose, globs, every)
    return View(*output.placed(format, file, ENDINGS), verbose, globs, every)


def show(target: Target, probe: ProbeOptions, wanted: View) -> None:
    """Try every fault and write the matrix. Raises MwvizError."""
    diversion = process.Diversion()

    def written(known: Faults | ProbeError) -> int:
        if isinstance(known, ProbeError):
            raise known
        wanted.write(known)
        return messages.FINDINGS

    with opened(target, diversion) as subject:
        found = api.try_faults(subject, probe, stuck=leaving(diversion, written))
    wanted.write(found)
