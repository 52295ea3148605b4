"""The watchdog's interrupt, which must hit the code that hangs and nothing else."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

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


def test_after_the_apps_code_was_left_there_is_time_before_the_next_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[float] = []
    interrupted = threading.Event()

    def note(*_: object) -> None:
        raised.append(time.monotonic())
        interrupted.set()

    monkeypatch.setattr(watchdog, "_raise_in", note)
    monkeypatch.setattr(watchdog, "_PAUSE", 0.01)
    monkeypatch.setattr(watchdog, "_TRIES", 10_000)
    dog = Watchdog(lambda: pytest.fail("given up"))

    with dog.within(0.0, lambda: True):
        with dog.inside():
            assert interrupted.wait(10)
            before = len(raised)
        while len(raised) < before + 3:  # something else of the app's may keep the loop
            time.sleep(0.01)
    # a busy machine may take as long to come to the end of the `with`
    assert max(later - sooner for sooner, later in pairwise(raised)) >= watchdog.GRACE


def test_a_call_before_says_nothing_of_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted = threading.Event()
    monkeypatch.setattr(watchdog, "_raise_in", lambda *_: interrupted.set())
    monkeypatch.setattr(watchdog, "GRACE", 60.0)
    dog = Watchdog(lambda: None)

    with dog.inside():
        pass
    with dog.within(0.0, lambda: True):
        assert interrupted.wait(10)
