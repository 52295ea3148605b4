"""The dependencies of a route in the order in which FastAPI solves them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mwviz.collect.routes.compat import Dependant, cache_key, dependant_of
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """One call that FastAPI makes: `call` runs, `original` is what the code names."""

    call: Any
    original: Any


def solved(dependant: Dependant, overrides: Mapping[Any, Any]) -> tuple[Solved, ...]:
    """What runs before the endpoint: sub-dependencies before what needs them, each once where it is cached."""
    calls: list[Solved] = []
    _solve(dependant, overrides, set(), calls, ())
    return tuple(calls)


def _solve(
    dependant: Dependant, overrides: Mapping[Any, Any], cached: set[Any], calls: list[Solved], within: tuple[Any, ...]
) -> None:
    # As `fastapi.dependencies.utils.solve_dependencies` goes, from 0.65 on: what a cached one needs is looked at again.
    for each in dependant.dependencies:
        call = overrides.get(each.call, each.call) if overrides else each.call
        if call not in within:  # an override that needs what it overrides: a request would never come out of that
            used = each if call is each.call else dependant_of(call, each)
            _solve(used, overrides, cached, calls, (*within, call))
        key = cache_key(each)
        if not each.use_cache or key not in cached:
            calls.append(Solved(call, each.call))
        cached.add(key)
