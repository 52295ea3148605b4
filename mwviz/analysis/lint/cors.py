"""What pages of another origin cannot do or read. The story of each rule is told in `stories`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.analysis.lint.met import (
    ALLOW_ORIGIN,
    NO_ORDER,
    Met,
    added,
    allowing,
    got,
    header,
    passed_by,
    sent,
    stopped,
    tried,
    turned_elsewhere,
)
from mwviz.analysis.remedies import move
from mwviz.model import Layer, Trace
from mwviz.model.evidence import Attempt, Elsewhere, Evidence
from mwviz.model.faults import Fault, FaultKind, Faults
from mwviz.model.routes import RouteChain, Routes

_SECURITY = frozenset(
    {
        "content-security-policy", "cross-origin-embedder-policy", "cross-origin-opener-policy", "permissions-policy",
        "referrer-policy", "strict-transport-security", "x-content-type-options", "x-frame-options",
    }
)  # fmt: skip
#: What may be said of a tenant, a version or a number that nobody knows.
_OF_VALUES = frozenset({400, 404, 410, 422})
#: What FastAPI adds to every app itself.
_DOCUMENTATION = frozenset({"openapi", "swagger_ui_html", "swagger_ui_redirect", "redoc_html"})
#: No order of the middleware mends what the framework's outermost layers answer.
_CATCH = (
    f"{NO_ORDER}let a layer inside of {{cors}} catch exceptions and answer, or wrap the whole app, as in "
    "`app = CORSMiddleware(app, ...)`."
)
_LIMIT = (
    f"{NO_ORDER}let a layer inside of {{cors}} limit bodies instead, or wrap the whole app, as in "
    "`app = CORSMiddleware(app, ...)`."
)


def answered_preflight(evidence: Evidence) -> Iterator[Met]:
    """MW001: with the layer passed by, the very same preflight is allowed."""
    further = (attempt.trace for place in evidence.elsewhere for attempt in place.preflight)
    signs_in = {trace.answered_by for trace in (*evidence.routed, *further) if turned_elsewhere(trace)}
    done: set[int] = set()
    for place in tried(evidence):
        elsewhere = {layer for _, layer in stopped(place.cross_origin)}
        whole = place is evidence  # what leads to a page to sign in on from some paths may guard pages of the app's own
        for attempt, layer, cors in _kept_from(place.preflight, place):
            status = attempt.trace.response.status if attempt.trace.response is not None else 0
            # what is answered kindly for any method may be the page that lives at this path
            if layer in done or layer in _minding_origins(place):
                continue
            if status >= 400 or layer not in elsewhere or (whole and layer in signs_in):
                done.add(layer)
                told = "answers the preflight, so that {cors} never sees it"
                yield _outside(attempt, layer, cors, place.preflight[-1].trace, told)


def turned_away(evidence: Evidence) -> Iterator[Met]:
    """MW002: with the layer passed by, the response may be read."""
    done: set[int] = set()
    for place in tried(evidence):
        for attempt, layer, cors in _kept_from(place.cross_origin, place):
            status = attempt.trace.response.status if attempt.trace.response is not None else 0
            if layer not in done and 400 <= status < 500 and layer not in _minding_origins(place):
                done.add(layer)
                yield _outside(
                    attempt, layer, cors, place.cross_origin[-1].trace, f"answers {status} outside of {{cors}}"
                )


def _minding_origins(place: Evidence | Elsewhere) -> set[int]:
    """Layers that turn the request away only where it names its origin: whom they know, we do not."""
    whoever = {layer for _, layer in stopped(place.plain)}
    refused = {
        layer
        for attempt, layer in stopped(place.cross_origin)
        if attempt.trace.response is not None and attempt.trace.response.status in (400, 403)
    }
    return refused - whoever


def _kept_from(attempts: Sequence[Attempt], place: Evidence | Elsewhere) -> Iterator[tuple[Attempt, int, int]]:
    """Each attempt that a layer answered itself, that layer, and the one further in that would have allowed it."""
    made_up = isinstance(place, Elsewhere) and place.made_up
    cors = allowing(attempts[-1].trace) if attempts else None
    for attempt, layer in stopped(attempts) if cors is not None else ():
        trace = attempt.trace
        if cors is None or layer >= cors or trace.response is None or trace.steps[layer].raised is not None:
            continue
        if not (made_up and trace.response.status in _OF_VALUES):
            yield attempt, layer, cors


def redirected_preflight(evidence: Evidence) -> Iterator[Met]:
    """MW013: no browser follows a redirect of a preflight."""
    last = evidence.insecure[-1].trace if evidence.insecure else None
    cors = allowing(last) if last is not None else None
    if last is None or cors is None:
        return
    for attempt, layer in stopped(evidence.insecure):
        if layer < cors and (header(attempt.trace, "location") or "").startswith("https:"):
            yield _outside(attempt, layer, cors, last, "redirects the preflight to HTTPS before {cors} sees it")


def _outside(attempt: Attempt, index: int, allowed_by: int, last: Trace, told: str) -> Met:
    layer, cors = last.layers[index], last.layers[allowed_by]
    trace = attempt.trace
    past = f" past {passed_by(trace, attempt.without)}" if attempt.without else ""
    given = "" if last.answered_by == allowed_by else f" from {cors.label}"
    return Met(
        f"{layer.label} {told.format(cors=cors.label)}.",
        f"Sent {sent(trace)}{past}: {got(trace)}, without {ALLOW_ORIGIN}. The same without "
        f"{passed_by(last, (*attempt.without, index))}: {got(last)}, with it{given}.",
        (cors, layer),
        move(cors, layer, last.layers, outward=True),
    )


def lost_on_crash(evidence: Evidence) -> Iterator[Met]:
    """MW003: severity grows where somebody has written an answer for browsers that these cannot show."""
    faults = evidence.faults
    row = _row(faults, "crash")
    cors = _source(faults, ALLOW_ORIGIN)
    if faults is None or row is None or not row.reached or cors is None or row.handled_by is None:
        return
    if (row.status or 0) < 500 or ALLOW_ORIGIN not in row.missing or row.handled_by >= cors.index:
        return
    if _is_all_mounted(evidence):
        return
    handler = faults.layers[row.handled_by]
    own = " with the app's own handler" if evidence.renders_errors else ""
    yield Met(
        f"An exception that nothing handles passes {cors.label}: {handler.label} answers it{own}, outside of it.",
        f"Sent {_normal(faults)} to an endpoint that raises: {row.status} from {handler.label}, without "
        f"{ALLOW_ORIGIN}. Without an exception {cors.label} adds it.",
        (cors, handler),
        _CATCH.format(cors=cors.label) if _is_fixed(handler) else move(cors, handler, faults.layers, outward=True),
        "warning" if evidence.renders_errors else None,
    )


def kept_from_endpoint(evidence: Evidence) -> str | None:
    """Who answered what should have come to a crashing endpoint, as a layer does that counts requests; None: nobody."""
    row = _row(evidence.faults, "crash")
    if evidence.faults is None or row is None or row.reached or not isinstance(row.answered_by, int):
        return None
    return f"{row.status} from {evidence.faults.layers[row.answered_by].label}"


def lost_on_oversize(evidence: Evidence) -> Iterator[Met]:
    """MW021: whoever limits bodies outside of CORS."""
    faults = evidence.faults
    row = _row(faults, "too_large")
    cors = _source(faults, ALLOW_ORIGIN)
    if faults is None or row is None or cors is None or row.status != 413 or ALLOW_ORIGIN not in row.missing:
        return
    place = row.handled_by if row.handled_by is not None else row.answered_by
    if not isinstance(place, int) or place >= cors.index:
        return
    layer = faults.layers[place]
    yield Met(
        f"{layer.label} answers 413 outside of {cors.label}.",
        f"Sent {_normal(faults)} with a body beyond its limit: 413 from {layer.label}, without {ALLOW_ORIGIN}.",
        (cors, layer),
        _LIMIT.format(cors=cors.label) if _is_fixed(layer) else move(cors, layer, faults.layers, outward=True),
    )


def bare_preflight(evidence: Evidence) -> Iterator[Met]:
    """MW015: the layer that adds security headers to a GET was not reached by the preflight."""
    if not evidence.cross_origin or not evidence.preflight:
        return
    get, asked = evidence.cross_origin[0].trace, evidence.preflight[0].trace
    cors = allowing(asked)
    if cors is None or asked.answered_by != cors:
        return
    by_layer: dict[int, list[str]] = {}
    for name, index in added(get).items():
        if name in _SECURITY and index > cors and header(asked, name) is None:
            by_layer.setdefault(index, []).append(name)
    for index, names in sorted(by_layer.items()):
        layer, outer = get.layers[index], get.layers[cors]
        yield Met(
            f"{layer.label} stands inside of {outer.label}: preflights do not get its {', '.join(sorted(names))}.",
            f"Sent {sent(asked)}: {got(asked)}, without them. {sent(get)} gets them from {layer.label}.",
            (layer, outer),
            move(layer, outer, get.layers, outward=True),
        )


def lost_id(evidence: Evidence) -> Iterator[Met]:
    """MW009: the header that finds a request in the logs is gone when it is needed most."""
    faults = evidence.faults
    row = _row(faults, "crash")
    if faults is None or row is None or not row.reached or row.handled_by is None or _is_all_mounted(evidence):
        return
    handler = faults.layers[row.handled_by]
    lost: dict[int, list[str]] = {}
    for name in filter(_is_id, row.missing):
        source = _source(faults, name)
        if source is not None and source.index > row.handled_by:
            lost.setdefault(source.index, []).append(name)
    for index, names in lost.items():
        layer, ids = faults.layers[index], " and ".join(names)
        yield Met(
            f"The response to an exception that nothing handles lacks the {ids} of {layer.label}: {handler.label} "
            "answers it, outside of it.",
            f"Sent {_normal(faults)} to an endpoint that raises: {row.status} from {handler.label}, without {ids}. "
            f"Without an exception {layer.label} adds {'it' if len(names) == 1 else 'them'}.",
            (layer, handler),
            f"{NO_ORDER}let a layer inside of {layer.label} catch exceptions and answer, or wrap the whole "
            "app in the layer."
            if _is_fixed(handler)
            else move(layer, handler, faults.layers, outward=True),
        )


def _is_fixed(layer: Layer) -> bool:
    """Whether its place is not the user's to choose."""
    return layer.origin in ("framework", "injected")


