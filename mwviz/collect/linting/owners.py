"""Which code is a layer's own: what runs at its place may be a library's that is wrapped around it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import CodeType, FunctionType, MethodType

from mwviz.collect.compat import dispatch_function, is_base_http
from mwviz.collect.compat_faults import error_handler
from mwviz.collect.stack.build import Found

_MOST_WRAPPED = 20


def own_code(found: Found, application: object) -> frozenset[CodeType]:
    """The code of a layer's class or function, with all that is defined in it; of a layer of the framework's own that
    of the app's handler for any exception, which the outermost one calls.
    """
    if found.origin == "framework":
        return frozenset(_codes(error_handler(application)))
    return frozenset((*_codes(found.layer), *_codes(dispatch_function(found.layer))))


def _codes(value: object) -> Iterator[CodeType]:
    """The code of a function, or of the class of any other object, and of the functions defined in it."""
    if isinstance(value, functools.partial):
        yield from _codes(value.func)
    elif (function := _function(value)) is not None:
        yield from _of_function(function)
    else:
        for cls in type(value).__mro__:
            if not (is_base_http(cls) and cls.__name__ == "BaseHTTPMiddleware"):  # the framework's own
                members = map(_function, vars(cls).values())
                yield from (code for each in members if each is not None for code in _of_function(each))


def _function(value: object) -> FunctionType | None:
    # by its type alone: to ask an object of the user's for an attribute may be foreign code
    if isinstance(value, (staticmethod, classmethod, MethodType)):
        value = value.__func__
    return value if isinstance(value, FunctionType) else None


def _of_function(function: FunctionType) -> Iterator[CodeType]:
    current: object = function
    for _ in range(_MOST_WRAPPED):
        if not isinstance(current, FunctionType):
            return
        yield from _within(current.__code__)
        current = vars(current).get("__wrapped__")


def _within(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _within(each)
