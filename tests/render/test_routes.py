"""The views of routes: groups that stay readable, and foreign text that does nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from mwviz.errors import OutputError
from mwviz.model.routes import Routes
from mwviz.render import ROUTES_RENDERERS, Format, render
from mwviz.render.plain import columns
from tests.render import diagram_traces, route_lists

TERMINAL = (Format.TABLE, Format.TREE)
COMMITTED = (Format.MARKDOWN, Format.MERMAID, Format.DOT)
EVERY_TEXT = (*TERMINAL, *COMMITTED, Format.JSON)


def rendered(routes: Routes, format: Format, **options: bool | int) -> str:
    text = render(routes, format, **options)  # type: ignore[arg-type]
    assert isinstance(text, str)
    return text


def test_every_format_but_those_of_one_request_is_there() -> None:
    of_one = (Format.TIMELINE, Format.SEQUENCE, Format.HTML)
    assert list(ROUTES_RENDERERS) == [each for each in Format if each not in of_one]


def test_the_whole_table() -> None:
    assert (
        rendered(route_lists.shop(), Format.TABLE, width=80)
        == """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9

All 9 routes pass
  > ServerErrorMiddleware
  > CORSMiddleware  shop/main.py:11
  > ExceptionMiddleware

3 routes pass nothing else
  GET       /                       home         shop/pages.py:4
  GET,HEAD  /docs                   swagger      shop/pages.py:7
  ANY       //{name}.example.com/*  pictures     shop/pages.py:8 · opaque

2 routes also pass
  > get_db        dependency · shop/needs.py:10
  > current_user  dependency instead of real_user · shop/needs.py:11
  GET       /orders                 list_orders  shop/pages.py:11
  DELETE    /orders/{number}        cancel       shop/pages.py:6

1 route also passes
  > get_db
  GET       /health                 health       shop/pages.py:6

1 route also passes
  > GZipMiddleware  route /report · shop/main.py:15
  GET       /report                 report       shop/pages.py:6

1 route also passes
  > ServerErrorMiddleware#2
  > StaffOnly  mount /admin · shop/main.py:14
  GET       /admin/users            users        shop/pages.py:5

1 route also passes
  > ServerErrorMiddleware#2
  > StaffOnly  mount /admin · shop/main.py:14
  Websockets skip StaffOnly: a BaseHTTPMiddleware sees HTTP only.
  WS        /admin/live             live         shop/pages.py:4

9 routes, 6 different chains.
"""
    )


def test_the_whole_tree() -> None:
    assert (
        rendered(route_lists.shop(), Format.TREE, width=80)
        == """\
shop.main:app · FastAPI 0.115.12 · Starlette 0.46.2 · Python 3.11.9

> ServerErrorMiddleware
> CORSMiddleware  shop/main.py:11
> ExceptionMiddleware
├─ GET       /                       home  shop/pages.py:4
├─ GET,HEAD  /docs                   swagger  shop/pages.py:7
├─ ANY       //{name}.example.com/*  pictures  shop/pages.py:8 · opaque
├─ > get_db  dependency · shop/needs.py:10
│  ├─ GET       /health                 health  shop/pages.py:6
│  └─ > current_user  dependency instead of real_user · shop/needs.py:11
│     ├─ GET       /orders                 list_orders  shop/pages.py:11
│     └─ DELETE    /orders/{number}        cancel  shop/pages.py:6
├─ > GZipMiddleware  route /report · shop/main.py:15
│  └─ GET       /report                 report  shop/pages.py:6
└─ > ServerErrorMiddleware#2
   > StaffOnly  mount /admin · shop/main.py:14
   ├─ GET       /admin/users            users  shop/pages.py:5
   └─ WS        /admin/live             live  shop/pages.py:4
        skips StaffOnly

