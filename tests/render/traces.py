"""Hand-made traces, one for every way a probe can end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from mwviz.model import (
    Endpoint,
    Event,
    Layer,
    Lifespan,
    Observation,
    Outcome,
    Place,
    Position,
    Probe,
    Response,
    Step,
    Trace,
    TracedError,
    Versions,
)

SITE = "/opt/venv/lib/python3.11/site-packages"
VERSIONS = Versions(mwviz="0.1.0", python="3.11.9", starlette="0.46.2", fastapi="0.115.12")
PROBE = Probe("http", "GET", "/", (("host", "testserver"),), "http", "127.0.0.1", 0, "stand-in", False, None, ())
HEADERS = (("content-type", "application/json"), ("content-length", "17"))


def framework(name: str, module: str, line: int) -> Layer:
    path = f"{SITE}/{module.replace('.', '/')}.py"
    return Layer(0, name, name, f"{module}.{name}", "framework", "app", "asgi", {}, Place(path, line), None)


def asgi(name: str, line: int, **arguments: str) -> Layer:
    defined = Place(f"{SITE}/starlette/middleware/{name.lower()}.py", 14)
    qualified = f"starlette.middleware.{name}"
    return Layer(0, name, name, qualified, "user", "app", "asgi", arguments, defined, Place("shop/main.py", line))


def own(name: str, line: int, **arguments: str) -> Layer:
    defined = Place("shop/middleware.py", 2 * line)
    qualified = f"shop.middleware.{name}"
    return Layer(0, name, name, qualified, "user", "app", "base_http", arguments, defined, Place("shop/main.py", line))


ERRORS = framework("ServerErrorMiddleware", "starlette.middleware.errors", 138)
EXCEPTIONS = framework("ExceptionMiddleware", "starlette.middleware.exceptions", 13)
STACK = framework("AsyncExitStackMiddleware", "fastapi.middleware.asyncexitstack", 8)
PROCESS_TIME = replace(own("process_time", 41), name="process_time", kind="function")
SHOP = (
    ERRORS,
    asgi("TrustedHostMiddleware", 20, allowed_hosts="['testserver', 'shop.example']"),
    own("RequestIdMiddleware", 22, header="'x-request-id'"),
    asgi("CORSMiddleware", 24, allow_origins="['https://shop.example']", allow_credentials="True"),
    own("SecurityHeadersMiddleware", 28),
    asgi("SessionMiddleware", 30, secret_key="***"),
    own("AuthMiddleware", 33, tokens="***"),
    asgi("GZipMiddleware", 36, minimum_size="500"),
    PROCESS_TIME,
    EXCEPTIONS,
    STACK,
)


def numbered(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """Give every layer its index, and the second one of a name its `#2`."""
    seen: dict[str, int] = {}
    result = []
    for index, layer in enumerate(layers):
        count = seen[layer.name] = seen.get(layer.name, 0) + 1
        result.append(replace(layer, index=index, label=layer.name if count == 1 else f"{layer.name}#{count}"))
    return tuple(result)


def step(layer: int, outcome: Outcome = "passed", status: int | None = 200, *observed: Observation) -> Step:
    """Return a step with times that grow with the layer's index."""
    entered = 4_000 * layer + 1_000
    responded = 900_000 - 5_000 * layer if status is not None else None
    own_in, own_out = 3_000 + 400 * layer, 2_000 + 700 * layer
    left = None if outcome == "hung" else 950_000 - 4_000 * layer
    return Step(layer, outcome, observed, status, entered, responded, left, own_in, own_out, (), (), None)


def unreached(layer: int) -> Step:
    return Step(layer, "not_reached", (), None, None, None, None, None, None, None, None, None)


def events(steps: Sequence[Step], end: str | None = "endpoint", status: int = 200) -> tuple[Event, ...]:
    """Return what crossed the boundaries when every layer did as its step says, in the order of time."""
    found = [Event(one.entered_ns, "enter", None, one.layer, None) for one in steps if one.entered_ns is not None]
    if end is not None:
        found += [Event(500_000, "enter", None, end, None), Event(700_000, "leave", None, end, None)]
        found += [Event(600_000, "send", "http.response.start", end, str(status))]
        found += [Event(620_000, "send", "http.response.body", end, "17 bytes")]
    for one in steps:
        if one.responded_ns is not None:
            found.append(Event(one.responded_ns, "send", "http.response.start", one.layer, str(one.status)))
        if one.left_ns is not None:
            found.append(Event(one.left_ns, "raise" if one.raised else "leave", None, one.layer, one.raised))
    return tuple(sorted(found, key=lambda event: event.at_ns))


