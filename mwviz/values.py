"""Values: frozen dataclasses with slots that share their methods.

The standard decorator compiles six functions for each such class, which takes half a millisecond. With the thirty
classes that `mwviz show` needs this was a third of what it costs beyond the import of a small app. What is made here is
a dataclass all the same: `fields`, `replace`, `asdict`, `match`, signatures, copies and pickles work alike.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable, Iterator
    from dataclasses import dataclass

__all__ = ["dataclass"]

_T = TypeVar("_T")


def _decorator(
    *, frozen: bool = False, slots: bool = False, eq: bool = True, repr: bool = True
) -> Callable[[type[_T]], type[_T]]:
    """`dataclasses.dataclass`, with the options that mwviz needs; what is not frozen, or inherits, is left to that."""
    standard = dataclasses.dataclass(frozen=frozen, slots=slots, eq=eq, repr=repr)
    if not (frozen and slots):
        return standard
    shared = _FROZEN | (_EQUAL if eq else {}) | (_SHOWN if repr else {})

    def made(cls: type[_T]) -> type[_T]:
        if cls.__base__ is not object:
            return standard(cls)
        value: Any = dataclasses.dataclass(init=False, slots=True, eq=False, repr=False)(cls)
        value.__dataclass_params__.frozen = True  # or no frozen dataclass could inherit from it
        for name, method in shared.items():
            setattr(value, name, method)
        return value  # type: ignore[no-any-return]

    return made


def _init(self: Any, /, *given: object, **named: object) -> None:
    cls: Any = type(self)
    names = cls.__match_args__
    values = {**named, **dict(zip(names, given, strict=False))}
    if len(values) < len(given) + len(named) or not values.keys() <= set(names):
        _refuse(cls, given, named)
    for name, put, default, factory in _plan(cls):
        if name in values:
            put(self, values[name])
        elif default is not dataclasses.MISSING:
            put(self, default)
        elif factory is not dataclasses.MISSING:
            put(self, factory())
        else:
            _refuse(cls, given, named)


@cache
def _plan(cls: Any) -> tuple[tuple[str, Any, Any, Any], ...]:
    # What sets a slot is asked for itself, because `__setattr__` refuses.
    return tuple((each.name, getattr(cls, each.name).__set__, each.default, each.default_factory) for each in _of(cls))


def _of(cls: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cls)


def _refuse(cls: type, given: tuple[object, ...], named: dict[str, object]) -> NoReturn:
    """Say what is wrong with a call, in Python's own words."""
    import inspect

    try:
        inspect.signature(cls).bind(*given, **named)
    except TypeError as error:
        raise TypeError(f"{cls.__qualname__}.__init__() {error}") from None
    raise AssertionError(f"{cls.__qualname__} refused a call that fits its signature.")


class _Signature:
    """What `inspect.signature` answers for a class of values; worked out when it is asked for."""

    def __get__(self, _: object, cls: type) -> inspect.Signature:
        import inspect

        return inspect.Signature(list(_parameters(cls)), return_annotation=None)


class _Made:
    """Stands where a signature shows a default that is made anew for each value."""

    def __repr__(self) -> str:
        return "<factory>"


def _parameters(cls: type) -> Iterator[inspect.Parameter]:
    from inspect import Parameter

    for each in _of(cls):
        default = each.default if each.default_factory is dataclasses.MISSING else _Made()
        default = Parameter.empty if default is dataclasses.MISSING else default
        yield Parameter(each.name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=each.type)


def _state(self: Any) -> tuple[object, ...]:
    return tuple(getattr(self, name) for name in self.__match_args__)


def _restore(self: object, state: tuple[object, ...]) -> None:
    cls: Any = type(self)
    for (_, put, *_), value in zip(_plan(cls), state, strict=True):
        put(self, value)


def _eq(self: object, other: object) -> bool:
    return _state(self) == _state(other) if type(self) is type(other) else NotImplemented


def _hash(self: object) -> int:
    return hash(_state(self))


@recursive_repr()
def _repr(self: Any) -> str:
    told = (f"{name}={value!r}" for name, value in zip(self.__match_args__, _state(self), strict=True))
    return f"{type(self).__qualname__}({', '.join(told)})"


def _setattr(self: object, name: str, value: object) -> NoReturn:  # noqa: ARG001
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: object, name: str) -> NoReturn:  # noqa: ARG001
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


_FROZEN: dict[str, object] = {
    "__init__": _init,
    "__signature__": _Signature(),
    "__setattr__": _setattr,
    "__delattr__": _delattr,
    "__getstate__": _state,
    "__setstate__": _restore,
}
_EQUAL: dict[str, object] = {"__eq__": _eq, "__hash__": _hash}
_SHOWN: dict[str, object] = {"__repr__": _repr}

if not TYPE_CHECKING:  # type checkers know all about the standard's
    dataclass = _decorator
