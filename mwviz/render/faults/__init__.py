"""The views of the fault matrix: one module per format, each loaded only when its format is asked for."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mwviz.model.faults import Faults


class FaultsFormat(str, Enum):
    """What `faults` can print or write."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


#: Where each format's function lives: `(faults, *, width, color, verbose, every) -> str`.
FAULTS_RENDERERS: dict[FaultsFormat, str] = {
    FaultsFormat.TABLE: "mwviz.render.faults.table:render",
    FaultsFormat.JSON: "mwviz.render.faults.json:render",
    FaultsFormat.MARKDOWN: "mwviz.render.faults.markdown:render",
    FaultsFormat.HTML: "mwviz.render.faults.html:render",
}

#: The format that a file's ending asks for.
ENDINGS: dict[str, FaultsFormat] = {
    ".txt": FaultsFormat.TABLE,
    ".json": FaultsFormat.JSON,
    ".md": FaultsFormat.MARKDOWN,
    ".html": FaultsFormat.HTML,
}


def render(
    faults: Faults,
    format: FaultsFormat,
    *,
    width: int = 80,
    color: bool = False,
    verbose: bool = False,
    every: bool = False,
) -> str:
    """Return the matrix in one format. `every` shows rows that say what their neighbour says, too; JSON always does.

    `width` is the terminal's in columns, `color` allows escape codes; only the table heeds either.
    """
    module, _, function = FAULTS_RENDERERS[format].partition(":")
    renderer: Callable[..., str] = getattr(import_module(module), function)
    return renderer(faults, width=width, color=color, verbose=verbose, every=every)
