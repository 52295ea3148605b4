from __future__ import annotations

import html
import re
import shutil
import sysconfig
from collections.abc import Callable
from dataclasses import replace

import pytest

from mwviz.model import Trace
from mwviz.render import picture
from mwviz.render.dot import render
from mwviz.render.look import Look
from mwviz.render.palette import COLORS
from tests.render import diagram_traces, traces


def edges(text: str) -> list[str]:
    """Return the arrows from box to box as `upper:port lower:port`, in the order drawn."""
    found = re.findall(r"^\t(\w+(?::\w+)+) -> (\w+(?::\w+)+) ", text, re.MULTILINE)
    return [f"{upper} {lower}" for upper, lower in found]


def box(text: str, key: str) -> str:
    """Return the label of one box."""
    found = re.search(rf"^\t+{key} \[label=<(<TABLE.*?)>\]$", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def told(text: str, key: str) -> list[str]:
    """Return the words in a box."""
    words = (html.unescape(word).strip() for word in re.split(r"<[^<>]*>", box(text, key)))
    return [word for word in words if word]


def test_a_request_goes_down_the_left_lane_and_its_response_up_the_right_one() -> None:
    text = render(diagram_traces.tiny())

    down = ["client:i:s n0:i:n", "n0:i:s n1:i:n", "n1:i:s n2:i:n", "n2:i:s handler:i:n"]
    up = ["n2:o:s handler:o:n", "n1:o:s n2:o:n", "n0:o:s n1:o:n", "client:o:s n0:o:n"]
    assert edges(text) == [*down, *up]
    assert told(text, "client") == ["request", "GET /", "client", "200 OK", "response"]
    assert told(text, "n0") == ["1", "ServerErrorMiddleware", "framework", "3"]
    assert told(text, "n1") == ["2", "Outer", "BaseHTTP", "shop/main.py:10", "2"]
    assert told(text, "handler") == ["stand-in endpoint", "answered 200"]
    assert told(text, "title") == [
        "shop.main:app",
        "The request went in from Outer to Inner, the stand-in endpoint answered",
        "200, and the response came out in reverse order.",
    ]


def test_a_short_circuit_turns_round_at_the_layer_that_answered() -> None:
    text = render(diagram_traces.refused())

    way = ["client:i:s n0:i:n", "n0:i:s n1:i:n", "n0:o:s n1:o:n", "client:o:s n0:o:n"]
    assert edges(text) == [*way, "n1:s n2:n", "n2:s handler:n"]
    assert told(text, "n1") == ["2", "Auth", "BaseHTTP", "shop/main.py:10", "1", "answered 401"]
    assert re.findall(r'SIDES="(\w+)"', box(text, "n1")) == ["LB", "B", "BR"]
    assert told(text, "n2") == ["Inner", "BaseHTTP, not reached", "shop/main.py:11"]
    assert [key for key in ("client", "n0", "n2", "handler") if "SIDES" in box(text, key)] == []


def test_an_exception_has_a_lane_of_its_own_and_turns_where_it_was_handled() -> None:
    text = render(traces.rescued())

    assert [each for each in edges(text) if ":x:" in each] == [f"n{at}:x:s n{at + 1}:x:n" for at in (5, 4, 3, 2)]
    assert re.findall(r'SIDES="(\w+)"', box(text, "n2")) == ["LT", "T"]
    assert told(text, "client")[-2:] == ["exception", "response"]
    assert told(text, "n6")[-1] == "raised PermissionError"
    assert 'PORT="x"' not in render(traces.healthy())


def test_a_response_that_replaced_another_does_not_turn() -> None:
    assert "SIDES" not in box(render(traces.replaced()), "n4")


def test_an_answer_given_before_an_exception_is_not_said_to_come_of_it() -> None:
    text = render(diagram_traces.answered_first())

    assert "SIDES" not in box(text, "n1")
    assert "answered 200, then let RuntimeError through, started" in told(text, "n1")


STYLES = {
    "n0": ("2", "SOLID"),
    "n1": ("1", "ROUNDED,DASHED"),
    "n2": ("2", "DASHED"),
    "n3": ("1", "ROUNDED"),
    "n5": ("1", "ROUNDED"),
}


def test_no_two_origins_have_the_same_border_but_the_users_own() -> None:
    text = render(traces.surrounded())
    found = {key: re.findall(r'^<TABLE BORDER="(\d)".* STYLE="([\w,]+)"', box(text, key)) for key in STYLES}

    assert found == {key: [style] for key, style in STYLES.items()}
    assert told(text, "n0")[2:4] == ["outer ASGI", "shop/main.py:60"]
    assert told(text, "n2")[2] == "injected ASGI"
    assert told(text, "n6")[2] == "factory"


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (diagram_traces.tiny, ["request, numbered in order", "response, numbered in order", "of the framework"]),
        (traces.crashed, ["exception"]),
        (traces.replaced, ["response, thrown away"]),
        (traces.rejected, ["nothing was seen to pass", "not reached"]),
        (traces.surrounded, ["injected by a library", "wraps the whole app"]),
    ],
)
def test_the_legend_tells_of_what_occurs_and_of_nothing_else(made: Callable[[], Trace], words: list[str]) -> None:
    every = {"exception", "response, thrown away", "nothing was seen to pass", "not reached", "injected by a library"}

    found = told(render(made()), "legend")

    assert set(words) <= set(found)
    assert set(found) & every == set(words) & every


