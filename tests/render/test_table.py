from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from mwviz.model import Place, Trace
from mwviz.render import table
from tests.render import traces

REJECTED_80 = """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9
GET / → 401 Unauthorized in 1.24 ms, answered by AuthMiddleware

    in    out   layer                       what happened  own time
 1  ↓  1  ↑  7  ServerErrorMiddleware       passed on        5.0 µs
 2  ↓  2  ↑  6  TrustedHostMiddleware       passed on        6.1 µs
                ASGI · shop/main.py:20
 3  ↓  3  ↑  5  RequestIdMiddleware         passed on        7.2 µs
                BaseHTTP · shop/main.py:22
 4  ↓  4  ↑  4  CORSMiddleware              passed on        8.3 µs
                ASGI · shop/main.py:24
 5  ↓  5  ↑  3  SecurityHeadersMiddleware   passed on        9.4 µs
                BaseHTTP · shop/main.py:28
 6  ↓  6  ↑  2  SessionMiddleware           passed on         10 µs
                ASGI · shop/main.py:30
 7  ↓  7  ↑  1  AuthMiddleware              answered 401      12 µs
                BaseHTTP · shop/main.py:33
 8  -     -     GZipMiddleware              not reached           -
                ASGI · shop/main.py:36
 9  -     -     process_time                not reached           -
                function · shop/main.py:41
10  -     -     ExceptionMiddleware         not reached           -
11  -     -     AsyncExitStackMiddleware    not reached           -
    -     -     stand-in endpoint           not reached

AuthMiddleware answered 401: GZipMiddleware, process_time and the endpoint were
never reached.
"""

RESCUED_120 = """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9
GET / → 503 Service Unavailable in 1.24 ms, sent by RequestIdMiddleware

    in    out   layer                      what happened                    own time  kind       place
 1  ↓  1  ↑  3  ServerErrorMiddleware      passed on                          5.0 µs  framework
 2  ↓  2  ↑  2  TrustedHostMiddleware      passed on                          6.1 µs  ASGI       shop/main.py:20
 3  ↓  3  ↑  1  RequestIdMiddleware        turned PermissionError into 503    7.2 µs  BaseHTTP   shop/main.py:22
 4  ↓  4  ✗     CORSMiddleware             let PermissionError through        8.3 µs  ASGI       shop/main.py:24
 5  ↓  5  ✗     SecurityHeadersMiddleware  let PermissionError through        9.4 µs  BaseHTTP   shop/main.py:28
 6  ↓  6  ✗     SessionMiddleware          let PermissionError through         10 µs  ASGI       shop/main.py:30
 7  ↓  7  ✗     AuthMiddleware             raised PermissionError              12 µs  BaseHTTP   shop/main.py:33
 8  -     -     GZipMiddleware             not reached                             -  ASGI       shop/main.py:36
 9  -     -     process_time               not reached                             -  function   shop/main.py:41
10  -     -     ExceptionMiddleware        not reached                             -  framework
11  -     -     AsyncExitStackMiddleware   not reached                             -  framework
    -     -     stand-in endpoint          not reached

AuthMiddleware raised PermissionError, and RequestIdMiddleware turned it into 503: the response never passed
CORSMiddleware, SecurityHeadersMiddleware and SessionMiddleware; GZipMiddleware, process_time and the endpoint were
never reached.
"""

ASKEW_80 = """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9
GET / → 200 OK in 1.24 ms, answered by the stand-in endpoint

   in   out  layer                       what happened                  own time
1  ↓ 1  ↑ 2  ServerErrorMiddleware       passed on                        5.0 µs
2  ↓ 2  ↑ 1  EarlyMiddleware             passed on, started the           6.1 µs
             BaseHTTP · shop/main.py:8   response twice, called the
                                         inner app again
3  ↓ 3  ↑ 5  AuditMiddleware             passed on                        7.2 µs
             BaseHTTP · shop/main.py:9
4  ↓ 4  ↑ 4  AuditMiddleware#2           passed on                        8.3 µs
             BaseHTTP · shop/main.py:10
5  ↓ 5  ↑ 3  ExceptionMiddleware         passed on                        9.4 µs
   ↓ 6       stand-in endpoint           answered 200

The request went in from EarlyMiddleware to AuditMiddleware#2, the stand-in
endpoint answered 200, but the response did not come out in reverse order: it
left EarlyMiddleware, then AuditMiddleware#2, then AuditMiddleware.
"""

