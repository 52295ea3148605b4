"""What stands below the table: lost headers, and the way of the lifespan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mwviz.model import Event, Lifespan, LostHeader
from mwviz.render.remarks import remarks
from tests.render import traces

EVENTS = (Event(0, "enter", None, 0, None),)
#: Of the hand-made shop: the framework's layers are 0 and the last, the user's begin at 1.
PASSED = (0, 1, 2, 3)


def test_lost_headers_are_told_by_the_layer_that_adds_them() -> None:
    lost = (LostHeader("x-request-id", 2), LostHeader("vary", 3), LostHeader("x-b", 2), LostHeader("etag", "endpoint"))
    assert remarks(replace(traces.healthy(), lost_headers=lost)) == (
        (
            "Headers of a normal response that were lost on the way: x-request-id, x-b (of RequestIdMiddleware); "
            "vary (of CORSMiddleware); etag (of the stand-in endpoint)."
        ),
    )
    assert remarks(replace(traces.healthy(), lost_headers=())) == ()


LIFESPANS = {
    "there and back": (
        Lifespan("complete", "complete", None, PASSED, PASSED[::-1], PASSED[::-1], None, EVENTS),
        (
            "Startup went in through TrustedHostMiddleware > RequestIdMiddleware > CORSMiddleware, and its answer "
            "came out in reverse order; shutdown did the same."
        ),
    ),
    "another way out": (
        Lifespan("complete", "complete", None, PASSED, (3, 1, 0), (0,), None, EVENTS),
        (
            "Startup went in through TrustedHostMiddleware > RequestIdMiddleware > CORSMiddleware, and its answer "
            "came out through CORSMiddleware > TrustedHostMiddleware."
        ),
    ),
    "failed": (
        Lifespan("failed", "not_run", "no", PASSED, (), (), None, EVENTS),
        "Startup went in through TrustedHostMiddleware > RequestIdMiddleware > CORSMiddleware.",
    ),
}


@pytest.mark.parametrize("case", LIFESPANS)
def test_the_way_of_the_lifespan(case: str) -> None:
    lifespan, expected = LIFESPANS[case]
    assert remarks(replace(traces.healthy(), lifespan=lifespan)) == (expected,)


def test_a_layer_that_keeps_the_lifespan_is_named_whoever_asked() -> None:
    kept = Lifespan("unsupported", "not_run", None, (0, 1), (), (), 1, EVENTS)
    healthy = traces.healthy()
    made = replace(healthy, lifespan=kept, probe=replace(healthy.probe, endpoint="real"))
    assert remarks(made) == (
        "TrustedHostMiddleware does not hand the lifespan on: what lies further in is neither started nor shut down.",
    )
