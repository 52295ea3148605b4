"""`svg`, `png` and `pdf` of the routes: their DOT source laid out as that of a trace is."""

from __future__ import annotations

from mwviz.model.routes import Routes
from mwviz.render import picture
from mwviz.render.routes import dot


def svg(routes: Routes, *, width: int = 80, color: bool = False, verbose: bool = False) -> bytes:
    """Return the picture as SVG. Raises OutputError without an engine."""
    return picture.render(dot.render(routes), "svg")


def png(routes: Routes, *, width: int = 80, color: bool = False, verbose: bool = False) -> bytes:
    """Return the picture as PNG, on a transparent ground. Raises OutputError without an engine."""
    return picture.render(dot.render(routes, dpi=picture.DPI), "png")


def pdf(routes: Routes, *, width: int = 80, color: bool = False, verbose: bool = False) -> bytes:
    """Return the picture as PDF. Raises OutputError unless Graphviz itself is installed."""
    return picture.render(dot.render(routes), "pdf")
