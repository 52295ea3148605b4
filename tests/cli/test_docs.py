"""`mwviz docs`: blocks of real documents refreshed, held and shown as a difference, and what keeps it from that."""

from __future__ import annotations

import codecs
import os
import re
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import LAYERED, Project

#: Notes in a file beside it each time that it is imported.
COUNTED = f"""\
from pathlib import Path

with Path(__file__).with_name("imports").open("a") as stream:
    stream.write("x")
{LAYERED}
"""
BLOCK = "<!-- mwviz: show main:app -f {format} -->\n<!-- /mwviz -->\n"
BEFORE = "# Läufe\n\n<!-- mwviz: show main:app -f tree -->\nold\n<!-- /mwviz -->\n\nThe end.\n"
TREE = """\
<!-- mwviz: show main:app -f tree -->

```text
main:app
GET / → 200 OK, answered by the stand-in endpoint

↓ 1  ╭ ServerErrorMiddleware
↓ 2  │ ╭ Outer  main.py:17
↓ 3  │ │ ╭ Inner  main.py:17
↓ 4  │ │ │ ╭ ExceptionMiddleware
↓ 5  │ │ │ │ ● stand-in endpoint  answered 200
↑ 1  │ │ │ ╰ ExceptionMiddleware
↑ 2  │ │ ╰ Inner
↑ 3  │ ╰ Outer
↑ 4  ╰ ServerErrorMiddleware

The request went in from Outer to Inner, the stand-in endpoint answered 200, and
the response came out in reverse order.
```

<!-- /mwviz -->
"""
AFTER = f"# Läufe\n\n{TREE}\nThe end.\n"


def written(project: Project, name: str, content: str | bytes) -> Path:
    file = project.folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_a_block_is_refreshed_and_then_fresh(project: Project) -> None:
    project.write({"main.py": LAYERED})
    file = written(project, "README.md", BEFORE)

    first = project.run("docs", "README.md")
    refreshed = file.read_text("utf-8")
    times = file.stat().st_mtime_ns
    second = project.run("docs", "README.md")

    assert (first.code, first.stdout, first.stderr) == (0, "", "1 block in 1 file: 1 refreshed.\n")
    assert refreshed == AFTER
    assert (second.code, second.stderr) == (0, "1 block in 1 file: none refreshed.\n")
    assert file.stat().st_mtime_ns == times


def test_check_changes_nothing_and_tells_file_and_line(project: Project) -> None:
    project.write({"main.py": LAYERED, "README.md": BEFORE, "docs/fresh.md": AFTER})
    before = project.files()

    ran = project.call("docs", "README.md", "docs/fresh.md", "--check")

    assert (ran.code, ran.stdout) == (1, "README.md:3: stale: show main:app -f tree\n")
    assert ran.stderr == "2 blocks in 2 files: 1 stale.\n"
    assert project.files() == before
    assert project.call("docs", "docs/fresh.md", "--check").code == 0


def test_diff_changes_nothing_and_shows_what_would(project: Project) -> None:
    project.write({"main.py": LAYERED, "README.md": BEFORE})

    plain, coloured = (
        project.call("docs", "README.md", "--diff"),
        project.run("docs", "README.md", "--diff", FORCE_COLOR="1"),
    )

    lines = plain.stdout.splitlines()
    assert plain.code == coloured.code == 1
    assert lines[:2] == ["--- a/README.md", "+++ b/README.md"]
    assert "-old" in lines
    assert "+main:app" in lines
    assert "\x1b[31m-old\x1b[0m" in coloured.stdout.splitlines()
    assert re.sub(r"\x1b\[\d+m", "", coloured.stdout) == plain.stdout
    assert (project.folder / "README.md").read_text("utf-8") == BEFORE
    project.write({"README.md": AFTER})
    assert project.call("docs", "README.md", "--check", "--diff").stdout == ""


def test_a_change_of_the_app_makes_its_blocks_stale(project: Project) -> None:
    project.write({"main.py": LAYERED, "README.md": AFTER})
    assert project.run("docs", "README.md", "--check").code == 0

    project.write({"main.py": LAYERED.replace("Middleware(Outer), ", "")})

    assert project.run("docs", "README.md", "--check").code == 1


