"""Matrices made by hand: one of all that a cell can say, and one whose every text is hostile."""

from __future__ import annotations

from dataclasses import replace

from mwviz.model import Layer, Probe, Response, Versions
from mwviz.model.faults import Added, Fault, Faults, Normal, Reply

HOSTILE = "<script>alert(1)</script>\x1b[31m|`*"
_NAMES = ("access-control-allow-origin", "access-control-expose-headers", "vary", "x-id")


def layer(index: int, name: str, origin: str = "user") -> Layer:
    return Layer(
        index=index, name=name, label=name, qualified_name=f"shop.{name}", origin=origin,  # type: ignore[arg-type]
        within="app", kind="asgi", arguments={}, defined_at=None, registered_at=None,
    )  # fmt: skip


def probe(method: str = "GET", *headers: tuple[str, str]) -> Probe:
    return Probe("http", method, "/", (("host", "h"), *headers), "http", "127.0.0.1", 0, "stand-in", False, None, ())


def normal(method: str = "GET", *headers: tuple[str, str]) -> Normal:
    added = (*(Added(name, 2, "CORS") for name in _NAMES[:3]), Added("x-id", 1, "Ids"))
    response = Response(200, tuple((name, "1") for name in _NAMES), 2, complete=True)
    return Normal(probe(method, *headers), response, None, "endpoint", (0, 1, 2), added)


def fault(kind: str, at: object, name: str, status: int | None, present: tuple[str, ...], **more: object) -> Fault:
    missing = tuple(each for each in _NAMES if each not in present)
    return Fault(kind, at, name, status, present, missing, **{"reached": True, "complete": status is not None, **more})  # type: ignore[arg-type]


def all_kinds() -> Faults:
    """Every kind of row, two of which say the same as their neighbour."""
    origin = ("origin", "https://a.example")
    refused = Reply(403, (), _NAMES, reached=True)
    kept = Reply(200, _NAMES, (), reached=False, answered_by=2)
    return Faults(
        target="main:app",
        versions=Versions("0.1.0", "3.11.7", "1.10.0", None),
        layers=(layer(0, "ServerErrorMiddleware", "framework"), layer(1, "Ids"), layer(2, "CORS"), layer(3, "Auth")),
        headers=_NAMES,
        preflight_headers=_NAMES,
        normal=normal("GET", origin),
        preflight=normal("OPTIONS", origin, ("access-control-request-method", "GET")),
        rows=(
            fault("reject", 0, "ServerErrorMiddleware", 403, (), preflight=refused, answered_by=0),
            fault("reject", 1, "Ids", 403, (), preflight=refused, answered_by=1),
            fault("reject", 2, "CORS", 403, ("x-id", "access-control-expose-headers"), preflight=refused),
            fault("reject", 3, "Auth", 403, _NAMES, preflight=kept, answered_by=3),
            fault("crash", 0, "ServerErrorMiddleware", None, (), error="RuntimeError: x", preflight=refused),
            fault("crash", 3, "Auth", 500, (), handled_by=0, error="RuntimeError: x", preflight=kept),
            fault("crash", "endpoint", "endpoint", 500, (), handled_by=0, error="RuntimeError: x"),
            fault("http_exception", "endpoint", "endpoint", 400, _NAMES, answered_by="endpoint", handled_by=3),
            fault("not_found", "endpoint", "endpoint", 401, ("x-id",), reached=False, answered_by=3),
            fault("method_not_allowed", "endpoint", "endpoint", 405, _NAMES, answered_by="router"),
            fault("invalid", "endpoint", "endpoint", None, (), reached=False, note="Not applicable."),
            fault("disconnect", "endpoint", "endpoint", 500, ()),
            fault("too_large", "endpoint", "endpoint", 413, ("x-id",), answered_by=3),
        ),
        notes=("Host is h.",),
    )


def tried() -> Faults:
    """The same in another order, beside the one that is."""
    made = all_kinds()
    other = replace(made.normal, probe=replace(made.normal.probe, order=("CORS", "Ids", "Auth")))
    return replace(made, normal=other, before=made)


def many_columns(count: int = 20) -> Faults:
    """A stack of layers each of which adds a header to the response and to the preflight's."""
    made = all_kinds()
    names = tuple(f"x-header-{number}" for number in range(count))
    layers = tuple(layer(number, f"AddsHeaderNumber{number}") for number in range(count))
    added = tuple(Added(name, number, layers[number].label) for number, name in enumerate(names))

    def row(at: int) -> Fault:
        reply = Reply(403, names[:at], names[at:], reached=True)
        return Fault("reject", at, layers[at].label, 403, names[:at], names[at:], reached=True, preflight=reply)

    return replace(
        made, layers=layers, headers=names, preflight_headers=names, normal=replace(made.normal, headers=added),
        preflight=replace(made.normal, headers=added), rows=tuple(map(row, range(count))),
    )  # fmt: skip


def hostile() -> Faults:
    """Names and notes that would be markup, or codes of a terminal."""
    made = all_kinds()
    layers = tuple(replace(each, name=HOSTILE, label=HOSTILE) for each in made.layers)
    added = tuple(replace(each, name=HOSTILE, layer=HOSTILE) for each in made.normal.headers)
    rows = tuple(replace(row, layer=HOSTILE, note=HOSTILE, missing=(HOSTILE,)) for row in made.rows)
    headers = (("origin", HOSTILE),)
    return replace(
        made,
        target=HOSTILE,
        layers=layers,
        headers=(HOSTILE,),
        normal=replace(made.normal, headers=added, probe=replace(made.normal.probe, path=HOSTILE, headers=headers)),
        rows=rows,
        notes=(HOSTILE,),
    )
