"""The reports of findings: one module per format, each loaded only when its format is asked for."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mwviz.model.findings import Findings

__all__ = ["ENDINGS", "RENDERERS", "ReportFormat", "render"]


class ReportFormat(str, Enum):
    """What `check` can print or write."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"


#: Where each format's function lives: `(findings, *, width, color, verbose) -> str`.
RENDERERS: dict[ReportFormat, str] = {
    ReportFormat.TEXT: "mwviz.render.findings.text:render",
    ReportFormat.JSON: "mwviz.render.json:render",
    ReportFormat.GITHUB: "mwviz.render.findings.github:render",
    ReportFormat.SARIF: "mwviz.render.findings.sarif:render",
    ReportFormat.JUNIT: "mwviz.render.findings.junit:render",
}

#: The format that a file's ending asks for.
ENDINGS: dict[str, ReportFormat] = {
    ".txt": ReportFormat.TEXT,
    ".json": ReportFormat.JSON,
    ".sarif": ReportFormat.SARIF,
    ".xml": ReportFormat.JUNIT,
}


def render(
    findings: Findings, format: ReportFormat, *, width: int = 80, color: bool = False, verbose: bool = False
) -> str:
    """Return findings in one format. `width` (columns) and `color` (escape codes) are for `text` alone."""
    module, _, function = RENDERERS[format].partition(":")
    renderer: Callable[..., str] = getattr(import_module(module), function)
    return renderer(findings, width=width, color=color, verbose=verbose)
