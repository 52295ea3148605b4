"""Where the blocks of a document are, and what is no block: markers in code, halves of markers, nested ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwviz.documenting.blocks import MARKUP_OF_ENDING, Markup, find, split

MARKERS: dict[Markup, tuple[str, str]] = {
    "markdown": ("<!-- mwviz: show a:b -->", "<!-- /mwviz -->"),
    "mdx": ("{/* mwviz: show a:b */}", "{/* /mwviz */}"),
    "rst": (".. mwviz: show a:b", ".. /mwviz"),
}


def found(text: str, markup: Markup = "markdown") -> list[tuple[int, str]]:
    blocks, mistakes = find(split(text), markup)
    assert mistakes == []
    return [(block.line, block.command) for block in blocks]


def mistakes(text: str, markup: Markup = "markdown") -> list[tuple[int, str]]:
    return [(each.line, each.message) for each in find(split(text), markup)[1]]


@pytest.mark.parametrize("markup", MARKERS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_block_is_found_with_its_content(markup: Markup, newline: str) -> None:
    start, end = MARKERS[markup]
    lines = split(newline.join(["before", "", f"  {start} ", "", "  old", "", f"  {end}", "", "after"]))

    (block,), wrong = find(lines, markup)

    assert wrong == []
    assert (block.line, block.command, block.markup) == (3, "show a:b", markup)
    assert lines[block.first : block.last] == [newline, f"  old{newline}", newline]
    assert (block.indent, block.newline) == ("  ", newline)


@pytest.mark.parametrize("markup", MARKERS)
def test_a_block_may_be_empty_and_end_the_file(markup: Markup) -> None:
    assert found("\n".join(MARKERS[markup]), markup) == [(1, "show a:b")]


def test_markdown_takes_comments_of_mdx_too() -> None:
    assert found("\n".join(MARKERS["mdx"])) == [(1, "show a:b")]
    assert found("\n".join(MARKERS["markdown"]), "mdx") == [(1, "show a:b")]


IN_CODE = {
    "a fence": "```\n{block}\n```\n",
    "a fence with a language": "```md title=x\n{block}\n```\n",
    "a fence of tildes": "~~~~\n```\n{block}\n~~~\n~~~~\n",
    "a fence in a longer one": "````\n```\n{block}\n```\n````\n",
    "a fence in a list": "- item\n\n  ```\n  {block}\n  ```\n",
    "a fence without end": "```\n{block}\n",
    "indented code": "text\n\n    {block}\n",
    "indented code in a list": "- item\n\n      {block}\n",
    "a list item's own code": "-     {block}\n",
    "code spans": "`{start}` and `` {end} ``\n",
    "prose about it": "Write `<!-- mwviz: show APP -->` above it.\n",
}


@pytest.mark.parametrize("text", IN_CODE.values(), ids=IN_CODE)
def test_markers_in_code_of_markdown_are_no_blocks(text: str) -> None:
    start, end = MARKERS["markdown"]
    lines = text.split("\n")
    told = []
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip().removeprefix("-").lstrip()))
        told.append(line.replace("{block}", f"{start}\n{indent}old\n{indent}{end}"))
    document = "\n".join(told).replace("{start}", start).replace("{end}", end)

    assert found(document) == []


IN_TEXT = {
    "after a fence": "```\ncode\n```\n{block}\n",
    "after a fence of a list": "- a\n  ```\n  code\n\n{block}\n",
    "in a list": "- a\n\n  {block}\n",
    "in a numbered list": "10. a\n\n    {block}\n",
    "in a nested list": "- a\n    - b\n\n        {block}\n",
    "in an admonition": "!!! note\n\n    {block}\n",
    "in tabs": '=== "Tab"\n\n    {block}\n',
    "in a footnote": "[^1]:\n    {block}\n",
    "after inline code": "`a` ``` b\n\n{block}\n",
    "after a list's end": "- a\n\n      code\n\ntext\n\n{block}\n",
}


@pytest.mark.parametrize("text", IN_TEXT.values(), ids=IN_TEXT)
def test_blocks_stand_wherever_text_may(text: str) -> None:
    line = next(line for line in text.split("\n") if "{block}" in line)
    indent = line.removesuffix("{block}")
    document = text.replace("{block}", f"\n{indent}".join(["<!-- mwviz: show a:b -->", "old", "<!-- /mwviz -->"]))

    assert [command for _, command in found(document)] == ["show a:b"]


def test_mdx_has_no_code_by_indentation() -> None:
    assert found("<Tab>\n    {/* mwviz: show a:b */}\n    {/* /mwviz */}\n</Tab>\n", "mdx") == [(2, "show a:b")]


RST_CODE = [
    "Literally::\n\n   {block}\n",
    "- Literally::\n\n     {block}\n",
    ".. code-block:: rst\n   :linenos:\n\n   {block}\n",
    ".. code::\n\n   {block}\n",
    ".. a comment\n   {block}\n",
    "..\n   {block}\n",
]


@pytest.mark.parametrize("text", RST_CODE)
def test_markers_in_literal_blocks_and_comments_are_no_blocks(text: str) -> None:
    indent = next(line for line in text.split("\n") if "{block}" in line).removesuffix("{block}")
    block = f"\n\n{indent}".join([".. mwviz: show a:b", "old", ".. /mwviz"])

    assert found(text.replace("{block}", block), "rst") == []
    assert found(f"{text.replace('{block}', block)}\n.. mwviz: show c:d\n\n.. /mwviz\n", "rst")[0][1] == "show c:d"


def test_blocks_stand_in_directives_and_lists_of_rst() -> None:
    noted = ".. note::\n\n   .. mwviz: show a:b\n\n   ::\n\n     .. /mwviz\n\n   .. /mwviz\n"
    listed = "- x\n\n  .. mwviz: show c:d\n  .. /mwviz\n"

    assert found(f"{noted}\n{listed}", "rst") == [(3, "show a:b"), (13, "show c:d")]


def test_the_directive_of_sphinx_is_no_marker() -> None:
    assert found(".. mwviz:: app:app\n   :format: tree\n\n.. |x| image:: y.png\n", "rst") == []


WRONG: list[tuple[Markup, str, int, str]] = [
    ("markdown", "\n<!-- mwviz: show a -->\ntext\n", 2, "The block has no end: no line `<!-- /mwviz -->` follows."),
    ("markdown", "<!-- /mwviz -->\n", 1, "`<!-- /mwviz -->` ends no block."),
    (
        "markdown",
        "<!-- mwviz: show a -->\n<!-- mwviz: show b -->\n<!-- /mwviz -->\n",
        2,
        "This block begins inside of the one of line 1.",
    ),
    ("markdown", "text <!-- mwviz: show a -->\n", 1, "This is no marker: `<!-- mwviz: show APP -->`"),
    ("markdown", "> <!-- mwviz: show a -->\n", 1, "This is no marker"),
    ("markdown", "<!-- mwviz: show a\n-->\n", 1, "This is no marker"),
    ("markdown", "<!-- mwviz show a -->\n", 1, "This is no marker"),
    ("markdown", "<!-- mwviz: show a --> -->\n", 1, "This is no marker"),
    (
        "mdx",
        "{/* mwviz: routes --path '/a/*/b' */}\n{/* /mwviz */}\n",
        1,
        "This is no marker: `{/* mwviz: show APP */}`",
    ),
    ("rst", ".. mwviz: show a\n", 1, "The block has no end: no line `.. /mwviz` follows."),
    ("rst", ".. mwviz show a\n", 1, "This is no marker: `.. mwviz: show APP`"),
    ("rst", "  10. .. mwviz: show a\n", 1, "This is no marker: `.. mwviz: show APP`"),
]


@pytest.mark.parametrize(("markup", "text", "line", "message"), WRONG)
def test_a_mistake_is_told_with_its_line(markup: Markup, text: str, line: int, message: str) -> None:
    first, *_ = mistakes(text, markup)

    assert first[0] == line
    assert first[1].startswith(message)


def test_what_only_mentions_mwviz_is_no_mistake() -> None:
    assert find(split("<!-- mwviz is fine -->\n<!--mwviz-->\n/mwviz\n"), "markdown") == ([], [])


def test_a_line_of_restructuredtext_that_holds_a_marker_is_no_comment() -> None:
    assert find(split("   :alt: The middleware, outermost first: .. /mwviz, .. mwviz: show a\n"), "rst") == ([], [])


@given(
    st.text(st.sampled_from("ab `~-\n\r\t>*{}<!/.:|1\u2028\x0c"), max_size=200),
    st.sampled_from(sorted(MARKUP_OF_ENDING)),
)
def test_any_text_is_read_and_kept(text: str, ending: str) -> None:
    lines = split(text)

    assert "".join(lines) == text
    find(lines, MARKUP_OF_ENDING[ending])
