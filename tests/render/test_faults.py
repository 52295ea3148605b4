"""The views of the fault matrix."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest

from mwviz.analysis.faults import narrowed
from mwviz.errors import SelectionError
from mwviz.model.faults import Fault, Faults
from mwviz.render.faults import ENDINGS, FAULTS_RENDERERS, FaultsFormat, render, words
from mwviz.render.faults.matrix import groups, runs
from mwviz.render.faults.meaning import meaning
from mwviz.render.plain import columns
from tests.conftest import Golden
from tests.render import faulted

MADE = {made.__name__: made for made in (faulted.all_kinds, faulted.tried, faulted.hostile)}
FORMAT_ENDINGS = {each: ending for ending, each in ENDINGS.items()}


def test_formats_and_table_agree() -> None:
    assert list(FAULTS_RENDERERS) == list(FaultsFormat)
    assert set(ENDINGS.values()) == set(FaultsFormat)


@pytest.mark.parametrize("format", list(FaultsFormat), ids=[each.value for each in FaultsFormat])
@pytest.mark.parametrize("name", MADE)
def test_golden(name: str, format: FaultsFormat, golden: Golden) -> None:
    golden(f"faults/{name}{FORMAT_ENDINGS[format]}", render(MADE[name](), format))


def test_golden_of_every_row_in_colour(golden: Golden) -> None:
    pytest.importorskip("rich")
    golden("faults/every.txt", render(faulted.all_kinds(), FaultsFormat.TABLE, color=True, verbose=True, every=True))


def test_json_has_the_promised_keys_and_every_row() -> None:
    document = json.loads(render(faulted.all_kinds(), FaultsFormat.JSON))

    assert document["format"] == "mwviz.faults/1"
    assert document["headers"] == list(faulted.all_kinds().headers)
    assert len(document["rows"]) == len(faulted.all_kinds().rows)
    first = {"fault": "reject", "at": 0, "layer": "ServerErrorMiddleware", "status": 403, "present": []}
    assert document["rows"][0].items() >= first.items()
    assert document["rows"][0]["missing"] == document["headers"]
    assert document["rows"][-1]["at"] == "endpoint"


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("name", [*MADE, "many_columns"])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    lines = render(getattr(faulted, name)(), FaultsFormat.TABLE, width=max(width, 60)).splitlines()

    assert max(map(columns, lines)) <= max(width, 60)


def test_columns_that_do_not_fit_stand_below_the_others() -> None:
    lines = render(faulted.many_columns(12), FaultsFormat.TABLE, width=80).splitlines()

    heads = [line.split()[5:] for line in lines if line.startswith("A layer rejects the request")]
    told = [str(number) for number in range(1, 13)]
    assert [name for head in heads for name in head] == ["status", *told, "prefl.", *told]
    assert all(sum(line.startswith(f"  {number} AddsHeaderNumber") for line in lines) == 2 for number in told)
    beside = render(faulted.many_columns(12), FaultsFormat.TABLE, width=140).splitlines()
    assert sum(line.startswith("A layer rejects the request") for line in beside) == 1


def test_headers_stand_below_one_another_whatever_the_names_of_layers() -> None:
    made = faulted.all_kinds()
    names = {"Ids": "x" * 100, "CORS": "中間件"}
    added = tuple(replace(each, layer=names.get(each.layer or "")) for each in made.normal.headers)
    lines = render(replace(made, normal=replace(made.normal, headers=added)), FaultsFormat.TABLE, width=80).splitlines()

    begins = lines.index(next(line for line in lines if line.startswith("2  x")))
    legend = lines[begins : lines.index("", begins)]
    assert all(line.strip() for line in legend)
    first = next(line for line in legend if "x-id" in line)
    (other,) = (line for line in legend if line.startswith("3  中間件"))
    assert columns(first.partition("x-id")[0]) == columns(other.partition("access-control")[0]) == 40


def test_colours_change_nothing_else_and_nothing_rests_on_them() -> None:
    pytest.importorskip("rich")
    plain, coloured = (render(faulted.all_kinds(), FaultsFormat.TABLE, color=color) for color in (False, True))

    assert "\x1b[32m" in coloured
    assert [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", coloured).splitlines()] == plain.splitlines()
    assert all(sign in plain for sign in ("✓", "✗", "1/2", "·"))


@pytest.mark.parametrize("format", list(FaultsFormat), ids=[each.value for each in FaultsFormat])
def test_nothing_hostile_stays_live(format: FaultsFormat) -> None:
    text = render(faulted.hostile(), format, verbose=True, every=True)

    assert "\x1b" not in text
    if format in (FaultsFormat.MARKDOWN, FaultsFormat.HTML):
        assert "<script" not in text
    if format is FaultsFormat.MARKDOWN:
        assert not re.search(r"[<>`]", text.replace("> ", ""))


def test_the_page_runs_nothing_and_lets_its_own_style_in() -> None:
    page = render(faulted.tried(), FaultsFormat.HTML)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)

    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page
    assert "<script" not in page
    assert not re.search(r"(src|href)=(?!\"data:)", page)


def test_the_page_says_what_was_not_reached_without_a_colour() -> None:
    page = render(faulted.all_kinds(), FaultsFormat.HTML)

    cells = re.findall(r'<td class="cell unreached"([^>]*)>', page)
    assert len(cells) > 4
    assert set(cells) == {' title="not reached"'}


def test_neighbours_that_came_to_the_same_are_one() -> None:
    made = faulted.all_kinds()

    assert [len(run.rows) for run in runs(made)][:3] == [2, 1, 1]
    assert all(len(run.rows) == 1 for run in runs(made, every=True))
    assert [run.first for run in runs(made, every=True)] == sorted(made.rows, key=lambda row: _rank(row.fault))


def _crashed(*rows: Fault) -> Faults:
    return replace(faulted.all_kinds(), rows=rows, preflight=None, preflight_headers=())


def _one(at: int, **more: object) -> Fault:
    return faulted.fault("crash", at, "L", 503, (), **more)


def test_neighbours_that_another_layer_answers_for_are_two() -> None:
    made = _crashed(_one(2, handled_by=1), _one(3, handled_by=2))

    assert [words.remark(made, run.first) for run in runs(made)] == ["answered by Ids", "answered by CORS"]


def test_neighbours_of_which_one_is_cut_off_are_two() -> None:
    made = _crashed(_one(2, error="RuntimeError: x"), _one(3, error="RuntimeError: x", complete=False))

    assert [len(run.rows) for run in runs(made)] == [1, 1]


@pytest.mark.parametrize(
    ("status", "more", "told"),
    [
        (None, {"error": "RuntimeError: x"}, "nobody answered, and RuntimeError left the app"),
        (None, {"error": "Timeout: not over after 1 s"}, "nobody answered in time"),
        (None, {"error": "Timeout: of theirs"}, "nobody answered, and Timeout left the app"),
        (None, {"error": "NoResponse: nobody answered"}, "nobody answered"),
        (500, {"error": "RuntimeError: x", "handled_by": 0}, ""),
        (202, {"answered_by": 1}, "answered by Ids"),
        (403, {"answered_by": 3}, ""),
        (
            200,
            {"answered_by": 3, "error": "RuntimeError: x", "complete": False},
            "the answer began, but never ended, and RuntimeError left the app",
        ),
        (
            200,
            {"answered_by": 3, "error": "NoResponse: it began", "complete": False},
            "the answer began, but never ended",
        ),
    ],
)
def test_what_else_must_be_known(status: int | None, more: dict[str, object], told: str) -> None:
    row = faulted.fault("crash", 3, "Auth", status, (), **more)

    assert words.remark(_crashed(row), row) == told


def test_what_it_comes_to_where_an_answer_is_cut_off() -> None:
    row = faulted.fault("crash", "endpoint", "endpoint", 200, faulted.all_kinds().headers, complete=False)

    assert meaning(_crashed(row))[-1] == (
        "An unhandled exception of the endpoint cuts off the 200 that has begun: it keeps all of these headers."
    )


def _rank(fault: str) -> int:
    kinds = list(dict.fromkeys(row.fault for row in faulted.all_kinds().rows))
    return kinds.index(fault)  # type: ignore[arg-type]


def test_headers_stand_with_the_layer_that_adds_them() -> None:
    found = groups(faulted.all_kinds().normal)

    assert [(group.at, group.layer) for group in found] == [(1, "Ids"), (2, "CORS")]
    assert found[1].names == ("access-control-allow-origin", "access-control-expose-headers", "vary")


_EXCEPTION = (
    "An unhandled exception of the endpoint becomes 500, made by ServerErrorMiddleware, outside of every layer that "
    "adds one: it has none of these headers."
)


def test_what_it_comes_to() -> None:
    assert meaning(faulted.all_kinds()) == (
        "A rejection by Ids has no CORS headers: CORS stands inside of it.",
        _EXCEPTION,
    )


def test_what_it_comes_to_where_a_layer_adds_to_some_responses_only() -> None:
    made = faulted.all_kinds()
    rows = tuple(replace(row, present=(), missing=made.headers) for row in made.rows if row.layer in ("CORS", "Auth"))

    cors, own = meaning(replace(made, rows=rows))[:2]
    begins, ends = (
        "A rejection by Auth has no CORS headers: CORS does not add them to every response",
        "takes them away.",
    )
    assert cors == f"{begins}, or another layer {ends}"
    begins, ends = "A rejection by CORS or Auth has no x-id: Ids does not add it to every response", "takes it away."
    assert own == f"{begins}, or another layer {ends}"


def test_what_it_comes_to_where_nothing_is_lost() -> None:
    made = faulted.all_kinds()
    rows = tuple(replace(row, present=made.headers, missing=()) for row in made.rows)

    first, second = meaning(replace(made, rows=rows))
    assert first == "No rejection by one of your layers loses the headers of another one."
    assert second.endswith("becomes 500, made by ServerErrorMiddleware: it keeps all of these headers.")


def test_only_some_headers() -> None:
    made = narrowed(faulted.tried(), ["X-ID"])

    assert (made.headers, made.preflight_headers) == (("x-id",), ("x-id",))
    assert {name for row in made.rows for name in (*row.present, *row.missing)} == {"x-id"}
    assert made.before is not None
    assert made.before.headers == ("x-id",)
    assert len(made.rows) == len(faulted.all_kinds().rows)
    assert [group.layer for group in groups(made.normal)] == ["Ids"]


def test_a_header_that_is_not_there() -> None:
    with pytest.raises(SelectionError, match=r"No header of the normal response fits 'x-ids': did you mean x-id\?"):
        narrowed(faulted.all_kinds(), ["vary", "x-ids"])
