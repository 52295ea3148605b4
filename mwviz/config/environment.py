"""Environment variables from a file, for an app that wants them set when it is imported."""

from __future__ import annotations

from pathlib import Path

from mwviz.errors import ProbeError


def load(file: Path | None) -> None:
    """Load variables from `file` as uvicorn does: those that are set already stay. Raises ProbeError."""
    if file is None:
        return
    if not file.is_file():
        raise ProbeError(f"--env-file: there is no file '{file}'.")
    try:
        from dotenv import load_dotenv
    except ImportError as error:
        raise ProbeError("--env-file needs the package python-dotenv: pip install python-dotenv.") from error
    load_dotenv(dotenv_path=file)
