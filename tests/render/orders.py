"""Two orders made by hand, with every kind of change between them, and with names that mean harm."""

from __future__ import annotations

from dataclasses import replace

from mwviz.analysis.diff import difference
from mwviz.model.diff import Behaviour, Deed, Difference, Lock, LockedLayer, LockedRoute, Side
from tests.render.traces import HOSTILE


def layer(name: str, **arguments: str) -> LockedLayer:
    return LockedLayer(name, f"shop.{name.partition('#')[0]}", "user", "app", "shop.py", tuple(arguments.items()))


GATE = replace(layer("StaffOnly", role="'staff'"), origin="mount", within="mount /admin")
OLD = Lock(
    (
        layer("TrustedHost", hosts="['shop.example']"),
        layer("RequestId"),
        layer("CORS", origins="['https://shop.example']"),
        layer("Session", secret_key="***", max_age="60"),
        layer("Auth"),
        layer("GZip", minimum_size="500"),
        GATE,
    ),
    (
        LockedRoute("GET /", (), ()),
        LockedRoute("GET /orders", (), ("get_db", "current_user")),
        LockedRoute("DELETE /orders/{number}", (), ("get_db", "current_user")),
        LockedRoute("GET /admin/users", ("StaffOnly",), ()),
    ),
)
NEW = Lock(
    (
        layer("RateLimit", per_minute="60"),
        layer("TrustedHost", hosts="['shop.example']"),
        layer("Auth"),
        layer("RequestId"),
        layer("CORS", origins="['*']"),
        layer("Session", secret_key="***", max_age="60", https_only="True"),
        replace(GATE, arguments=(("role", "'admin'"),)),
    ),
    (
        LockedRoute("GET /", (), ()),
        LockedRoute("GET /orders", (), ("get_db",)),
        LockedRoute("DELETE /orders/{number}", (), ("get_db",)),
        LockedRoute("GET /admin/users", ("StaffOnly",), ()),
        LockedRoute("GET /export", ("StaffOnly",), ("get_db",)),
    ),
)
BEFORE = Behaviour(
    200, (("x-request-id", "1"), ("vary", "Origin")), "endpoint", None, (Deed("Auth", "passed", (), ()),)
)
AFTER = Behaviour(401, (("vary", "Origin"),), "Auth", None, (Deed("Auth", "answered", (), None),))


def changed() -> Difference:
    """Every kind of change."""
    return difference(Side("main", OLD, BEFORE), Side("working tree", NEW, AFTER))


def same() -> Difference:
    return difference(Side("mwviz.lock", OLD), Side("shop.main:app", OLD))


def hostile() -> Difference:
    """Names that would be markup, escape codes or other boxes if they could."""
    bad = LockedLayer(HOSTILE, HOSTILE, "user", "app", HOSTILE, ((HOSTILE, HOSTILE),))
    old, new = Lock((layer("A"), bad)), Lock((replace(bad, arguments=((HOSTILE, "1"),)), layer("A")))
    return difference(Side(HOSTILE, old), Side("`new` | <b>", new))
