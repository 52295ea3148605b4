"""The views of a trace, and of the routes: one module per format, each loaded only when its format is asked for."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mwviz.model import Trace
    from mwviz.model.diff import Difference
    from mwviz.model.probes import Probes
    from mwviz.model.routes import Routes
    from mwviz.render.look import Look


__all__ = [
    "DIFF_RENDERERS",
    "FORMAT_OF_ENDING",
    "PROBES_RENDERERS",
    "RENDERERS",
    "ROUTES_RENDERERS",
    "Format",
    "render",
]


class Format(str, Enum):
    """What `show` can print or write."""

    TABLE = "table"
    TREE = "tree"
    TIMELINE = "timeline"
    JSON = "json"
    MARKDOWN = "markdown"
    MERMAID = "mermaid"
    SEQUENCE = "sequence"
    DOT = "dot"
    SVG = "svg"
    PNG = "png"
    PDF = "pdf"
    HTML = "html"


#: Where each format's function lives: `(trace, *, width, color, verbose) -> str | bytes`; diagrams also take a `look`.
RENDERERS: dict[Format, str] = {
    Format.TABLE: "mwviz.render.table:render",
    Format.TREE: "mwviz.render.tree:render",
    Format.TIMELINE: "mwviz.render.timeline:render",
    Format.JSON: "mwviz.render.json:render",
    Format.MARKDOWN: "mwviz.render.markdown:render",
    Format.MERMAID: "mwviz.render.mermaid:render",
    Format.SEQUENCE: "mwviz.render.sequence:render",
    Format.DOT: "mwviz.render.dot:render",
    Format.SVG: "mwviz.render.picture:svg",
    Format.PNG: "mwviz.render.picture:png",
    Format.PDF: "mwviz.render.picture:pdf",
    Format.HTML: "mwviz.render.page:render",
}

#: The same for several probes of one app: only these formats show them side by side.
PROBES_RENDERERS: dict[Format, str] = {Format.HTML: "mwviz.render.page:render"}

#: The same for the routes of an app, which have no times: `(routes, *, width, color, verbose) -> str | bytes`.
ROUTES_RENDERERS: dict[Format, str] = {
    Format.TABLE: "mwviz.render.routes.table:render",
    Format.TREE: "mwviz.render.routes.tree:render",
    Format.JSON: "mwviz.render.json:render",
    Format.MARKDOWN: "mwviz.render.routes.markdown:render",
    Format.MERMAID: "mwviz.render.routes.mermaid:render",
    Format.DOT: "mwviz.render.routes.dot:render",
    Format.SVG: "mwviz.render.routes.picture:svg",
    Format.PNG: "mwviz.render.routes.picture:png",
    Format.PDF: "mwviz.render.routes.picture:pdf",
}

#: The same for what differs between two orders; `table` is its text.
DIFF_RENDERERS: dict[Format, str] = {
    Format.TABLE: "mwviz.render.diff.text:render",
    Format.MARKDOWN: "mwviz.render.diff.markdown:render",
    Format.JSON: "mwviz.render.diff.json:render",
}

#: The format that a file's ending asks for.
FORMAT_OF_ENDING: dict[str, Format] = {
    ".txt": Format.TABLE,
    ".json": Format.JSON,
    ".md": Format.MARKDOWN,
    ".mmd": Format.MERMAID,
    ".dot": Format.DOT,
    ".gv": Format.DOT,
    ".svg": Format.SVG,
    ".png": Format.PNG,
    ".pdf": Format.PDF,
    ".html": Format.HTML,
}


def render(
    value: Trace | Probes | Routes | Difference,
    format: Format,
    *,
    width: int = 80,
    color: bool = False,
    verbose: bool = False,
    look: Look | None = None,
) -> str | bytes:
    """Return one trace, or several, the routes of an app, or a difference in one format, as text.

    `svg`, `png` and `pdf` are bytes.
    `width` is the terminal's in columns, `color` allows escape codes; only the terminal formats heed either.
    `look` is for diagrams alone.
    Raises OutputError where a picture has no engine to lay it out, and KeyError for a format that the value has not.
    """
    from mwviz.model import Trace

    renderers = RENDERERS if isinstance(value, Trace) else _renderers(value)
    module, _, function = renderers[format].partition(":")
    renderer: Callable[..., str | bytes] = getattr(import_module(module), function)
    if look is None:
        return renderer(value, width=width, color=color, verbose=verbose)
    return renderer(value, width=width, color=color, verbose=verbose, look=look)


def _renderers(value: Probes | Routes | Difference) -> dict[Format, str]:
    from mwviz.model.probes import Probes
    from mwviz.model.routes import Routes

    match value:
        case Probes():
            return PROBES_RENDERERS
        case Routes():
            return ROUTES_RENDERERS
        case _:
            return DIFF_RENDERERS
