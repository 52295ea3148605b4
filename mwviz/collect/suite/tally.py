"""Counts the orders that requests took, per app; bounded, however many apps a suite makes."""

from __future__ import annotations

import sys
import threading
import weakref
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from mwviz.collect import failure, redact
from mwviz.collect.compat import is_application
from mwviz.collect.suite.stacks import Passage, Source, StackRecorder
from mwviz.model import Layer
from mwviz.model.suite import Suite, SuiteApp, Way

#: Apps, and orders of one app, that are told apart at most.
_MOST = 2000


@dataclass(slots=True)
class _Group:
    """Stacks of one name with the same layers."""

    name: str
    layers: tuple[Layer, ...]
    sources: tuple[Source, ...]
    unwatched: tuple[int, ...]
    stacks: int = 0
    orders: Counter[tuple[int, ...]] = field(default_factory=Counter)

    def told(self, base: Path) -> SuiteApp:
        layers = (source.placed(layer, base) for source, layer in zip(self.sources, self.layers, strict=True))
        reached = {index for order in self.orders for index in order}
        unmet = (layer.index for layer in self.layers if layer.index not in reached)
        ways = (Way(order, requests) for order, requests in self.orders.most_common())
        never = tuple(index for index in unmet if index not in self.unwatched)
        return SuiteApp(self.name, self.stacks, tuple(layers), tuple(ways), never, self.unwatched)


class Tally:
    """What was counted so far; requests may end in any thread."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._lock = threading.Lock()
        self._begun = 0
        self._ended = 0
        self._problems: Counter[str] = Counter()
        self._groups: dict[tuple[str, tuple[object, ...]], _Group] = {}
        self._of: weakref.WeakKeyDictionary[StackRecorder, _Group] = weakref.WeakKeyDictionary()
        self._names: dict[int, tuple[weakref.ref[Any], str]] = {}
        self._modules = 0

    def add(self, application: Any, recorder: StackRecorder) -> None:
        """Take a stack in, which has been surveyed."""
        with self._lock:
            name = self._name(application)
            each = zip(recorder.layers, recorder.sources, strict=True)
            key = (name, tuple((layer.qualified_name, layer.origin, source.registered) for layer, source in each))
            group = self._groups.get(key)
            if group is None:
                if len(self._groups) >= _MOST:
                    self._problems[f"More than {_MOST} different stacks: those of further ones are not told."] += 1
                    return
                group = self._groups[key] = _Group(name, recorder.layers, recorder.sources, recorder.unwatched)
            group.stacks += 1
            self._of[recorder] = group

    def begin(self, passage: Passage) -> None:
        """A request enters."""
        with self._lock:
            self._begun += passage.from_outside

    def end(self, passage: Passage) -> None:
        """A request has ended, with an exception or without."""
        order = tuple(passage.entered)
        with self._lock:
            self._ended += passage.from_outside
            group = self._of.get(passage.stack)
            if group is None:
                return
            if order in group.orders or len(group.orders) < _MOST:
                group.orders[order] += 1
            else:
                self._problems[f"More than {_MOST} orders in one app: further ones are not told."] += 1

    def problem(self, doing: str, error: BaseException) -> None:
        """Something of ours failed: the suite goes on, and is told at its end."""
        with self._lock:
            self._problems[f"{doing}: {failure.one_line(error)}"] += 1

    def told(self) -> Suite:
        """The sum."""
        with self._lock:
            apps = [group.told(self._base) for group in self._groups.values() if group.orders]
            problems = (f"{text} ({times} times)" if times > 1 else text for text, times in self._problems.items())
            return Suite(self._begun, self._begun - self._ended, tuple(apps), tuple(problems))

    def _name(self, application: Any) -> str:
        # Modules are searched when there are new ones, which a suite mostly has before its first test.
        if self._modules != len(sys.modules):
            self._modules = len(sys.modules)
            kept_by = sorted(_kept_by_modules(), key=_likely, reverse=True)
            self._names = {id(app): (weakref.ref(app), f"{module}:{name}") for module, name, app in kept_by}
        kept, name = self._names.get(id(application), (None, ""))
        return name if kept is not None and kept() is application else redact.type_name(type(application))


def _kept_by_modules() -> list[tuple[str, str, Any]]:
    modules = [each for each in list(sys.modules.items()) if type(each[1]) is ModuleType]
    return [
        (module, name, value)
        for module, found in modules
        for name, value in list(vars(found).items())
        if is_application(value)
    ]


def _likely(kept: tuple[str, str, Any]) -> tuple[bool, int, str, str]:
    """Sorts the module that is likely to have made an app before those that import it: tests, and whole packages."""
    module, name, _ = kept
    last = module.rpartition(".")[2]
    return last.startswith(("test", "conftest")) or last.endswith("_test"), -module.count("."), module, name