def changing(**changes: tuple[str, ...]) -> Trace:
    made = diagram_traces.tiny()
    steps = (made.steps[0], replace(made.steps[1], **changes), made.steps[2])  # type: ignore[arg-type]
    return replace(made, steps=steps)


def labels(trace: Trace) -> dict[str, list[str]]:
    text = render(trace, look=Look(changes=True))
    found = re.findall(r"^\t(\w+)\S* -> (\w+)\S* \[.*label=<(<TABLE.*</TABLE>)>", text, re.MULTILINE)
    return {f"{upper} {lower}": re.findall(r'COLOR="[^"]*">([^<]*)</FONT>', label) for upper, lower, label in found}


def test_changes_stand_on_the_arrow_by_which_they_left_their_layer() -> None:
    trace = changing(
        request_changes=("+ scope user", "- cookie", "body 10 -> 20 bytes"),
        response_changes=("+ x-request-id: 5f2c", "~ vary: a -> b", "status 200 -> 201"),
    )

    assert labels(trace) == {
        "n1 n2": ["+ scope user", "- cookie", "body changed"],
        "n0 n1": ["+ x-request-id", "~ vary", "status 200 -&gt; 201"],
    }
    assert "x-request-id" not in render(trace)


def test_many_changes_are_cut_visibly() -> None:
    many = tuple(f"+ x-{number}: 1" for number in range(9))

    assert labels(changing(response_changes=(*many, "+ x-1: again"))) == {
        "n0 n1": ["+ x-0", "+ x-1", "+ x-2", "+ x-3", "... 5 more"]
    }
    assert labels(changing(response_changes=many[:5]))["n0 n1"][-1] == "+ x-4"
    assert labels(changing(response_changes=(f"+ {'y' * 90}: 1",)))["n0 n1"] == [f"+ {'y' * 29}..."]


def test_a_theme_changes_colours_and_nothing_else() -> None:
    light, dark = (render(traces.surrounded(), look=Look(theme=theme)) for theme in ("light", "dark"))
    every = re.compile(r"#[0-9a-f]{6}")

    assert every.sub("", light) == every.sub("", dark)
    assert set(every.findall(light)) <= {each.light for each in COLORS.values()}
    assert set(every.findall(dark)) <= {each.dark for each in COLORS.values()}
    assert render(traces.surrounded()) == light


LABEL = re.compile(r"label=<((?:[^<>]|<[^<>]*>)*)>")


