"""What `lint --explain` tells of a rule."""

from __future__ import annotations

from mwviz.model.findings import Severity
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True)
class Story:
    """`why` says whom it hurts, `broken` and `mended` are code, `link` leads to a page or to who met it.

    `default` is False for a rule that only a `--select` turns on.
    """

    code: str
    title: str
    severity: Severity
    default: bool
    why: str
    link: str
    broken: str
    mended: str
