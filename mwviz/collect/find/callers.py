"""Whose line of source a call comes from, when frameworks and those who wrapped them stand between."""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType, FrameType, FunctionType
from typing import Any, TypeAlias

from mwviz.model.stack import RegisteredBy

#: The frame that a registration was written in, and how it was written there.
Caller: TypeAlias = tuple[FrameType, RegisteredBy]

#: What Python before 3.12 runs in frames of their own, too.
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
#: What the methods are called that an app registers a layer with.
_METHODS = ("add_middleware", "middleware")
#: Frames of wrappers around a constructor that are looked through: each of them takes one or two.
_WRAPPERS_MOST = 16


def caller_of(constructor: FrameType | None, installed: object, package: str) -> Caller | None:
    """Whose call made a `Middleware`, seen from its constructor: the first frame outside of Starlette and FastAPI.

    `installed` is what stands in the constructor's place now: Sentry wraps it while the app is imported. A subclass's
    own `add_middleware` is passed over, too.
    """
    own = tuple(f"{package}{framework}." for framework in ("starlette", "fastapi"))
    making = frame = _outside(constructor, frozenset(_codes(installed)))
    app: object = None
    while frame is not None:
        if f"{frame.f_globals.get('__name__', '')}.".startswith(own):
            app = frame.f_locals.get("self", app)
        elif not _is_method(frame, app):
            return frame, "list" if frame is making else "call"
        frame = frame.f_back
    return None


def code_around(frame: FrameType) -> str | None:
    """The name of the function or class whose code runs in a frame; a comprehension belongs to the code around it."""
    around: FrameType | None = frame
    while around is not None and around.f_code.co_name in _COMPREHENSIONS:
        around = around.f_back
    name = (around or frame).f_code.co_name
    return None if name == "<module>" else name


def _outside(constructor: FrameType | None, wrappers: frozenset[CodeType]) -> FrameType | None:
    """The frame that called the outermost of the wrappers, or the constructor."""
    outermost = frame = constructor
    for _ in range(_WRAPPERS_MOST):
        if frame is None:
            break
        outermost = frame if frame.f_code in wrappers else outermost
        frame = frame.f_back
    return outermost.f_back if outermost is not None else None


def _codes(installed: object) -> Iterator[CodeType]:
    """The code of a function, and of those that it says it wraps; of a `wrapt` wrapper also that of its function."""
    waiting: list[Any] = [installed]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if value is None or id(value) in seen:
            continue
        seen.add(id(value))
        if type(value) is FunctionType:
            yield value.__code__
        waiting += (getattr(value, name, None) for name in ("__wrapped__", "_self_wrapper", "__func__"))


def _is_method(frame: FrameType, app: object) -> bool:
    """Whether a frame runs a method of the app's class that registers layers, such as one that calls its `super()`."""
    found = (vars(cls).get(name) for cls in type(app).__mro__ for name in _METHODS) if app is not None else ()
    return any(frame.f_code in _codes(method) for method in found)
