"""The boundary between two layers.

A boundary stands directly outside one layer. It is a transparent stand-in for that layer: attributes, `isinstance` and
calls go through, and a request that is not the probe's passes without a note.
"""

from __future__ import annotations

import copy
from typing import Any, TypeGuard

from mwviz.collect.stack.asgi import ASGIApp, Receive, Scope, Send
from mwviz.collect.stack.crossing import Crossing, Spot
from mwviz.collect.stack.recorder import Recorder, unfollowed


class Station(Spot):
    """Where a boundary stands: outside `layer`, `rank` layers further in than the outermost one.

    At the `entrance` a scope without the mark is another request's, made while the probe runs.
    """

    __slots__ = ("entrance", "recorder")

    def __init__(self, layer: ASGIApp, recorder: Recorder, rank: int) -> None:
        super().__init__(layer, rank)
        self.recorder = recorder
        self.entrance = False


class Boundary:
    """Stands directly outside one layer and notes what crosses. It has one attribute of its own, `mwviz`."""

    __slots__ = ("__weakref__", "mwviz")

    mwviz: Station

    def __init__(self, layer: ASGIApp, recorder: Recorder, rank: int = -1) -> None:
        object.__setattr__(self, "mwviz", Station(layer, recorder, rank))

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        # Code that looks for a class in the stack (OpenTelemetry, layers that collapse) finds the layer's.
        return self.mwviz.layer.__class__

    def __copy__(self) -> Boundary:
        return Boundary(copy.copy(self.mwviz.layer), self.mwviz.recorder, self.mwviz.rank)

    def __deepcopy__(self, memo: dict[int, Any]) -> Boundary:
        return Boundary(copy.deepcopy(self.mwviz.layer, memo), self.mwviz.recorder, self.mwviz.rank)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.mwviz.layer, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.mwviz.layer, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.mwviz.layer, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        """Call the layer, noting what crosses if the request is the probe's."""
        recorder = (station := self.mwviz).recorder
        if scope.get("asgi") is not recorder.mark and (station.entrance or not recorder.is_followed()):
            if (told := recorder.passed_by) is not None:
                told(station)
            if station.entrance:
                return await _unfollowed(station, scope, receive, send)
            return await station.layer(scope, receive, send)
        crossing = Crossing()
        crossing.station = station
        crossing.note = note = recorder.notes.append
        crossing.now = now = recorder.now
        crossing.scope = scope
        crossing.outer_receive = receive
        crossing.outer_send = send
        crossing.task = recorder.current_task()
        crossing.kept = crossing.skipped = 0
        crossing.seen = seen = dict(scope)
        if (headers := seen.get("headers")).__class__ is list:
            seen["headers"] = headers[:]
        if (state := seen.get("state")).__class__ is dict:
            seen["state"] = state.copy()  # `request.state.user = ...` changes it in place
        note((now(), "enter", crossing, None))
        try:
            result = await station.layer(scope, crossing.receive, crossing.send)
        except BaseException as error:
            note((now(), "raise", crossing, error))
            raise
        note((now(), "leave", crossing, None))
        return result


def is_own(value: Any, recorder: Recorder) -> TypeGuard[Boundary]:
    """Whether `value` is a boundary of this recorder's: a suite that is watched has other ones in the same stack."""
    return type(value) is Boundary and value.mwviz.recorder is recorder


def bare(value: Any) -> Any:
    """What stands inside of a boundary; anything else as it is."""
    return value.mwviz.layer if type(value) is Boundary else value


async def _unfollowed(station: Station, scope: Scope, receive: Receive, send: Send) -> Any:
    with unfollowed():
        return await station.layer(scope, receive, send)
