from __future__ import annotations

from dataclasses import replace

import pytest

from mwviz.analysis.ways import only_different
from mwviz.model import Trace
from mwviz.model.probes import ProbeKind, Probes, kind_of
from tests.render import socket_traces, traces


def kept(*probes: tuple[ProbeKind, Trace]) -> list[ProbeKind]:
    return [kind for kind, _ in only_different(Probes(probes)).probes]


def changed(trace: Trace, *changes: str) -> Trace:
    steps = list(trace.steps)
    steps[2] = replace(steps[2], response_changes=changes)
    return replace(trace, steps=tuple(steps))


def test_what_went_the_same_way_is_left_out_and_told() -> None:
    told = only_different(Probes((("normal", traces.healthy()), ("preflight", traces.healthy())), ("Before.",)))

    assert [kind for kind, _ in told.probes] == ["normal"]
    assert told.left_out == ("Before.", "The preflight went the same way as the normal request.")


def test_times_versions_and_values_make_no_way_of_their_own() -> None:
    first = changed(traces.healthy(), "+ x-request-id: 1")
    second = replace(changed(traces.healthy(), "+ x-request-id: 2"), duration_ns=1)
    later = tuple(replace(step, entered_ns=1, self_request_ns=9) for step in second.steps)

    assert kept(("normal", first), ("preflight", replace(second, steps=later))) == ["normal"]


@pytest.mark.parametrize(
    "other",
    [
        traces.rejected(),
        traces.crashed(),
        traces.replaced(),
        socket_traces.ALL["accepted"],
        changed(traces.healthy(), "+ x-other: 1"),
        replace(traces.healthy(), response=None),
        replace(traces.healthy(), answered_by=3),
        replace(traces.healthy(), response_order=traces.healthy().response_order[1:]),
    ],
)
def test_what_went_another_way_is_kept(other: Trace) -> None:
    assert kept(("normal", traces.healthy()), ("error", other)) == ["normal", "error"]


def test_the_kind_of_a_probe_is_told_by_what_was_sent() -> None:
    probe = traces.PROBE
    asks = (*probe.headers, ("access-control-request-method", "GET"))

    assert (
        kind_of(probe)
        == kind_of(replace(probe, method="OPTIONS"))
        == kind_of(replace(probe, method="POST"))
        == "normal"
    )
    assert kind_of(replace(probe, method="OPTIONS", headers=asks)) == "preflight"
    assert kind_of(replace(probe, headers=asks)) == "normal"
    assert kind_of(replace(probe, raises=True)) == "error"
    assert kind_of(socket_traces.ALL["accepted"].probe) == "websocket"
