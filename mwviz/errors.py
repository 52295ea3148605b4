"""The mistakes a user can mend, each told in one message: what, where and what to do next.

MwvizError
├── TargetError       no such app, or what was found is none
│   └── ImportFailed  importing the user's module raised; carries their traceback
├── ProbeError        an option of the probe makes no sense for this app
├── SelectionError    a filter names what the app does not have
├── ConfigError       a configuration file cannot be read or says something unknown
├── BlockError        a block of a document is malformed, or what it holds cannot be made
└── OutputError       the result cannot be written in the place or format asked for
"""

from __future__ import annotations

from collections.abc import Iterable


def closest(name: str, names: Iterable[str]) -> str | None:
    """What `name` may have been meant to be, for a "did you mean"; None if nothing is close."""
    import difflib  # only a mistake pays for it

    return next(iter(difflib.get_close_matches(name, list(names), n=1)), None)


class MwvizError(Exception):
    """A mistake of the user's: exit code 2, one clear message, nothing written."""


class TargetError(MwvizError):
    """The app cannot be found, or what was found is no ASGI app."""


class ImportFailed(TargetError):
    """Importing the target raised inside the user's own code.

    `frames` is their traceback cut to their own frames, `traceback` the whole of it; both are text.
    """

    def __init__(self, message: str, *, frames: str = "", traceback: str = "") -> None:
        super().__init__(message)
        self.frames = frames
        self.traceback = traceback


class ProbeError(MwvizError):
    """An option of the probe is malformed or does not fit the app."""


class SelectionError(MwvizError):
    """A filter names a layer or a dependency that no route of the app passes."""


class ConfigError(MwvizError):
    """A configuration file is missing, malformed or says something unknown."""


class BlockError(MwvizError):
    """Blocks of documents are malformed, or cannot be refreshed: a line with its place for each of them."""


class OutputError(MwvizError):
    """The result cannot be rendered or written as asked."""
