"""Contracts held against chains: what no command line shows as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mwviz.analysis import chains
from mwviz.analysis.chains import Chain
from mwviz.analysis.contracts import hold
from mwviz.analysis.remedies import move
from mwviz.model import Layer, Place
from mwviz.model.contracts import Contract, Name
from mwviz.model.findings import Finding


def layer(index: int, name: str, line: int | None, **more: object) -> Layer:
    place = None if line is None else Place("main.py", line)
    made = Layer(index, name, name, f"shop.{name}", "user", "app", "asgi", {}, None, place, "call")
    return replace(made, **more)  # type: ignore[arg-type]


def added(lines: Sequence[str]) -> list[Layer]:
    """Layers as `add_middleware` stacks them, one a line: the last one is the outermost."""
    placed = list(enumerate(lines, start=1))
    return [layer(index, name, line) for index, (line, name) in enumerate(reversed(placed))]


def contract(*groups: Sequence[str]) -> Contract:
    return Contract("c", "there", layers=tuple(tuple(map(Name, group)) for group in groups))


def broken(held_to: Contract, layers: Sequence[Layer]) -> tuple[Finding, ...]:
    return hold(held_to, [Chain(tuple(layers))], layers, "app").findings


EITHER = "what add_middleware adds last stands outermost, and so does the first of a list"
A, B = layer(0, "A", 10), layer(1, "B", 5)
REMEDIES: list[tuple[str, Layer, Layer, str]] = [
    ("no place", A, layer(1, "B", None), f"Register B so that it stands outside of A: {EITHER}."),
    (
        "one line",
        A,
        layer(1, "B", 10),
        "main.py:10 registers both: change the order in which it does, so that B stands outside.",
    ),
    (
        "two files",
        A,
        layer(1, "B", None, registered_at=Place("other.py", 3)),
        ("Register B (other.py:3) so that it stands outside of A (main.py:10): what is added last stands outermost."),
    ),
    ("framework", A, layer(1, "B", 3, origin="framework"), "B is the framework's own: its place is fixed."),
    (
        "injected",
        layer(0, "A", 3, origin="injected"),
        B,
        "A is put there by an instrumentation library, which decides where.",
    ),
]


@pytest.mark.parametrize(("outer", "inner", "told"), [row[1:] for row in REMEDIES], ids=[row[0] for row in REMEDIES])
def test_what_lines_cannot_tell_is_told_in_words(outer: Layer, inner: Layer, told: str) -> None:
    assert move(inner, outer, [outer, inner], outward=True) == told


def test_lines_that_neither_fall_nor_rise_tell_no_move() -> None:
    layers = [layer(0, "A", 3), layer(1, "B", 7), layer(2, "C", 5)]

    told = move(layers[1], layers[0], layers, outward=True)

    assert told.startswith("Register B (main.py:7) so that it stands outside of A (main.py:3): ")


def test_a_decorated_function_goes_into_a_list_as_what_it_is_there() -> None:
    entry, called = layer(0, "Entry", 2, registered_by="list"), layer(1, "timed", 7, kind="function")

    told = move(called, entry, [called, replace(entry, index=2)], outward=False)

    assert told == (
        "In main.py, take line 7 (timed) into the list as Middleware(BaseHTTPMiddleware, dispatch=timed), behind the "
        "entry of line 2 (Entry): what is added after the list stands outside of it."
    )


def test_what_lists_cannot_tell_is_told_by_their_own_rule() -> None:
    entry, elsewhere, call = (
        layer(0, "Entry", 2, registered_by="list"),
        layer(1, "Elsewhere", 9, registered_by="list", registered_at=Place("other.py", 9)),
        layer(2, "Call", 5, registered_at=Place("other.py", 5)),
    )

    told = [move(each, entry, [entry, elsewhere, call], outward=True) for each in (elsewhere, call)]

    assert [each.partition(": ")[2] for each in told] == [
        "the first of a list stands outermost.",
        "what add_middleware adds last stands outermost, and so does the first of a list.",
    ]


def test_entries_that_code_has_put_before_the_calls_tell_no_move() -> None:
    inserted, called = layer(0, "Inserted", 7, registered_by="list"), layer(1, "Called", 3)

    told = move(called, inserted, [inserted, called], outward=True)

    assert told.startswith("Register Called (main.py:3) so that it stands outside of Inserted (main.py:7): ")


def test_a_plain_name_wins_over_a_glob_and_the_second_of_a_name_has_a_number() -> None:
    first, second = layer(0, "GZip", 1), layer(1, "GZip", 2, label="GZip#2")
    inner = layer(2, "Auth", 3)

    assert not broken(contract(["A*"], ["G*"]), [inner, first, second])
    assert not broken(contract(["*"], ["GZip#2"], ["shop.Auth"]), [first, second, inner])
    assert [each.code for each in broken(contract(["shop.GZip#2"], ["GZip"]), [first, second])] == ["MW101"]


def test_no_glob_fits_the_frameworks_own_layers() -> None:
    own = layer(0, "ErrorMiddleware", None, origin="framework")

    assert [each.code for each in broken(contract(["Error*"]), [own])] == ["MW102"]
    assert not broken(contract(["ErrorMiddleware"]), [own])
    assert not broken(Contract("c", "there", forbidden=("*Error*",)), [own])


def test_breaks_that_many_routes_have_in_common_are_one() -> None:
    layers = added(["A", "B"])
    ways = [Chain(tuple(layers), route=f"GET /{number}") for number in range(5)]

    few = hold(contract(["A"], ["B"]), [*ways[:4], Chain((), route="GET /x")], layers, "app")
    all_of_them = hold(contract(["A"], ["B"]), ways, layers, "app")

    assert few.findings[0].message == (
        "On the way to GET /0, GET /1, GET /2 and 1 more: A must stand outside of B, but stands inside of it."
    )
    assert few.findings[0].routes == ("GET /0", "GET /1", "GET /2", "GET /3")
    assert [each.message for each in few.findings[1:]] == [
        "On the way to GET /x: A is not passed.",
        "On the way to GET /x: B is not passed.",
    ]
    assert [each.message for each in all_of_them.findings] == [
        "On the way to all 5 routes: A must stand outside of B, but stands inside of it."
    ]


def test_a_name_that_fits_nothing_at_all_is_one_break_for_all_routes() -> None:
    layers = added(["A", "B"])
    ways = [Chain(tuple(layers), route="GET /0"), Chain((), route="GET /1")]

    (finding,) = hold(contract(["Zzz"]), ways, layers, "app").findings

    assert (finding.message, finding.routes) == ("No layer of the app fits 'Zzz': there are B, A.", ())


def test_what_was_not_met_stands_where_it_was_built() -> None:
    a, b, c, d = (layer(index, name, None) for index, name in enumerate("ABCD"))

    assert chains._merged([c, a], [a, b, c, d]) == ((c, d, a, b), frozenset("BD"))
    assert chains._merged([], [a, b]) == ((a, b), frozenset("AB"))


def test_a_line_of_several_layers_is_never_moved_for_one_of_them() -> None:
    listed_at_once = [layer(0, "A", 7), layer(1, "B", 3), layer(2, "C", 3)]
    for held_to in (contract(["B"], ["A"]), contract(["C"], ["A"])):
        for finding in broken(held_to, listed_at_once):
            assert finding.remedy.startswith("Register "), finding.remedy
    assert broken(contract(["B"], ["A"]), listed_at_once)


def test_what_wraps_the_app_has_to_be_registered_to_be_passed() -> None:
    wrapper = layer(0, "D", None, origin="outer")
    (finding,) = broken(contract(["A"], ["D"]), [wrapper, layer(1, "A", 3)])
    assert finding.remedy == (
        "Register D with add_middleware, so that A can stand outside of D: "
        "what wraps the app, as D does, lies outside of all that is registered."
    )


def test_the_remedies_for_both_ends_go_together() -> None:
    layers = added(["Edge", "Other", "Last", "First"])
    ends = Contract("c", "there", outermost=((Name("Edge")),), innermost=((Name("Last")),))

    outer, inner = broken(ends, layers)

    assert outer.remedy == "In main.py, move line 1 (Edge) below line 4 (First): what is added last stands outermost."
    # the innermost is Edge, which has moved by then
    assert inner.message == "Last must be the innermost layer, but Edge is."
    assert inner.remedy == "In main.py, move line 3 (Last) above line 2 (Other): what is added last stands outermost."
    assert not broken(ends, added(["Last", "Other", "First", "Edge"]))


def test_one_move_that_mends_both_ends_is_told_once() -> None:
    ends = Contract("c", "there", outermost=(Name("Edge"),), innermost=(Name("Last"),))

    (only,) = broken(ends, added(["Edge", "Last", "First"]))

    assert only.code == "MW104"
    assert not broken(ends, added(["Last", "First", "Edge"]))


def test_remedies_that_undo_each_other_are_told_to_do_so() -> None:
    chain = Chain(tuple(added(["A", "B", "C"])))

    def notes(*pairs: str) -> tuple[str, ...]:
        held_to = tuple(tuple((Name(name),) for name in pair) for pair in pairs)
        return hold(Contract("c", "there", pairs=held_to), [chain], chain.layers, "app").check.notes

    # C > B > A: A goes outside of B, and then B outside of C and of A again
    assert notes("AB", "BC") == ("These changes do not go together well: check again after the first one.",)
    assert notes("BC", "AB") == notes("AB") == ()
