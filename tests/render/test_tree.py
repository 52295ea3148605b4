from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mwviz.model import Event, Trace, TracedError
from mwviz.render import tree
from tests.render import traces

HEALTHY_80 = """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9
GET / → 200 OK in 1.24 ms, answered by the stand-in endpoint

↓  1   3.0 µs  ╭ ServerErrorMiddleware
↓  2   3.4 µs  │ ╭ TrustedHostMiddleware  shop/main.py:20
↓  3   3.8 µs  │ │ ╭ RequestIdMiddleware  shop/main.py:22
↓  4   4.2 µs  │ │ │ ╭ CORSMiddleware  shop/main.py:24
↓  5   4.6 µs  │ │ │ │ ╭ SecurityHeadersMiddleware  shop/main.py:28
↓  6   5.0 µs  │ │ │ │ │ ╭ SessionMiddleware  shop/main.py:30
↓  7   5.4 µs  │ │ │ │ │ │ ╭ AuthMiddleware  shop/main.py:33
↓  8   5.8 µs  │ │ │ │ │ │ │ ╭ GZipMiddleware  shop/main.py:36
↓  9   6.2 µs  │ │ │ │ │ │ │ │ ╭ process_time  shop/main.py:41
↓ 10   6.6 µs  │ │ │ │ │ │ │ │ │ ╭ ExceptionMiddleware
↓ 11   7.0 µs  │ │ │ │ │ │ │ │ │ │ ╭ AsyncExitStackMiddleware
↓ 12           │ │ │ │ │ │ │ │ │ │ │ ● stand-in endpoint  answered 200
↑  1   9.0 µs  │ │ │ │ │ │ │ │ │ │ ╰ AsyncExitStackMiddleware
↑  2   8.3 µs  │ │ │ │ │ │ │ │ │ ╰ ExceptionMiddleware
↑  3   7.6 µs  │ │ │ │ │ │ │ │ ╰ process_time
↑  4   6.9 µs  │ │ │ │ │ │ │ ╰ GZipMiddleware  held the response back, rewrote
               │ │ │ │ │ │ │     the body
↑  5   6.2 µs  │ │ │ │ │ │ ╰ AuthMiddleware
↑  6   5.5 µs  │ │ │ │ │ ╰ SessionMiddleware
↑  7   4.8 µs  │ │ │ │ ╰ SecurityHeadersMiddleware
↑  8   4.1 µs  │ │ │ ╰ CORSMiddleware
↑  9   3.4 µs  │ │ ╰ RequestIdMiddleware
↑ 10   2.7 µs  │ ╰ TrustedHostMiddleware
↑ 11   2.0 µs  ╰ ServerErrorMiddleware

The request went in from TrustedHostMiddleware to process_time, the stand-in
endpoint answered 200, and the response came out in reverse order.
"""

RESCUED_120 = """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9
GET / → 503 Service Unavailable in 1.24 ms, sent by RequestIdMiddleware

↓  1   3.0 µs  ╭ ServerErrorMiddleware
↓  2   3.4 µs  │ ╭ TrustedHostMiddleware  shop/main.py:20
↓  3   3.8 µs  │ │ ╭ RequestIdMiddleware  shop/main.py:22
↓  4   4.2 µs  │ │ │ ╭ CORSMiddleware  shop/main.py:24
↓  5   4.6 µs  │ │ │ │ ╭ SecurityHeadersMiddleware  shop/main.py:28
↓  6   5.0 µs  │ │ │ │ │ ╭ SessionMiddleware  shop/main.py:30
↓  7   5.4 µs  │ │ │ │ │ │ ╭ AuthMiddleware  shop/main.py:33
-              │ │ │ │ │ │ │ ┄ GZipMiddleware  not reached
-              │ │ │ │ │ │ │ ┄ process_time  not reached
-              │ │ │ │ │ │ │ ┄ ExceptionMiddleware  not reached
-              │ │ │ │ │ │ │ ┄ AsyncExitStackMiddleware  not reached
-              │ │ │ │ │ │ │ ┄ stand-in endpoint  not reached
✗      6.2 µs  │ │ │ │ │ │ ╰ AuthMiddleware  raised PermissionError
✗      5.5 µs  │ │ │ │ │ ╰ SessionMiddleware  let PermissionError through
✗      4.8 µs  │ │ │ │ ╰ SecurityHeadersMiddleware  let PermissionError through
✗      4.1 µs  │ │ │ ╰ CORSMiddleware  let PermissionError through
↑  1   3.4 µs  │ │ ╰ RequestIdMiddleware  turned PermissionError into 503
↑  2   2.7 µs  │ ╰ TrustedHostMiddleware
↑  3   2.0 µs  ╰ ServerErrorMiddleware

AuthMiddleware raised PermissionError, and RequestIdMiddleware turned it into 503: the response never passed
CORSMiddleware, SecurityHeadersMiddleware and SessionMiddleware; GZipMiddleware, process_time and the endpoint were
never reached.
"""

