"""Values behave as the standard's frozen dataclasses with slots do: what is done to one is done to the other."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import pprint
from collections.abc import Callable
from dataclasses import field
from typing import Any, get_type_hints
from unittest import mock

import pytest

from mwviz import values


@dataclasses.dataclass(frozen=True, slots=True)
class OfThem:
    """A layer."""

    name: str
    index: int = 0
    notes: list[str] = field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class FurtherOfThem(OfThem):
    """A layer of which more is known."""

    more: tuple[OfThem, ...] = ()


@values.dataclass(frozen=True, slots=True)
class OfOurs:
    """A layer."""

    name: str
    index: int = 0
    notes: list[str] = field(default_factory=list)


@values.dataclass(frozen=True, slots=True)
class FurtherOfOurs(OfOurs):
    """A layer of which more is known."""

    more: tuple[OfOurs, ...] = ()


@dataclasses.dataclass(frozen=True)
class UsersOfThem(OfThem):
    """A user's own, without slots."""

    more: int = 1


@dataclasses.dataclass(frozen=True)
class UsersOfOurs(OfOurs):
    """A user's own, without slots."""

    more: int = 1


Class = Callable[..., Any]
STANDARD: tuple[Class, ...] = (OfThem, FurtherOfThem, UsersOfThem)
OURS: tuple[Class, ...] = (OfOurs, FurtherOfOurs, UsersOfOurs)


def assigned(value: Any) -> None:
    value.name = "b"


def deleted(value: Any) -> None:
    del value.index


def holding_itself(value: Any) -> Any:
    value.notes.append(value)
    return value


def shares_its_default(cls: Class) -> bool:
    return cls("a").notes is cls("a").notes


def with_own_parameters(cls: Any) -> Any:
    """A subclass that takes something else."""

    class Own(cls):  # type: ignore[misc]
        __match_args__ = ("other",)

        def __init__(self, other: str) -> None:
            super().__init__(other, 7)

    return Own


def without(cls: Any, **options: Any) -> Any:
    """A frozen subclass that lacks a method."""
    return dataclasses.make_dataclass("Own", [("own", int, 1)], bases=(cls,), frozen=True, **options)


def explained(cls: Any) -> bool:
    """Whether pytest tells what two values differ in."""
    with pytest.raises(AssertionError) as failed:
        assert cls("a", 1) == cls("a", 2)
    return "Differing attributes" in str(failed.value)


def matched(value: Any) -> object:
    match value:
        case OfThem(name, 2, notes=[]) | OfOurs(name, 2, notes=[]):
            return name
        case _:
            return None


MODULES = (copy, dataclasses, inspect, mock, pickle, pprint)
HELPERS: tuple[Any, ...] = (
    assigned, deleted, explained, get_type_hints, holding_itself, matched, shares_its_default, with_own_parameters,
    without,
)  # fmt: skip
NAMES = {each.__name__.rpartition(".")[2]: each for each in (*MODULES, *HELPERS)}


def outcome(done: str, classes: tuple[Class, ...]) -> str:
    """What came of it, by the names that both have in common."""
    plain, further, users = classes
    try:
        told = repr(eval(done, NAMES, {"plain": plain, "further": further, "users": users}))
    except (AttributeError, TypeError) as error:  # FrozenInstanceError is one of the first
        told = f"{type(error).__name__}: {error}"
    return told.replace("OfThem", "").replace("OfOurs", "")


