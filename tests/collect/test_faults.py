"""The fault matrix, compared with what was written down by hand; and the app is left as it was found."""

from __future__ import annotations

import asyncio
import gc
import re
import sys
import threading
import time
from contextlib import suppress
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router

import mwviz
from mwviz.collect.compat_faults import accepted_origin
from mwviz.model.faults import Fault, Faults, Reply
from tests.collect.faulty_apps import CALLED, CASES, CORS, LETTERS, Adds, Guard, Refuses, Times, app, home
from tests.collect.test_transparency import call, found


def letters(names: tuple[str, ...]) -> str:
    return "".join(sorted(LETTERS[name] for name in names if name in LETTERS)) or "-"


def told(reply: Fault | Reply) -> list[str]:
    """What came back, as the truth is written."""
    status = "-" if reply.status is None else str(reply.status)
    return [status if reply.reached else f"~{status}", letters(reply.present)]


def rows(faults: Faults) -> list[list[str]]:
    """The rows of the user's own layers and of the endpoint."""
    own = [row for row in faults.rows if row.at == "endpoint" or faults.layers[row.at].origin != "framework"]
    ordered = [row for kind in ("reject", "crash") for row in own if row.fault == kind]
    ordered += [row for row in own if row.fault not in ("reject", "crash")]
    return [
        [row.fault, row.layer, *told(row), *(["|", *told(row.preflight)] if row.preflight is not None else [])]
        for row in ordered
    ]


def row(faults: Faults, fault: str, layer: str) -> Fault:
    return next(each for each in faults.rows if (each.fault, each.layer) == (fault, layer))


@pytest.mark.parametrize("name", CASES)
def test_the_matrix_is_the_one_written_by_hand(name: str) -> None:
    case = CASES[name]
    CALLED.clear()

    faults = mwviz.faults(case.make(), **case.options)

    assert rows(faults) == case.truth
    assert CALLED == []
    for each in faults.rows:
        assert sorted((*each.present, *each.missing)) == sorted(faults.headers)
    gc.collect()  # of the streams that stay open, before another test is told of them


def test_every_layer_is_rejected_and_crashed_once() -> None:
    faults = mwviz.faults(app(CORS, Adds))

    layers = [(kind, layer.index) for layer in faults.layers for kind in ("reject", "crash")]
    ends = ["crash", "http_exception", "not_found", "method_not_allowed", "invalid", "disconnect", "too_large"]
    assert [(each.fault, each.at) for each in faults.rows] == [*layers, *((kind, "endpoint") for kind in ends)]
    assert all(each.layer == faults.layers[each.at].label for each in faults.rows if each.at != "endpoint")


def test_the_frameworks_own_layers_can_fail_too() -> None:
    faults = mwviz.faults(app(Adds))
    outermost, innermost = faults.layers[0], faults.layers[-1]

    assert (outermost.name, row(faults, "crash", outermost.label).status) == ("ServerErrorMiddleware", None)
    assert row(faults, "crash", outermost.label).error == "RuntimeError: raised by mwviz"
    assert row(faults, "reject", outermost.label).missing == ("x-id",)
    assert row(faults, "reject", innermost.label).present == ("x-id",)
    assert row(faults, "crash", "Adds").handled_by == 0


def test_headers_are_told_with_the_layer_that_adds_them() -> None:
    faults = mwviz.faults(app(Adds, CORS, Times))
    by = {added.name: added.layer for added in faults.normal.headers}

    assert by == {
        "x-time": "Times", "access-control-allow-origin": "CORSMiddleware", "vary": "CORSMiddleware", "x-id": "Adds",
    }  # fmt: skip
    assert faults.preflight is not None
    assert {added.layer for added in faults.preflight.headers} == {"Adds", "CORSMiddleware"}
    assert not [name for name in (*faults.headers, *faults.preflight_headers) if name.startswith("content-")]


