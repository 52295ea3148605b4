from __future__ import annotations

import sys
from dataclasses import replace
from typing import get_args
from unicodedata import category

import pytest

from mwviz.model import Kind, Observation, Outcome, Response, Step, Trace, TracedError
from mwviz.render import words
from mwviz.render.plain import columns, duration, shorten, visible
from mwviz.render.remarks import remarks
from mwviz.render.summary import summary
from tests.render import diagram_traces, traces

MET = {
    "healthy": (
        "GET / → 200 OK in 1.24 ms, answered by the stand-in endpoint",
        (
            "The request went in from TrustedHostMiddleware to process_time, the stand-in endpoint answered 200, "
            "and the response came out in reverse order."
        ),
    ),
    "rejected": (
        "GET / → 401 Unauthorized in 1.24 ms, answered by AuthMiddleware",
        "AuthMiddleware answered 401: GZipMiddleware, process_time and the endpoint were never reached.",
    ),
    "crashed": (
        "GET / → 500 Internal Server Error in 1.24 ms, sent by ServerErrorMiddleware, then ValueError left the app",
        (
            "ValueError raised by the stand-in endpoint left the app; ServerErrorMiddleware had sent 500: the response "
            "never passed TrustedHostMiddleware, RequestIdMiddleware, CORSMiddleware, SecurityHeadersMiddleware, "
            "SessionMiddleware and 3 more."
        ),
    ),
    "rescued": (
        "GET / → 503 Service Unavailable in 1.24 ms, sent by RequestIdMiddleware",
        (
            "AuthMiddleware raised PermissionError, and RequestIdMiddleware turned it into 503: the response never "
            "passed CORSMiddleware, SecurityHeadersMiddleware and SessionMiddleware; GZipMiddleware, process_time and "
            "the endpoint were never reached."
        ),
    ),
    "replaced": (
        "GET / → 418 I'm a Teapot in 1.24 ms, answered by SecurityHeadersMiddleware",
        "SecurityHeadersMiddleware threw away the response from further in and sent its own 418.",
    ),
    "hung": (
        "GET / → timed out in 10.0 s",
        (
            "AuthMiddleware still held the request at the time limit: GZipMiddleware, process_time and the endpoint "
            "were never reached."
        ),
    ),
    "silent": (
        "GET / → no response in 1.24 ms",
        "AuthMiddleware returned and sent nothing: GZipMiddleware, process_time and the endpoint were never reached.",
    ),
    "unbuilt": (
        "GET / was not sent",
        "Making SessionMiddleware raised TypeError: missing 1 required argument: 'secret_key'. No request was sent.",
    ),
    "unstarted": ("GET / was not sent", "Startup failed: RuntimeError: no database. No request was sent."),
    "askew": (
        "GET / → 200 OK in 1.24 ms, answered by the stand-in endpoint",
        (
            "The request went in from EarlyMiddleware to AuditMiddleware#2, the stand-in endpoint answered 200, but "
            "the response did not come out in reverse order: it left EarlyMiddleware, then AuditMiddleware#2, "
            "then AuditMiddleware."
        ),
    ),
    "surrounded": (
        "GET /admin/report → 200 OK in 1.24 ms, answered by the endpoint download_report",
        (
            "The request went in from ProxyHeadersMiddleware to GZipMiddleware, the endpoint download_report "
            "answered 200, and the response came out in reverse order."
        ),
    ),
    "bare": (
        "GET / → 200 OK in 1.24 ms, answered by the stand-in endpoint",
        "No middleware of the app's own took part: the stand-in endpoint answered 200.",
    ),
}


@pytest.mark.parametrize("name", MET)
def test_request_line_and_summary(name: str) -> None:
    made = traces.ALL[name]()
    assert (words.request_line(made), summary(made)) == MET[name]


def test_every_trace_but_the_hostile_one_has_its_words_above() -> None:
    assert set(traces.ALL) - set(MET) == {"hostile"}


def test_headline_names_only_frameworks_that_take_part() -> None:
    made = traces.healthy()
    assert words.headline(made) == "shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9"
    without = replace(made, versions=replace(made.versions, fastapi=None))
    assert words.headline(without) == "shop.main:app · Starlette 0.46.2 · Python 3.11.9"


def test_a_line_to_commit_holds_no_time() -> None:
    assert words.request_line(traces.healthy(), timed=False) == "GET / → 200 OK, answered by the stand-in endpoint"


