"""A first configuration, as TOML that is meant to be read and edited."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

#: Signs that the grammar of names gives a meaning, and what no terminal shows: a glob takes their place.
_UNSPEAKABLE = re.compile(r"[|()]")

_LAYERS = """\
[[contracts]]
name = "order"
# Outermost first; other layers may stand between them. "(A)" may be absent, "A | B" may stand in any order,
# "Auth*" is a glob, "pkg.module.A" a qualified name, "A#2" the second layer of a name.
layers = [
{names}]
# No other layer of your own may be in the stack:
# exhaustive = true
"""
_EMPTY = """\
# The app has no middleware of its own yet. A contract for when it has:
# [[contracts]]
# name = "order"
# layers = ["TrustedHostMiddleware", "CORSMiddleware", "(GZipMiddleware)"]  # outermost first
"""


def configuration(app: str, order: Sequence[str], *, app_dir: str | None, factory: bool) -> str:
    """Return the text of a `mwviz.toml` whose one contract is `order`: labels of layers, outermost first."""
    lines = ["# What `mwviz check` holds this app to; `mwviz init` wrote it from the order that a probe met."]
    lines.append(f"app = {_quoted(app)}")
    if app_dir is not None:
        lines.append(f"app_dir = {_quoted(app_dir)}")
    if factory:
        lines.append("factory = true")
    names = "".join(f"    {_quoted(_name(label))},\n" for label in order)
    return "\n".join([*lines, "", _LAYERS.replace("{names}", names) if order else _EMPTY])


def _name(label: str) -> str:
    plain = "".join(char if char.isprintable() else "?" for char in label)
    return _UNSPEAKABLE.sub("?", plain)


def _quoted(text: str) -> str:
    # JSON's string is TOML's, but for DEL and for what JSON writes as a pair of surrogates
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