def test_who_answered_is_told() -> None:
    faults = mwviz.faults(app(Adds, Guard))
    exceptions = next(layer.index for layer in faults.layers if layer.name == "ExceptionMiddleware")

    assert row(faults, "reject", "Guard").answered_by == faults.layers[row(faults, "reject", "Guard").at].index  # type: ignore[index]
    for fault in ("not_found", "method_not_allowed"):
        seen = row(faults, fault, "endpoint")
        assert (seen.answered_by, seen.handled_by) == ("router", exceptions)
    assert row(faults, "http_exception", "endpoint").answered_by == "endpoint"


def test_an_app_without_fastapi_has_no_validation_errors() -> None:
    seen = row(mwviz.faults(app()), "invalid", "endpoint")

    assert (seen.status, seen.reached) == (None, False)
    assert seen.note == "Not applicable: FastAPI validates requests, Starlette alone does not."


def test_validation_errors_of_fastapi_and_handlers_for_them() -> None:
    fastapi = pytest.importorskip("fastapi")
    from fastapi.exceptions import RequestValidationError

    plain, own = fastapi.FastAPI(), fastapi.FastAPI()
    seen: list[Any] = []

    async def on_invalid(request: Request, error: Any) -> Response:
        seen.extend(error.errors())
        return PlainTextResponse("no", 409)

    async def on_http(request: Request, error: Any) -> Response:
        return PlainTextResponse("no", 418)

    own.add_exception_handler(RequestValidationError, on_invalid)
    own.add_exception_handler(fastapi.HTTPException, on_http)

    faults = mwviz.faults(own)

    assert row(mwviz.faults(plain), "invalid", "endpoint").status == 422
    assert row(faults, "invalid", "endpoint").status == 409
    assert row(faults, "http_exception", "endpoint").status == 418
    assert [tuple(each["loc"]) for each in seen] == [("query", "mwviz")]


def test_the_limit_of_an_app_is_exceeded() -> None:
    fastapi = pytest.importorskip("fastapi", minversion="0.165")
    limited = fastapi.FastAPI(max_body_size=100 << 20)
    limited.add_middleware(Adds)

    seen = row(mwviz.faults(limited), "too_large", "endpoint")

    assert (seen.status, seen.reached, seen.missing, seen.note) == (413, True, ("x-id",), None)


def test_what_nothing_limits_is_told() -> None:
    assert row(mwviz.faults(app()), "too_large", "endpoint").note == "Nothing limits the body: all of it was read."


def test_a_layer_that_reads_the_body_meets_the_client_that_leaves() -> None:
    read: list[int] = []

    class Reads(Guard):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http" and scope["method"] == "POST":
                message = await receive()
                read.append(len(message["body"]))
                if (await receive())["type"] == "http.disconnect":
                    return
            await self.app(scope, receive, send)

    seen = row(mwviz.faults(app(Reads)), "disconnect", "endpoint")

    assert (seen.status, seen.reached, seen.error) == (None, False, "NoResponse: nobody answered")
    assert read[0] > 0


def test_a_catch_all_route_takes_what_should_not_be_found() -> None:
    application = Starlette(routes=[Route("/{rest:path}", home, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])])
    CALLED.clear()

    faults = mwviz.faults(application)

    seen = row(faults, "not_found", "endpoint")
    assert (seen.status, seen.reached, CALLED) == (200, False, [])
    assert seen.note is not None
    assert seen.note.startswith("Not refused: a route takes GET /mwviz-")
    assert row(faults, "method_not_allowed", "endpoint").status == 405


def test_a_query_that_is_not_refused_keeps_its_secret() -> None:
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"]
    faults = mwviz.faults(Starlette(routes=[Route("/{rest:path}", home, methods=methods)]), "/x?token=hunter2&page=1")

    seen = row(faults, "method_not_allowed", "endpoint")
    assert seen.note == ("Not refused: a route takes PATCH /x?token=***&page=1, and its handler was not called.")
    assert "hunter2" not in str(faults)


