"""Where reports of findings go: one to stdout or a file, and further ones to files of their own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mwviz.cli import output
from mwviz.cli.files import write_all
from mwviz.errors import OutputError, closest
from mwviz.model.findings import Findings
from mwviz.render.findings import ENDINGS, ReportFormat, render
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True)
class Report:
    """A format and where it goes; `file` is None for stdout."""

    format: ReportFormat
    file: Path | None
    verbose: bool

    def rendered(self, findings: Findings) -> str:
        """The report as text; only on a terminal it has colours."""
        color = self.file is None and self.format is ReportFormat.TEXT and output.wants_color()
        return render(findings, self.format, width=output.width(), color=color, verbose=self.verbose)


def chosen(
    format: ReportFormat | None, file: Path | None, further: Sequence[str] | None, *, verbose: bool
) -> tuple[Report, ...]:
    """Decide formats and places before any work is done. Raises OutputError for what cannot be written."""
    file = None if file is not None and str(file) == "-" else file
    others = tuple(_further(text, verbose) for text in further or ())
    first = _to_stdout(format, verbose) if file is None else _to_file(format, file, verbose)
    files = [each.file.resolve() for each in (first, *others) if each.file is not None]
    for place in files:
        if files.count(place) > 1:
            raise OutputError(f"Two reports cannot be written to one file: {place}.")
    return first, *others


def write(reports: Sequence[Report], findings: Findings) -> None:
    """Write all reports; no file is left where one of them cannot be made or written. Raises OutputError."""
    made = [(report.file, report.rendered(findings)) for report in reports]

    def printed() -> None:
        for file, text in made:
            if file is None:
                output.write_stdout(text)

    write_all([(file, text.encode()) for file, text in made if file is not None], printed)


def _to_stdout(format: ReportFormat | None, verbose: bool) -> Report:
    output.check_stdout()
    default = ReportFormat.GITHUB if os.environ.get("GITHUB_ACTIONS") == "true" else ReportFormat.TEXT
    return Report(format or default, None, verbose)


def _to_file(format: ReportFormat | None, file: Path, verbose: bool) -> Report:
    return Report(*output.placed(format, file, ENDINGS), verbose)


def _further(text: str, verbose: bool) -> Report:
    name, equals, file = text.partition("=")
    if not equals or not file or file == "-":
        raise OutputError(f"--report wants FORMAT=FILE, such as junit=report.xml, not '{text}'.")
    formats = [each.value for each in ReportFormat]
    if name not in formats:
        close = closest(name, formats)
        hint = f"did you mean {close}?" if close else f"there are {', '.join(formats)}."
        raise OutputError(f"--report knows no format '{name}': {hint}")
    return _to_file(ReportFormat(name), Path(file), verbose)