def told(outcome: Outcome, *observed: Observation, at: int = 1, inner: str | None = None, **changes: object) -> str:
    """Say what happened at one layer of three, where the layer further in let `inner` through."""
    step = Step(at, outcome, observed, 500, 1, 2, 3, 1, 1, (), (), None)
    steps = [traces.step(0), traces.step(1), replace(traces.step(2), raised=inner)]
    steps[at] = replace(step, **changes)  # type: ignore[arg-type]
    return words.happened(traces.trace((traces.ERRORS, traces.SHOP[1], traces.EXCEPTIONS), steps), at)


SAID: dict[Outcome, str] = {
    "passed": "passed on",
    "answered": "answered 500",
    "handled": "turned KeyError into 500",
    "replaced": "replaced the response: 500",
    "raised": "raised an exception",
    "swallowed": "swallowed KeyError",
    "silent": "never answered",
    "hung": "hung",
    "skipped": "skipped",
    "not_reached": "not reached",
    "unknown": "not observable",
}


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_every_outcome_has_words(outcome: Outcome) -> None:
    assert told(outcome, inner="KeyError: 'x'") == SAID[outcome]


def test_every_observation_and_kind_has_words_of_its_own() -> None:
    assert set(words.OBSERVATIONS) == set(get_args(Observation))
    assert len(set(words.OBSERVATIONS.values())) == len(words.OBSERVATIONS)
    assert set(words.KINDS) == set(get_args(Kind))


def test_observations_follow_the_outcome_without_what_it_says_already() -> None:
    assert told("passed", "buffered", "copied_scope") == "passed on, buffered the response, copied the scope"
    assert told("passed", "same_messages", "other_task") == "passed on, ran the inner app in another task"
    assert told("replaced", "dropped") == "replaced the response: 500"
    assert told("raised", "after_response", raised="KeyError: 1") == "raised KeyError after the response"
    assert told("answered", "after_response", raised="KeyError: 1") == "answered 500, raised after the response"


def test_an_exception_that_passes_is_not_said_to_be_the_layer_s_own() -> None:
    assert told("passed", inner="KeyError: 1", raised="KeyError: 1", responded_ns=None) == "let KeyError through"
    assert told("passed", inner="KeyError: 1", raised="KeyError: 1") == "passed on, then let KeyError through"
    assert told("passed", "after_response", raised="OSError") == "passed on, then raised OSError"
    assert told("handled", inner="KeyError: 1", raised="KeyError: 1") == "turned KeyError into 500, raised it again"


def test_an_exception_that_comes_round_an_unreached_layer_is_let_through() -> None:
    assert words.happened(diagram_traces.gone_round(), 1) == "let KeyError through"
    assert words.happened(diagram_traces.gone_round(), 0) == "turned KeyError into 500, raised it again"


def test_kinds_that_always_run_the_inner_app_in_a_task_are_not_told_for_it_unless_verbose() -> None:
    steps = [replace(traces.step(index), observed=("other_task", "same_messages")) for index in range(11)]
    made = traces.trace(traces.SHOP, steps)
    assert words.happened(made, 2) == "passed on"
    everything = "passed on, ran the inner app in another task, left the messages alone"
    assert words.happened(made, 2, verbose=True) == everything


def failed(kind: str, raised_by: int | None, made: Trace, *steps: Step, response: int | None = None) -> str:
    """Summarize a probe of `made` that failed so, with some of its steps exchanged."""
    exchanged = {step.layer: step for step in steps}
    answer = Response(response, (), 0, False) if response is not None else None
    error = TracedError(kind, "", raised_by, "probe", "", "")
    kept = tuple(exchanged.get(step.layer, step) for step in made.steps)
    return summary(replace(made, error=error, steps=kept, response=answer, handled_by=None))


def test_who_kept_silent() -> None:
    made = traces.bare()
    raised = replace(traces.step(1, "swallowed", None), raised=None)
    assert failed("NoResponse", None, made) == "Nobody answered."
    assert failed("NoResponse", None, made, raised) == "ExceptionMiddleware swallowed an exception and sent nothing."
    dropped = traces.step(0, "passed", None, "dropped")
    assert failed("NoResponse", 0, made, dropped) == "ServerErrorMiddleware dropped the response and sent nothing."


