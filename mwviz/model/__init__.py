"""What was observed, as values: one `Stack` per app, one `Trace` per probe.

Every time is an integer in nanoseconds from the start of the probe, or None where the thing never happened. A place
in the stack is a layer's index (0 is the outermost), `"router"` or `"endpoint"`.
"""

from mwviz.model.stack import Kind, Layer, Origin, Place, Stack, Versions
from mwviz.model.trace import (
    Endpoint,
    Event,
    Lifespan,
    LostHeader,
    Observation,
    Outcome,
    Position,
    Probe,
    Response,
    Step,
    Trace,
    TracedError,
    Websocket,
)

__all__ = [
    "Endpoint",
    "Event",
    "Kind",
    "Layer",
    "Lifespan",
    "LostHeader",
    "Observation",
    "Origin",
    "Outcome",
    "Place",
    "Position",
    "Probe",
    "Response",
    "Stack",
    "Step",
    "Trace",
    "TracedError",
    "Versions",
    "Websocket",
]
