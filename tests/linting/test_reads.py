"""How reads of context variables are observed: nobody is disturbed, and nothing is left behind."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from starlette.middleware.errors import ServerErrorMiddleware

from mwviz.collect import ProbeOptions, subject_of_object
from mwviz.collect.linting import evidence_here
from mwviz.collect.linting.reads import noting_reads
from mwviz.collect.probe.sight import Sight
from mwviz.collect.stack.recorder import Recorder
from mwviz.model.evidence import Evidence
from tests.linting.contexts import AsksAfterwards, Logs, SetsId, SetsUser, log, user
from tests.linting.layered import Passing, Plain, app

own: ContextVar[int] = ContextVar("mwviz_of_a_test", default=0)


@pytest.fixture
def sight() -> Sight:
    return Sight(Recorder())


@pytest.fixture(autouse=True)
def unprofiled() -> Iterator[None]:
    before = sys.getprofile()
    sys.setprofile(None)
    yield
    sys.setprofile(before)


def noted(sight: Sight) -> list[object]:
    return [each.what for each in sight.aside.values()]


def seen(subject: Any) -> Evidence:
    def stuck(evidence: Evidence) -> None:
        raise AssertionError(evidence)

    return evidence_here(subject_of_object(subject, Path.cwd()), ProbeOptions(timeout=5.0), stuck)


def test_reads_and_records_are_noted_in_their_order(sight: Sight) -> None:
    with noting_reads(lambda: sight, lambda: True):
        user.get(None)
        log.warning("a record")
        log.debug("not emitted")
        {"no": "variable"}.get("no")
        own.get()
    assert noted(sight) == [user, "tests.linting"]
    assert [each.at for each in sight.taken] == sorted(each.at for each in sight.taken)


def test_requests_of_others_are_not_noted(sight: Sight) -> None:
    with noting_reads(lambda: sight, lambda: False):
        user.get(None)
    with noting_reads(lambda: None, lambda: True):
        user.get(None)
    assert noted(sight) == []


def test_who_profiles_already_goes_on_undisturbed(sight: Sight) -> None:
    events: list[str] = []

    def profiler(frame: Any, event: str, arg: Any) -> None:
        events.append(event)

    sys.setprofile(profiler)
    with noting_reads(lambda: sight, lambda: True):
        user.get(None)
    assert sys.getprofile() is profiler
    sys.setprofile(None)
    assert noted(sight) == []
    assert "c_call" in events


def test_who_begins_to_profile_meanwhile_goes_on(sight: Sight) -> None:
    def profiler(frame: Any, event: str, arg: Any) -> None:
        pass

    with noting_reads(lambda: sight, lambda: True):
        sys.setprofile(profiler)
    assert sys.getprofile() is profiler


def test_a_long_computation_runs_on_at_its_own_speed(sight: Sight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mwviz.collect.linting.reads._MOST_CALLS", 50)
    with noting_reads(lambda: sight, lambda: True):
        user.get(None)
        for number in range(50):
            abs(number)
        assert sys.getprofile() is None
        user.get(None)
    assert noted(sight) == [user]


def test_nothing_is_left_behind_where_the_code_raises(sight: Sight) -> None:
    with pytest.raises(ZeroDivisionError), noting_reads(lambda: sight, lambda: True):
        raise ZeroDivisionError
    assert sys.getprofile() is None


def test_lint_leaves_the_interpreter_and_logging_as_they_were() -> None:
    before = (logging.getLogRecordFactory(), logging.Logger.callHandlers, logging.root.handlers[:], log.filters[:])
    evidence = seen(app(Logs, AsksAfterwards, Passing, SetsUser, SetsId))
    after = (logging.getLogRecordFactory(), logging.Logger.callHandlers, logging.root.handlers[:], log.filters[:])
    assert sys.getprofile() is None
    assert before == after
    assert [(each.reader, each.by, each.setter) for each in evidence.missed] == [(2, 3, 4)]
    # the record is emitted on the way in, when neither variable is set
    assert {(each.variable.rpartition(":")[2], each.layer, each.setter) for each in evidence.logged} == {
        ("user", 1, 4), ("request_id", 1, 5),
    }  # fmt: skip


def test_where_somebody_profiles_nothing_is_judged() -> None:
    sys.setprofile(lambda *_: None)
    try:
        evidence = seen(app(Logs, AsksAfterwards, Passing, SetsUser, SetsId))
    finally:
        sys.setprofile(None)
    assert (evidence.missed, evidence.logged) == ((), ())


def test_what_a_library_asks_around_a_layer_is_not_its_doing(monkeypatch: pytest.MonkeyPatch) -> None:
    original = ServerErrorMiddleware.__call__
    asked: list[object] = []

    async def instrumented(self: Any, scope: Any, receive: Any, send: Any) -> None:
        await original(self, scope, receive, send)
        asked.append(user.get(None))

    monkeypatch.setattr(ServerErrorMiddleware, "__call__", instrumented)
    evidence = seen(app(Plain, Passing, SetsUser))
    assert asked
    assert evidence.missed == ()
