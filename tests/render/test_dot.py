from __future__ import annotations

import re

import pytest

from mwviz.render.dot import render
from tests.render import diagram_traces, traces

HEALTHY = """\
digraph mwviz {
	graph [bgcolor=transparent fontcolor="#76808b" fontname=Helvetica fontsize=11 label=<<BR/> <BR/><B>shop.main:app</B><BR/>
		The request went in from Outer to Inner, the stand-in endpoint answered<BR/>
		200, and the response came out in reverse order.> labelloc=b nodesep=0.3 pad=0.2 rankdir=TB ranksep=0.28]
	node [fontname=Helvetica fontsize=13 group=stack margin=0 shape=none]
	edge [arrowsize=0.7 penwidth=1.6]
	client [label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="ROUNDED" BGCOLOR="#1f2937" COLOR="#3d4b5f"><TR>
		<TD PORT="i" WIDTH="54" CELLPADDING="4"><FONT POINT-SIZE="10" COLOR="#aab4bf">request</FONT></TD>
		<TD PORT="m" WIDTH="235" CELLPADDING="6"><FONT COLOR="#ffffff"><B>GET /</B></FONT><BR/>
		<FONT POINT-SIZE="10" COLOR="#aab4bf">client</FONT><BR/>
		<FONT POINT-SIZE="11" COLOR="#7ed69a">200 OK</FONT></TD>
		<TD PORT="o" WIDTH="54" CELLPADDING="4"><FONT POINT-SIZE="10" COLOR="#aab4bf">response</FONT></TD>
	</TR></TABLE>>]
	n0 [label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="ROUNDED,DASHED" BGCOLOR="#f3f5f7" COLOR="#cfd6dd"><TR>
		<TD PORT="i" WIDTH="54" CELLPADDING="4"><FONT COLOR="#2f7ee6"><B>1</B></FONT></TD>
		<TD PORT="m" WIDTH="235" CELLPADDING="6"><FONT COLOR="#57606a"><B>ServerErrorMiddleware</B></FONT><BR/>
		<FONT POINT-SIZE="10" COLOR="#76808b">framework ASGI, starlette.middleware.errors</FONT></TD>
		<TD PORT="o" WIDTH="54" CELLPADDING="4"><FONT COLOR="#2a9d4e"><B>3</B></FONT></TD>
	</TR></TABLE>>]
	n1 [label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="ROUNDED" BGCOLOR="#ffffff" COLOR="#b9c2cc"><TR>
		<TD PORT="i" WIDTH="54" CELLPADDING="4"><FONT COLOR="#2f7ee6"><B>2</B></FONT></TD>
		<TD PORT="m" WIDTH="235" CELLPADDING="6"><FONT COLOR="#1f2328"><B>Outer</B></FONT><BR/>
		<FONT POINT-SIZE="10" COLOR="#76808b">user BaseHTTP, shop/main.py:10</FONT></TD>
		<TD PORT="o" WIDTH="54" CELLPADDING="4"><FONT COLOR="#2a9d4e"><B>2</B></FONT></TD>
	</TR></TABLE>>]
	n2 [label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="ROUNDED" BGCOLOR="#ffffff" COLOR="#b9c2cc"><TR>
		<TD PORT="i" WIDTH="54" CELLPADDING="4"><FONT COLOR="#2f7ee6"><B>3</B></FONT></TD>
		<TD PORT="m" WIDTH="235" CELLPADDING="6"><FONT COLOR="#1f2328"><B>Inner</B></FONT><BR/>
		<FONT POINT-SIZE="10" COLOR="#76808b">user BaseHTTP, shop/main.py:11</FONT></TD>
		<TD PORT="o" WIDTH="54" CELLPADDING="4"><FONT COLOR="#2a9d4e"><B>1</B></FONT></TD>
	</TR></TABLE>>]
	handler [label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="ROUNDED" BGCOLOR="#e8f7ec" COLOR="#4fb36c"><TR>
		<TD PORT="i" WIDTH="54" CELLPADDING="4"> </TD>
		<TD PORT="m" WIDTH="235" CELLPADDING="6"><FONT COLOR="#1f2328"><B>stand-in endpoint</B></FONT><BR/>
		<FONT POINT-SIZE="11" COLOR="#1f7a3a">answered 200</FONT></TD>
		<TD PORT="o" WIDTH="54" CELLPADDING="4"> </TD>
	</TR></TABLE>>]
	client:i:s -> n0:i:n [color="#2f7ee6" weight=9]
	n0:i:s -> n1:i:n [color="#2f7ee6" weight=9]
	n1:i:s -> n2:i:n [color="#2f7ee6" weight=9]
	n2:i:s -> handler:i:n [color="#2f7ee6" weight=9]
	n2:o:s -> handler:o:n [color="#2a9d4e" dir=back]
	n1:o:s -> n2:o:n [color="#2a9d4e" dir=back]
	n0:o:s -> n1:o:n [color="#2a9d4e" dir=back]
	client:o:s -> n0:o:n [color="#2a9d4e" dir=back]
}
"""  # noqa: E501