def trace(
    layers: Iterable[Layer],
    steps: Sequence[Step],
    *,
    answered_by: Position | None = "endpoint",
    status: int | None = 200,
    error: TracedError | None = None,
    handled_by: int | None = None,
    timeline: tuple[Event, ...] | None = None,
    notes: tuple[str, ...] = (),
) -> Trace:
    """Return the trace that fits these steps; both orders follow the times in them."""
    entered = [one for one in steps if one.entered_ns is not None]
    responded = sorted((one.responded_ns, one.layer) for one in steps if one.responded_ns is not None)
    return Trace(
        target="shop.main:app",
        versions=VERSIONS,
        layers=numbered(layers),
        probe=PROBE,
        endpoint=Endpoint("stand-in", None) if answered_by == "endpoint" else None,
        response=Response(status, HEADERS, 17, True) if status is not None else None,
        error=error,
        request_order=tuple(one.layer for one in entered),
        response_order=tuple(layer for _, layer in responded),
        answered_by=answered_by,
        handled_by=handled_by,
        not_reached=tuple(one.layer for one in steps if one.outcome == "not_reached"),
        steps=tuple(steps),
        timeline=events(steps, "endpoint" if answered_by == "endpoint" else None) if timeline is None else timeline,
        lifespan=None,
        duration_ns=1_240_000,
        notes=notes,
    )


def healthy() -> Trace:
    steps = [step(index) for index in range(len(SHOP))]
    steps[2] = replace(steps[2], response_changes=("added x-request-id",))
    steps[7] = replace(steps[7], observed=("held_back", "rewrote_body"), response_changes=("added vary",))
    return trace(SHOP, steps)


def rejected() -> Trace:
    """AuthMiddleware answers 401."""
    steps = [step(index, status=401) for index in range(6)]
    steps += [step(6, "answered", 401), *(unreached(index) for index in range(7, 11))]
    return trace(SHOP, steps, answered_by=6, status=401)


def crashed() -> Trace:
    """The endpoint raises, nobody below ServerErrorMiddleware turns it into a response, and it raises it again."""
    raised = "ValueError: no such item"
    steps = [replace(step(index, status=None), raised=raised) for index in range(11)]
    steps[0] = replace(step(0, "handled", 500, "after_response"), raised=raised)
    timeline = events(steps, None)
    at_end = (Event(500_000, "enter", None, "endpoint", None), Event(600_000, "raise", None, "endpoint", raised))
    error = TracedError("ValueError", "no such item", "endpoint", "probe", "", "")
    merged = tuple(sorted((*timeline, *at_end), key=lambda event: event.at_ns))
    return trace(SHOP, steps, status=500, error=error, handled_by=0, timeline=merged)


def rescued() -> Trace:
    """AuthMiddleware raises, and RequestIdMiddleware makes 503 of it."""
    raised = "PermissionError: no token"
    steps = [step(0, status=503), step(1, status=503), step(2, "handled", 503)]
    steps += [replace(step(index, status=None), raised=raised) for index in (3, 4, 5)]
    steps += [replace(step(6, "raised", None), raised=raised), *(unreached(index) for index in range(7, 11))]
    return trace(SHOP, steps, answered_by=6, status=503, handled_by=2)


def replaced() -> Trace:
    """SecurityHeadersMiddleware throws the inner 200 away and sends 418."""
    steps = [step(index, status=418 if index < 4 else 200) for index in range(11)]
    steps[4] = step(4, "replaced", 418, "dropped")
    return trace(SHOP, steps, answered_by=4, status=418, timeline=events(steps))


def hung() -> Trace:
    steps = [replace(step(index, status=None), left_ns=None, self_response_ns=None) for index in range(6)]
    steps += [step(6, "hung", None), *(unreached(index) for index in range(7, 11))]
    error = TracedError("Timeout", "no answer within 10 s", 6, "probe", "", "")
    return replace(trace(SHOP, steps, answered_by=None, status=None, error=error), duration_ns=10_000_000_000)


def silent() -> Trace:
    """AuthMiddleware returns without a word."""
    steps = [step(index, status=None) for index in range(6)]
    steps += [step(6, "silent", None), *(unreached(index) for index in range(7, 11))]
    error = TracedError("NoResponse", "the app returned without a response", 6, "probe", "", "")
    return trace(SHOP, steps, answered_by=None, status=None, error=error)