HUNG_80 = """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9
GET / → timed out in 10.0 s

↓  1   3.0 µs  ╭ ServerErrorMiddleware
↓  2   3.4 µs  │ ╭ TrustedHostMiddleware  shop/main.py:20
↓  3   3.8 µs  │ │ ╭ RequestIdMiddleware  shop/main.py:22
↓  4   4.2 µs  │ │ │ ╭ CORSMiddleware  shop/main.py:24
↓  5   4.6 µs  │ │ │ │ ╭ SecurityHeadersMiddleware  shop/main.py:28
↓  6   5.0 µs  │ │ │ │ │ ╭ SessionMiddleware  shop/main.py:30
↓  7   5.4 µs  │ │ │ │ │ │ ╭ AuthMiddleware  shop/main.py:33
-              │ │ │ │ │ │ │ ┄ GZipMiddleware  not reached
-              │ │ │ │ │ │ │ ┄ process_time  not reached
-              │ │ │ │ │ │ │ ┄ ExceptionMiddleware  not reached
-              │ │ │ │ │ │ │ ┄ AsyncExitStackMiddleware  not reached
-              │ │ │ │ │ │ │ ┄ stand-in endpoint  not reached
✗      6.2 µs  │ │ │ │ │ │ ╰ AuthMiddleware  hung

AuthMiddleware still held the request at the time limit: GZipMiddleware,
process_time and the endpoint were never reached.
"""

SURROUNDED_80 = """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9
GET /admin/report → 200 OK in 1.24 ms, answered by the endpoint download_report

↓ 1   3.0 µs  ╭ ProxyHeadersMiddleware  outer · shop/main.py:60
↓ 2   3.4 µs  │ ╭ ServerErrorMiddleware
↓ 3   3.8 µs  │ │ ╭ OpenTelemetryMiddleware  injected · …/starlette/middleware/
              │ │ │   opentelemetrymiddleware.py:14
↓ 4   4.2 µs  │ │ │ ╭ RequestIdMiddleware  shop/main.py:22
↓ 5   4.6 µs  │ │ │ │ ╭ ExceptionMiddleware
↓ 6   5.0 µs  │ │ │ │ │ ╭ TenantMiddleware  mount /admin · shop/main.py:70
↓ 7   5.4 µs  │ │ │ │ │ │ ╭ GZipMiddleware  route /admin/report · shop/
              │ │ │ │ │ │ │   main.py:81
↓ 8           │ │ │ │ │ │ │ ● download_report  shop/reports.py:12  answered 200
↑ 1   6.2 µs  │ │ │ │ │ │ ╰ GZipMiddleware  buffered the response, copied the
              │ │ │ │ │ │     scope, ran the inner app in another task
↑ 2   5.5 µs  │ │ │ │ │ ╰ TenantMiddleware
↑ 3   4.8 µs  │ │ │ │ ╰ ExceptionMiddleware
↑ 4   4.1 µs  │ │ │ ╰ RequestIdMiddleware
↑ 5   3.4 µs  │ │ ╰ OpenTelemetryMiddleware
↑ 6   2.7 µs  │ ╰ ServerErrorMiddleware
↑ 7   2.0 µs  ╰ ProxyHeadersMiddleware

Note: The app accepts https only.
Note: One layer was injected.

The request went in from ProxyHeadersMiddleware to GZipMiddleware, the endpoint
download_report answered 200, and the response came out in reverse order.
"""