@pytest.mark.parametrize("name", diagram_traces.NAMES)
def test_hostile_text_stays_inside_its_label(name: str) -> None:
    text = render(diagram_traces.named(name))

    assert LABEL.sub("", text) == LABEL.sub("", render(diagram_traces.named("plain")))
    tags = re.findall(r"</?(\w+)([^<>]*)>", "".join(LABEL.findall(text)))
    assert {tag for tag, _ in tags} == {"TABLE", "TR", "TD", "FONT", "B", "BR"}
    assert "\\" not in text


def attributes(text: str) -> set[str]:
    tags = re.findall(r"<\w+([^<>]*)>", "".join(LABEL.findall(text)))
    return {attribute for tag in tags for attribute in re.findall(r"(\S+)=\"[^\"]*\"", tag)}


@pytest.mark.parametrize("name", diagram_traces.NAMES)
def test_foreign_text_never_becomes_an_attribute(name: str) -> None:
    assert attributes(render(diagram_traces.named(name))) == attributes(render(diagram_traces.named("plain")))


def test_our_own_words_are_ascii() -> None:
    ours = {name: render(made()) for name, made in diagram_traces.ALL.items() if name != "hostile"}

    assert {name for name, text in ours.items() if not text.isascii()} == set()


def test_boxes_of_one_width_keep_the_lanes_straight() -> None:
    widths = re.findall(r'<TD WIDTH="(\d+)"(?: ROWSPAN="2")? CELLPADDING="6"', render(traces.healthy()))

    assert len(widths) == 13
    assert len(set(widths)) == 1


@pytest.mark.parametrize("name", ["W" * 56, "M" * 40, "HTTPS_REDIRECT_AND_HSTS_AND_CSP_AND_CORS_FOR_ALL", "i" * 60])
def test_wide_letters_bend_no_lane(name: str) -> None:
    engine = shutil.which("graphviz-pure", path=sysconfig.get_path("scripts")) or shutil.which("dot")
    if engine is None:
        pytest.skip("no Graphviz")
    made = diagram_traces.tiny()
    layers = (*made.layers[:2], replace(made.layers[2], name=name, label=name))

    drawn = picture.svg(replace(made, layers=layers)).decode()

    inks = f"{COLORS['request'].light}|{COLORS['response'].light}"
    ways = re.findall(rf'<path[^>]* stroke="(?:{inks})"[^>]* d="M([-\d.]+),[-\d.]+C([^"]*)"', drawn)
    assert len(ways) >= 6
    for start, curve in ways:
        assert {point.partition(",")[0] for point in curve.split()} == {start}


def test_a_mount_is_framed() -> None:
    text = render(traces.surrounded())

    assert re.search(
        r"subgraph cluster_1 \{\n\t\tgraph \[.*label=<<FONT[^>]*><B>mount /admin</B></FONT>>.*\]\n\t\tn5 ", text
    )
    assert re.search(
        r"subgraph cluster_2 \{\n\t\tgraph \[.*label=<<FONT[^>]*><B>route /admin/report</B></FONT>>.*\]\n\t\tn6 ", text
    )


def test_a_long_name_of_a_mount_is_cut() -> None:
    assert f"<B>mount {'x' * 47}...</B>" in render(diagram_traces.named("x" * 90))


@pytest.mark.parametrize(
    ("name", "edge"),
    [
        (
            "skipping",
            'n1:o:s -> n4:o:n [arrowsize=0.8 arrowtail=vee color="#1a7034" dir=back penwidth=2.2 style=dashed]',
        ),
        ("thrown_away", 'n1:o:s -> n2:o:n [arrowtail=onormal color="#6a727c" dir=back penwidth=1.8 style=dashed]'),
        ("crashed", 'client:x:s -> n0:x:n [arrowtail=normal color="#b91c24:#b91c24" dir=back penwidth=1.4]'),
        ("partly_seen", 'n0:s -> n1:n [arrowhead=none color="#6a727c" penwidth=1.6 style=dotted weight=9]'),
    ],
)
def test_every_kind_of_arrow_has_its_look(name: str, edge: str) -> None:
    assert f"\t{edge}\n" in render(diagram_traces.ALL[name]())