def _is_all_mounted(evidence: Evidence) -> bool:
    """Whether all handlers belong to mounted apps: what answers their exceptions stands inside of the app's layers."""
    routes = evidence.routes
    if routes is None or not routes.routes:
        return False
    own = (
        route
        for route in routes.routes
        if route.type == "http" and route.endpoint.name not in _DOCUMENTATION
        if not any(routes.layers[index].origin == "framework" for index in _behind(route, routes))
    )
    return next(own, None) is None


def _behind(route: RouteChain, routes: Routes) -> Iterator[int]:
    return (index for index in route.layer_indexes if routes.layers[index].within.startswith("mount "))


def _is_id(name: str) -> bool:
    return name.removeprefix("x-") in ("request-id", "correlation-id", "trace-id", "traceparent")


def _row(faults: Faults | None, kind: FaultKind) -> Fault | None:
    rows = faults.rows if faults is not None else ()
    return next((row for row in rows if (row.fault, row.at) == (kind, "endpoint")), None)


def _source(faults: Faults | None, name: str) -> Layer | None:
    added = faults.normal.headers if faults is not None else ()
    place = next((each.at for each in added if each.name == name), None)
    return faults.layers[place] if faults is not None and isinstance(place, int) else None


def _normal(faults: Faults) -> str:
    probe = faults.normal.probe
    origin = next((value for name, value in probe.headers if name.lower() == "origin"), None)
    return f"{probe.method} {probe.path}{f' with origin: {origin}' if origin else ''}"