def test_all_blocks_of_one_app_import_it_once(project: Project) -> None:
    formats = ("table", "tree", "markdown", "mermaid", "dot", "timeline")
    project.write({"main.py": COUNTED, "a.md": "".join(BLOCK.format(format=each) for each in formats)})
    project.write({"b.rst": ".. mwviz: routes main:app\n.. /mwviz\n"})

    ran = project.run("docs", "a.md", "b.rst")

    assert (ran.code, ran.stderr) == (0, "7 blocks in 2 files: 7 refreshed.\n")
    assert (project.folder / "imports").read_text() == "x"


def test_apps_with_modules_of_one_name_are_told_apart(project: Project) -> None:
    project.write({"one/main.py": COUNTED, "two/main.py": COUNTED.replace("Inner", "Other")})
    text = "".join(
        f"<!-- mwviz: show main:app -f tree --app-dir {folder} -->\n<!-- /mwviz -->\n"
        for folder in ("one", "two", "one")
    )
    file = written(project, "README.md", text)

    ran = project.run("docs", "README.md")

    one, two, again = file.read_text("utf-8").split("<!-- /mwviz -->\n")[:3]
    assert ran.code == 0, ran.stderr
    assert "Inner" in one
    assert one.removeprefix("\n") == again.removeprefix("\n")
    assert "Inner" not in two
    assert "Other" in two
    assert [(project.folder / name / "imports").read_text() for name in ("one", "two")] == ["x", "x"]


ENCODINGS = {
    "utf-8": (b"", "utf-8"),
    "a mark": (codecs.BOM_UTF8, "utf-8"),
    "utf-16": (codecs.BOM_UTF16_LE, "utf-16-le"),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("mark", "encoding"), ENCODINGS.values(), ids=ENCODINGS)
def test_encoding_and_line_ends_stay(project: Project, mark: bytes, encoding: str, newline: str) -> None:
    project.write({"main.py": LAYERED})
    file = written(project, "README.md", mark + BEFORE.replace("\n", newline).encode(encoding))

    ran = project.call("docs", "README.md")

    assert ran.code == 0
    assert file.read_bytes() == mark + AFTER.replace("\n", newline).encode(encoding)


def test_a_document_in_latin_1_gets_letters_that_it_has(project: Project) -> None:
    project.write({"main.py": LAYERED})
    file = written(project, "README.md", BEFORE.encode("latin-1"))

    ran = project.call("docs", "README.md")

    content = file.read_bytes()
    assert ran.code == 0
    assert content.startswith("# Läufe\n".encode("latin-1"))
    assert b"v 1  + ServerErrorMiddleware" in content
    assert project.call("docs", "README.md", "--check").code == 0


def test_mixed_line_ends_and_a_missing_last_one_stay(project: Project) -> None:
    project.write({"main.py": LAYERED})
    file = written(project, "README.md", "a\r\nb\n\r\n<!-- mwviz: show main:app -f tree -->\r\nold\n<!-- /mwviz -->")

    project.call("docs", "README.md")

    block = TREE.replace("\n", "\r\n").removesuffix("<!-- /mwviz -->\r\n") + "<!-- /mwviz -->"
    assert file.read_bytes().decode() == f"a\r\nb\n\r\n{block}"


def test_a_block_keeps_its_indentation(project: Project) -> None:
    project.write({"main.py": LAYERED})
    file = written(project, "README.md", "- a\n\n  <!-- mwviz: show main:app -f tree -->\n  <!-- /mwviz -->\n- b\n")

    project.call("docs", "README.md")

    indented = "".join(f"  {line}" if line.strip() else line for line in TREE.splitlines(keepends=True))
    assert file.read_text("utf-8") == f"- a\n\n{indented}- b\n"


