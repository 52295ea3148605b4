"""`mwviz init`: what it writes is a configuration that `mwviz check` keeps, and nothing is ever written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from mwviz.config import find
from mwviz.model.contracts import Name
from mwviz.render.first import configuration
from tests.cli.conftest import APP, LAYERED, Project

WRITTEN = """\
# What `mwviz check` holds this app to; `mwviz init` wrote it from the order that a probe met.
app = "main.py"

[[contracts]]
name = "order"
# Outermost first; other layers may stand between them. "(A)" may be absent, "A | B" may stand in any order,
# "Auth*" is a glob, "pkg.module.A" a qualified name, "A#2" the second layer of a name.
layers = [
    "Outer",
    "Inner",
]
# No other layer of your own may be in the stack:
# exhaustive = true
"""


def test_what_is_written_is_kept_until_the_order_changes(project: Project) -> None:
    project.write({"main.py": LAYERED})

    ran, kept = project.call("init"), project.call("check")
    written = (project.folder / "mwviz.toml").read_text("utf-8")
    project.write({"main.py": LAYERED.replace("(Outer), Middleware(Inner)", "(Inner), Middleware(Outer)")})
    broken = project.call("check")

    assert (ran.code, ran.stdout, ran.stderr) == (0, "", "Wrote mwviz.toml: `mwviz check` holds it.\n")
    assert written == WRITTEN
    assert (kept.code, broken.code) == (0, 1)
    assert (
        "main.py:17 registers both: change the order in which it does, so that Outer stands outside." in broken.stdout
    )


def test_dash_prints_and_writes_nothing(project: Project) -> None:
    project.write({"main.py": f"print('hello')\n{LAYERED}", "mwviz.toml": "app = 'main.py'\n"})
    before = project.files()

    ran = project.call("init", "-o", "-")

    assert (ran.code, ran.stdout, ran.stderr) == (0, WRITTEN, "hello\n")
    assert project.files() == before


def test_a_factory_elsewhere_is_found_again(project: Project) -> None:
    made = LAYERED.replace("app = Starlette(", "made = Starlette(") + "\n\ndef create():\n    return made\n"
    project.write({"src/shop.py": made})

    ran = project.call("init", "shop:create", "--app-dir", "src", "--factory")

    assert ran.code == 0
    config = find(project.folder)
    assert (config.app, config.app_dir, config.factory) == ("shop:create", project.folder / "src", True)
    assert project.call("check").code == 0


def test_without_middleware_there_is_nothing_to_hold_yet(project: Project) -> None:
    project.write({"main.py": APP})

    assert project.call("init", "-o", "own.toml").code == 0
    assert find(project.folder, Path("own.toml")).contracts == ()
    assert project.call("check", "--config", "own.toml").code == 2


def test_names_are_written_so_that_they_can_be_read(tmp_path: Path) -> None:
    labels = ['a"b\\', "c|(d)", "\x7f\x1b", "é😀", "<lambda>", "GZip#2"]
    (tmp_path / "mwviz.toml").write_text(configuration("a\x7f:b", labels, app_dir="x y", factory=False), "utf-8")

    config = find(tmp_path)

    assert config.app == "a\x7f:b"
    assert list(config.contracts[0].layers) == [
        (Name(text),) for text in ('a"b\\', "c??d?", "??", "é😀", "<lambda>", "GZip#2")
    ]


MISTAKES: list[tuple[dict[str, str], list[str], str]] = [
    ({"mwviz.toml": ""}, [], "'mwviz.toml' is there already, and init writes over nothing"),
    ({"own.toml": ""}, ["-o", "own.toml"], "'own.toml' is there already"),
    ({}, ["-o", "own.txt"], "'own.txt' is no .toml file"),
    ({}, ["-o", "none/own.toml"], "'none' is no directory"),
    ({"pyproject.toml": "[tool.mwviz]\napp = 'main:app'"}, [], "pyproject.toml configures mwviz already"),
    ({"main.py": LAYERED.replace("        self.app = app", "        1 / 0")}, [], "ZeroDivisionError"),
    ({}, ["none:app"], "none"),
]


@pytest.mark.parametrize(("files", "arguments", "told"), MISTAKES, ids=[row[2] for row in MISTAKES])
def test_mistakes_write_nothing(project: Project, files: dict[str, str], arguments: list[str], told: str) -> None:
    project.write({"main.py": LAYERED, **files})
    before = project.files()

    ran = project.call("init", *arguments)

    assert (ran.code, ran.stdout) == (2, "")
    assert told in ran.stderr
    assert project.files() == before


@pytest.mark.parametrize("app", ["src/shop.py", "src/shop.py:app"])
def test_a_file_is_named_as_seen_from_the_configuration(project: Project, app: str) -> None:
    project.write({"src/shop.py": LAYERED, "conf/.keep": ""})
    assert project.run("init", app, "-o", "conf/mwviz.toml").code == 0
    assert f'app = "../{app}"' in (project.folder / "conf/mwviz.toml").read_text("utf-8")
    kept = project.run("check", "--config", "conf/mwviz.toml")
    assert (kept.code, kept.stderr) == (0, "")
