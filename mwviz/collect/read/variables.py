"""Which context variables are the user's affair, and in which module each of them is."""

from __future__ import annotations

import contextvars
import sys
from collections.abc import Collection, Mapping
from contextvars import ContextVar
from typing import Any

from mwviz.collect import redact
from mwviz.model.stack import cut

#: Variables that belong to what runs the app: no code of an app's asks for them, and most change in every thread.
#: Those of the frameworks are private to them.
_RUNTIME = frozenset({"asyncio", "anyio", "sniffio", "trio", "decimal", "_decimal", "_pydecimal", "mwviz"})
_FRAMEWORKS = frozenset({"fastapi", "starlette"})
#: The C implementation of `decimal` holds its variable in no module.
_UNBOUND = frozenset({"decimal_context"})
_OWN = "mwviz_"
_LONGEST = 40


def is_own(variable: ContextVar[Any]) -> bool:
    """Whether it is one of mwviz's: every one of them says so."""
    return variable.name.startswith(_OWN)


def modules_of(variables: Collection[ContextVar[Any]]) -> dict[int, str | None]:
    """By the identity of a variable the module that has it; None for what is no attribute of a module.

    Where several modules have it, it is that of one that can make variables: the others only import it.
    """
    found: dict[int, list[tuple[bool, str]]] = {id(each): [] for each in variables}
    for name, module in list(sys.modules.items()) if found else ():
        held = getattr(module, "__dict__", None)
        if type(held) is not dict:
            continue
        for value in list(held.values()):
            if type(value) is ContextVar and id(value) in found:
                found[id(value)].append((not _makes_variables(held), name))
    return {each: min(names, key=lambda name: name[0])[1] if names else None for each, names in found.items()}


def _makes_variables(held: Mapping[str, Any]) -> bool:
    return any(value is ContextVar or value is contextvars for value in held.values())


def is_hidden(variable: ContextVar[Any], module: str | None) -> bool:
    """Whether it is nobody's affair: mwviz's own, the runtime's, or the framework's."""
    root = (module or "").partition(".")[0]
    unbound = module is None and variable.name in _UNBOUND
    return is_own(variable) or unbound or root in _RUNTIME or root in _FRAMEWORKS


def shown(name: str) -> str:
    """The name of a variable or a key, harmless and of a bearable length."""
    return cut(redact.text(name), _LONGEST)
