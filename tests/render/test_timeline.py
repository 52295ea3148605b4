from __future__ import annotations

from dataclasses import replace

from mwviz.model import Event
from mwviz.render import timeline
from tests.render import socket_traces, traces

RESCUED_80 = """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9
GET / → 503 Service Unavailable in 1.24 ms, sent by RequestIdMiddleware

  1.0 µs  → ServerErrorMiddleware          enter
  5.0 µs  →  TrustedHostMiddleware         enter
  9.0 µs  →   RequestIdMiddleware          enter
   13 µs  →    CORSMiddleware              enter
   17 µs  →     SecurityHeadersMiddleware  enter
   21 µs  →      SessionMiddleware         enter
   25 µs  →       AuthMiddleware           enter
  890 µs  ←   RequestIdMiddleware          send http.response.start 503
  895 µs  ←  TrustedHostMiddleware         send http.response.start 503
  900 µs  ← ServerErrorMiddleware          send http.response.start 503
  926 µs  ✗       AuthMiddleware           raise PermissionError: no token
  930 µs  ✗      SessionMiddleware         raise PermissionError: no token
  934 µs  ✗     SecurityHeadersMiddleware  raise PermissionError: no token
  938 µs  ✗    CORSMiddleware              raise PermissionError: no token
  942 µs  ←   RequestIdMiddleware          leave
  946 µs  ←  TrustedHostMiddleware         leave
  950 µs  ← ServerErrorMiddleware          leave

AuthMiddleware raised PermissionError, and RequestIdMiddleware turned it into
503: the response never passed CORSMiddleware, SecurityHeadersMiddleware and
SessionMiddleware; GZipMiddleware, process_time and the endpoint were never
reached.
"""

BARE_VERBOSE_80 = """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9
GET / → 200 OK in 1.24 ms, answered by the stand-in endpoint

  1.0 µs    +1.0 µs  → ServerErrorMiddleware  enter
  5.0 µs    +4.0 µs  →  ExceptionMiddleware   enter
  500 µs    +495 µs  →   stand-in endpoint    enter
  600 µs    +100 µs  ←   stand-in endpoint    send http.response.start 200
  620 µs     +20 µs  ←   stand-in endpoint    send http.response.body 17 bytes
  700 µs     +80 µs  ←   stand-in endpoint    leave
  895 µs    +195 µs  ←  ExceptionMiddleware   send http.response.start 200
  900 µs    +5.0 µs  ← ServerErrorMiddleware  send http.response.start 200
  946 µs     +46 µs  ←  ExceptionMiddleware   leave
  950 µs    +4.0 µs  ← ServerErrorMiddleware  leave

No middleware of the app's own took part: the stand-in endpoint answered 200.
"""


def test_the_whole_timeline() -> None:
    assert timeline.render(traces.rescued(), width=80, color=False, verbose=False) == RESCUED_80


def test_verbose_says_how_long_after_the_one_before() -> None:
    assert timeline.render(traces.bare(), width=80, color=False, verbose=True) == BARE_VERBOSE_80


def test_other_places_and_both_directions() -> None:
    crossings = (
        Event(1_000, "receive", "http.request", 1, "0 bytes"),
        Event(2_000, "enter", None, "router", None),
        Event(3_000, "enter", None, "dependency get_db", None),
        Event(4_000, "send", "http.response.start", "endpoint", "204"),
        Event(2_000_000_000, "leave", None, "dependency get_db", None),
    )
    text = timeline.render(replace(traces.bare(), timeline=crossings), width=80, color=False, verbose=False)
    assert text.split("\n\n")[1].split("\n") == [
        "  1.0 µs  →  ExceptionMiddleware  receive http.request 0 bytes",
        "  2.0 µs  →   router              enter",
        "  3.0 µs  →   dependency get_db   enter",
        "  4.0 µs  ←   stand-in endpoint   send http.response.start 204",
        "   2.0 s  ←   dependency get_db   leave",
    ]