9 routes, 6 different chains.
"""
    )


def test_what_probes_told() -> None:
    text = rendered(route_lists.probed(), Format.TABLE, width=100)

    assert "  ● GET       /                       home" in text
    assert "  ✗ GET       /orders " in text
    assert "  · GET,HEAD  /docs " in text
    assert text.endswith(
        "\nNote: Websockets are not probed: websocket /admin/live.\n\n"
        "9 routes, 6 different chains; 3 observed as listed, 3 not, 3 not observed.\n"
    )


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("chosen", ["These 2 routes pass", "2 of 9 routes, 2 different chains."]),
        ("single", ["The only route passes", "1 route, one chain."]),
        ("empty", ["No routes."]),
    ],
)
def test_few_routes(name: str, lines: list[str]) -> None:
    text = rendered(route_lists.ALL[name](), Format.TABLE).splitlines()

    assert [line for line in lines if line not in text] == []
    assert "" not in text[-2:-1] or text[-1] == lines[-1]


@pytest.mark.parametrize("format", TERMINAL)
def test_verbose_tells_all_of_a_chain(format: Format) -> None:
    text = rendered(route_lists.shop(), format, width=120, verbose=True)

    for piece in ("/lib/site-packages/starlette/layers.py:1", "shop.CORSMiddleware", "limit=5", "shop.get_db"):
        assert piece in text


@pytest.mark.parametrize("format", TERMINAL)
@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", route_lists.ALL)
def test_lines_keep_to_the_width(name: str, width: int, format: Format) -> None:
    for verbose in (False, True):
        lines = rendered(route_lists.ALL[name](), format, width=width, verbose=verbose).splitlines()
        assert max(map(columns, lines)) <= width
        assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("format", TERMINAL)
@pytest.mark.parametrize("name", route_lists.ALL)
def test_colour_adds_escape_codes_and_nothing_else(name: str, format: Format) -> None:
    plain, coloured = (rendered(route_lists.ALL[name](), format, color=color) for color in (False, True))

    stripped = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines()]
    assert stripped == plain.splitlines()
    assert "\x1b[1m" in coloured


@pytest.mark.parametrize("format", TERMINAL)
def test_six_hundred_routes_stay_readable(format: Format) -> None:
    lines = rendered(route_lists.large(), format, width=100).splitlines()

    assert sum(" /r" in line and "page_" in line for line in lines) == 600
    assert len(lines) < 640


def test_the_picture_of_many_routes_stays_small() -> None:
    assert "… and 100 more" in rendered(route_lists.large(), Format.DOT)
    assert len(rendered(route_lists.large(), Format.MERMAID).splitlines()) < 30


@pytest.mark.parametrize("format", EVERY_TEXT)
@pytest.mark.parametrize("name", route_lists.ALL)
def test_every_list_has_every_text(name: str, format: Format) -> None:
    text = rendered(route_lists.ALL[name](), format)

    assert text == rendered(route_lists.ALL[name](), format)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("format", EVERY_TEXT)
@pytest.mark.parametrize("name", diagram_traces.NAMES)
def test_no_control_character_of_foreign_text_stays_live(name: str, format: Format) -> None:
    text = rendered(route_lists.named(name), format, verbose=True)

    layout = "\n\t" if format is Format.DOT else "\n"
    assert [char for char in text if not char.isprintable() and char not in layout] == []
    text.encode()


@pytest.mark.parametrize("format", [Format.TABLE, Format.TREE])
def test_where_a_dependency_stands_is_told_once(format: Format) -> None:
    text = rendered(route_lists.shop(), format, width=80)

    assert text.count("shop/needs.py:10") == 1
    assert text.count("> get_db") == 2 if format is Format.TABLE else 1
    assert rendered(route_lists.shop(), Format.TABLE, width=80, verbose=True).count("shop/needs.py:10") == 2


def test_json_is_what_the_interface_promises() -> None:
    document = json.loads(rendered(route_lists.probed(), Format.JSON))

    assert document["format"] == "mwviz.routes/1"
    assert document["total"] == 9
    route = document["routes"][1]
    assert {name: route[name] for name in ("path", "methods", "type", "endpoint", "layers", "dependencies")} == {
        "path": "/orders",
        "methods": ["GET"],
        "type": "http",
        "endpoint": {"name": "list_orders", "defined_at": {"file": "shop/pages.py", "line": 11}},
        "layers": ["ServerErrorMiddleware", "CORSMiddleware", "ExceptionMiddleware"],
        "dependencies": ["get_db", "current_user"],
    }
    assert (route["observed"], route["agrees"]) == (route["layers"], False)
    assert [document["layers"][index]["label"] for index in route["layer_indexes"]] == route["layers"]


def test_markdown_is_a_heading_and_a_table_for_each_group() -> None:
    text = rendered(route_lists.shop(), Format.MARKDOWN)

    assert text.startswith("**shop.main:app**\n\n9 routes, 6 different chains.\n\nAll 9 routes pass ")
    assert "ServerErrorMiddleware &gt; **CORSMiddleware** (shop/main.py:11) &gt; ExceptionMiddleware\n" in text
    assert text.count("| Methods | Path | Endpoint | Place |\n| --- | --- | --- | --- |\n") == 6
    assert "| DELETE | /orders/&#123;number&#125; | cancel | shop/pages.py:6 |" in text


@pytest.mark.parametrize("name", diagram_traces.NAMES)
def test_hostile_text_stays_text_in_markdown(name: str) -> None:
    markdown_it = pytest.importorskip("markdown_it", reason="an old Rich brings no Markdown parser")
    text = rendered(route_lists.named(name), Format.MARKDOWN, verbose=True)
    html = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)

    assert "<" not in text
    assert set(re.findall(r"<(\w+)", html)) <= {"p", "strong", "table", "thead", "tbody", "tr", "th", "td"}
    assert html.count("<tr>") == 6
    assert html.count("<td") == 3 * 4
    assert "href" not in html


@pytest.mark.parametrize("name", diagram_traces.NAMES)
def test_hostile_text_stays_inside_its_label_in_mermaid(name: str) -> None:
    ours = re.compile(
        r"flowchart LR|  \w+ --> \w+|  classDef \w+ [\w:#,\- ]+"
        r'|  \w+[\[(]"(?:[^"<>]|</?(?:b|i|small)>|<br/>)*"[\])]:::\w+'
    )

    lines = rendered(route_lists.named(name), Format.MERMAID).splitlines()

    assert [line for line in lines if not ours.fullmatch(line)] == []
    assert len(lines) == len(rendered(route_lists.named("plain"), Format.MERMAID).splitlines())


@pytest.mark.parametrize("name", diagram_traces.NAMES)
def test_hostile_text_stays_text_in_a_picture(name: str) -> None:
    try:
        svg = render(route_lists.named(name), Format.SVG)
    except OutputError as without:
        pytest.skip(str(without))
    assert isinstance(svg, bytes)
    root = ET.fromstring(svg)

    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "g", "title", "desc", "style", "polygon", "path", "text", "polyline"}
    assert not [each for element in root.iter() for each in element.attrib if "href" in each or each.startswith("on")]


@pytest.mark.parametrize("format", COMMITTED)
def test_nothing_of_this_machine_is_committed(format: Format) -> None:
    assert "site-packages" not in rendered(route_lists.shop(), format)


@pytest.mark.parametrize("format", [*TERMINAL, Format.JSON])
def test_no_format_needs_rich_without_colours(format: Format) -> None:
    code = (
        "import sys; from mwviz.render import Format, render; from tests.render import route_lists; "
        f"text = render(route_lists.shop(), Format({format.value!r}), color=False); "
        "print(len(text) > 0, sorted({name.partition('.')[0] for name in sys.modules} & {'rich', 'typer', 'fastapi'}))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "True []\n"
