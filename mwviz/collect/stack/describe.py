"""Tells of a layer what it is called, what kind it is, what it was given and where it comes from."""

from __future__ import annotations

import functools
import inspect
import linecache
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

from mwviz.collect import redact
from mwviz.collect.compat import dispatch_function, held, is_base_http, registration
from mwviz.collect.proxied import behind
from mwviz.model import Kind, Place

_CLASS = re.compile(r"\s*class\s+(\w+)")


def place(file: str | None, line: int, base: Path) -> Place | None:
    """A place relative to `base` where it lies below it; None for code that has no file."""
    if not file or file.startswith("<"):
        return None
    path = Path(file)
    try:
        shown = path.resolve().relative_to(base) if path.is_absolute() else path
    except (ValueError, OSError):  # not below the base, or on another drive
        shown = path
    return Place(shown.as_posix(), line)


def subject(entry: object | None, layer: object | None) -> object:
    """What the layer's name names: a class, or the function that was registered."""
    return _made_of(entry, layer)[0]


def kind(entry: object | None, layer: object | None) -> Kind:
    """How the layer is made: see `mwviz.model.Kind`."""
    return _made_of(entry, layer)[1]


def _made_of(entry: object | None, layer: object | None) -> tuple[object, Kind]:
    given = registration(entry)[0] if entry is not None else _class_or_function(layer)
    while isinstance(given, functools.partial):
        given = given.func
    if not isinstance(given, type):
        return named(given), "factory"
    if not is_base_http(given):
        return given, "asgi"
    # A class of the user's own is the name that they know; of Starlette's helper it is the function that it was given.
    dispatch = _dispatch(entry, layer) if given.__name__ == "BaseHTTPMiddleware" else None
    return (given, "base_http") if dispatch is None else (named(dispatch), "function")


def name(named: object) -> str:
    """The bare name of a class or function."""
    return _text_attribute(named, "__name__") or redact.type_name(type(named))


def qualified_name(named: object) -> str:
    """Module and qualified name of a class or function, as `package.module.Class.method`."""
    module = _text_attribute(named, "__module__")
    return ".".join(part for part in (module, _text_attribute(named, "__qualname__") or name(named)) if part)


def arguments(entry: object | None, layer: object | None) -> Mapping[str, str]:
    """Short texts of what the layer was given, by parameter name.

    A layer that nobody registered is asked for what it kept: attributes that are named like its parameters.
    """
    if entry is None:
        given = _kept_arguments(layer)
    else:
        factory, positional, keywords = registration(entry)
        given = _bound_names(factory, positional, keywords)
        if given.get("dispatch") is not None and _made_of(entry, layer)[1] == "function":
            del given["dispatch"]  # it is the layer's name already
    return {str(key): redact.argument(str(key), value) for key, value in given.items()}


def defined_at(named: object, base: Path) -> Place | None:
    """Where a class or function is defined; None for one without Python source."""
    if isinstance(named, type):
        return _class_place(named, base)
    code = _code(named)
    return place(code.co_filename, code.co_firstlineno, base) if code else None


def labels(names: list[str]) -> list[str]:
    """Names that may stand alone: the second `GZipMiddleware` is `GZipMiddleware#2`."""
    seen: dict[str, int] = {}
    shown = []
    for each in names:
        seen[each] = seen.get(each, 0) + 1
        shown.append(each if seen[each] == 1 else f"{each}#{seen[each]}")
    return shown


def _class_or_function(layer: object) -> object:
    layer = behind(layer)
    return layer if inspect.isfunction(layer) or inspect.ismethod(layer) else type(layer)


def _dispatch(entry: object | None, layer: object | None) -> object | None:
    if layer is not None:
        return dispatch_function(layer)
    _, positional, keywords = registration(entry) if entry is not None else (None, (), {})
    return keywords.get("dispatch", positional[0] if positional else None)


def named(given: object) -> object:
    """What the user calls a callable: the function, or the class of an instance; partials and methods are unwrapped."""
    while isinstance(given, functools.partial):
        given = given.func
    given = behind(given)
    if inspect.ismethod(given):
        given = given.__func__
    return given if isinstance(given, type) or inspect.isroutine(given) else type(given)


def _text_attribute(named: object, attribute: str) -> str:
    try:
        value = getattr(named, attribute, None)
    except Exception:  # a metaclass of the user's may do anything here: the name is then unknown
        return ""
    return value if type(value) is str else ""


def _bound_names(factory: object, positional: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
    try:
        bound = inspect.signature(factory).bind_partial(None, *positional, **keywords)  # type: ignore[arg-type]
    except Exception:  # no signature to be had, a hostile one, or arguments that do not fit: positions are told instead
        return {f"argument {index}": value for index, value in enumerate(positional, 1)} | keywords
    variable = next((each.name for each in bound.signature.parameters.values() if each.kind is each.VAR_KEYWORD), None)
    given = dict(list(bound.arguments.items())[1:])
    return given | given.pop(variable, {}) if variable is not None else given


def _parameters(factory: object) -> list[str]:
    try:
        return list(inspect.signature(factory).parameters)  # type: ignore[arg-type]
    except Exception:  # no signature to be had, or a hostile one: positions get numbers instead of names
        return []


def _kept_arguments(layer: object | None) -> dict[str, Any]:
    kept = held(layer)
    return {name: kept[name] for name in _parameters(type(behind(layer)))[1:] if name in kept and name != "dispatch"}


def _code(named: object) -> CodeType | None:
    function = inspect.unwrap(named) if inspect.isfunction(named) else named
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _class_place(cls: type, base: Path) -> Place | None:
    codes = [code for value in vars(cls).values() if (code := _code(value)) is not None]
    own = [
        code for code in codes if _text_attribute(cls, "__qualname__") in getattr(code, "co_qualname", cls.__qualname__)
    ]
    module = sys.modules.get(_text_attribute(cls, "__module__"))
    file = own[0].co_filename if own else getattr(module, "__file__", None)
    if type(file) is not str:
        return None
    first_method = min((code.co_firstlineno for code in own if code.co_filename == file), default=sys.maxsize)
    line = _class_line(redact.type_name(cls), file, first_method)
    return place(file, line, base) if line else None


@lru_cache(maxsize=256)
def _class_line(class_name: str, file: str, before: int) -> int | None:
    # `inspect.getsourcelines` would parse the whole file, which costs milliseconds for each class.
    lines = enumerate(linecache.getlines(file), 1)
    named = ((number, _CLASS.match(line)) for number, line in lines if class_name in line)
    found = [number for number, statement in named if statement is not None and statement[1] == class_name]
    return max((number for number in found if number <= before), default=found[0] if found else None)
