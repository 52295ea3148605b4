"""`json`: every row, key by key as the model names them (`mwviz.faults/1`)."""

from __future__ import annotations

from mwviz.model.faults import Faults
from mwviz.render import json


def render(faults: Faults, *, width: int = 80, color: bool = False, verbose: bool = False, every: bool = False) -> str:
    """Return the matrix; `before` is that of the app as it is, where another order was tried."""
    return json.render(faults)
