"""`svg`, `png` and `pdf`: the DOT source laid out by the first Graphviz that the machine has.

That is `dot` on PATH, else the executable of the extra `mwviz[diagram]`, a port of Graphviz that makes no PDF.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Literal, TypeAlias

from mwviz.errors import OutputError
from mwviz.model import Trace
from mwviz.render import dot
from mwviz.render.graph import diagram
from mwviz.render.look import PLAIN, Look
from mwviz.render.plain import visible
from mwviz.render.svg import finished

PictureFormat: TypeAlias = Literal["svg", "png", "pdf"]

#: Twice the size in points: at 96 dpi the small print blurs on today's screens.
DPI = 144
_EXTRA = "graphviz-pure"
_WITHOUT = "the formats mermaid, dot and table need neither"
_INSTALL = "install Graphviz (https://graphviz.org/download/) so that `dot` is on PATH"
_WORDS_AT_MOST = 500


def svg(trace: Trace, *, width: int = 80, color: bool = False, verbose: bool = False, look: Look = PLAIN) -> bytes:
    """Return the diagram as SVG. Raises OutputError without an engine."""
    drawn, theme = diagram(trace), look.theme or "auto"
    source = dot.render(trace, look=replace(look, theme=theme))
    return finished(render(source, "svg"), drawn.title, drawn.caption, theme)


def png(trace: Trace, *, width: int = 80, color: bool = False, verbose: bool = False, look: Look = PLAIN) -> bytes:
    """Return the diagram as PNG. Raises OutputError without an engine."""
    return render(dot.render(trace, look=look, dpi=DPI), "png")


def pdf(trace: Trace, *, width: int = 80, color: bool = False, verbose: bool = False, look: Look = PLAIN) -> bytes:
    """Return the diagram as PDF. Raises OutputError unless Graphviz itself is installed."""
    return render(dot.render(trace, look=look), "pdf")


def render(dot_source: str, format: PictureFormat, *, engine: Path | None = None) -> bytes:
    """Return the picture of `dot_source`, laid out by `engine`, by default the first one found.

    Raises OutputError where there is no engine, or none for this format, and with the engine's words where it fails.
    """
    import graphviz

    executable = engine if engine is not None else _engine(format)
    try:
        # quiet: engines warn about fonts and about letters beyond ASCII, which are no mistakes of the user's
        with _driven_by(executable):
            return bytes(graphviz.backend.pipe("dot", format, dot_source.encode(), quiet=True))
    except subprocess.CalledProcessError as failure:
        said = visible((failure.stderr or b"").decode(errors="replace").strip())[:_WORDS_AT_MOST]
        raise OutputError(f"{executable.name} could not draw the {format}: {said or failure}") from failure
    except (graphviz.ExecutableNotFound, OSError) as failure:
        raise OutputError(f"{executable} could not be run: {failure}; {_INSTALL}; {_WITHOUT}") from failure


def _engine(format: PictureFormat) -> Path:
    system = shutil.which("dot")
    if system is not None:
        return Path(system)
    extra = shutil.which(_EXTRA, path=sysconfig.get_path("scripts")) or shutil.which(_EXTRA)
    if format == "pdf":
        only = f" ({_EXTRA} makes svg and png only)" if extra is not None else ""
        raise OutputError(f"a pdf needs the `dot` program of Graphviz{only}: {_INSTALL}; {_WITHOUT}")
    if extra is None:
        raise OutputError(
            f"no Graphviz to draw the {format}: {_INSTALL}, or `pip install 'mwviz[diagram]'`; {_WITHOUT}"
        )
    return Path(extra)


_ONE_AT_A_TIME = Lock()


@contextmanager
def _driven_by(executable: Path) -> Iterator[None]:
    """Let the graphviz package run `executable`: its name is a global of the package, so one thread at a time."""
    from graphviz.backend import dot_command

    with _ONE_AT_A_TIME:
        before = dot_command.DOT_BINARY
        dot_command.DOT_BINARY = executable
        try:
            yield
        finally:
            dot_command.DOT_BINARY = before
