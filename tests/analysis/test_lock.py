"""What a lock holds of a trace and of routes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mwviz.analysis.lock import held, in_order, lock_of, portable
from mwviz.model import Place
from mwviz.model.diff import Change, Detail, LockedLayer, LockedRoute
from tests.render import route_lists, traces


def test_all_layers_but_the_frameworks_own_with_files_and_arguments_alone() -> None:
    lock = lock_of(traces.healthy())

    assert lock.routes is None
    assert lock.layers[0] == LockedLayer(
        "TrustedHostMiddleware",
        "starlette.middleware.TrustedHostMiddleware",
        "user",
        file="shop/main.py",
        arguments=(("allowed_hosts", "['testserver', 'shop.example']"),),
    )
    assert [layer.label for layer in lock.layers] == [
        layer.label for layer in traces.healthy().layers if layer.origin != "framework"
    ]


def test_layers_stand_as_the_request_entered_them_and_others_beside_their_neighbour() -> None:
    layers = traces.healthy().layers[:5]

    found = in_order(layers, (0, 3, 1))

    assert [layer.index for layer in found] == [0, 3, 4, 1, 2]
    assert [layer.index for layer in in_order(layers, ())] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("file", ["/opt/shop.py", "C:/shop.py", "../shop.py", ".venv/lib/site-packages/otel.py"])
def test_a_file_outside_of_the_project_is_not_told(file: str) -> None:
    made = traces.healthy()
    layers = tuple(replace(each, registered_at=Place(file, 7)) for each in made.layers)

    assert {layer.file for layer in lock_of(replace(made, layers=layers)).layers} == {None}


def test_lines_versions_and_the_rest_of_the_trace_make_no_difference() -> None:
    made = traces.healthy()
    layers = tuple(
        replace(each, registered_at=each.registered_at and Place(each.registered_at.file, 999)) for each in made.layers
    )
    other = replace(made, layers=layers, versions=replace(made.versions, starlette="9.9"), target="other:app")

    assert lock_of(other) == lock_of(made)


def test_the_module_of_a_shadowed_file_carries_no_number() -> None:
    made = traces.healthy()
    layers = tuple(replace(each, qualified_name=f"types__{each.index:012x}.Own") for each in made.layers)

    assert {layer.qualified_name for layer in lock_of(replace(made, layers=layers)).layers} == {"types.Own"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'/home/me/shop/static'", "'./static'"),
        ("['/home/me/shop/a', '/home/me/shop/b']", "['./a', './b']"),
        ("'/home/me/shop'", "'.'"),
        ("'/home/me/shops'", "'/home/me/shops'"),
        ("'/home/me/shop/some/where/far…", "'./…"),
        ("'/home/me/s…", "'./…"),
        ("'/api/items'", "'/api/items'"),
        ("['shop.example', 'localhost', …", "['shop.example', 'localhost', …"),
        ("PosixPath", "Path"),
        ("[WindowsPath, PosixPath]", "[Path, Path]"),
    ],
)
def test_no_path_of_a_machine_is_kept(text: str, expected: str) -> None:
    assert portable(text, "/home/me/shop") == expected


def test_routes_hold_what_lies_beyond_the_apps_own_stack() -> None:
    lock = lock_of(traces.healthy(), route_lists.shop())

    assert lock.routes is not None
    assert {layer.within for layer in lock.layers} == {"app", "mount /admin", "route /report"}
    assert lock.routes[:2] == (
        LockedRoute("GET /", (), ()),
        LockedRoute("GET /orders", (), ("get_db", "current_user")),
    )
    assert [route for route in lock.routes if route.layers] == [
        LockedRoute("GET /report", ("GZipMiddleware",), ()),
        LockedRoute("GET /admin/users", ("StaffOnly",), ()),
        LockedRoute("WS /admin/live", ("StaffOnly",), (), ("StaffOnly",)),
    ]


def test_routes_have_names_of_their_own_without_the_head_that_comes_with_get() -> None:
    chains = (
        route_lists.chain("/a", "a", methods=("GET", "HEAD")),
        route_lists.chain("/a", "b", methods=("GET",)),
        route_lists.chain("/head", "b", methods=("HEAD",)),
        route_lists.chain("/any", "c", methods=()),
        route_lists.chain("/live", "d", methods=(), type="websocket"),
        replace(route_lists.chain("/", "e"), host="shop.example"),
    )

    lock = lock_of(traces.healthy(), replace(route_lists.shop(), routes=chains))

    names = [route.name for route in lock.routes or ()]
    assert names == ["GET /a", "GET /a #2", "HEAD /head", "ANY /any", "WS /live", "GET //shop.example/"]


def test_held() -> None:
    made, routes = traces.healthy(), route_lists.shop()
    lock = lock_of(made)
    layers = tuple(
        replace(each, arguments={"secret_key": "***", "max_age": "60"}) if each.label == "SessionMiddleware" else each
        for each in made.layers
    )

    assert held(lock, made) == held(lock, made, routes) == held(lock_of(made, routes), made, routes) == ()
    (change,) = held(lock, replace(made, layers=layers))
    assert change == Change(
        "changed", "SessionMiddleware", "layer", 4, 4, details=(Detail("argument max_age", None, "60"),)
    )
