"""Every sample in every text format, compared with golden files; what differs from run to run is settled first."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette import routing
from starlette.routing import Route

import mwviz
from mwviz.model import Event, Layer, Place, Step, Trace
from mwviz.model.routes import Routes
from mwviz.model.state import Carried
from mwviz.render import ROUTES_RENDERERS, Format, render
from mwviz.render.look import Look
from tests.conftest import Golden, golden_fastapi

ROOT = Path(__file__).parent.parent
SAMPLES = (
    *("tutorial", "shop", "shop_misordered", "factory", "wrapped", "closure", "otel"),
    *("dependencies", "websocket", "mounted", "users"),
)
ENDINGS = {
    Format.TABLE: "txt",
    Format.TREE: "tree.txt",
    Format.TIMELINE: "timeline.txt",
    Format.JSON: "json",
    Format.MARKDOWN: "md",
    Format.MERMAID: "mmd",
    Format.SEQUENCE: "sequence.mmd",
    Format.DOT: "dot",
    Format.SVG: "svg",
    Format.PNG: "png",
}
#: Middleware of a route came with Starlette 0.28.
ROUTE_MIDDLEWARE = "middleware" in inspect.signature(Route).parameters
#: Headers whose values a sample makes anew for every request.
CHANGING = re.compile(r"((?:x-request-id|x-process-time)(?:: )?)[0-9a-f.-]+")


@pytest.fixture(autouse=True)
def imported_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(ROOT)
    for name in SAMPLES:
        sys.modules.pop(name, None)
    yield
    for name in SAMPLES:
        sys.modules.pop(name, None)


#: How a sample is probed that has more to show than a `GET /` does.
PROBES: dict[str, dict[str, Any]] = {
    "dependencies": {"path": "/reports/7"},
    "mounted": {"path": "/admin/users", "headers": {"authorization": "Bearer staff"}},
    "websocket": {"path": "/chat?token=s3cret", "websocket": True, "data": "Hello"},
    "users": {"path": "/me", "lifespan": False},
}


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The pictures are those of the extra's engine, which are the same bytes on every machine."""
    monkeypatch.setenv("PATH", str(tmp_path))


def traced(sample: str, **options: Any) -> Trace:
    """One probe of a sample, as the command line would send it."""
    options = {**PROBES.get(sample, {}), **options}
    pytest.importorskip("fastapi")
    if sample == "otel":
        pytest.importorskip("opentelemetry.instrumentation.fastapi")
    if sample == "mounted" and "middleware" not in inspect.signature(routing.Route).parameters:
        pytest.skip("this Starlette knows no middleware of routes")
    return mwviz.trace(f"samples/{sample}.py" + (":create_app" if sample == "factory" else ""), **options)


def settled(trace: Trace) -> Trace:
    """The trace with every time, version and foreign path as it might be on any machine."""
    return replace(
        trace,
        versions=replace(trace.versions, python="3.11.7"),
        layers=tuple(_layer(layer) for layer in trace.layers),
        response=replace(trace.response, headers=tuple(_header(pair) for pair in trace.response.headers))
        if trace.response is not None
        else None,
        steps=tuple(_step(step) for step in trace.steps),
        timeline=_events(trace.timeline),
        lifespan=replace(trace.lifespan, timeline=_events(trace.lifespan.timeline)) if trace.lifespan else None,
        duration_ns=1_000_000,
        state=_state(trace),
    )


def _state(trace: Trace) -> tuple[Carried, ...] | None:
    # FastAPI tells OpenTelemetry of its handlers once another sample has set that up in this process.
    told = any("OpenTelemetry" in layer.name for layer in trace.layers)
    return trace.state and tuple(each for each in trace.state if told or each.name != "current_context")


def _layer(layer: Layer) -> Layer:
    return replace(layer, defined_at=_place(layer.defined_at))


def _place(place: Place | None) -> Place | None:
    if place is None or "site-packages" not in place.file:
        return place
    return Place("/lib/site-packages" + place.file.rpartition("site-packages")[2], place.line)


def _header(pair: tuple[str, str]) -> tuple[str, str]:
    return (pair[0], "1") if CHANGING.match(pair[0] + ": 0") else pair


def _step(step: Step) -> Step:
    def time(value: int | None) -> int | None:
        return None if value is None else 1000 * (step.layer + 1)

    changes = step.response_changes
    return replace(
        step,
        entered_ns=time(step.entered_ns),
        responded_ns=time(step.responded_ns),
        left_ns=time(step.left_ns),
        self_request_ns=time(step.self_request_ns),
        self_response_ns=time(step.self_response_ns),
        held_ns=time(step.held_ns),
        response_changes=None if changes is None else tuple(CHANGING.sub(r"\g<1>1", change) for change in changes),
    )


