"""What the command line says on stderr: the user's mistakes, the app's exceptions, and mwviz's own defects."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import typer

from mwviz.errors import ImportFailed, MwvizError

if TYPE_CHECKING:
    from mwviz.model import TracedError

FINDINGS, MISTAKE, DEFECT, INTERRUPTED = 1, 2, 70, 130

_MORE = "(--traceback shows the whole traceback)"


def tell_exception(error: Exception, *, whole: bool, of: str = "Error") -> int:
    """Say what ended the run, or kept the app `of` from having its part in it; returns the exit code for it.

    `whole`: tracebacks of the app are not cut.
    """
    if not isinstance(error, MwvizError):
        traceback.print_exception(error)
        say("\nThis is a defect of mwviz, not of your app. Please report it with the lines above.")
        return DEFECT
    say(f"{of}: {error}")
    if isinstance(error, ImportFailed) and (error.traceback if whole else error.frames):
        say(error.traceback if whole else f"{error.frames.rstrip()}\n{_MORE}")
    return MISTAKE


def tell_traced(error: TracedError, *, whole: bool) -> None:
    """Say where in the app its exception came from, below the view that tells of it."""
    if whole and error.traceback:
        say(f"\n{error.traceback.rstrip()}")
    elif error.frames:
        say(f"\n{error.frames.rstrip()}\n{error.type}: {error.message}\n{_MORE}")


def tell_pydantic(error: ImportError) -> int:
    """Say that Typer cannot read the command line without pydantic 2, and what helps; returns the exit code for it."""
    from importlib.metadata import version

    say(f"Error: Typer {version('typer')} needs pydantic 2: {error}")
    say("For an app that is written for pydantic 1: pip install 'typer<0.29' 'pydantic<2'.")
    say("For any other: pip install 'pydantic>=2'.")
    return MISTAKE


def say(text: str) -> None:
    """Print lines to stderr, with nothing in them that a terminal would act on."""
    from mwviz.render.plain import visible

    for line in text.splitlines():
        typer.echo(visible(line), err=True)
