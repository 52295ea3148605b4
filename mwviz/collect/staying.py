"""Keeps the process alive that an app wants to end at once, so that what was seen of it can be told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


class ProcessExit(SystemExit):
    """The app called `os._exit`, as some do when they are shut down because of threads of theirs that never end."""


@contextmanager
def staying() -> Iterator[None]:
    """For its time, `os._exit` raises ProcessExit in this process; in children that were forked it ends them."""
    end, own = os._exit, os.getpid()

    def _exit(status: int) -> NoReturn:
        if os.getpid() != own:
            end(status)
        raise ProcessExit(f"os._exit({status})")

    os._exit = _exit
    try:
        yield
    finally:
        if os._exit is _exit:
            os._exit = end