def test_an_app_without_routes_refuses_no_method() -> None:
    seen = row(mwviz.faults(Starlette()), "method_not_allowed", "endpoint")

    assert (seen.status, seen.note) == (None, "Not tried: no route of the app says which methods it takes.")


def test_files_that_are_mounted_at_the_root_are_not_served() -> None:
    served: list[str] = []

    async def files(scope: Any, receive: Any, send: Any) -> None:
        served.append(scope["path"])
        await PlainTextResponse("file")(scope, receive, send)

    faults = mwviz.faults(Starlette(routes=[Mount("/", files)]))

    assert (row(faults, "not_found", "endpoint").reached, served) == (False, [])


def test_a_router_that_cannot_be_watched_is_called_by_the_normal_request_alone() -> None:
    class Odd(Router):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            CALLED.append(scope["method"])
            await PlainTextResponse("odd")(scope, receive, send)

    CALLED.clear()
    faults = mwviz.faults(Starlette(routes=[Mount("/", Odd())]), "/")

    assert CALLED == ["GET"]
    assert faults.normal.response is not None
    assert faults.normal.response.status == 200
    seen = row(faults, "not_found", "endpoint")
    assert seen.note is not None
    assert seen.note.startswith("No stand-in endpoint can stand in for Odd.__call__")
    assert (row(faults, "crash", "endpoint").status, row(faults, "crash", "endpoint").reached) == (500, True)


def test_an_app_whose_own_router_cannot_be_watched_is_called_by_the_normal_request_alone() -> None:
    class Odd(Router):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            CALLED.append(scope["method"])
            await PlainTextResponse("odd")(scope, receive, send)

    application = app(Adds)
    application.router = Odd()
    if application.middleware_stack is not None:  # this Starlette builds the stack as soon as the app is made
        application.middleware_stack = application.build_middleware_stack()
    CALLED.clear()
    real = mwviz.faults(application, "/")

    assert CALLED == ["GET"]
    assert row(real, "reject", "Adds").status == 403
    seen = row(real, "crash", "endpoint")
    assert (seen.status, seen.note) == (
        None, "Not tried: nothing can stand in for Odd.__call__, which is not the framework's.",
    )  # fmt: skip
    safe = mwviz.faults(application)
    assert CALLED == ["GET"]
    assert row(safe, "crash", "endpoint").status == 500
    assert row(safe, "not_found", "endpoint").status is None


def test_a_real_handler_is_called_by_the_normal_request_alone() -> None:
    CALLED.clear()

    faults = mwviz.faults(app(CORS, Guard), "/")

    assert CALLED == ["/"]
    assert faults.normal.probe.endpoint == "real"
    assert row(faults, "crash", "endpoint").status == 500
    assert row(faults, "http_exception", "endpoint").status == 400
    assert row(faults, "method_not_allowed", "endpoint").status == 405


def test_lifespan_runs_with_a_path_only() -> None:
    met: list[str] = []

    class Notes(Guard):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            met.append(scope["type"])
            await self.app(scope, receive, send)

    mwviz.faults(app(Notes))
    assert set(met) == {"http"}
    met.clear()
    mwviz.faults(app(Notes), "/")
    assert (met[0], met.count("lifespan")) == ("lifespan", 1)


class Hangs(Guard):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)


class Spins(Guard):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(0.01)


@pytest.mark.parametrize("layer", [Hangs, Spins])
def test_what_lies_behind_a_layer_that_hangs_is_not_tried(layer: type) -> None:
    faults = mwviz.faults(app(Adds, layer, Times), timeout=0.3)

    assert row(faults, "reject", layer.__name__).status == 403
    assert row(faults, "reject", "Adds").status == 403
    for fault, where in (("reject", "Times"), ("crash", "Times"), ("crash", "endpoint"), ("not_found", "endpoint")):
        seen = row(faults, fault, where)
        assert (seen.status, seen.reached) == (None, False)
        assert seen.note is not None
        assert seen.note.startswith("Not tried: ")
    assert any("Timeout" in note for note in faults.notes)


