"""What pages of another origin are not shown of a response."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.analysis.lint.met import Met, added, allowing, got, header, sent
from mwviz.model import Layer, Trace
from mwviz.model.evidence import Evidence

#: What a script may read without being asked: https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name
_SAFELISTED = frozenset(
    {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"}
)
#: What is meant for the browser itself, or for a proxy: no script asks for it.
_FOR_BROWSERS = frozenset(
    {
        "x-cdn", "x-clacks-overhead", "x-content-security-policy", "x-content-security-policy-report-only",
        "x-content-type-options", "x-dns-prefetch-control", "x-download-options", "x-frame-options", "x-generator",
        "x-permitted-cross-domain-policies", "x-pingback", "x-powered-by", "x-robots-tag", "x-sendfile", "x-served-by",
        "x-ua-compatible", "x-varnish", "x-webkit-csp", "x-xss-protection",
    }
)  # fmt: skip
_FOR_PROXIES = ("x-accel-", "x-amz-cf-", "x-cache", "x-forwarded-", "x-litespeed-", "x-lighttpd-")
#: Meant for a client, though its name does not begin with `x-`.
_FOR_CLIENTS = ("ratelimit", "request-id", "correlation-id", "retry-after", "deprecation", "sunset", "api-version")


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
    if name in _SAFELISTED or name in _FOR_BROWSERS or name.startswith(_FOR_PROXIES):
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
