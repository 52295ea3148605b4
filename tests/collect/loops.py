"""Which loops the installed frameworks can run on."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest


def usable_trio() -> Any:
    """The trio that anyio can use; skips the test where there is none."""
    trio = pytest.importorskip("trio")
    pytest.importorskip("anyio")
    if version("anyio").startswith("3.") and not hasattr(trio, "MultiError"):
        pytest.skip("anyio 3 knows only older versions of trio")
    return trio
