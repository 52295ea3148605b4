"""Exceptions of the user's as text: short, harmless, and cut to the frames that are theirs."""

from __future__ import annotations

import os
import sysconfig
import traceback
from functools import cache
from pathlib import Path

from mwviz.collect import redact

_LONGEST = 500
_LAST = 3
_MWVIZ = str(Path(__file__).resolve().parent.parent) + os.sep
#: Packages through which every exception of an app comes, and which tell nothing of it.
_FRAMEWORK = frozenset({"starlette", "fastapi", "anyio", "asyncio", "contextlib.py"})


def message(error: BaseException) -> str:
    """The exception's message, at most 500 characters; a `__str__` that fails is named instead."""
    try:
        shown = str(error)
    except BaseException as broken:
        shown = f"(its __str__ raised {type(broken).__name__})"
    shown = redact.text(shown)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def one_line(error: BaseException) -> str:
    """`"Type: message"`, with the first line of a longer message."""
    first, *more = message(error).strip().splitlines() or [""]
    told = f"{first} …" if more else first
    return f"{redact.type_name(type(error))}: {told}" if told else redact.type_name(type(error))


def whole(error: BaseException) -> str:
    """The whole traceback, with causes, as Python prints it."""
    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__)
    except BaseException:  # a hostile `__str__` again: the frames alone, then
        lines = [*traceback.format_tb(error.__traceback__), one_line(error) + "\n"]
    return redact.text("".join(lines))


def own_frames(error: BaseException) -> str:
    """The traceback cut to the user's own frames; to the last three of an installed app's, where none is theirs."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if is_users(frame.filename)]
    others = [frame for frame in frames if not frame.filename.startswith(_MWVIZ)]
    installed = [frame for frame in others if not _FRAMEWORK.intersection(Path(frame.filename).parts)]
    shown = "".join(traceback.format_list(own or (installed or others)[-_LAST:]))
    return redact.text(shown)


@cache
def is_users(file: str) -> bool:
    """Whether a source file is the user's: neither installed, nor Python's, nor mwviz's own."""
    if file.startswith("<"):
        return False
    path = os.path.realpath(file)
    return not any(path.startswith(root) for root in _foreign_roots()) and "site-packages" not in path


@cache
def _foreign_roots() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    roots = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return (*(os.path.realpath(root) + os.sep for root in roots), _MWVIZ)


def syntax(error: SyntaxError) -> str:
    """A SyntaxError with its file, line and a mark under the column, on several lines."""
    return "SyntaxError:\n" + "".join(traceback.format_exception_only(type(error), error)).rstrip()
