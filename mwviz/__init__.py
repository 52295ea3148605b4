"""mwviz shows what the middleware of a FastAPI or Starlette app really does.

Loading this package loads neither FastAPI, rich nor typer: what the names below need is imported with their first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mwviz.api import faults, inspect, routes, trace, trace_async
    from mwviz.asserting import assert_order
    from mwviz.errors import MwvizError
    from mwviz.model import Stack, Trace
    from mwviz.model.faults import Faults
    from mwviz.model.routes import Routes

__all__ = [
    "Faults",
    "MwvizError",
    "Routes",
    "Stack",
    "Trace",
    "assert_order",
    "faults",
    "inspect",
    "routes",
    "trace",
    "trace_async",
]
__version__ = "0.1.0"

_HOMES = {
    "Faults": "mwviz.model.faults",
    "MwvizError": "mwviz.errors",
    "Routes": "mwviz.model.routes",
    "Stack": "mwviz.model",
    "Trace": "mwviz.model",
    "assert_order": "mwviz.asserting",
    "faults": "mwviz.api",
    "inspect": "mwviz.api",
    "routes": "mwviz.api",
    "trace": "mwviz.api",
    "trace_async": "mwviz.api",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'mwviz' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
