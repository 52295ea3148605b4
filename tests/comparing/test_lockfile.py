"""`mwviz.lock` read back: whole, and with the line of whatever somebody broke in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwviz.comparing.lockfile import parse, read
from mwviz.errors import ConfigError
from mwviz.model.diff import Lock, LockedLayer, LockedRoute
from mwviz.render.lock import render
from tests.conftest import Golden
from tests.render import orders

TEXT = render(orders.OLD)
_WORDS = st.text(max_size=12)
_LAYERS = st.builds(
    LockedLayer,
    label=_WORDS,
    qualified_name=_WORDS,
    origin=st.sampled_from(["user", "injected", "outer", "mount", "route"]),
    within=_WORDS,
    file=st.none() | _WORDS,
    arguments=st.dictionaries(_WORDS, _WORDS, max_size=3).map(lambda pairs: tuple(pairs.items())),
)


def test_golden(golden: Golden) -> None:
    golden("diff/lock.toml", TEXT)
    golden("diff/lock_without_routes.toml", render(Lock(orders.OLD.layers[:2])))


def test_what_was_written_is_read() -> None:
    assert parse(TEXT, "mwviz.lock") == orders.OLD
    assert parse(render(Lock(())), "") == Lock(())
    assert parse(render(Lock((), ())), "") == Lock((), ())


@given(st.lists(_LAYERS, unique_by=lambda layer: layer.label, max_size=4))
def test_any_text_is_read_as_it_was_written(layers: list[LockedLayer]) -> None:
    assert parse(render(Lock(tuple(layers))), "") == Lock(tuple(layers))


@given(st.lists(_WORDS, unique=True, min_size=1, max_size=4), st.lists(_WORDS, max_size=3).map(tuple))
def test_any_route_is_read_as_it_was_written(names: list[str], passed: tuple[str, ...]) -> None:
    lock = Lock((), tuple(LockedRoute(name, passed, passed[1:], passed[:1]) for name in names))

    assert parse(render(lock), "") == lock


def test_a_layer_more_is_a_line_more() -> None:
    before = render(Lock(orders.OLD.layers[1:], orders.OLD.routes)).splitlines()
    after = TEXT.splitlines()

    assert len(after) == len(before) + 1
    assert [line for line in after if line not in before] == [after[5]]


def test_a_tool_that_lays_the_file_out_anew_does_no_harm() -> None:
    lines = [line for line in TEXT.replace("[\n", "[").replace(",\n]", "]").splitlines() if not line.startswith("#")]

    assert parse("\r\n".join(lines), "") == orders.OLD


def test_half_a_character_is_no_text() -> None:
    assert parse(render(Lock((orders.layer("a\ud800"),))), "").layers[0].label == "a\ufffd"


LAYER = '  { layer = "RequestId", is = "shop.RequestId", origin = "user", file = "shop.py" },'
ANEW = "Write the lock anew with `mwviz lock`."


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('format = "mwviz.lock/1"', 'format = "mwviz.lock/9"', 3, ("this is no lock that this mwviz reads, which says "
         f'format = "mwviz.lock/1". {ANEW}')),
        ("layers = [", "lairs = [", 5, "unknown key `lairs`: did you mean `layers`?"),
        (LAYER, "<<<<<<< HEAD", 7, f"a merge left a conflict here. {ANEW}"),
        (LAYER, '  { layer = "RequestId" "shop" },', 7, "this is no valid TOML: "),
        (LAYER, '  { layer = "RequestId", origin = "user" },', 7, f"this layer has no `is`. {ANEW}"),
        (LAYER, LAYER.replace("origin", "orign"), 7, "unknown key `orign`: did you mean `origin`?"),
        (LAYER, LAYER.replace('"user"', '"mine"'), 7, "`origin` must be one of framework, user, injected, outer, "),
        (LAYER, LAYER.replace('"user"', "7"), 7, "`origin` must be a string, not 7."),
        (LAYER, LAYER.replace("file", "arguments"), 7, "`arguments` must be a table, not 'shop.py'."),
        (LAYER, LAYER.replace('file = "shop.py"', "arguments = { x = 1 }"), 7, "the argument `x` must be a string"),
        (LAYER, LAYER.replace("RequestId", "CORS"), 8, f"the layer CORS stands here a second time. {ANEW}"),
        (LAYER, '  "RequestId",', 7, "`layers` must hold tables alone, not 'RequestId'."),
        ("[[routes]]", "[routes]", 21, "this is no valid TOML: "),
        ('dependencies = ["get_db", "current_user"]', "dependencies = 5", 22, ("`dependencies` must be an array of "
         "strings, not 5.")),
        ('layers = ["StaffOnly"]', "layers = [1]", 29, "`layers` must be an array of strings, not [1]."),
        ('dependencies = ["get_db", "current_user"]', "needs = []", 22, ("unknown key `needs`: there are `layers`, "
         "`dependencies`, `skipped`, `paths`.")),
    ],
)  # fmt: skip
def test_what_is_broken_is_told_with_its_line(old: str, new: str, line: int, message: str) -> None:
    assert old in TEXT
    broken = TEXT.replace(old, new)

    with pytest.raises(ConfigError) as caught:
        parse(broken, "mwviz.lock")

    told = str(caught.value)
    assert told.startswith(f"mwviz.lock:{line}: {message}")


@pytest.mark.parametrize("cut", range(0, len(TEXT) - 1, 97))
def test_half_a_lock_is_none(cut: int) -> None:
    text = TEXT[:cut]
    try:
        found = parse(text, "mwviz.lock")
    except ConfigError as error:
        assert str(error).startswith("mwviz.lock:")  # noqa: PT017 - some pieces are locks
    else:
        assert found.layers == orders.OLD.layers


def test_what_is_no_text_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mwviz.lock"
    file.write_bytes(b"# one\n\xff\n")

    with pytest.raises(ConfigError, match=r"^mine:2: this is not UTF-8: invalid start byte\.$"):
        read(file, "mine")
    with pytest.raises(ConfigError, match=r"^gone cannot be read: No such file or directory\.$"):
        read(tmp_path / "none", "gone")
