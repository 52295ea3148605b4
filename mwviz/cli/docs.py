"""The command `docs`, as the command line declares it."""

# No `from __future__ import annotations` here: Typer 0.9.0 does not read the options in annotations that are strings.
from mwviz.cli import options


def docs(
    files: options.Documents,
    check: options.CheckDocs = False,
    diff: options.DiffDocs = False,
    whole: options.Traceback = False,
) -> None:
    """Refresh the blocks of documents that hold a command: <!-- mwviz: show app:app --> ... <!-- /mwviz -->."""
    from mwviz.cli import documenting

    documenting.refresh_documents(files, check=check, diff=diff, whole=whole)