def test_changes_stand_where_they_are_first_seen() -> None:
    crossings = (
        Event(1_000, "enter", None, 0, None),
        Event(2_000, "enter", None, "router", None),
        Event(3_000, "enter", None, 1, None),
        Event(4_000, "enter", None, "endpoint", None),
        Event(5_000, "send", "websocket.accept", "endpoint", None),
        Event(6_000, "send", "websocket.accept", 1, None),
        Event(7_000, "send", "websocket.accept", 0, None),
    )
    made = traces.bare()
    outer = replace(made.steps[0], request_changes=("+ scope user",), response_changes=("+ x-id: 1",))
    inner = replace(made.steps[1], request_changes=("body consumed",), response_changes=())
    text = timeline.render(
        replace(made, timeline=crossings, steps=(outer, inner)), width=80, color=False, verbose=False
    )
    assert [" ".join(line.split()) for line in text.split("\n\n")[1].split("\n")] == [
        "1.0 µs → ServerErrorMiddleware enter",
        "2.0 µs → router enter",
        "+ scope user",
        "3.0 µs → ExceptionMiddleware enter",
        "4.0 µs → stand-in endpoint enter",
        "body consumed",
        "5.0 µs ← stand-in endpoint send websocket.accept",
        "6.0 µs ← ExceptionMiddleware send websocket.accept",
        "7.0 µs ← ServerErrorMiddleware send websocket.accept",
        "+ x-id: 1",
    ]


def test_a_long_name_gives_up_its_indentation_first_and_its_number_never() -> None:
    called = (
        Event(1_000, "enter", None, f"dependency {name}", "in a worker thread, instead of get_current_user")
        for name in ("get_current_active_user#2", "get_the_current_and_active_superuser#12", "get_db")
    )
    crossings = (Event(0, "enter", None, 11, None), *called)
    layers = tuple(replace(traces.bare().layers[0], index=index) for index in range(12))
    text = timeline.render(
        replace(traces.bare(), layers=layers, timeline=crossings), width=80, color=False, verbose=False
    )
    body = text.split("\n\n")[1].split("\n")
    assert max(map(len, body)) <= 80
    assert [line for line in body if "→" in line][1:] == [
        "  1.0 µs  → dependency get_current_active_user#2  enter in a worker thread,",
        "  1.0 µs  → dependency get_the_current_and_a…#12  enter in a worker thread,",
        "  1.0 µs  →             dependency get_db         enter in a worker thread,",
    ]


def test_a_change_of_the_request_is_told_before_dependencies_are_called() -> None:
    crossings = (
        Event(1_000, "enter", None, 0, None),
        Event(2_000, "enter", None, "router", None),
        Event(3_000, "enter", None, "dependency get_db", None),
        Event(4_000, "raise", None, "dependency get_db", "ValueError: no"),
    )
    bare = traces.bare()
    steps = (replace(bare.steps[0], request_changes=("+ scope user",)), *bare.steps[1:])
    changed = replace(bare, steps=steps, request_order=(0,), timeline=crossings)
    text = timeline.render(changed, width=80, color=False, verbose=False)
    assert [line.split()[-2:] for line in text.split("\n\n")[1].split("\n")][1:3] == [
        ["router", "enter"],
        ["scope", "user"],
    ]


def test_changes_of_a_websocket_are_told_where_it_is_accepted_and_closed() -> None:
    accepted = socket_traces.accepted()
    steps = (replace(accepted.steps[1], response_changes=("+ x-room: 7", "close 1000 -> 4000")),)
    crossings = (
        Event(1_000, "send", "websocket.accept", 1, None),
        Event(2_000, "send", "websocket.close", 1, "4000"),
    )
    text = timeline.render(
        replace(accepted, steps=steps, request_order=(1,), timeline=crossings), width=80, color=False, verbose=False
    )
    assert [line.split("  ")[-1].strip() for line in text.split("\n\n")[1].split("\n")] == [
        "send websocket.accept",
        "+ x-room: 7",
        "send websocket.close 4000",
        "close 1000 -> 4000",
    ]


def test_nothing_crossed() -> None:
    assert "\n\nNothing crossed a boundary.\n\n" in timeline.render(
        traces.unbuilt(), width=80, color=False, verbose=False
    )


def test_statuses_and_exceptions_stand_out() -> None:
    text = timeline.render(traces.rescued(), width=120, color=True, verbose=False)
    assert "\x1b[31m 503\x1b[0m" in text
    assert "\x1b[31m✗ \x1b[0m" in text
    assert "\x1b[31m PermissionError: no token\x1b[0m" in text