def test_rst_holds_literal_blocks(project: Project) -> None:
    project.write({"main.py": LAYERED})
    listed = "Title\n=====\n\n* item\n\n  .. mwviz: show main:app -f tree\n  .. /mwviz\n\n"
    file = written(project, "page.rst", f"{listed}.. mwviz: show main:app -f mermaid\n.. /mwviz\n")

    project.call("docs", "page.rst")

    made = file.read_text("utf-8")
    assert "\n  .. mwviz: show main:app -f tree\n\n  .. code-block:: text\n\n     main:app\n     GET / → 200 OK" in made
    assert "\n     ↑ 4  ╰ ServerErrorMiddleware\n\n     The request" in made
    assert "\n.. mwviz: show main:app -f mermaid\n\n.. mermaid::\n\n   flowchart TD\n" in made
    assert made.endswith("\n\n.. /mwviz\n")
    assert project.call("docs", "page.rst", "--check").code == 0


def test_mdx_holds_fences_and_text(project: Project) -> None:
    project.write(
        {"main.py": LAYERED.replace("class Inner(Outer)", "class export(Outer)").replace("(Inner)", "(export)")}
    )
    file = written(
        project, "page.mdx", "import X from 'x'\n\n{/* mwviz: show main:app -f markdown */}\n{/* /mwviz */}\n"
    )

    project.call("docs", "page.mdx")

    made = file.read_text("utf-8")
    assert made.startswith("import X from 'x'\n\n{/* mwviz: show main:app -f markdown */}\n\n**main:app** ")
    assert not re.search(r"^(?:import|export)\b(?! X)", made, re.MULTILINE)


def test_a_picture_is_written_beside_its_document(project: Project) -> None:
    pytest.importorskip("graphviz")
    project.write({"main.py": LAYERED})
    file = written(project, "docs/page.md", "<!-- mwviz: show main:app -o pictures/stack.svg -->\n<!-- /mwviz -->\n")

    first = project.call("docs", "docs/page.md")
    if "no Graphviz to draw" in first.stderr:
        pytest.skip("nothing here draws an SVG")

    picture = project.folder / "docs" / "pictures" / "stack.svg"
    drawn = picture.read_bytes()
    assert first.code == 0, first.stderr
    assert file.read_text("utf-8").split("\n")[2] == (
        "![The middleware of main:app, outermost first: Outer, Inner. The request went in from Outer to Inner, the "
        "stand-in endpoint answered 200, and the response came out in reverse order.](pictures/stack.svg)"
    )
    assert drawn.rstrip().endswith(b"-->")
    assert project.call("docs", "docs/page.md").stderr == "1 block in 1 file: none refreshed.\n"
    for edited in (drawn.replace(b"Outer", b"Other"), drawn[:-40], b""):
        picture.write_bytes(edited)
        ran = project.call("docs", "docs/page.md", "--check")
        assert (ran.code, ran.stdout) == (
            1, "docs/page.md:1: stale: pictures/stack.svg of show main:app -o pictures/stack.svg\n",
        )  # fmt: skip
        assert picture.read_bytes() == edited
    picture.unlink()
    assert project.call("docs", "docs/page.md", "--diff").stdout.startswith(
        "--- /dev/null\n+++ b/docs/pictures/stack.svg\n"
    )
    assert not picture.exists()


ADDING = LAYERED.replace(
    "        await self.app(scope, receive, send)",
    """\
        async def marked(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-first", b"1")]
            await send(message)

        await self.app(scope, receive, marked)""",
)


def test_a_picture_is_stale_when_the_changes_that_it_tells_of_are_others(project: Project) -> None:
    written(project, "main.py", ADDING)
    written(project, "page.md", "<!-- mwviz: show main:app -o x.svg --changes -->\n<!-- /mwviz -->\n")
    first = project.run("docs", "page.md")
    if "no Graphviz to draw" in first.stderr:
        pytest.skip("nothing here draws an SVG")
    assert project.run("docs", "page.md", "--check").code == 0

    written(project, "main.py", ADDING.replace("x-first", "x-second"))

    assert project.run("docs", "page.md", "--check").code == 1
    project.run("docs", "page.md")
    assert b"second" in (project.folder / "x.svg").read_bytes()