@pytest.mark.parametrize(
    "done",
    [
        "plain('a')",
        "plain('a', 2, ['x'])",
        "plain('a', notes=['x'], index=2)",
        "further('a', more=(1,))",
        "further('a', 1, [], (plain('b'), further('c')))",
        "shares_its_default(plain)",
        "plain('a') == plain('a')",
        "plain('a') == plain('a', 1)",
        "plain('a') == further('a')",
        "plain('a') == ('a', 0, [])",
        "plain('a') != plain('a')",
        "hash(plain('a', 1, (2,))) == hash(plain('a', 1, (2,)))",
        "hash(plain('a', 1, (2,))) == hash(plain('a', 2, (2,)))",
        "hash(plain('a'))",
        "len({plain('a', 1, ()), plain('a', 1, ())})",
        "plain('a') < plain('b')",
        "assigned(plain('a'))",
        "deleted(plain('a'))",
        "plain('a').__dict__",
        "repr(holding_itself(plain('a')))",
        "matched(plain('a', 2))",
        "matched(plain('a', 3))",
        "matched(further('a', 2))",
        "dataclasses.replace(plain('a', 2), name='b')",
        "dataclasses.replace(plain('a'), other='b')",
        "dataclasses.asdict(further('a', more=(plain('b'),)))",
        "dataclasses.astuple(further('a', more=(plain('b'),)))",
        "[(each.name, each.type, each.default) for each in dataclasses.fields(further)]",
        "dataclasses.is_dataclass(further)",
        "inspect.signature(plain)",
        "inspect.signature(further)",
        "inspect.signature(plain).bind('a').arguments",
        "get_type_hints(further)",
        "further.__match_args__",
        "(plain.__slots__, further.__slots__, plain.__doc__, plain.__hash__ is None)",
        "copy.copy(plain('a', 2, ['x']))",
        "copy.copy(users('a', 2, ['x'], 3))",
        "copy.deepcopy(users('a', 2, ['x'], 3))",
        "pickle.loads(pickle.dumps(users('a', 2, ['x'], 3)))",
        "repr(users('a')), users('a') == users('a', more=2), hash(users('a', 1, (), 2)) == hash(users('a', 1, ()))",
        "inspect.signature(users)",
        "with_own_parameters(plain)('b').name, with_own_parameters(plain)('b').index",
        "inspect.signature(with_own_parameters(plain))",
        "with_own_parameters(plain)()",
        "repr(without(plain, repr=False)('a', own=2))",
        "without(plain, eq=False)('a', own=2) == without(plain, eq=False)('a', own=3)",
        "plain('a') == mock.ANY",
        "plain('a') == with_own_parameters(plain)('a')",
        "explained(plain)",
        "pprint.pformat(plain('a' * 40, 2, ['b' * 40]))",
        "copy.deepcopy(further('a', 2, ['x'], ([],)))",
        "pickle.loads(pickle.dumps(further('a', 2, ['x'], (plain('b'),))))",
        "dataclasses.make_dataclass('Own', [('own', int, 1)], bases=(plain,), frozen=True)('a', own=2)",
    ],
)
def test_a_value_is_what_the_standard_would_make_of_it(done: str) -> None:
    assert outcome(done, OURS) == outcome(done, STANDARD)


@pytest.mark.parametrize(
    ("given", "named", "told"),
    [
        ((), {}, "missing a required argument: 'name'"),
        (("a", 1, [], 2), {}, "too many positional arguments"),
        (("a",), {"name": "b"}, "multiple values for argument 'name'"),
        (("a",), {"other": 1}, "got an unexpected keyword argument 'other'"),
        ((), {"other": 1}, "missing a required argument: 'name'"),
    ],
)
def test_a_call_that_does_not_fit_is_told(given: tuple[object, ...], named: dict[str, object], told: str) -> None:
    with pytest.raises(TypeError):
        OfThem(*given, **named)  # type: ignore[arg-type]
    with pytest.raises(TypeError) as caught:
        OfOurs(*given, **named)  # type: ignore[arg-type]
    assert str(caught.value) == f"OfOurs.__init__() {told}"


def test_what_a_value_does_not_want_it_does_not_get() -> None:
    @values.dataclass(frozen=True, slots=True, eq=False, repr=False)
    class Bare:
        name: str

    bare = Bare("a")
    assert bare != Bare("a")
    assert hash(bare) == object.__hash__(bare)
    assert repr(bare) == object.__repr__(bare)
    with pytest.raises(dataclasses.FrozenInstanceError):
        bare.name = "b"  # type: ignore[misc]


def test_fields_with_options_are_the_standards() -> None:
    @values.dataclass(frozen=True, slots=True)
    class Special:
        name: str
        hidden: int = field(default=1, repr=False)
        aside: int = field(default=1, compare=False)
        made: int = field(default=1, init=False)

    assert repr(Special("a")).endswith("Special(name='a', aside=1, made=1)")
    assert Special("a", aside=2) == Special("a")
    with pytest.raises(TypeError):
        Special("a", made=2)  # type: ignore[call-arg]


def test_own_methods_are_kept() -> None:
    @values.dataclass(frozen=True, slots=True)
    class Own:
        name: str

        def __post_init__(self) -> None:
            object.__setattr__(self, "name", self.name.upper())

        def __repr__(self) -> str:
            return "own"

    assert (Own("a").name, repr(Own("a"))) == ("A", "own")


def test_what_is_not_frozen_is_the_standards() -> None:
    @values.dataclass(slots=True, eq=False, repr=False)
    class Mutable:
        name: str

    mutable = Mutable("a")
    mutable.name = "b"
    assert mutable.name == "b"
    assert Mutable.__dataclass_params__.init  # type: ignore[attr-defined]
