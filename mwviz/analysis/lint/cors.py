"""What pages of another origin cannot do or read. The story of each rule is told in `stories`."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.analysis.lint.met import ALLOW_ORIGIN, Met, added, allowing, got, header, passed_by, sent, stopped
from mwviz.analysis.remedies import move
from mwviz.model import Layer, Trace
from mwviz.model.evidence import Attempt, Evidence
from mwviz.model.faults import Fault, FaultKind, Faults
from mwviz.model.routes import RouteChain, Routes

#: What a script may read without being asked: https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name
_SAFELISTED = frozenset(
    {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"}
)
#: What is meant for the browser itself, or for a proxy: no script asks for it.
_FOR_BROWSERS = frozenset(
    {
        "x-accel-buffering", "x-content-type-options", "x-dns-prefetch-control", "x-download-options",
        "x-frame-options", "x-permitted-cross-domain-policies", "x-powered-by", "x-robots-tag", "x-ua-compatible",
        "x-xss-protection",
    }
)  # fmt: skip
#: Meant for a client, though its name does not begin with `x-`.
_FOR_CLIENTS = ("ratelimit", "request-id", "correlation-id", "retry-after", "deprecation", "sunset", "api-version")
_SECURITY = frozenset(
    {
        "content-security-policy", "cross-origin-embedder-policy", "cross-origin-opener-policy", "permissions-policy",
        "referrer-policy", "strict-transport-security", "x-content-type-options", "x-frame-options",
    }
)  # fmt: skip
#: What FastAPI adds to every app itself.
_DOCUMENTATION = frozenset({"openapi", "swagger_ui_html", "swagger_ui_redirect", "redoc_html"})
#: No order of the middleware mends what the framework's outermost layer answers.
_CATCH = (
    "No order mends it: let a layer inside of {cors} catch exceptions and answer, or wrap the whole app, as in "
    "`app = CORSMiddleware(app, ...)`."
)


def answered_preflight(evidence: Evidence) -> Iterator[Met]:
    """MW001: with the layer passed by, the very same preflight is allowed."""
    last = evidence.preflight[-1].trace if evidence.preflight else None
    cors = allowing(last) if last is not None else None
    if last is None or cors is None:
        return
    elsewhere = {layer for _, layer in stopped(evidence.cross_origin)}
    for attempt, layer in stopped(evidence.preflight):
        response, raised = attempt.trace.response, attempt.trace.steps[layer].raised
        if layer >= cors or response is None or raised is not None:
            continue
        # what is answered kindly for any method may be the page that lives at this path
        if response.status >= 400 or layer not in elsewhere:
            yield _outside(attempt, layer, cors, last, "answers the preflight, so that {cors} never sees it")


def turned_away(evidence: Evidence) -> Iterator[Met]:
    """MW002: with the layer passed by, the response may be read."""
    last = evidence.cross_origin[-1].trace if evidence.cross_origin else None
    cors = allowing(last) if last is not None else None
    if last is None or cors is None:
        return
    for attempt, layer in stopped(evidence.cross_origin):
        response, raised = attempt.trace.response, attempt.trace.steps[layer].raised
        if layer < cors and response is not None and 400 <= response.status < 500 and raised is None:
            yield _outside(attempt, layer, cors, last, f"answers {response.status} outside of {{cors}}")


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
        _CATCH.format(cors=cors.label),
        "warning" if evidence.renders_errors else None,
    )


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
        "Let the page check the size before it sends, or limit bodies in a layer inside of CORS, too."
        if layer.origin == "framework"
        else move(cors, layer, faults.layers, outward=True),
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


def unexposed(evidence: Evidence) -> Iterator[Met]:
    """MW026: a header of a layer's that is meant for clients, and that a page of another origin cannot read."""
    trace = evidence.cross_origin[0].trace if evidence.cross_origin else None
    cors = allowing(trace) if trace is not None else None
    if trace is None or cors is None:
        return
    exposed = {name.strip().lower() for name in (header(trace, "access-control-expose-headers") or "").split(",")}
    if "*" in exposed and header(trace, "access-control-allow-credentials") != "true":
        return
    by_layer: dict[int, list[str]] = {}
    for name, index in added(trace).items():
        if _for_clients(name) and name not in exposed and trace.layers[index].origin != "framework":
            by_layer.setdefault(index, []).append(name)
    for index, names in sorted(by_layer.items()):
        yield _not_exposed(trace, trace.layers[cors], trace.layers[index], sorted(names), exposed)


def _for_clients(name: str) -> bool:
    if name in _SAFELISTED or name in _FOR_BROWSERS:
        return False
    return name.startswith("x-") or name.startswith(_FOR_CLIENTS)


def _not_exposed(trace: Trace, cors: Layer, layer: Layer, names: list[str], exposed: set[str]) -> Met:
    listed = ", ".join(f'"{name}"' for name in names)
    already = "is" if exposed - {""} else "lists none"
    told = "not in access-control-expose-headers" if already == "is" else "and no access-control-expose-headers"
    return Met(
        f"A page of another origin cannot read the {', '.join(names)} of {layer.label}: {cors.label} does not expose "
        f"{'it' if len(names) == 1 else 'them'}.",
        f"Sent {sent(trace)}: {got(trace)}, with {', '.join(names)}, {told}.",
        (cors, layer),
        f"Give {cors.label} expose_headers=[{listed}]{', besides what it has' if already == 'is' else ''}.",
    )


def lost_id(evidence: Evidence) -> Iterator[Met]:
    """MW009: the header that finds a request in the logs is gone when it is needed most."""
    faults = evidence.faults
    row = _row(faults, "crash")
    if faults is None or row is None or not row.reached or row.handled_by is None or _is_all_mounted(evidence):
        return
    handler = faults.layers[row.handled_by]
    for name in row.missing:
        layer = _source(faults, name)
        if layer is None or not _is_id(name) or layer.index <= row.handled_by:
            continue
        yield Met(
            f"The response to an exception that nothing handles lacks the {name} of {layer.label}: {handler.label} "
            "answers it, outside of it.",
            f"Sent {_normal(faults)} to an endpoint that raises: {row.status} from {handler.label}, without {name}. "
            f"Without an exception {layer.label} adds it.",
            (layer, handler),
            f"No order mends it: let a layer inside of {layer.label} catch exceptions and answer, or wrap the whole "
            "app in the layer.",
        )


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