def test_documents_in_two_folders_may_show_one_picture(project: Project) -> None:
    project.write({"main.py": LAYERED})
    block = "<!-- mwviz: show main:app -o {} -->\n<!-- /mwviz -->\n"
    written(project, "README.md", block.format("docs/x.svg"))
    written(project, "docs/index.md", block.format("x.svg"))

    ran = project.call("docs", "README.md", "docs")
    if "no Graphviz to draw" in ran.stderr:
        pytest.skip("nothing here draws an SVG")

    assert ran.code == 0, ran.stderr
    assert "](docs/x.svg)" in (project.folder / "README.md").read_text("utf-8")
    assert "](x.svg)" in (project.folder / "docs" / "index.md").read_text("utf-8")
    for name in ("README.md", "docs"):
        assert project.call("docs", name, "--check").code == 0


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_picture_never_goes_through_a_link_over_what_is_none(project: Project) -> None:
    project.write({"main.py": LAYERED})
    file = written(project, "page.md", "<!-- mwviz: show main:app -o x.svg -->\n<!-- /mwviz -->\n")
    (project.folder / "x.svg").symlink_to(file)
    before = file.read_bytes()

    ran = project.call("docs", "page.md")

    assert ran.code == 2
    assert "page.md:1: -o x.svg is a link to 'page.md'" in ran.stderr
    assert file.read_bytes() == before


def test_two_commands_cannot_write_one_picture(project: Project) -> None:
    project.write({"main.py": LAYERED})
    block = "<!-- mwviz: show main:app {} -o x.svg -->\n<!-- /mwviz -->\n"
    written(project, "page.md", block.format("") + block.format("/there"))

    ran = project.call("docs", "page.md")
    if "no Graphviz to draw" in ran.stderr:
        pytest.skip("nothing here draws an SVG")

    assert ran.code == 2
    assert "page.md:3: Another block writes x.svg with another command: give each a file of its own." in ran.stderr
    assert not (project.folder / "x.svg").exists()


def test_an_interrupted_app_is_told_without_a_traceback_of_ours(project: Project) -> None:
    project.write({"main.py": LAYERED, "stopped.py": "raise KeyboardInterrupt\n"})
    text = "".join(f"<!-- mwviz: show {name}:app -->\n<!-- /mwviz -->\n" for name in ("main", "stopped"))
    file = written(project, "page.md", text)

    ran = project.run("docs", "page.md")

    assert ran.code == 2
    assert "page.md:3: The process that looked at the app ended with code 130 and told nothing." in ran.stderr
    assert "Traceback" not in ran.stderr
    assert file.read_text("utf-8") == text


FAILING = {
    "show nowhere:app": "There is no module 'nowhere'",
    "show main:ap": "'main' has no attribute 'ap'. Did you mean 'main:app'?",
    "show broken:app": "'broken' raised RuntimeError: no database while it was imported.",
    "show main:app --formt tree": "There is no option --formt in a block of show: did you mean --format?",
    "show main:app --order 'Outer > Third'": "",
    "routes main:app --layer Third": "",
    "show started:app --lifespan": "Startup failed: ",
    "show slow:app --timeout 0.2": "Slow still held the request at the time limit",
}
SLOW = (
    LAYERED.replace("import Starlette\n", "import Starlette\nimport asyncio\n", 1)
    .replace("Outer", "Slow")
    .replace("        await self.app(scope, receive, send)", "        await asyncio.sleep(60)")
)
STARTED = LAYERED.replace(
    "        await self.app(scope, receive, send)",
    """\
        if scope["type"] == "lifespan":
            await send({"type": "lifespan.startup.failed", "message": "no database"})
        else:
            await self.app(scope, receive, send)""",
)


@pytest.mark.parametrize(("command", "message"), FAILING.items())
def test_a_failing_block_leaves_every_file_as_it_was(project: Project, command: str, message: str) -> None:
    project.write({"main.py": LAYERED, "broken.py": "raise RuntimeError('no database')\n", "slow.py": SLOW})
    project.write({"started.py": STARTED, "a.md": BEFORE})
    written(project, "b.md", f"\n\n<!-- mwviz: {command} -->\nold\n<!-- /mwviz -->\n")
    before = project.files()

    ran = project.run("docs", "a.md", "b.md", traced=False)

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"Error: no file was changed.\nb.md:3: {message}")
    assert project.files() == before


