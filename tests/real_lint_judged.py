"""What was found in real applications, read beside their source: true, arguable (true, but may be meant), or false."""

from __future__ import annotations

from typing import Any

#: Application and code: the verdict, and why.
JUDGED: dict[tuple[str, str], tuple[str, str]] = {}


def judged(app: str, finding: dict[str, Any]) -> str:
    """The verdict on a finding; `unjudged` where nobody has read it."""
    verdict, _ = JUDGED.get((app, finding["code"]), ("unjudged", ""))
    return verdict
