"""What middleware makes of websockets and of the lifespan."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mwviz.analysis.lint.met import Met, got, sent, turned_elsewhere
from mwviz.model.evidence import Evidence

_REFUSALS = (401, 403)
_PARAMETER = re.compile(r"\\{\w+(:\w+)?\\}")


def unguarded_websocket(evidence: Evidence) -> Iterator[Met]:
    """MW011: a GET for the path is turned away by a layer that a websocket for it passes by."""
    met: dict[int, list[str]] = {}
    for socket in evidence.sockets:
        place, response = socket.http.answered_by, socket.http.response
        accepted = socket.websocket.websocket is not None and socket.websocket.websocket.accepted
        if not isinstance(place, int) or response is None or not accepted:
            continue
        if response.status not in _REFUSALS and not turned_elsewhere(socket.http):
            continue
        if socket.websocket.steps[place].outcome == "skipped" and socket.http.steps[place].raised is None:
            met.setdefault(place, []).append(socket.path)
    for index, paths in met.items():
        bare = [path for path in paths if not _dependencies(evidence, path)]
        told = bare or paths
        socket = next(each for each in evidence.sockets if each.path == told[0])
        layer = socket.http.layers[index]
        checks = ", ".join(_dependencies(evidence, told[0]))
        yield Met(
            f"{layer.label} turns HTTP away, but no websocket: BaseHTTPMiddleware hands those on without a look.",
            f"Sent {sent(socket.http)}: {got(socket.http)}. Sent {sent(socket.websocket)}: it passed {layer.label} by, "
            f"and came to the endpoint's place.{f' What {checks} there makes of it is not known.' if checks else ''}",
            (layer,),
            f"Write {layer.label} as a pure ASGI class that looks at websockets, too, or let each websocket's endpoint "
            "check who is there before it accepts.",
            None if bare else "info",
            routes=tuple(f"websocket {path}" for path in told),
        )


def _dependencies(evidence: Evidence, path: str) -> tuple[str, ...]:
    """The dependencies of the websocket at this path: any of them may turn away who has no business there."""
    routes = evidence.routes.routes if evidence.routes is not None else ()
    found = (each for each in routes if each.type == "websocket" and _fits(each.path, path))
    return next((each.dependencies for each in found), ())


def _fits(pattern: str, path: str) -> bool:
    expression = _PARAMETER.sub(lambda match: ".+" if match[1] == ":path" else "[^/]+", re.escape(pattern))
    return re.fullmatch(expression, path) is not None


def failed_protocol(evidence: Evidence) -> Iterator[Met]:
    """MW018: the layer raised for a websocket what it does not raise for HTTP, or kept the lifespan to itself."""
    done: set[int] = set()
    for socket in evidence.sockets:
        for step in socket.websocket.steps:
            if step.outcome != "raised" or step.layer in done or socket.http.steps[step.layer].raised is not None:
                continue
            done.add(step.layer)
            layer = socket.websocket.layers[step.layer]
            yield Met(
                f"{layer.label} fails on a websocket: {step.raised}.",
                f"Sent {sent(socket.websocket)}: {layer.label} raised {step.raised}. A GET for the same path did not "
                "fail there.",
                (layer,),
                f"Let {layer.label} hand on what is no HTTP request: `if scope['type'] != 'http'`.",
            )
    lifespan = evidence.plain[0].trace.lifespan if evidence.plain else None
    if lifespan is not None and isinstance(lifespan.stopped_at, int) and lifespan.startup != "failed":
        layer = evidence.layers[lifespan.stopped_at]
        yield Met(
            f"{layer.label} does not hand the lifespan on: no startup of the app runs.",
            f"Sent lifespan: it came to {layer.label}, and no further.",
            (layer,),
            f"Let {layer.label} hand on what is no HTTP request: `if scope['type'] != 'http'`.",
        )