SURROUNDED_120 = """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9
GET /admin/report → 200 OK in 1.24 ms, answered by the endpoint download_report

   in   out  layer                                      what happened                                           own time
1  ↓ 1  ↑ 7  ProxyHeadersMiddleware                     passed on                                                 5.0 µs
             outer · ASGI · shop/main.py:60
2  ↓ 2  ↑ 6  ServerErrorMiddleware                      passed on                                                 6.1 µs
3  ↓ 3  ↑ 5  OpenTelemetryMiddleware                    passed on                                                 7.2 µs
             injected · ASGI · …/starlette/middleware/
               opentelemetrymiddleware.py:14
4  ↓ 4  ↑ 4  RequestIdMiddleware                        passed on                                                 8.3 µs
             BaseHTTP · shop/main.py:22
5  ↓ 5  ↑ 3  ExceptionMiddleware                        passed on                                                 9.4 µs
             mount /admin
6  ↓ 6  ↑ 2  TenantMiddleware                           passed on                                                  10 µs
             BaseHTTP · shop/main.py:70
             route /admin/report
7  ↓ 7  ↑ 1  GZipMiddleware                             passed on, buffered the response, copied the scope,        12 µs
             factory · shop/main.py:81                  ran the inner app in another task
   ↓ 8       download_report                            answered 200
             endpoint · shop/reports.py:12

Note: The app accepts https only.
Note: One layer was injected.

The request went in from ProxyHeadersMiddleware to GZipMiddleware, the endpoint download_report answered 200, and the
response came out in reverse order.
"""

RESCUED_50 = """\
shop.main:app · FastAPI 0.115.12 · Starlette
  0.46.2 · Python 3.11.9
GET / → 503 Service Unavailable in 1.24 ms, sent
  by RequestIdMiddleware

    in    out   layer
 1  ↓  1  ↑  3  ServerErrorMiddleware
                passed on · 5.0 µs
 2  ↓  2  ↑  2  TrustedHostMiddleware
                passed on · 6.1 µs
                ASGI · shop/main.py:20
 3  ↓  3  ↑  1  RequestIdMiddleware
                turned PermissionError into 503 ·
                  7.2 µs
                BaseHTTP · shop/main.py:22
 4  ↓  4  ✗     CORSMiddleware
                let PermissionError through · 8.3
                  µs
                ASGI · shop/main.py:24
 5  ↓  5  ✗     SecurityHeadersMiddleware
                let PermissionError through · 9.4
                  µs
                BaseHTTP · shop/main.py:28
 6  ↓  6  ✗     SessionMiddleware
                let PermissionError through · 10
                  µs
                ASGI · shop/main.py:30
 7  ↓  7  ✗     AuthMiddleware
                raised PermissionError · 12 µs
                BaseHTTP · shop/main.py:33
 8  -     -     GZipMiddleware
                not reached
                ASGI · shop/main.py:36
 9  -     -     process_time
                not reached
                function · shop/main.py:41
10  -     -     ExceptionMiddleware
                not reached
11  -     -     AsyncExitStackMiddleware
                not reached
    -     -     stand-in endpoint
                not reached

AuthMiddleware raised PermissionError, and
RequestIdMiddleware turned it into 503: the
response never passed CORSMiddleware,
SecurityHeadersMiddleware and SessionMiddleware;
GZipMiddleware, process_time and the endpoint were
never reached.
"""

BARE_VERBOSE_100 = """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9
GET / → 200 OK in 1.24 ms, answered by the stand-in endpoint

   in   out  layer                  what happened    own in   own out  kind       place
1  ↓ 1  ↑ 2  ServerErrorMiddleware  passed on        3.0 µs    2.0 µs  framework
2  ↓ 2  ↑ 1  ExceptionMiddleware    passed on        3.4 µs    2.7 µs  framework
   ↓ 3       stand-in endpoint      answered 200

1  starlette.middleware.errors.ServerErrorMiddleware
   defined at /opt/venv/lib/python3.11/site-packages/starlette/middleware/errors.py:138
2  starlette.middleware.exceptions.ExceptionMiddleware
   defined at /opt/venv/lib/python3.11/site-packages/starlette/middleware/exceptions.py:13

No middleware of the app's own took part: the stand-in endpoint answered 200.
"""

MADE = [
    (traces.rejected, 80, False, REJECTED_80),
    (traces.rescued, 120, False, RESCUED_120),
    (traces.askew, 80, False, ASKEW_80),
    (traces.surrounded, 120, False, SURROUNDED_120),
    (traces.rescued, 50, False, RESCUED_50),
    (traces.bare, 100, True, BARE_VERBOSE_100),
]


@pytest.mark.parametrize(("made", "width", "verbose", "expected"), MADE)
def test_the_whole_table(made: Callable[[], Trace], width: int, verbose: bool, expected: str) -> None:
    assert table.render(made(), width=width, color=False, verbose=verbose) == expected


def test_a_wide_terminal_gives_every_layer_one_line() -> None:
    for name in ("healthy", "rejected", "crashed", "hung", "unbuilt"):
        text = table.render(traces.ALL[name](), width=140, color=False, verbose=False)
        assert len(text.split("\n\n")[1].split("\n")) == 1 + len(traces.SHOP) + 1


