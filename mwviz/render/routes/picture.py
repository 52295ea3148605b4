"""`svg`, `png` and `pdf` of the routes: their DOT source laid out as that of a trace is."""

from __future__ import annotations

from dataclasses import replace

from mwviz.model.routes import Routes
from mwviz.render import picture
from mwviz.render.look import PLAIN, Look
from mwviz.render.routes import boxes, dot
from mwviz.render.svg import finished


def svg(routes: Routes, *, width: int = 80, color: bool = False, verbose: bool = False, look: Look = PLAIN) -> bytes:
    """Return the picture as SVG. Raises OutputError without an engine."""
    drawn, theme = boxes.picture(routes), look.theme or "auto"
    source = dot.render(routes, look=replace(look, theme=theme))
    return finished(picture.render(source, "svg"), drawn.title, drawn.caption, theme)


def png(routes: Routes, *, width: int = 80, color: bool = False, verbose: bool = False, look: Look = PLAIN) -> bytes:
    """Return the picture as PNG. Raises OutputError without an engine."""
    return picture.render(dot.render(routes, look=look, dpi=picture.DPI), "png")


def pdf(routes: Routes, *, width: int = 80, color: bool = False, verbose: bool = False, look: Look = PLAIN) -> bytes:
    """Return the picture as PDF. Raises OutputError unless Graphviz itself is installed."""
    return picture.render(dot.render(routes, look=look), "pdf")
