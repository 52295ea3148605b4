"""`json`: the suggestion for programs, `mwviz.suggest/1`."""

from __future__ import annotations

from mwviz.model.suggestion import Suggestion
from mwviz.render.json import document


def render(suggestion: Suggestion, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """Return the suggestion key by key, as the model names them. All text is ASCII."""
    return document("suggest", suggestion)