def test_a_layer_that_hangs_only_on_a_fault_costs_its_own_rows_only() -> None:
    class Retries(Guard):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            while True:
                with suppress(RuntimeError):
                    return await self.app(scope, receive, send)
                await asyncio.sleep(0.01)

    faults = mwviz.faults(app(Retries, Adds), timeout=1.5)

    crashed = row(faults, "crash", "Adds")
    assert (crashed.status, crashed.reached) == (None, True)
    assert crashed.error == "Timeout: not over after 1.5 s"
    assert row(faults, "reject", "Adds").status == 403
    assert row(faults, "not_found", "endpoint").status == 404


def test_a_layer_that_has_had_enough_is_told() -> None:
    class Once(Guard):
        count = 0

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            Once.count += 1
            if Once.count > 2:
                await PlainTextResponse("slow down", 429)(scope, receive, send)
            else:
                await self.app(scope, receive, send)

    faults = mwviz.faults(app(Once, Adds))

    assert any("got 429 instead of 200" in note for note in faults.notes)
    assert (row(faults, "http_exception", "endpoint").reached, row(faults, "crash", "Adds").reached) == (False, False)


class Replaces(Guard):
    """Throws away what comes from further in."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def drop(message: Any) -> None:
            pass

        await self.app(scope, receive, drop)
        await PlainTextResponse("mine", 202)(scope, receive, send)


def test_what_a_layer_throws_away_was_reached_all_the_same() -> None:
    faults = mwviz.faults(app(Adds, Replaces, Guard))

    assert faults.notes == ("Replaces answers the normal request itself (202), whatever comes from further in.",)
    seen = row(faults, "reject", "Guard")
    assert (seen.status, seen.reached, faults.layers[seen.answered_by].label) == (202, True, "Replaces")  # type: ignore[index]
    refused = row(faults, "method_not_allowed", "endpoint")
    assert (refused.status, refused.reached, refused.note) == (202, True, None)


def test_an_answer_that_was_begun_is_cut_off() -> None:
    class Early(Guard):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def send_on(message: Any) -> None:
                if message["type"] != "http.response.start":
                    await send(message)

            await send({"type": "http.response.start", "status": 200, "headers": []})
            await self.app(scope, receive, send_on)

    faults = mwviz.faults(app(Early, Guard))

    crashed = row(faults, "crash", "Guard")
    assert (crashed.status, crashed.complete, crashed.error) == (200, False, "RuntimeError: raised by mwviz")
    assert row(faults, "reject", "Guard").complete
    assert row(mwviz.faults(app(Guard)), "crash", "Guard").complete


def test_what_a_real_handler_adds_is_told_as_such() -> None:
    async def own(request: Request) -> Response:
        return PlainTextResponse("own", headers={"x-own": "1"})

    faults = mwviz.faults(Starlette(routes=[Route("/", own)], middleware=[Middleware(Adds)]), "/")

    assert [(added.name, added.at, added.layer) for added in faults.normal.headers] == [
        ("x-own", "endpoint", "endpoint"), ("x-id", 1, "Adds"),
    ]  # fmt: skip


def test_a_real_handler_is_not_taken_for_its_stand_in() -> None:
    async def created(request: Request) -> Response:
        return PlainTextResponse("made", 201)

    faults = mwviz.faults(Starlette(routes=[Route("/", created)]), "/")

    assert faults.normal.response is not None
    assert (faults.normal.response.status, faults.notes) == (201, ())


@pytest.mark.parametrize(
    ("path", "status", "note"),
    [
        ("/items/3", 200, None),
        ("/items/3/", 307, "Tried with DELETE /items/1."),
        ("/nothing", 404, "Tried with DELETE /items/1."),
    ],
)
def test_a_method_is_refused_where_there_is_a_route(path: str, status: int, note: str | None) -> None:
    application = Starlette(routes=[Route("/items/{id}", home, methods=["GET", "PATCH", "PUT"])])

    faults = mwviz.faults(application, path)

    assert faults.normal.response is not None
    assert faults.normal.response.status == status
    seen = row(faults, "method_not_allowed", "endpoint")
    assert (seen.status, seen.reached, seen.note) == (405, True, note)


def test_a_path_that_is_refused_by_its_method_is_not_one_that_is_missing() -> None:
    seen = row(mwviz.faults(Starlette(routes=[Route("/{rest:path}", home, methods=["POST"])])), "not_found", "endpoint")

    assert (seen.status, seen.reached) == (405, False)
    assert seen.note == "The router answers GET /mwviz-asks-for-what-is-not-there with 405, not with 404."


def test_a_layer_that_answers_first_is_named() -> None:
    faults = mwviz.faults(app(Adds, Refuses, Guard))

    assert faults.notes[-1].startswith("Refuses answers the normal request itself (401): what lies further in was not")
    assert faults.layers[row(faults, "reject", "Guard").answered_by].label == "Refuses"  # type: ignore[index]


def test_the_app_is_left_as_it_was_found() -> None:
    application = app(Adds, CORS, Guard)
    before, limit, handle = found(application), sys.getrecursionlimit(), Route.handle

    mwviz.faults(application)

    assert all(old is new for old, new in zip(before, found(application), strict=True))
    assert (sys.getrecursionlimit(), Route.handle) == (limit, handle)
    assert asyncio.run(call(application)) == (200, b"home")


def test_each_layer_is_constructed_once() -> None:
    made: list[str] = []

    class Counted(Guard):
        def __init__(self, app: Any) -> None:
            super().__init__(app)
            made.append("made")

    application = app(Counted)
    made.clear()  # old Starlette builds at once
    mwviz.faults(application)

    assert made == ["made"]


def test_inside_of_a_running_loop() -> None:
    async def main() -> Faults:
        return mwviz.faults(app(Adds, CORS))

    assert row(asyncio.run(main()), "reject", "CORSMiddleware").present == ("x-id",)


def test_other_requests_meet_no_fault() -> None:
    """One that comes while the probe is inside, through the very same stack, passes the place where the fault is."""
    answers: list[tuple[int, bytes]] = []

    class Asks(Guard):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] == "/" and not dict(scope["headers"]).get(b"x-other"):

                def other() -> None:
                    answers.append(asyncio.run(call(application, headers=[(b"x-other", b"1")])))

                thread = threading.Thread(target=other)
                thread.start()
                thread.join()
            await self.app(scope, receive, send)

    application = app(Asks, Adds, Guard)
    CALLED.clear()
    faults = mwviz.faults(application)

    assert row(faults, "reject", "Guard").status == 403
    assert row(faults, "crash", "Guard").status == 500
    assert len(answers) > 10
    assert set(answers) == {(200, b"home")}
    assert len(CALLED) == len(answers)


def test_a_layer_whose_place_is_taken_is_still_found() -> None:
    """Code that walks the stack at the request sees the layer, with its attributes, and can set them."""
    seen: list[tuple[object, ...]] = []

    class Walks(Guard):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            seen.append((isinstance(self.app, Times), self.app.name))  # type: ignore[attr-defined]
            self.app.touched = True  # type: ignore[attr-defined]
            await self.app(scope, receive, send)

    mwviz.faults(app(Walks, Times))

    assert set(seen) == {(True, b"x-time")}


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        ({"allow_origins": ["https://a.example", "https://b.example"]}, "https://a.example"),
        ({"allow_origins": ["*"]}, "https://example.com"),
        ({"allow_origin_regex": r"https://.*\.shop\.example"}, "https://app.shop.example"),
        ({"allow_origin_regex": r"https?://localhost(:\d+)?"}, "http://localhost:3000"),
        ({"allow_origin_regex": r"https://(app|admin)\.shop\.example"}, "https://app.shop.example"),
        ({"allow_origin_regex": r"^https://pr-[0-9]+\.shop\.example$"}, "https://pr-1.shop.example"),
        ({"allow_origin_regex": r"(?=x)y"}, None),
        ({}, None),
    ],
)
def test_an_origin_that_cors_accepts(given: dict[str, Any], accepted: str | None) -> None:
    layer = CORSMiddleware(app(), **given)

    assert accepted_origin(layer) == accepted
    if accepted is not None:
        assert layer.is_allowed_origin(accepted)


def test_an_origin_that_is_not_known_is_asked_for() -> None:
    application = app(Middleware(CORSMiddleware, allow_origin_regex=r"(?=h)https://[a-c]{9}\.x"))

    assert any(note.startswith("No origin is known") for note in mwviz.faults(application).notes)
    given = mwviz.faults(application, headers={"Origin": "https://abcabcabc.x"})
    assert "access-control-allow-origin" in given.headers


def test_a_cors_layer_of_another_kind_is_noticed() -> None:
    class Echoes(Guard):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            origin = dict(scope["headers"]).get(b"origin")

            async def send_more(message: Any) -> None:
                if message["type"] == "http.response.start" and origin is not None:
                    message["headers"] = [*message["headers"], (b"access-control-allow-origin", origin)]
                await send(message)

            await self.app(scope, receive, send_more)

    faults = mwviz.faults(app(Guard, Echoes))

    assert faults.headers == ("access-control-allow-origin",)
    assert row(faults, "reject", "Guard").missing == faults.headers
    assert faults.preflight is not None


def test_an_app_without_cors_is_sent_no_origin_and_no_preflight() -> None:
    faults = mwviz.faults(app(Adds))

    assert "origin" not in dict(faults.normal.probe.headers)
    assert faults.preflight is None
    assert all(each.preflight is None for each in faults.rows)


def test_a_preflight_carries_no_credentials_and_nothing_that_a_script_sets() -> None:
    """https://fetch.spec.whatwg.org/#cors-preflight-fetch: what proxies add is another matter."""
    given = {"Authorization": "Bearer x", "X-Tenant": "a", "X-Forwarded-For": "10.0.0.1"}
    faults = mwviz.faults(app(CORS), headers=given)

    assert faults.preflight is not None
    assert {name for name, _ in faults.preflight.probe.headers} == {
        "host", "x-forwarded-for", "origin", "access-control-request-method",
    }  # fmt: skip


