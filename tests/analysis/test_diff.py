"""What differs between two orders: every kind of change, and that a move is told as one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwviz.analysis.diff import changes, difference
from mwviz.model.diff import Behaviour, Change, Deed, Detail, Lock, LockedLayer, LockedRoute, Side


def layer(label: str, **arguments: str) -> LockedLayer:
    name = label.partition("#")[0]
    return LockedLayer(label, f"shop.{name}", "user", file="shop.py", arguments=tuple(arguments.items()))


def order(names: str) -> Lock:
    return Lock(tuple(map(layer, names.split())))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("A B C", "A B C", []),
        ("", "", []),
        ("A B C", "B C", [Change("removed", "A", before=0)]),
        ("B C", "B A C", [Change("added", "A", after=1)]),
        ("A B C D", "D A B C", [Change("moved", "D", before=3, after=0)]),
        ("A B C D", "B C D A", [Change("moved", "A", before=0, after=3)]),
        ("A B", "B A", [Change("moved", "A", before=0, after=1)]),
        (
            "A B C",
            "X C A",
            [Change("added", "X", after=0), Change("removed", "B", before=1), Change("moved", "A", before=0, after=2)],
        ),
        ("G A G#2", "G A", [Change("removed", "G#2", before=2)]),
        ("A G B", "A G G#2 B", [Change("added", "G#2", after=2)]),
    ],
)
def test_orders(old: str, new: str, expected: list[Change]) -> None:
    assert list(changes(order(old), order(new))) == expected


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("'./…", "'./static'", True),
        ("Path('./static')", "Path('./…", True),
        ("'./…", "'./…", True),
        ("'./…", "'/static'", False),
        ("'./…", "Path('./static')", False),
        ("'a long text…", "'a long text of another kind'", False),
        ("'./a'", "'./b'", False),
    ],
)
def test_a_path_that_a_long_folder_has_cut_is_no_change(old: str, new: str, same: bool) -> None:
    found = changes(Lock((layer("A", at=old),)), Lock((layer("A", at=new),)))

    assert list(found) == (
        [] if same else [Change("changed", "A", "layer", 0, 0, "app", (Detail("argument at", old, new),))]
    )


def test_what_a_layer_was_given_and_where_it_comes_from() -> None:
    old = replace(layer("A", keep="1", gone="2", limit="3"), within="app")
    new = LockedLayer("A", "own.A", "injected", file="shop.py", arguments=(("keep", "1"), ("limit", "4"), ("new", "5")))

    (change,) = changes(Lock((old,)), Lock((new,)))

    details = (
        Detail("class", "shop.A", "own.A"),
        Detail("origin", "user", "injected"),
        Detail("argument gone", "2", None),
        Detail("argument limit", "3", "4"),
        Detail("argument new", None, "5"),
    )
    assert change == Change("changed", "A", before=0, after=0, details=details)


def test_a_layer_that_went_to_another_file_than_the_others_is_told() -> None:
    old = Lock((layer("A"), layer("B")))
    apart = Lock((layer("A"), replace(layer("B"), file="edge.py")))
    renamed = Lock(tuple(replace(each, file="edge.py") for each in old.layers))

    detail = Detail("file", "shop.py", "edge.py")
    assert changes(old, apart) == (Change("changed", "B", before=1, after=1, details=(detail,)),)
    assert changes(old, renamed) == ()


def test_a_file_that_one_side_does_not_know_is_no_change() -> None:
    assert changes(Lock((layer("A"),)), Lock((replace(layer("A"), file=None),))) == ()


def test_two_of_one_name_that_changed_places_are_told_apart_by_what_they_were_given() -> None:
    small, large = layer("G", size="1"), layer("G", size="2")
    old = Lock((small, layer("A"), replace(large, label="G#2")))
    new = Lock((large, layer("A"), replace(small, label="G#2")))

    assert [(each.kind, each.before, each.after) for each in changes(old, new)] == [("moved", 1, 1), ("moved", 0, 2)]


def test_moved_and_changed_are_two_changes() -> None:
    old, new = Lock((layer("A", x="1"), layer("B"), layer("C"))), Lock((layer("B"), layer("C"), layer("A", x="2")))

    assert changes(old, new) == (
        Change("moved", "A", before=0, after=2),
        Change("changed", "A", before=0, after=2, details=(Detail("argument x", "1", "2"),)),
    )


def routed(*routes: LockedRoute, layers: tuple[LockedLayer, ...] = ()) -> Lock:
    return Lock((layer("A"), *layers), routes)


def test_routes_are_told_together_where_they_changed_alike() -> None:
    old = routed(
        *(LockedRoute(f"GET /{name}", ("Gate",), ("db", "user")) for name in "ab"), LockedRoute("GET /", (), ())
    )
    new = routed(
        *(LockedRoute(f"GET /{name}", ("Gate", "Zip"), ("user", "db")) for name in "ab"),
        LockedRoute("GET /new", (), ("db",)),
    )

    both = ("GET /a", "GET /b")
    assert set(changes(old, new)) == {
        Change("added", "Zip", after=1, within="route", routes=both),
        Change("moved", "db", "dependency", 1, 3, "route", routes=both),
        Change("removed", "GET /", "route"),
        Change("added", "GET /new", "route", details=(Detail("passes", None, "db"),)),
    }


def test_layers_of_mounts_count_with_their_routes() -> None:
    gate = replace(layer("Gate", role="1"), origin="mount", within="mount /admin")
    old = routed(LockedRoute("GET /admin", ("Gate",), ()), layers=(gate,))
    new = routed(
        LockedRoute("GET /admin", ("Gate",), (), ("Gate",)), layers=(replace(gate, arguments=(("role", "2"),)),)
    )

    assert changes(old, new) == (
        Change(
            "changed", "Gate", before=0, after=0, within="mount /admin", details=(Detail("argument role", "1", "2"),)
        ),
        Change("changed", "GET /admin", "route", details=(Detail("skipped layers", None, "Gate"),)),
    )
    assert changes(old, order("A")) == ()


def behaviour(*deeds: Deed, status: int | None = 200, **headers: str) -> Behaviour:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Behaviour(status, named, "endpoint", None, deeds)


def test_what_the_probe_met() -> None:
    old = behaviour(
        Deed("A", "passed", ("+ scope user",), ("+ x-a: 1",)), Deed("B", "passed", (), ()), x_a="1", x_b="2"
    )
    new = behaviour(Deed("A", "answered 401", (), None), Deed("B", "passed", (), ()), status=401, x_b="3", x_c="4")

    found = difference(Side("old", order("A B"), old), Side("new", order("A B"), new))

    deeds = (Detail("outcome", "passed", "answered 401"), Detail("request change", "+ scope user", None))
    answer = (
        Detail("status", "200", "401"),
        Detail("header x-a", "1", None),
        Detail("header x-b", "2", "3"),
        Detail("header x-c", None, "4"),
    )
    assert found.changes == (
        Change("changed", "A", before=0, after=0, details=deeds),
        Change("changed", "response", "response", details=answer),
    )


def test_what_a_layer_did_stands_with_what_it_was_given() -> None:
    old = Side("old", Lock((layer("A", x="1"),)), behaviour(Deed("A", "passed", (), ("+ x: 1",))))
    new = Side("new", Lock((layer("A", x="2"),)), behaviour(Deed("A", "passed", (), ("+ x: 2",))))

    (change,) = difference(old, new).changes

    assert change.details == (Detail("argument x", "1", "2"), Detail("response change", "+ x: 1", "+ x: 2"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("0.000512", "0.000498"),
        ("b9c1d2e3f4a5968778695a4b3c2d1e0f", "00c1d2e3f4a5968778695a4b3c2d1e0f"),
        ("6f1c2e9a-7d7b-4c3e-9b1e-2f4f6a8b9c0d", "7f1c2e9a-7d7b-4c3e-9b1e-2f4f6a8b9c0d"),
        ("Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 07 Nov 1994 08:49:38 GMT"),
        ("t=1700000000", "t=1700000009"),
    ],
)
def test_values_that_no_two_probes_share_are_no_difference(before: str, after: str) -> None:
    old, new = (Side("", order("A"), behaviour(x_id=value)) for value in (before, after))

    assert difference(old, new).changes == ()
    assert difference(old, Side("", order("A"), behaviour())).changes != ()


_NAMES = st.lists(st.sampled_from("ABCDEFG"), unique=True).map(" ".join)


@given(_NAMES, _NAMES)
def test_changes_lead_from_one_order_to_the_other_and_are_as_few_as_can_be(old: str, new: str) -> None:
    found = changes(order(old), order(new))

    before, after = old.split(), new.split()
    assert {each.layer for each in found if each.kind == "removed"} == set(before) - set(after)
    assert {each.layer for each in found if each.kind == "added"} == set(after) - set(before)
    touched = {each.layer for each in found}
    assert [name for name in before if name not in touched] == [name for name in after if name not in touched]
    common = [name for name in before if name in after]
    assert len(common) - sum(each.kind == "moved" for each in found) == _longest(common, after)


def _longest(before: list[str], after: list[str]) -> int:
    """The length of the longest common subsequence, by the textbook."""
    if not before or not after:
        return 0
    if before[0] == after[0]:
        return 1 + _longest(before[1:], after[1:])
    return max(_longest(before[1:], after), _longest(before, after[1:]))
