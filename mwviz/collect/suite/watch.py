"""Watches every request that a test suite sends through a Starlette or FastAPI app, for the time of the suite.

The framework's own classes of applications are patched, those too that are imported later: the stack is built with
boundaries, and a request is followed through them. Whatever of it fails is noted, and fails no test.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, MutableMapping
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakSet

from mwviz.collect.compat import APPLICATION_MODULES, defined_applications, held
from mwviz.collect.find.registration import Finder, Registrations, watched
from mwviz.collect.proxied import bound
from mwviz.collect.stack.asgi import ASGIApp, Receive, Scope, Send
from mwviz.collect.stack.build import is_busy
from mwviz.collect.stack.recorder import Mark
from mwviz.collect.suite.stacks import Passage, StackRecorder, current, recorder_of
from mwviz.collect.suite.tally import Tally
from mwviz.model.suite import Suite


class SuiteWatch:
    """All requests of the process from `start` to `stop`; `told` says what was seen so far. Places are below `base`."""

    def __init__(self, base: Path) -> None:
        self._tally = Tally(base)
        self._undo = ExitStack()
        self._recorders: WeakSet[StackRecorder] = WeakSet()
        self._surveying = threading.RLock()
        self._building: set[tuple[int, int]] = set()

    def start(self) -> None:
        """Watch the frameworks that are loaded, and those that will be."""
        self._undo.enter_context(watched(Registrations(), holders=False))
        for name, module in list(sys.modules.items()):
            if name.endswith(APPLICATION_MODULES) and isinstance(module, ModuleType):
                self._watch(module)
        finder = Finder(APPLICATION_MODULES, self._watch)
        sys.meta_path.insert(0, finder)
        self._undo.callback(_discard, finder)

    def stop(self) -> None:
        """Leave the frameworks and the apps as they were found; may be called twice."""
        self._undo.close()
        for recorder in list(self._recorders):
            recorder.restore()
        self._recorders.clear()

    def told(self) -> Suite:
        """What was seen so far."""
        return self._tally.told()

    def _watch(self, module: ModuleType) -> None:
        for cls in defined_applications(module):
            if "build_middleware_stack" in vars(cls):
                self._patch(cls, "build_middleware_stack", self._building_of(vars(cls)["build_middleware_stack"]))
            if cls.__name__ == "Starlette" and "__call__" in vars(cls):
                self._patch(cls, "__call__", self._calling(vars(cls)["__call__"]))

    def _patch(self, cls: type, name: str, patched: Callable[..., Any]) -> None:
        original = vars(cls)[name]

        def restore() -> None:
            if vars(cls)[name] is patched:
                setattr(cls, name, original)

        setattr(cls, name, patched)
        self._undo.callback(restore)

    def _building_of(self, original: Callable[[Any], ASGIApp]) -> Callable[[Any], ASGIApp]:
        @functools.wraps(original)
        def build_middleware_stack(application: Any) -> ASGIApp:
            return self._build(application, bound(original, application))

        return build_middleware_stack

    def _build(self, application: Any, original: Callable[[], ASGIApp]) -> ASGIApp:
        """The stack with a boundary around each of the user's layers; what a constructor raises is raised."""
        begun = False

        def make() -> ASGIApp:
            nonlocal begun
            begun = True
            return original()

        key = (threading.get_ident(), id(application))
        if key in self._building or is_busy(application):
            return original()
        self._building.add(key)
        try:
            return StackRecorder().build(application, make)
        except Exception as error:
            if begun:
                raise
            self._tally.problem("A stack was built without boundaries", error)
        finally:
            self._building.discard(key)
        return original()

    def _calling(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def __call__(application: Any, scope: Scope, receive: Receive, send: Send) -> Any:  # noqa: N807
            call = bound(original, application)
            if not self._is_followed(application, scope):
                return await call(scope, receive, send)
            if held(application).get("middleware_stack", application) is None:
                # as the original would do next
                application.middleware_stack = application.build_middleware_stack()
            passage = self._begin(application, scope)
            before = current.get()
            current.set(passage)
            try:
                return await call(scope, receive, send)
            finally:
                current.set(before)  # by a token it could not be: a call may end in another context than it began in
                if passage is not None:
                    self._tally.end(passage)

        return __call__

    def _is_followed(self, application: object, scope: object) -> bool:
        """Whether this is a request of the suite's, and no probe's."""
        if not isinstance(scope, MutableMapping) or is_busy(application):
            return False
        return scope.get("type") in ("http", "websocket") and type(scope.get("asgi")) is not Mark

    def _begin(self, application: Any, scope: Scope) -> Passage | None:
        try:
            with self._surveying:
                recorder = self._recorder(application)
            # A mount hands the scope of the outer app on.
            passage = Passage(recorder, from_outside="app" not in scope)
            self._tally.begin(passage)
        except Exception as error:
            self._tally.problem("A request was not followed", error)
            return None
        return passage

    def _recorder(self, application: Any) -> StackRecorder:
        stack = application.middleware_stack
        recorder = recorder_of(stack)
        if recorder is not None and recorder in self._recorders:
            return recorder
        if recorder is None or recorder.is_surveyed:
            recorder = StackRecorder()
        recorder.survey(application, stack)
        self._recorders.add(recorder)
        self._tally.add(application, recorder)
        return recorder


def _discard(finder: Finder) -> None:
    if finder in sys.meta_path:
        sys.meta_path.remove(finder)