def test_every_mistake_is_told_before_an_app_is_imported(project: Project) -> None:
    project.write(
        {
            "main.py": COUNTED,
            "a.md": "<!-- mwviz: show main:app -->\n",
            "b.md": "x\n<!-- mwviz: shw -->\n<!-- /mwviz -->\n",
        }
    )
    project.write(
        {
            "c.rst": ".. mwviz: show main:app -f markdown\n.. /mwviz\n",
            "d.md": "<!-- mwviz: show main:app -f svg -->\n<!-- /mwviz -->\n",
        }
    )

    ran = project.call("docs", "a.md", "b.md", "c.rst", "d.md")

    assert ran.code == 2
    assert ran.stderr.splitlines() == [
        "Error: no file was changed.",
        "a.md:1: The block has no end: no line `<!-- /mwviz -->` follows.",
        "b.md:2: 'shw' is no command of a block: did you mean show?",
        "c.rst:1: -f markdown is no reStructuredText: a block of it takes -f table, tree or timeline.",
        "d.md:1: An SVG is a file beside the document: give -o pictures/NAME.svg.",
    ]
    assert not (project.folder / "imports").exists()


def test_a_traceback_is_told_once(project: Project) -> None:
    project.write({"broken.py": "def fail():\n    raise RuntimeError('no')\n\nfail()\n"})
    written(project, "a.md", "<!-- mwviz: show broken:app -->\n<!-- /mwviz -->\n" * 3)

    ran = project.run("docs", "a.md")

    assert ran.stderr.count("raised RuntimeError: no") == 3
    assert ran.stderr.count("in fail") == 1
    assert "importlib" not in ran.stderr
    assert "importlib" in project.run("docs", "a.md", "--traceback").stderr


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="only others than root lack a permission")
def test_a_file_that_cannot_be_written_leaves_those_before_it(project: Project) -> None:
    project.write({"main.py": LAYERED, "a.md": BEFORE, "locked/b.md": BEFORE})
    before = project.files()
    (project.folder / "locked").chmod(0o500)

    ran = project.run("docs", "a.md", "locked/b.md")
    (project.folder / "locked").chmod(0o700)

    assert ran.code == 2
    assert project.files() == before


def test_what_was_written_is_taken_back_where_a_later_file_fails(project: Project) -> None:
    project.write({"main.py": LAYERED, "a.md": BEFORE})
    written(project, "b.md", "<!-- mwviz: show main:app -o a.md/x.svg -->\n<!-- /mwviz -->\n")

    ran = project.call("docs", "a.md", "b.md")
    if "no Graphviz to draw" in ran.stderr:
        pytest.skip("nothing here draws an SVG")

    assert ran.code == 2
    assert (project.folder / "a.md").read_text("utf-8") == BEFORE
    assert "![" not in (project.folder / "b.md").read_text("utf-8")


def test_a_folder_is_searched_but_not_what_others_put_there(project: Project) -> None:
    names = (
        "docs/a.md",
        "docs/deep/b.rst",
        "docs/c.MDX",
        "docs/notes.txt",
        "docs/.hidden/d.md",
        "docs/node_modules/e.md",
    )
    project.write({"main.py": LAYERED, "docs/env/pyvenv.cfg": "", "docs/env/f.md": BEFORE})
    project.write(dict.fromkeys(names, BEFORE))
    written(project, "docs/deep/b.rst", "nothing\n")

    ran = project.call("docs", "docs", "docs/a.md", "--check")

    stale = [line.partition(":")[0] for line in ran.stdout.splitlines()]
    assert stale == [str(Path("docs/a.md")), str(Path("docs/c.MDX"))]
    assert ran.stderr == "2 blocks in 3 files: 2 stale.\n"


def test_what_is_no_document_is_refused(project: Project) -> None:
    project.write({"main.py": LAYERED})
    written(project, "half.md", codecs.BOM_UTF16_LE + b"\x00")

    told = [project.call("docs", name) for name in ("main.py", "none.md", "half.md")]

    assert [ran.code for ran in told] == [2, 2, 2]
    assert told[0].stderr.startswith("Error: 'main.py' is no document: blocks are read in .md, .markdown, .mdx, .rst.")
    assert told[1].stderr.startswith("Error: There is no file 'none.md'.")
    assert told[2].stderr.startswith("Error: 'half.md' cannot be read: it is not in the encoding that it begins with.")
    assert project.call("docs").code == 2


