"""`json`: the observations themselves, key by key as the dataclasses of the model name them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, TypeAlias

from mwviz.model import Stack, Trace

if TYPE_CHECKING:
    from mwviz.model.faults import Faults
    from mwviz.model.findings import Findings
    from mwviz.model.routes import Routes

_Json: TypeAlias = "dict[str, _Json] | list[_Json] | str | int | bool | None"


def render(
    value: Trace | Stack | Routes | Findings | Faults, *, width: int = 80, color: bool = False, verbose: bool = False
) -> str:
    """Return the JSON of `show` (`mwviz.trace/1`), `routes`, `check` (`mwviz.findings/1`), `faults`, or of a stack.

    Keys come in the order of the model; all text is ASCII with escapes, so no control character of an app's stays live.
    """
    return document(type(value).__name__.lower(), value)


def document(name: str, value: object) -> str:
    """Return the JSON of a dataclass of the model, as `mwviz.<name>/1`."""
    whole = {"format": f"mwviz.{name}/1", **_object(value)}
    # DEL is the one control character that the ASCII encoder leaves as it is
    return json.dumps(whole, indent=2).replace("\x7f", "\\u007f") + "\n"


def _object(value: object) -> dict[str, _Json]:
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}  # type: ignore[arg-type]


def _plain(value: object) -> _Json:
    match value:
        case None | bool() | str():
            return value
        case int():
            return int(value)
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case tuple():
            return [_plain(item) for item in value]
        case _ if is_dataclass(value):
            return _object(value)
        case _:
            raise TypeError(f"the model holds no {type(value).__name__}")