def test_another_order_stands_beside_the_one_that_is() -> None:
    faults = mwviz.faults(app(Guard, CORS), order="CORSMiddleware > Guard")

    assert faults.before is not None
    assert row(faults.before, "reject", "Guard").present == ()
    assert "access-control-allow-origin" in row(faults, "reject", "Guard").present
    assert faults.normal.probe.order == ("CORSMiddleware", "Guard")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"path": "/", "websocket": True}, "Faults are tried on HTTP requests"),
        ({"raises": True}, "The endpoint crashes in one of the rows anyway"),
        ({"repeat": 3}, "Faults are not timed"),
        ({"order": "Nobody"}, "--order names Nobody"),
        ({"timeout": 0}, "makes no sense"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], told: str) -> None:
    with pytest.raises(mwviz.MwvizError, match=re.escape(told)):
        mwviz.faults(app(Guard), **options)


def test_an_app_that_cannot_be_built_is_a_mistake() -> None:
    class Breaks(Guard):
        def __init__(self, app: Any) -> None:
            raise ValueError("no settings")

    try:
        application = app(Breaks)
    except ValueError:
        pytest.skip("this Starlette builds the stack as soon as the app is made")
    with pytest.raises(mwviz.MwvizError, match="ValueError: no settings"):
        mwviz.faults(application)