def _events(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(replace(event, at_ns=1000 * index) for index, event in enumerate(events))


@golden_fastapi
@pytest.mark.usefixtures("no_dot")
@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("format", ENDINGS)
def test_a_sample_looks_as_it_did(sample: str, format: Format, golden: Golden) -> None:
    state = format in (Format.TIMELINE, Format.JSON)  # as the command line asks for it
    golden(f"{sample}.{ENDINGS[format]}", render(settled(traced(sample, state=state)), format, width=80))


@golden_fastapi
def test_the_readme_shows_the_state_of_a_sample_as_it_is() -> None:
    whole = render(settled(traced("users", state=True)), Format.TIMELINE, width=80)
    assert isinstance(whole, str)
    section = whole[whole.index("State, and") :].partition("\n\nThe request")[0]
    assert f"```text\n{section}\n```\n" in (ROOT / "README.md").read_text("utf-8")


@golden_fastapi
@pytest.mark.parametrize("format", [Format.DOT, Format.MERMAID, Format.SEQUENCE])
def test_what_a_sample_changes_looks_as_it_did(format: Format, golden: Golden) -> None:
    golden(f"shop.changes.{ENDINGS[format]}", render(settled(traced("shop")), format, look=Look(changes=True)))


@golden_fastapi
@pytest.mark.parametrize("sample", ["tutorial", "shop_misordered", "websocket"])
def test_the_page_of_a_sample_holds_what_it_did(sample: str, golden: Golden) -> None:
    page = render(settled(traced(sample)), Format.HTML)
    assert isinstance(page, str)
    # the style and the script are files of their own, and the policy holds their hashes
    without = re.sub(r"(<(style|script)>).*?(</\2>)", r"\1\3", page, flags=re.DOTALL)
    golden(f"{sample}.html", re.sub(r"sha256-[^']+", "sha256", without))


ROUTES_ENDINGS = {each: ending for each, ending in ENDINGS.items() if each in ROUTES_RENDERERS}


def listed(sample: str, **selection: Any) -> Routes:
    """The routes of a sample as they might be on any machine."""
    if not ROUTE_MIDDLEWARE:
        pytest.skip("this Starlette knows no middleware of routes")
    routes = mwviz.routes(f"samples/{sample}.py", **selection)
    chains = tuple(
        replace(chain, endpoint=replace(chain.endpoint, defined_at=_place(chain.endpoint.defined_at)))
        for chain in routes.routes
    )
    layers = tuple(_layer(layer) for layer in routes.layers)
    return replace(routes, versions=replace(routes.versions, python="3.11.7"), layers=layers, routes=chains)


@golden_fastapi
@pytest.mark.parametrize("format", ROUTES_ENDINGS)
def test_the_routes_of_a_sample_look_as_they_did(format: Format, golden: Golden) -> None:
    golden(f"mounted.routes.{ROUTES_ENDINGS[format]}", render(listed("mounted"), format, width=80))


def test_a_sample_has_the_routes_that_it_tells_of() -> None:
    pytest.importorskip("fastapi")

    def paths(**selection: str) -> list[str]:
        return [chain.path for chain in listed("mounted", **selection).routes]

    assert paths(without="current_user", path="/v*") == []
    assert paths(layer="StaffOnlyMiddleware") == ["/admin/users"]
    assert paths(method="WEBSOCKET") == ["/admin/live"]
    assert paths(layer="GZipMiddleware") == ["/report.csv"]


@golden_fastapi
@pytest.mark.usefixtures("no_dot")
@pytest.mark.parametrize("sample", ["shop", "shop_misordered"])
def test_the_pictures_of_the_readme_are_those_of_the_samples(sample: str, update_golden: bool, tmp_path: Path) -> None:
    picture = ROOT / "samples" / "pictures" / f"{sample}.svg"
    drawn = render(settled(traced(sample)), Format.SVG)
    assert isinstance(drawn, bytes)
    if update_golden:
        picture.write_bytes(drawn)
    assert picture.read_bytes() == drawn


EXPECTED = {
    "tutorial": (["MiddlewareB", "MiddlewareA"], "endpoint"),
    "shop": (
        [
            "TrustedHostMiddleware",
            "RequestIdMiddleware",
            "SecurityHeadersMiddleware",
            "CORSMiddleware",
            "SessionMiddleware",
            "AuthMiddleware",
            "process_time",
            "GZipMiddleware",
        ],
        "endpoint",
    ),
    "shop_misordered": (
        [
            "GZipMiddleware",
            "process_time",
            "AuthMiddleware",
            "RequestIdMiddleware",
            "CORSMiddleware",
            "SessionMiddleware",
            "SecurityHeadersMiddleware",
            "TrustedHostMiddleware",
        ],
        "AuthMiddleware",
    ),
    "wrapped": (["GZipMiddleware"], "endpoint"),
    "closure": (["cache_control", "GZipMiddleware"], "endpoint"),
    "dependencies": (["CORSMiddleware", "GZipMiddleware"], "endpoint"),
    "mounted": (["CORSMiddleware", "AccessLogMiddleware"], "endpoint"),
    "websocket": (["OriginMiddleware", "log_requests", "TokenMiddleware"], "endpoint"),
}


@pytest.mark.parametrize("sample", EXPECTED)
def test_a_sample_has_the_order_that_it_tells_of(sample: str) -> None:
    names, answered_by = EXPECTED[sample]
    trace = traced(sample)
    assert [layer.name for layer in trace.layers if layer.origin == "user"] == names
    by = trace.answered_by
    assert (trace.layers[by].name if isinstance(by, int) else by) == answered_by
    assert all(layer.registered_at is not None for layer in trace.layers if layer.origin == "user")


@pytest.mark.parametrize(
    ("path", "origin", "answered_by", "status", "code"),
    [
        ("/chat?token=s3cret", "https://chat.example", "endpoint", 101, 1000),
        ("/chat?token=wrong", "https://chat.example", "TokenMiddleware", 101, 4401),
        ("/chat?token=s3cret", "https://evil.example", "OriginMiddleware", 403, 1008),
    ],
)
def test_the_chat_lets_in_whom_it_should(path: str, origin: str, answered_by: str, status: int, code: int) -> None:
    trace = traced("websocket", path=path, headers={"Origin": origin})
    by = trace.answered_by
    assert (trace.layers[by].name if isinstance(by, int) else by) == answered_by
    assert trace.websocket is not None
    assert (trace.websocket.status, trace.websocket.close_code) == (status, code)
    outcomes = {layer.name: step.outcome for layer, step in zip(trace.layers, trace.steps, strict=True)}
    assert outcomes["log_requests"] == ("not_reached" if answered_by == "OriginMiddleware" else "skipped")
