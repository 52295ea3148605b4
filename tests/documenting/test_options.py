"""The options of blocks are those of the command line, which alone knows Typer: both are held together here."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.main import get_group

from mwviz import cli
from mwviz.collect import ProbeOptions
from mwviz.documenting.commands import FORMATS, RouteView, read
from mwviz.documenting.options import OPTIONS, Option, parse
from mwviz.errors import MwvizError, ProbeError
from mwviz.render import RENDERERS, ROUTES_RENDERERS, Format

COMMANDS: dict[str, Any] = {name: get_group(cli.app).commands[name] for name in OPTIONS}
#: What a document has no use for.
LEFT_OUT = {"show": {"--traceback", "--watch"}, "routes": {"--traceback"}}


def of_command_line(name: str) -> dict[str, Any]:
    options = (each for each in COMMANDS[name].params if each.param_type_name == "option")
    return {each.opts[-1]: each for each in options if not LEFT_OUT[name] & set(each.opts)}


def refuses(name: str, flag: str, value: str) -> bool:
    try:
        COMMANDS[name].make_context(name, [flag, value])
    except typer.BadParameter:
        return True
    return False


@pytest.mark.parametrize("name", OPTIONS)
def test_a_block_takes_the_options_of_the_command_line(name: str) -> None:
    ours = {option.flags[-1]: option for option in OPTIONS[name]}
    theirs = of_command_line(name)

    assert set(ours) == set(theirs)
    for flag, option in ours.items():
        assert (flag, set(option.flags)) == (flag, set(theirs[flag].opts))
        assert (flag, option.many) == (flag, theirs[flag].multiple)
        assert (flag, option.takes == "nothing") == (flag, theirs[flag].is_flag)
        assert (flag, [option.off] if option.off else []) == (flag, theirs[flag].secondary_opts)
        if option.takes != "nothing":
            refused = option.takes != "text" or bool(option.choices) or option.name == "format"
            assert (flag, refuses(name, flag, "zzz")) == (flag, refused)
            assert (flag, [refuses(name, flag, choice) for choice in option.choices]) == (
                flag,
                [False] * len(option.choices),
            )


@pytest.mark.parametrize(("name", "table"), [("show", RENDERERS), ("routes", ROUTES_RENDERERS)])
def test_every_format_is_one_of_blocks_or_left_out_on_purpose(name: str, table: dict[Format, str]) -> None:
    assert set(table) - set(FORMATS) <= {each for each in Format if each.value in ("json", "png", "pdf", "html")}


def words_of(option: Option) -> st.SearchStrategy[list[str]]:
    if option.takes == "nothing":
        return st.sampled_from([[flag] for flag in (*option.flags, option.off) if flag])
    texts = {
        "number": st.floats(0.1, 9).map(str),
        "count": st.integers(1, 9).map(str),
        "text": st.sampled_from(option.choices) if option.choices else st.text("ab -'\"\\=:/*", min_size=1, max_size=6),
    }
    if option.name == "format":
        texts["text"] = st.sampled_from([each.value for each in FORMATS if each in ROUTES_RENDERERS])
    return st.tuples(st.sampled_from(option.flags), texts[option.takes], st.booleans()).map(_written)


def _written(given: tuple[str, str, bool]) -> list[str]:
    flag, text, joined = given
    if not joined:
        return [flag, text]
    return [f"{flag}={text}" if flag.startswith("--") else f"{flag}{text}"]


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(sorted(OPTIONS)))
def test_a_block_reads_words_as_the_command_line_does(data: st.DataObject, name: str) -> None:
    chosen = data.draw(st.lists(st.sampled_from(OPTIONS[name]).flatmap(words_of), max_size=4))
    at = data.draw(st.integers(0, len(chosen)))
    words = [word for each in [*chosen[:at], ["app:app"], *chosen[at:]] for word in each]

    arguments, values = parse(name, words)
    theirs = COMMANDS[name].make_context(name, list(words)).params

    assert arguments == [theirs["application"]]
    for option in OPTIONS[name]:
        if option.name in values:
            told = theirs[option.name]
            told = getattr(told, "value", told)
            told = list(told) if isinstance(told, tuple) else told  # as click before 8.2 has what is given again
            given = values[option.name]
            assert (str(told) if isinstance(given, str) else told) == (
                str(Path(given)) if isinstance(told, Path) and isinstance(given, str) else given
            ) or isinstance(told, Path)


def test_a_command_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"\xff")
    (tmp_path / "src").mkdir()
    command = read(
        "show shop:app /orders -f tree -H 'a: b' -H 'c: d' --data @body --endpoint stand-in --no-lifespan "
        "--raise --timeout 2 --app-dir src --factory --verbose --extension http.response.trailers",
        tmp_path,
    )

    assert (command.target.app, command.target.factory, command.verbose) == ("shop:app", True, True)
    assert (command.target.app_dir, command.target.directory) == (tmp_path / "src", tmp_path.resolve())
    assert command.format is Format.TREE
    assert command.asked == ProbeOptions(
        "/orders", headers=(("a", "b"), ("c", "d")), data=b"\xff", endpoint="stand-in", raises=True, lifespan=False,
        timeout=2.0, extensions=("http.response.trailers",),
    )  # fmt: skip


def test_routes_are_selected_and_probed_as_asked(tmp_path: Path) -> None:
    command = read("routes app:app --path '/api/*' --layer A --layer B --without C -X GET --trace -H 'a: b'", tmp_path)

    assert isinstance(command.asked, RouteView)
    selection = command.asked.selection
    assert (selection.paths, selection.methods, selection.layers, selection.without) == (
        ("/api/*",), ("GET",), ("A", "B"), ("C",),
    )  # fmt: skip
    assert (command.asked.timeout, command.asked.headers) == (10.0, (("a", "b"),))
    ordered = read("routes app:app --order 'A > B'", tmp_path).asked
    assert isinstance(ordered, RouteView)
    assert (ordered.order, ordered.timeout) == ("A > B", None)
    assert read("routes app:app", tmp_path).asked == RouteView(type(selection)(), None, ())


def test_a_first_argument_with_a_slash_is_a_path_unless_it_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "main.py").touch()
    file = (tmp_path / "main.py").as_posix()

    found = read("show /orders", tmp_path)
    named = read(f"show {shlex.quote(file)} /orders", tmp_path)

    assert (found.target.app, found.asked) == (None, ProbeOptions("/orders"))
    assert (named.target.app, named.asked) == (file, ProbeOptions("/orders"))


MISTAKES = {
    "": "The command is missing: write `show` or `routes`.",
    "shwo app:app": "'shwo' is no command of a block: did you mean show?",
    "check app:app": "'check' is no command of a block: write `show` or `routes`.",
    "show app:app --formt table": "There is no option --formt in a block of show: did you mean --format?",
    "show app:app --traceback": "There is no option --traceback in a block of show",
    "show app:app -f": "-f needs a value.",
    "show app:app -f json": "A block of show cannot be -f json: it is one of table, tree, timeline, markdown",
    "routes app:app -f timeline": "A block of routes cannot be -f timeline: it is one of table, tree, markdown",
    "show app:app --raise=yes": "--raise takes no value, but has 'yes'.",
    "show app:app --timeout soon": "--timeout is a number, not 'soon'.",
    "show app:app --endpoint fake": "--endpoint is one of stand-in, real, not 'fake'.",
    "show app:app --repeat 5": "--repeat measures times, and a block shows none",
    "show app:app 'x": "The command cannot be read: no closing quotation.",
    "show app:app / more": "One APP and one PATH are enough: 'more' is too much.",
    "show /a /b": "Both '/a' and '/b' look like PATH",
    "show app:app -d @-": "--data @-: a block has no stdin.",
    "show app:app -d @nothing": "--data: 'nothing' cannot be read",
    "show app:app -H nothing": "",
    "show app:app --app-dir nowhere": "--app-dir 'nowhere' is no directory.",
    "show app:app -o x.png": "-o 'x.png' cannot be: a block writes pictures, as pictures/NAME.svg",
    "show app:app -o /x.svg": "-o '/x.svg' cannot be",
    "show app:app -o 'a)b.svg'": "-o 'a)b.svg' cannot be",
    "show app:app -o x.svg -f tree": "-o x.svg is an SVG, and -f says tree",
    "routes app:app /path": "routes takes one APP: '/path' is too much. Did you mean --path '/path'?",
    "routes app:app -H 'a: b'": "-H is a header of the probes, and without --trace none is sent",
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.items())
def test_a_mistake_is_told(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(MwvizError) as caught:
        read(text, tmp_path)

    assert str(caught.value).startswith(message)
    assert str(caught.value)


def test_what_follows_two_dashes_is_an_argument() -> None:
    assert parse("show", ["--", "-x", "--raise"]) == (["-x", "--raise"], {})
    with pytest.raises(ProbeError):
        parse("show", ["-x"])
