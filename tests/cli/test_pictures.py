"""What may be asked of a picture on the command line: `--theme`, `--changes`, and the diagram of messages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mwviz
from mwviz.render.palette import COLORS
from tests.cli.conftest import LAYERED, Project

#: The inner layer adds a header to the response and a key to the scope.
CHANGING = LAYERED.replace(
    "class Inner(Outer):\n    pass",
    """class Inner(Outer):
    async def __call__(self, scope, receive, send):
        async def adding(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-inner", b"secret of this run")]
            await send(message)

        await self.app({**scope, "user": "me"}, receive, adding)""",
)
THEMED = "svg, png, pdf, dot"


@pytest.fixture(autouse=True)
def app(project: Project) -> None:
    project.write({"main.py": CHANGING})


def test_changes_are_told_by_name_where_asked_for(project: Project) -> None:
    for name in ("dot", "mermaid", "sequence"):
        plain, told = (project.call("show", "main:app", "-f", name, *more) for more in ((), ("--changes",)))
        assert (plain.code, told.code) == (0, 0)
        assert "x-inner" not in plain.stdout
        assert "x-inner" in told.stdout
        assert "scope user" in told.stdout
        assert "secret of this run" not in told.stdout


def test_a_theme_is_that_of_the_picture(project: Project) -> None:
    light, dark = (project.call("show", "main:app", "-f", "dot", "--theme", name).stdout for name in ("light", "dark"))

    assert f'bgcolor="{COLORS["page"].light}"' in light
    assert f'bgcolor="{COLORS["page"].dark}"' in dark
    assert light == project.call("show", "main:app", "-f", "dot").stdout
    routes = project.call("routes", "main:app", "-f", "dot", "--theme", "dark")
    assert (routes.code, f'bgcolor="{COLORS["page"].dark}"' in routes.stdout) == (0, True)


def test_an_svg_of_one_theme_does_not_follow_its_reader(project: Project) -> None:
    if project.call("show", "main:app", "-o", "auto.svg").code != 0:
        pytest.skip("no Graphviz to draw an svg")
    assert project.call("show", "main:app", "-o", "light.svg", "--theme", "light").code == 0

    follows = {
        name: b"prefers-color-scheme" in (project.folder / f"{name}.svg").read_bytes() for name in ("auto", "light")
    }
    assert follows == {"auto": True, "light": False}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--theme", "dark"), f"--theme is for pictures ({THEMED}), and table is none of them."),
        (("--theme", "light", "-f", "mermaid"), f"--theme is for pictures ({THEMED}), and mermaid is none of them."),
        (
            ("--changes", "-f", "tree"),
            f"--changes is for pictures ({THEMED}, mermaid, sequence), and tree is none of them.",
        ),
        (
            ("--theme", "auto", "-f", "dot"),
            "Only an svg follows its reader's theme: give --theme light or dark for dot.",
        ),
    ],
)
def test_what_no_picture_heeds_is_a_mistake(project: Project, arguments: tuple[str, ...], message: str) -> None:
    ran = project.call("show", "main:app", *arguments)

    assert (ran.code, ran.stdout) == (2, "")
    assert message in ran.stderr


def test_a_file_for_mermaid_holds_a_diagram_of_messages_if_that_is_asked_for(project: Project) -> None:
    assert project.call("show", "main:app", "-o", "out.mmd", "-f", "sequence").code == 0

    assert (project.folder / "out.mmd").read_text("utf-8").splitlines()[1] == "sequenceDiagram"


def test_who_asks_for_no_picture_loads_nothing_of_it(project: Project) -> None:
    code = (
        "import sys; from mwviz import cli; code = cli.run(['show', 'main:app']); "
        "loaded = [name for name in sys.modules if name.startswith('mwviz.render.')]; "
        "print(code, sorted(set(loaded) & {f'mwviz.render.{name}' for name in sys.argv[1:]}), file=sys.stderr)"
    )
    names = ("palette", "look", "graph", "cards", "legend", "carried", "svg", "dot", "picture", "mermaid", "sequence")
    done = subprocess.run(
        [sys.executable, "-c", code, *names],
        cwd=project.folder, env=project.environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stderr.splitlines()[-1] == "0 []"
    assert all((Path(mwviz.__file__).parent / "render" / f"{name}.py").is_file() for name in names)


def test_who_asks_for_no_page_loads_nothing_of_it(project: Project) -> None:
    names = ("mwviz.model.probes", "mwviz.analysis.ways", "mwviz.collect.several", "mwviz.render.page")
    code = (
        "import sys; from mwviz import cli; code = cli.run(['show', 'main:app', *sys.argv[1:]]); "
        f"print(code, [name for name in {names} if name in sys.modules], file=sys.stderr)"
    )
    loaded = [
        subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=project.folder, env=project.environment(), capture_output=True, text=True, check=True,
        ).stderr.splitlines()[-1]
        for arguments in ((), ("-f", "html"))
    ]  # fmt: skip

    assert loaded == ["0 []", f"0 {list(names)}"]