SHORT_CIRCUIT = """\
digraph mwviz {
	graph [bgcolor=transparent fontcolor="#76808b" fontname=Helvetica fontsize=11 label=<<BR/> <BR/><B>shop.main:app</B><BR/>
		Auth answered 401: Inner and the endpoint were never reached.> labelloc=b nodesep=0.3 pad=0.2 rankdir=TB ranksep=0.28]
	node [fontname=Helvetica fontsize=13 group=stack margin=0 shape=none]
	edge [arrowsize=0.7 penwidth=1.6]
	client [label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="ROUNDED" BGCOLOR="#1f2937" COLOR="#3d4b5f"><TR>
		<TD PORT="i" WIDTH="54" CELLPADDING="4"><FONT POINT-SIZE="10" COLOR="#aab4bf">request</FONT></TD>
		<TD PORT="m" WIDTH="235" CELLPADDING="6"><FONT COLOR="#ffffff"><B>GET /</B></FONT><BR/>
		<FONT POINT-SIZE="10" COLOR="#aab4bf">client</FONT><BR/>
		<FONT POINT-SIZE="11" COLOR="#f2cc60">401 Unauthorized</FONT></TD>
		<TD PORT="o" WIDTH="54" CELLPADDING="4"><FONT POINT-SIZE="10" COLOR="#aab4bf">response</FONT></TD>
	</TR></TABLE>>]
	n0 [label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="ROUNDED,DASHED" BGCOLOR="#f3f5f7" COLOR="#cfd6dd"><TR>
		<TD PORT="i" WIDTH="54" CELLPADDING="4"><FONT COLOR="#2f7ee6"><B>1</B></FONT></TD>
		<TD PORT="m" WIDTH="235" CELLPADDING="6"><FONT COLOR="#57606a"><B>ServerErrorMiddleware</B></FONT><BR/>
		<FONT POINT-SIZE="10" COLOR="#76808b">framework ASGI, starlette.middleware.errors</FONT></TD>
		<TD PORT="o" WIDTH="54" CELLPADDING="4"><FONT COLOR="#2a9d4e"><B>2</B></FONT></TD>
	</TR></TABLE>>]
	n1 [label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="ROUNDED" BGCOLOR="#fff5da" COLOR="#d3a429"><TR>
		<TD PORT="i" WIDTH="54" CELLPADDING="4"><FONT COLOR="#2f7ee6"><B>2</B></FONT></TD>
		<TD PORT="m" WIDTH="235" CELLPADDING="6"><FONT COLOR="#1f2328"><B>Auth</B></FONT><BR/>
		<FONT POINT-SIZE="10" COLOR="#76808b">user BaseHTTP, shop/main.py:10</FONT><BR/>
		<FONT POINT-SIZE="11" COLOR="#8a6100">answered 401</FONT></TD>
		<TD PORT="o" WIDTH="54" CELLPADDING="4"><FONT COLOR="#2a9d4e"><B>1</B></FONT></TD>
	</TR></TABLE>>]
	n2 [label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="ROUNDED" BGCOLOR="#f3f5f7" COLOR="#d5dae0"><TR>
		<TD PORT="i" WIDTH="54" CELLPADDING="4"> </TD>
		<TD PORT="m" WIDTH="235" CELLPADDING="6"><FONT COLOR="#98a1ab"><B>Inner</B></FONT><BR/>
		<FONT POINT-SIZE="10" COLOR="#98a1ab">user BaseHTTP, shop/main.py:11, not reached</FONT></TD>
		<TD PORT="o" WIDTH="54" CELLPADDING="4"> </TD>
	</TR></TABLE>>]
	handler [label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" STYLE="ROUNDED" BGCOLOR="#f3f5f7" COLOR="#d5dae0"><TR>
		<TD PORT="i" WIDTH="54" CELLPADDING="4"> </TD>
		<TD PORT="m" WIDTH="235" CELLPADDING="6"><FONT COLOR="#98a1ab"><B>stand-in endpoint</B></FONT><BR/>
		<FONT POINT-SIZE="11" COLOR="#76808b">not reached</FONT></TD>
		<TD PORT="o" WIDTH="54" CELLPADDING="4"> </TD>
	</TR></TABLE>>]
	client:i:s -> n0:i:n [color="#2f7ee6" weight=9]
	n0:i:s -> n1:i:n [color="#2f7ee6" weight=9]
	n0:o:s -> n1:o:n [color="#2a9d4e" dir=back]
	client:o:s -> n0:o:n [color="#2a9d4e" dir=back]
	n1:m:s -> n2:m:n [arrowhead=none color="#8b949e" style=dotted weight=9]
	n2:m:s -> handler:m:n [arrowhead=none color="#8b949e" style=dotted weight=9]
}
"""  # noqa: E501


def test_healthy() -> None:
    assert render(diagram_traces.tiny()) == HEALTHY


def test_short_circuit() -> None:
    assert render(diagram_traces.refused()) == SHORT_CIRCUIT


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
    widths = re.findall(r'PORT="m" WIDTH="(\d+)"', render(traces.healthy()))

    assert len(widths) == 13
    assert len(set(widths)) == 1


def test_a_mount_is_framed() -> None:
    text = render(traces.surrounded())

    assert re.search(r"subgraph cluster_1 \{\n\t\tgraph \[.*label=<mount /admin>.*\]\n\t\tn5 ", text)
    assert re.search(r"subgraph cluster_2 \{\n\t\tgraph \[.*label=<route /admin/report>.*\]\n\t\tn6 ", text)


@pytest.mark.parametrize(
    ("name", "edge"),
    [
        ("skipping", 'n1:o:s -> n4:o:n [color="#2a9d4e" dir=back]'),
        ("thrown_away", 'n1:o:s -> n2:o:n [color="#8b949e" dir=back style=dashed]'),
        ("crashed", 'client:m:s -> n0:m:n [color="#e0443a" dir=back style=dashed]'),
        ("partly_seen", 'n0:m:s -> n1:m:n [arrowhead=none color="#8b949e" style=dotted weight=9]'),
    ],
)
def test_every_kind_of_arrow_has_its_look(name: str, edge: str) -> None:
    assert f"\t{edge}\n" in render(diagram_traces.ALL[name]())