def test_what_an_app_prints_is_no_result(project: Project) -> None:
    project.write({"main.py": f"print('hello')\n{LAYERED}", "README.md": BEFORE})

    ran = project.run("docs", "README.md", "--check")

    assert ran.stdout == "README.md:3: stale: show main:app -f tree\n"
    assert "hello" in ran.stderr


def test_files_stay_where_they_are_though_the_app_goes_elsewhere(project: Project) -> None:
    project.write({"main.py": f"import os\nos.makedirs('away')\nos.chdir('away')\n{LAYERED}", "README.md": BEFORE})

    ran = project.run("docs", "README.md")

    assert ran.code == 0, ran.stderr
    assert "ServerErrorMiddleware" in (project.folder / "README.md").read_text("utf-8")
    assert list((project.folder / "away").iterdir()) == []


def test_a_command_is_no_shell_line(project: Project) -> None:
    project.write({"main.py": LAYERED})
    written(project, "a.md", "<!-- mwviz: show main:app '$(touch owned)' ; touch owned -->\n<!-- /mwviz -->\n")

    assert project.call("docs", "a.md").code == 2
    assert not (project.folder / "owned").exists()


HOSTILE = """\
from starlette.applications import Starlette
from starlette.middleware import Middleware


class Outer:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


NAMES = ["<!-- /mwviz -->", "{/* /mwviz */}", ".. /mwviz", "```", "~~~~~", "a|b`c`*d*\\n.. raw:: html", "</code><b>x",
         "|sub|_", ":role:`x`", "--> <script>"]
app = Starlette(middleware=[Middleware(type(name, (Outer,), {})) for name in NAMES])
"""


@pytest.mark.parametrize("name", ["a.md", "a.mdx", "a.rst"])
def test_hostile_names_end_no_block(project: Project, name: str) -> None:
    project.write({"main.py": HOSTILE})
    markers = {".md": ("<!-- ", " -->"), ".mdx": ("{/* ", " */}"), ".rst": (".. ", "")}
    before, after = markers[Path(name).suffix]
    formats = ("table", "tree", "timeline", "mermaid", "dot", *(() if name.endswith("rst") else ("markdown",)))
    text = "".join(
        f"text\n\n{before}mwviz: show main:app -f {each}{after}\n{before}/mwviz{after}\n\n" for each in formats
    )
    file = written(project, name, f"{text}the end\n")

    first, second = project.call("docs", name), project.call("docs", name)

    assert (first.code, second.code) == (0, 0)
    assert second.stderr == f"{len(formats)} blocks in 1 file: none refreshed.\n"
    assert file.read_text("utf-8").endswith("\n\nthe end\n")


def test_nothing_of_this_run_or_machine_is_in_a_block(project: Project) -> None:
    stamped = LAYERED.replace("        await self.app(scope, receive, send)", STAMPING)
    project.write({"main.py": stamped})
    formats = ("table", "tree", "timeline", "markdown", "mermaid", "dot")
    commands = [f"show main:app --verbose -f {each}" for each in formats] + ["routes main:app --verbose"]
    file = written(project, "a.md", "".join(f"<!-- mwviz: {each} -->\n<!-- /mwviz -->\n" for each in commands))

    project.run("docs", "a.md")
    made = file.read_text("utf-8")

    assert project.run("docs", "a.md", "--check").code == 0
    assert str(project.folder) not in made
    assert str(Path(sys.prefix)) not in made
    assert not re.search(r"\d (?:µs|ms|s)\b|Python|Starlette \d", made)


STAMPING = """\
        import time
        import uuid

        async def stamped(message):
            if message["type"] == "http.response.start":
                told = f"{uuid.uuid4()} {time.perf_counter()}".encode()
                message = {**message, "headers": [*message["headers"], (b"x-id", told)]}
            await send(message)

        await self.app(scope, receive, stamped)"""
