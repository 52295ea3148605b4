"""What a test suite's requests met, in the formats of `pytest --mwviz`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from mwviz.model.suite import Suite
from mwviz.render.suite import html, json

SuiteFormat: TypeAlias = Literal["html", "json"]

#: Makes the content of a report's file.
SUITE_FORMATS: Mapping[SuiteFormat, Callable[[Suite], str]] = {"html": html.render, "json": json.render}
