"""The watchdog's interrupt, which must hit the code that hangs and nothing else."""

from __future__ import annotations

import threading

import pytest

from mwviz.collect.probe import watchdog
from mwviz.collect.probe.watchdog import Watchdog


def test_no_interrupt_is_raised_once_the_watched_code_has_been_left(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[object] = []
    monkeypatch.setattr(watchdog, "_raise_in", lambda *call: raised.append(call))
    expiring, left = threading.Event(), threading.Event()

    def expired() -> bool:
        expiring.set()
        assert left.wait(10)  # the code comes to its end just now
        return True

    with Watchdog(lambda: raised.append("given up")).within(0.0, expired):
        assert expiring.wait(10)
    left.set()
    for thread in threading.enumerate():
        if thread.name == "mwviz-watchdog":
            thread.join(10)

    assert raised == []
