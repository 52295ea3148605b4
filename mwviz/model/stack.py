"""The stack as it was built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from mwviz.values import dataclass

Origin: TypeAlias = Literal["framework", "user", "injected", "outer", "mount", "route"]
#: By `add_middleware` or `@app.middleware`, of which the last one stands outermost; or as an entry of a list.
RegisteredBy: TypeAlias = Literal["call", "list"]
Kind: TypeAlias = Literal["asgi", "base_http", "function", "factory"]

#: Characters that are told of an argument; a longer text ends in `…`.
LONGEST = 60


def cut(text: str, longest: int = LONGEST) -> str:
    """The text, or its beginning and a `…`, in at most `longest` characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of source. `file` is relative to the working directory where it lies below it, with `/` between parts."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions of what took part; None for a framework that the app does not use."""

    mwviz: str
    python: str
    starlette: str | None
    fastapi: str | None


@dataclass(frozen=True, slots=True)
class Layer:
    """One ASGI callable of the stack.

    `name` is the class's or function's; `label` is the name that stands alone: a second layer of one name is
    `GZipMiddleware#2`. `arguments` maps parameter names to short, harmless texts with secrets as `***`.
    `registered_by` is None where nobody saw the registration; `registered_in` names the function or class whose
    code that was, and is None for a module's own.
    """

    index: int
    name: str
    label: str
    qualified_name: str
    origin: Origin
    within: str
    kind: Kind
    arguments: Mapping[str, str]
    defined_at: Place | None
    registered_at: Place | None
    registered_by: RegisteredBy | None = None
    registered_in: str | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """The layers of the app as it was built, outermost first, and what is worth knowing about how it was built."""

    target: str
    versions: Versions
    layers: tuple[Layer, ...]
    notes: tuple[str, ...]