def test_failures_beside_a_response() -> None:
    made = traces.bare()
    assert failed("Timeout", None, made, response=200) == (
        "Something still held the request at the time limit: the response 200 had started but did not end."
    )
    assert failed("OSError", 1, made, response=200) == (
        "OSError raised by ExceptionMiddleware left the app after the response 200 had started."
    )
    assert failed("OSError", None, made) == "OSError left the app, and no response was sent."


def test_an_order_of_its_own_on_the_way_in_is_told() -> None:
    made = replace(traces.askew(), request_order=(0, 2, 1, 3, 4), response_order=(4, 3, 1, 2, 0))
    assert summary(made) == (
        "The request went in through AuditMiddleware, then EarlyMiddleware, then AuditMiddleware#2; the stand-in "
        "endpoint answered 200, and the response came out in reverse order."
    )


def test_a_response_that_skips_a_layer_is_told() -> None:
    made = replace(traces.askew(), response_order=(4, 3, 1, 0))
    assert summary(made).endswith("answered 200; the response never passed AuditMiddleware.")
    single = traces.trace((traces.ERRORS, traces.SHOP[1]), [traces.step(0), traces.step(1)])
    assert summary(single).endswith("through TrustedHostMiddleware, the stand-in endpoint answered 200, "
                                          "and the response came back.")  # fmt: skip


def test_a_long_list_of_names_is_cut() -> None:
    steps = [traces.step(0, "answered", 403), *(traces.unreached(index) for index in range(1, 1_000))]
    made = traces.trace(traces.deep().layers, steps, answered_by=0, status=403)
    assert summary(made) == (
        "LayerMiddleware answered 403: LayerMiddleware#2, LayerMiddleware#3, LayerMiddleware#4, LayerMiddleware#5, "
        "LayerMiddleware#6 and 995 more were never reached."
    )


def test_remarks_hold_what_was_tried_what_was_changed_and_the_notes() -> None:
    made = traces.unstarted()
    assert remarks(made) == ()
    probe = replace(made.probe, order=("A", "B"), reasons=("Host is shop.example.",))
    changed = replace(made, probe=probe, error=None, notes=("A note.",))
    said = ("Another order was tried: A > B", "Host is shop.example.", "A note.")
    assert remarks(changed) == said


def test_statuses_and_places_without_a_name() -> None:
    made = traces.healthy()
    assert (words.status(299), words.status(404), words.status(None)) == ("299", "404 Not Found", "no status")
    assert words.place(made, "router") == "the router"
    assert words.place(made, "dependency get_db") == "dependency get_db"
    unnamed = replace(made, probe=replace(made.probe, endpoint="real"), endpoint=None)
    assert words.place(unnamed, "endpoint") == "the endpoint"


def test_every_character_that_something_acts_on_becomes_visible() -> None:
    acting = [chr(code) for code in range(sys.maxunicode + 1) if category(chr(code)) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert len(acting) > 2_000
    for char in acting:
        shown = visible(f"a{char}b")
        assert shown.isascii()
        assert shown.isprintable()
        assert shown.startswith("a\\")
        assert shown.endswith("b")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("\u202e\u2028\ud800", "\\u202e\\u2028\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("Größe 漢字 C:\\new", "Größe 漢字 C:\\new"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("plain", 5, "plain"),
        ("plainer", 5, "plai…"),
        ("漢字漢字", 8, "漢字漢字"),
        ("漢字漢字", 6, "漢字…"),
        ("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"),
        ("x", 0, ""),
    ],
)
def test_shorten(text: str, width: int, short: str) -> None:
    assert shorten(text, width) == short
    assert columns(short) <= width


@pytest.mark.parametrize(
    ("ns", "said"),
    [
        (None, "-"),
        (0, "0.0 µs"),
        (860, "0.9 µs"),
        (12_345, "12 µs"),
        (999_499, "999 µs"),
        (999_500, "1.00 ms"),
        (1_240_000, "1.24 ms"),
        (45_600_000, "45.6 ms"),
        (456_000_000, "456 ms"),
        (999_500_000, "1.0 s"),
        (2_100_000_000, "2.1 s"),
    ],
)
def test_duration(ns: int | None, said: str) -> None:
    assert duration(ns) == said


def test_nothing_of_the_hostile_reaches_a_sentence_alive() -> None:
    made = traces.hostile()
    said = [words.headline(made), words.request_line(made), summary(made), *remarks(made)]
    said += [words.happened(made, index, verbose=True) for index in range(3)]
    assert all(text.isprintable() for text in said)
