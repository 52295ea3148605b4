"""Values: frozen dataclasses with slots that share their methods.

The standard decorator compiles six functions for each such class, which takes half a millisecond. With the thirty
classes that `mwviz show` needs this was a third of what it costs beyond the import of a small app. What is made here is
a dataclass all the same: `fields`, `replace`, `asdict`, `match`, signatures, subclasses, copies and pickles work alike.
"""

from __future__ import annotations

import dataclasses
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable, Iterator
    from dataclasses import dataclass

__all__ = ["dataclass"]

_T = TypeVar("_T")
#: Under this name a class keeps what `__init__` does: each field with what sets it, its default and its factory. What
#: sets a slot is asked for itself, because `__setattr__` refuses.
_PLAN = "__mwviz_plan__"
#: A class that has one of these itself is left to the standard's decorator, which minds them.
_OWN = frozenset(
    {
        "__init__", "__post_init__", "__setattr__", "__delattr__", "__eq__", "__hash__", "__repr__", "__getstate__",
        "__setstate__",
    }
)  # fmt: skip
#: The options of a field that has none.
_USUAL = (True, True, True, None, dataclasses.MISSING)


def _decorator(
    *, frozen: bool = False, slots: bool = False, eq: bool = True, repr: bool = True
) -> Callable[[type[_T]], type[_T]]:
    """`dataclasses.dataclass`, with the options that mwviz needs; what is no plain value is left to that."""
    standard = dataclasses.dataclass(frozen=frozen, slots=slots, eq=eq, repr=repr)
    shared = _FROZEN | (_EQUAL if eq else {}) | (_SHOWN if repr else {})

    def made(cls: type[_T]) -> type[_T]:
        if not (frozen and slots and _is_plain(cls)):
            return standard(cls)
        value: Any = dataclasses.dataclass(init=False, slots=True, eq=False, repr=False)(cls)
        told = value.__dataclass_params__  # frozen dataclasses may inherit from it, and `pprint` asks, too
        told.init, told.frozen, told.eq, told.repr = True, True, eq, repr
        plan = ((each, getattr(value, each.name).__set__) for each in dataclasses.fields(value))
        setattr(value, _PLAN, tuple((each.name, put, each.default, each.default_factory) for each, put in plan))
        for name, method in shared.items():
            setattr(value, name, method)
        return value  # type: ignore[no-any-return]

    return made


def _is_plain(cls: type) -> bool:
    given = (each for each in vars(cls).values() if isinstance(each, dataclasses.Field))
    usual = all((each.init, each.repr, each.compare, each.hash, each.kw_only) == _USUAL for each in given)
    return usual and cls.__base__ is object and _OWN.isdisjoint(vars(cls))


def _init(self: Any, /, *given: object, **named: object) -> None:
    plan = self.__mwviz_plan__
    names = [name for name, *_ in plan]
    values = {**named, **dict(zip(names, given, strict=False))}
    if len(values) < len(given) + len(named) or not values.keys() <= set(names):
        _refuse(type(self), given, named)
    for name, put, default, factory in plan:
        if name in values:
            put(self, values[name])
        elif default is not dataclasses.MISSING:
            put(self, default)
        elif factory is not dataclasses.MISSING:
            put(self, factory())
        else:
            _refuse(type(self), given, named)


def _refuse(cls: type, given: tuple[object, ...], named: dict[str, object]) -> NoReturn:
    """Say what is wrong with a call, in Python's own words."""
    try:
        _signature(cls).bind(*given, **named)
    except TypeError as error:
        raise TypeError(f"{cls.__qualname__}.__init__() {error}") from None
    raise AssertionError(f"{cls.__qualname__} refused a call that fits its signature.")


class _Signature:
    """What `inspect.signature` answers for a class of values; worked out when it is asked for."""

    def __get__(self, instance: object, cls: Any) -> inspect.Signature:
        if instance is not None or cls.__init__ is not _init:
            raise AttributeError("__signature__")  # a subclass has parameters of its own
        return _signature(cls)


def _signature(cls: type) -> inspect.Signature:
    import inspect

    return inspect.Signature(list(_parameters(cls)), return_annotation=None)


def _parameters(cls: Any) -> Iterator[inspect.Parameter]:
    from inspect import Parameter

    for name, _, default, factory in cls.__mwviz_plan__:
        shown = default if factory is dataclasses.MISSING else _Made()
        shown = Parameter.empty if shown is dataclasses.MISSING else shown
        annotation = cls.__dataclass_fields__[name].type
        yield Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=shown, annotation=annotation)


class _Made:
    """Stands where a signature shows a default that is made anew for each value."""

    def __repr__(self) -> str:
        return "<factory>"


def _state(self: Any) -> list[object]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _restore(self: Any, state: list[object]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


def _told(self: Any) -> tuple[object, ...]:
    return tuple(getattr(self, name) for name, *_ in self.__mwviz_plan__)


def _eq(self: object, other: object) -> bool:
    return _told(self) == _told(other) if type(self) is type(other) else NotImplemented


def _hash(self: object) -> int:
    return hash(_told(self))


def _shown(self: Any) -> str:
    told = (f"{name}={getattr(self, name)!r}" for name, *_ in self.__mwviz_plan__)
    return f"{type(self).__qualname__}({', '.join(told)})"


def _setattr(self: object, name: str, value: object) -> NoReturn:  # noqa: ARG001
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: object, name: str) -> NoReturn:  # noqa: ARG001
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


# pytest explains a difference, and pprint breaks lines, only where they find the marks of the standard's own methods.
_eq.__code__ = _eq.__code__.replace(co_filename="<string>")
_shown.__qualname__ = "__create_fn__.<locals>.__repr__"
_repr: Any = recursive_repr()(_shown)
_repr.__wrapped__ = _shown

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
