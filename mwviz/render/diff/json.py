"""`json`: the changes for programs, `mwviz.diff/1`."""

from __future__ import annotations

import json

from mwviz.model.diff import Change, Difference


def render(difference: Difference, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """Return the changes; `from` and `to` are positions as in the model, where places matter. All text is ASCII."""
    document = {
        "format": "mwviz.diff/1",
        "old": difference.old.name,
        "new": difference.new.name,
        "changes": [_change(change) for change in difference.changes],
    }
    # DEL is the one control character that the ASCII encoder leaves as it is
    return json.dumps(document, indent=2).replace("\x7f", "\\u007f") + "\n"


def _change(change: Change) -> dict[str, object]:
    return {
        "kind": change.kind,
        "layer": change.layer,
        "from": change.before,
        "to": change.after,
        "what": change.what,
        "within": change.within,
        "routes": list(change.routes),
        "details": [{"what": each.what, "before": each.before, "after": each.after} for each in change.details],
    }