def test_no_name_is_broken_while_there_is_room_for_it() -> None:
    names = {layer.label for layer in traces.surrounded().layers}
    for width in (50, 66, 67, 72, 80, 100, 120, 140):
        for verbose in (False, True):
            text = table.render(traces.surrounded(), width=width, color=False, verbose=verbose)
            assert names <= set(text.split())


def test_a_narrow_table_takes_the_fewest_lines_its_places_allow() -> None:
    layers = tuple(replace(layer, registered_at=Place("services/shop/main.py", 10)) for layer in traces.SHOP)
    rejected = replace(traces.rejected(), layers=traces.numbered(layers))
    assert "BaseHTTP · services/shop/main.py:10" in table.render(rejected, width=80, color=False, verbose=False)
    assert len(table.render(traces.deep(), width=80, color=False, verbose=False).split("\n\n")[1].split("\n")) == 2_002


def test_a_long_place_is_broken_between_its_folders() -> None:
    lines = table.render(traces.surrounded(), width=140, color=False, verbose=False).split("\n")
    at = next(number for number, line in enumerate(lines) if "OpenTelemetryMiddleware" in line)
    assert lines[at].endswith("ASGI       …/starlette/middleware/")
    assert lines[at + 1].strip() == "opentelemetrymiddleware.py:14"


def test_verbose_shows_arguments_definitions_changes_and_both_times() -> None:
    text = table.render(traces.healthy(), width=140, color=False, verbose=True)
    for piece in (
        "own in",
        "own out",
        "allow_origins=['https://shop.example']",
        "secret_key=***",
        "errors.ServerErrorMiddleware",
    ):
        assert piece in text
    for piece in (
        "defined at shop/middleware.py:66",
        "response: added x-request-id",
        "starlette/middleware/errors.py:138",
    ):
        assert piece in text


def test_times_that_have_lost_their_columns_keep_their_names() -> None:
    made = traces.healthy()
    text = table.render(replace(made, probe=replace(made.probe, repeat=20)), width=80, color=False, verbose=False)
    assert re.search(r"passed on · in \S+ µs · out \S+ µs · share \d+ %", text)
    assert "passed on · in" not in table.render(made, width=80, color=False, verbose=False)


def test_an_arrow_stays_with_its_changes() -> None:
    made = traces.healthy()
    steps = tuple(
        replace(step, request_changes=("+ scope state.request_id",), response_changes=("+ x-request-id: 1",))
        for step in made.steps
    )
    for width in range(60, 140):
        text = table.render(replace(made, steps=steps), width=width, color=False, verbose=False)
        assert not re.search(r"[↓↑]$", text, re.MULTILINE)


def test_colour_adds_escape_codes_and_nothing_else() -> None:
    for made in traces.ALL.values():
        plain = table.render(made(), width=100, color=False, verbose=True)
        colored = table.render(made(), width=100, color=True, verbose=True)
        stripped = "\n".join(line.rstrip() for line in traces.stripped(colored).split("\n"))
        assert stripped == plain


def test_what_stands_out() -> None:
    text = table.render(traces.rejected(), width=120, color=True, verbose=False)
    assert "\x1b[33m401 Unauthorized\x1b[0m" in text
    assert "\x1b[33manswered 401\x1b[0m" in text
    assert "\x1b[2mServerErrorMiddleware\x1b[0m" in text
    assert "\x1b[2mnot reached\x1b[0m" in text
    assert "\x1b[31m✗\x1b[0m" in table.render(traces.crashed(), width=120, color=True, verbose=False)
    assert "\x1b[33m↑ 1\x1b[0m" in table.render(traces.askew(), width=120, color=True, verbose=False)


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [table.render(traces.healthy(), width=90, color=color, verbose=False) for color in (True, False)]
    for name, value in {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "20", "FORCE_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    after = [table.render(traces.healthy(), width=90, color=color, verbose=False) for color in (True, False)]
    assert after == before


def test_only_colours_load_rich_and_little_of_it() -> None:
    code = (
        "import sys; from tests.render import traces; from mwviz.render import table, timeline, tree, words\n"
        "for color in (False, True):\n"
        "    for view in (table, tree, timeline): view.render(traces.healthy(), width=80, color=color, verbose=True)\n"
        "    assert color == any(name.partition('.')[0] == 'rich' for name in sys.modules)\n"
        "assert not {'rich.console', 'rich.table', 'rich.text'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("width", [50, 80, 120])
def test_colour_changes_no_text(width: int) -> None:
    for made in (traces.healthy(), traces.hostile()):
        plain, coloured = (table.render(made, width=width, color=color, verbose=False) for color in (False, True))
        shown = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines()]
        assert shown == plain.splitlines()