def unbuilt() -> Trace:
    error = TracedError("TypeError", "missing 1 required argument: 'secret_key'", 5, "build", "", "")
    unsent = trace(SHOP, [unreached(index) for index in range(11)], answered_by=None, status=None, error=error)
    return replace(unsent, duration_ns=None)


def unstarted() -> Trace:
    error = TracedError("RuntimeError", "no database", None, "startup", "", "")
    unsent = trace(SHOP, [], answered_by=None, status=None, error=error)
    lifespan = Lifespan("failed", "not_run", "startup failed: no database")
    return replace(unsent, duration_ns=None, lifespan=lifespan, not_reached=tuple(range(11)))


def askew() -> Trace:
    """The outer layer sends its own start before it calls inward, so the response leaves it first."""
    layers = (ERRORS, own("EarlyMiddleware", 8), own("AuditMiddleware", 9), own("AuditMiddleware", 10), EXCEPTIONS)
    steps = [step(index) for index in range(5)]
    steps[0] = replace(steps[0], responded_ns=720_000)
    steps[1] = replace(steps[1], responded_ns=710_000, observed=("twice", "called_again"))
    return trace(layers, steps)


def surrounded() -> Trace:
    """An outer layer, an injected one, one of a mount and one of a route, and no place known for the injected one."""
    layers = (
        replace(asgi("ProxyHeadersMiddleware", 60, trusted_hosts="'*'"), origin="outer"),
        ERRORS,
        replace(asgi("OpenTelemetryMiddleware", 1), origin="injected", registered_at=None),
        own("RequestIdMiddleware", 22),
        EXCEPTIONS,
        replace(own("TenantMiddleware", 70), origin="mount", within="mount /admin"),
        replace(asgi("GZipMiddleware", 81), origin="route", within="route /admin/report", kind="factory"),
    )
    probe = replace(
        PROBE, path="/admin/report", endpoint="real", lifespan=True, reasons=("The app accepts https only.",)
    )
    steps = [step(index) for index in range(7)]
    steps[6] = replace(steps[6], observed=("buffered", "copied_scope", "other_task"))
    end = Endpoint("download_report", Place("shop/reports.py", 12))
    return replace(trace(layers, steps, notes=("One layer was injected.",)), probe=probe, endpoint=end)


def bare() -> Trace:
    return trace((ERRORS, EXCEPTIONS), [step(0), step(1)])


HOSTILE = "\x1b[31mred\x1b[0m[bold]x[/bold]:bug:<script>alert(1)</script>\n\u202eevil\ud800"


def hostile() -> Trace:
    """Everything that comes from the app or the request is hostile."""
    bad = own("Bad", 1, **{HOSTILE: HOSTILE})
    layers = (
        replace(
            bad, name=HOSTILE, qualified_name=HOSTILE, registered_at=Place(HOSTILE, 1), defined_at=Place(HOSTILE, 2)
        ),
        replace(bad, name="Long" * 80, origin="mount", within=HOSTILE),
        replace(bad, name="漢字" * 30, origin="outer"),
    )
    steps = [replace(step(0), request_changes=(HOSTILE,), response_changes=(HOSTILE * 5,)), step(1)]
    steps.append(replace(step(2, "raised"), raised=f"{HOSTILE}: {HOSTILE}"))
    error = TracedError(HOSTILE, HOSTILE * 9, 2, "probe", HOSTILE, HOSTILE)
    made = trace(layers, steps, error=error, notes=(HOSTILE * 5, "x" * 300))
    probe = replace(
        PROBE, method=HOSTILE, path=f"/{HOSTILE * 4}", order=(HOSTILE,), reasons=(HOSTILE,), endpoint="real"
    )
    versions = replace(VERSIONS, fastapi=HOSTILE)
    timeline = (*made.timeline, Event(1_000_000, "send", HOSTILE, HOSTILE, HOSTILE))
    end = Endpoint(HOSTILE, Place(HOSTILE, 3))
    return replace(made, target=HOSTILE * 3, probe=probe, versions=versions, timeline=timeline, endpoint=end)


def deep(count: int = 1_000) -> Trace:
    layers = [asgi("LayerMiddleware", index + 1) for index in range(count)]
    return trace(layers, [step(index, status=200) for index in range(count)])


def stripped(text: str) -> str:
    """Return `text` without the codes that set a style; any other escape code stays."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


_MADE = (healthy, rejected, crashed, rescued, replaced, hung, silent)
_UNUSUAL = (unbuilt, unstarted, askew, surrounded, bare, hostile)
ALL = {made.__name__: made for made in (*_MADE, *_UNUSUAL)}