ASKEW_VERBOSE_80 = """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9
GET / → 200 OK in 1.24 ms, answered by the stand-in endpoint

↓ 1   3.0 µs  ╭ ServerErrorMiddleware  ASGI · /opt/venv/lib/python3.11/
              │   site-packages/starlette/middleware/errors.py:138
↓ 2   3.4 µs  │ ╭ EarlyMiddleware  BaseHTTP · shop/main.py:8
↓ 3   3.8 µs  │ │ ╭ AuditMiddleware  BaseHTTP · shop/main.py:9
↓ 4   4.2 µs  │ │ │ ╭ AuditMiddleware#2  BaseHTTP · shop/main.py:10
↓ 5   4.6 µs  │ │ │ │ ╭ ExceptionMiddleware  ASGI · /opt/venv/lib/python3.11/
              │ │ │ │ │   site-packages/starlette/middleware/exceptions.py:13
↓ 6           │ │ │ │ │ ● stand-in endpoint  answered 200
↑ 3   4.8 µs  │ │ │ │ ╰ ExceptionMiddleware
↑ 4   4.1 µs  │ │ │ ╰ AuditMiddleware#2
↑ 5   3.4 µs  │ │ ╰ AuditMiddleware
↑ 1   2.7 µs  │ ╰ EarlyMiddleware  started the response twice, called the inner
              │     app again
↑ 2   2.0 µs  ╰ ServerErrorMiddleware

The request went in from EarlyMiddleware to AuditMiddleware#2, the stand-in
endpoint answered 200, but the response did not come out in reverse order: it
left EarlyMiddleware, then AuditMiddleware#2, then AuditMiddleware.
"""

MADE = [
    (traces.healthy, 80, False, HEALTHY_80),
    (traces.rescued, 120, False, RESCUED_120),
    (traces.hung, 80, False, HUNG_80),
    (traces.surrounded, 80, False, SURROUNDED_80),
    (traces.askew, 80, True, ASKEW_VERBOSE_80),
]


@pytest.mark.parametrize(("made", "width", "verbose", "expected"), MADE)
def test_the_whole_onion(made: Callable[[], Trace], width: int, verbose: bool, expected: str) -> None:
    assert tree.render(made(), width=width, color=False, verbose=verbose) == expected


def body(made: Trace, width: int = 80) -> list[str]:
    return tree.render(made, width=width, color=False, verbose=False).split("\n\n")[1].split("\n")


def test_the_indent_of_a_deep_stack_ends() -> None:
    lines = body(traces.deep(), 120)
    assert len(lines) == 2_001
    assert lines[999] == f"↓ 1000   403 µs  {'│' * 39}┊╭ LayerMiddleware#1000  shop/main.py:1000"
    assert lines[1_000] == f"↓ 1001           {'│' * 39}┊● stand-in endpoint  answered 200"
    assert lines[1_001] == f"↑    1   701 µs  {'│' * 39}┊╰ LayerMiddleware#1000"


def test_a_layer_that_cannot_be_observed_stands_where_it_lies() -> None:
    made = traces.bare()
    hidden = replace(traces.unreached(1), outcome="unknown")
    layers = traces.numbered((*made.layers[:1], traces.SHOP[3], *made.layers[1:]))
    steps = (made.steps[0], hidden, replace(made.steps[1], layer=2))
    unseen = replace(made, layers=layers, steps=steps, request_order=(0, 2), response_order=(2, 0))
    assert [line[14:] for line in body(unseen)] == [
        "╭ ServerErrorMiddleware",
        "│ ┄ CORSMiddleware  not observable",
        "│ ╭ ExceptionMiddleware",
        "│ │ ● stand-in endpoint  answered 200",
        "│ ╰ ExceptionMiddleware",
        "╰ ServerErrorMiddleware",
    ]


def end_of(made: Trace, **changes: object) -> str:
    return next(line for line in body(replace(made, **changes)) if "●" in line)[18:]  # type: ignore[arg-type]


def test_the_end_says_what_became_of_the_request_there() -> None:
    made = traces.bare()
    assert end_of(made, timeline=()) == "● stand-in endpoint  answered 200"
    assert end_of(made, timeline=(), answered_by="router") == "● router  answered 200"
    start = Event(1, "send", "http.response.start", "endpoint", "404")
    assert end_of(made, timeline=(start,), answered_by=1) == "● stand-in endpoint  answered 404"
    raised = Event(1, "raise", None, "endpoint", "KeyError: 'x'")
    assert end_of(made, timeline=(raised,)) == "● stand-in endpoint  raised KeyError"
    only_entered = Event(1, "enter", None, "endpoint", None)
    assert end_of(made, timeline=(only_entered,), answered_by=1) == "● stand-in endpoint  reached"
    for kind, said in {"Timeout": "hung", "NoResponse": "never answered", "OSError": "raised OSError"}.items():
        error = TracedError(kind, "", "endpoint", "probe", "", "")
        assert end_of(made, timeline=(), error=error) == f"● stand-in endpoint  {said}"
