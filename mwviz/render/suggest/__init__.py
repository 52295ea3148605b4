"""The views of a suggested order: one module per format, each loaded only when its format is asked for."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mwviz.model.suggestion import Suggestion

__all__ = ["ENDINGS", "RENDERERS", "SuggestFormat", "render"]


class SuggestFormat(str, Enum):
    """What `suggest` can print or write."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


#: Where each format's function lives: `(suggestion, *, width, color, verbose) -> str`.
RENDERERS: dict[SuggestFormat, str] = {
    SuggestFormat.TEXT: "mwviz.render.suggest.text:render",
    SuggestFormat.JSON: "mwviz.render.suggest.json:render",
    SuggestFormat.MARKDOWN: "mwviz.render.suggest.markdown:render",
}

#: The format that a file's ending asks for.
ENDINGS: dict[str, SuggestFormat] = {
    ".txt": SuggestFormat.TEXT,
    ".json": SuggestFormat.JSON,
    ".md": SuggestFormat.MARKDOWN,
}


def render(
    suggestion: Suggestion, format: SuggestFormat, *, width: int = 80, color: bool = False, verbose: bool = False
) -> str:
    """Return a suggestion in one format. `width` (columns) and `color` (escape codes) are for `text` alone."""
    module, _, function = RENDERERS[format].partition(":")
    renderer: Callable[..., str] = getattr(import_module(module), function)
    return renderer(suggestion, width=width, color=color, verbose=verbose)
