"""Where results go: whole or not at all, as bytes that other programs can read, in colour only where it is wanted."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from mwviz.cli import output
from mwviz.errors import OutputError
from mwviz.model import Trace
from mwviz.render import FORMAT_OF_ENDING, Format
from mwviz.render.picture import svg
from tests.cli.conftest import LAYERED, Project
from tests.render import diagram_traces

posix = pytest.mark.skipif(os.name == "nt", reason="links, modes and pipes of POSIX")
TEXTS = [each for each in Format if each not in (Format.PNG, Format.PDF, Format.SVG)]


@pytest.fixture
def trace() -> Trace:
    return diagram_traces.tiny()


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.mark.parametrize("format", TEXTS, ids=[each.value for each in TEXTS])
@pytest.mark.usefixtures("wide")
def test_a_file_holds_the_bytes_that_stdout_gets(
    tmp_path: Path, trace: Trace, format: Format, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = tmp_path / "out.any"
    for place in (None, file):
        sink = output.sink(format, place, verbose=False)
        sink.write(sink.rendered(trace))

    out, err = capfdbinary.readouterr()
    assert file.read_bytes() == out
    assert out.endswith(b"\n")
    assert err == b""


@pytest.mark.parametrize(("ending", "format"), FORMAT_OF_ENDING.items())
def test_the_ending_picks_the_format_and_f_beats_it(tmp_path: Path, ending: str, format: Format) -> None:
    assert output.sink(None, tmp_path / f"out{ending}", verbose=False).format is format
    assert output.sink(None, tmp_path / f"out{ending.upper()}", verbose=False).format is format
    assert output.sink(Format.TREE, tmp_path / f"out{ending}", verbose=False).format is Format.TREE


def test_stdout_gets_a_table_unless_told(tmp_path: Path) -> None:
    assert output.sink(None, None, verbose=False) == output.Sink(Format.TABLE, None, False)
    assert output.sink(Format.JSON, None, verbose=True) == output.Sink(Format.JSON, None, True)


@pytest.mark.parametrize("ending", [".json", ".md", ".mmd", ".dot", ".gv", ".txt", ".html"])
def test_the_command_line_writes_the_file_and_nothing_else(project: Project, ending: str) -> None:
    project.write({"main.py": LAYERED, f"out{ending}": "something much older\n" * 5_000})

    ran = project.call("show", "main:app", "-o", f"out{ending}")

    assert (ran.code, ran.stdout, ran.stderr) == (0, "", "")
    assert set(project.files()) == {"main.py", f"out{ending}"}
    text = (project.folder / f"out{ending}").read_text("utf-8")
    assert "Outer" in text
    assert "much older" not in text
    assert "\x1b" not in text


def test_a_picture_is_written_as_a_file_and_to_a_pipe(project: Project) -> None:
    try:
        svg(diagram_traces.tiny())
    except OutputError as without:
        pytest.skip(str(without))
    project.write({"main.py": LAYERED})

    assert project.call("show", "main:app", "-o", "out.svg").code == 0
    ran = project.call("show", "main:app", "-f", "svg")

    assert (project.folder / "out.svg").read_text("utf-8") == ran.stdout
    assert ran.stdout.lstrip().startswith("<")
    assert "Outer" in ran.stdout


def test_a_picture_without_an_engine_leaves_nothing_behind(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mwviz.render.picture.shutil.which", lambda *names, **options: None)
    project.write({"main.py": LAYERED})

    ran = project.call("show", "main:app", "-o", "out.png")

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("Error: no Graphviz to draw the png: ")
    assert "mwviz[diagram]" in ran.stderr
    assert set(project.files()) == {"main.py"}


@posix
def test_a_link_stays_a_link(project: Project) -> None:
    project.write({"main.py": LAYERED, "docs/stack.json": "old"})
    (project.folder / "out.json").symlink_to("docs/stack.json")

    assert project.call("show", "main:app", "-o", "out.json").code == 0

    assert (project.folder / "out.json").readlink() == Path("docs/stack.json")
    assert json.loads((project.folder / "docs/stack.json").read_bytes())["target"] == "main:app"


@posix
@pytest.mark.parametrize("target", ["main.py", "pyproject.toml"])
def test_a_link_is_no_way_around_the_protection_of_source(project: Project, target: str) -> None:
    project.write({"main.py": LAYERED, "pyproject.toml": ""})
    (project.folder / "out.json").symlink_to(target)
    before = project.files()

    ran = project.call("show", "main:app", "-o", "out.json")

    assert ran.code == 2
    assert ran.stderr == f"Error: 'out.json' is not written: results never go over a {Path(target).suffix} file.\n"
    assert project.files() == before


@posix
def test_a_link_to_nowhere_is_told(project: Project) -> None:
    project.write({"main.py": LAYERED})
    (project.folder / "out.json").symlink_to("no/such/folder.json")

    ran = project.call("show", "main:app", "-o", "out.json")

    assert ran.code == 2
    nowhere = project.folder.resolve() / "no" / "such"
    assert ran.stderr == f"Error: 'out.json' cannot be written: it is a link into '{nowhere}', which is no directory.\n"


@posix
@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_the_mode_of_a_file_is_kept(project: Project, mode: int) -> None:
    project.write({"main.py": LAYERED, "out.json": ""})
    (project.folder / "out.json").chmod(mode)

    assert project.call("show", "main:app", "-o", "out.json").code == 0

    assert stat.S_IMODE((project.folder / "out.json").stat().st_mode) == mode


@posix
def test_a_new_file_has_the_mode_that_the_user_gives_new_files(project: Project) -> None:
    project.write({"main.py": LAYERED})
    before = os.umask(0o027)
    try:
        assert project.call("show", "main:app", "-o", "out.json").code == 0
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)

    assert stat.S_IMODE((project.folder / "out.json").stat().st_mode) == 0o640


@posix
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    # stands for every device: a result that took the place of /dev/null would break the machine
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()

    output.sink(Format.JSON, pipe, verbose=False).write("{}\n")

    reader.join(10)
    assert read == [b"{}\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize(
    "command", ["show main:app -o out.json", "routes main:app -o out.md", "init main:app -o out.toml"]
)
def test_a_file_is_where_the_command_ran_though_the_app_goes_elsewhere(project: Project, command: str) -> None:
    project.write({"main.py": f"import os\nos.chdir('elsewhere')\n{LAYERED}", "elsewhere/.keep": ""})

    assert project.run(*command.split()).code == 0

    assert command.rpartition(" ")[2] in project.files()


@posix
def test_stdout_may_be_named_as_a_file(project: Project) -> None:
    project.write({"main.py": "print('NOISE')\n" + LAYERED})

    ran = project.run("show", "main:app", "-f", "json", "-o", "/dev/stdout")

    assert (ran.code, ran.stderr) == (0, "NOISE\n")
    assert json.loads(ran.stdout)["target"] == "main:app"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "^C"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    file = tmp_path / "out.json"
    file.write_text("old")

    def broken(self: Path, target: Path) -> Path:
        assert self.read_bytes() == b"new"
        raise error

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises((OutputError, KeyboardInterrupt)) as raised:
        output.sink(None, file, verbose=False).write("new")

    if raised.type is OutputError:
        assert str(raised.value) == f"'{file}' cannot be written: No space left on device."
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("environment", "colored"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": ""}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"NO_COLOR": "", "FORCE_COLOR": "1"}, True),
    ],
    ids=lambda value: " ".join(f"{name}={text}" for name, text in value.items()) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("format", ["table", "tree", "timeline"])
def test_colour_off_a_terminal_is_as_asked_for(
    project: Project, monkeypatch: pytest.MonkeyPatch, format: str, environment: dict[str, str], colored: bool
) -> None:
    project.write({"main.py": LAYERED})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    ran = project.call("show", "main:app", "-f", format)

    assert ("\x1b[" in ran.stdout) is colored


@pytest.mark.parametrize("format", ["json", "markdown", "mermaid", "dot"])
def test_machine_formats_and_files_stay_plain(project: Project, monkeypatch: pytest.MonkeyPatch, format: str) -> None:
    project.write({"main.py": LAYERED})
    monkeypatch.setenv("FORCE_COLOR", "1")

    assert "\x1b" not in project.call("show", "main:app", "-f", format).stdout
    assert project.call("show", "main:app", "-o", "out.txt").code == 0
    assert "\x1b" not in (project.folder / "out.txt").read_text("utf-8")


@posix
@pytest.mark.parametrize(("more", "colored"), [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False)])
def test_a_terminal_gets_colour_unless_it_has_none(project: Project, more: dict[str, str], colored: bool) -> None:
    project.write({"main.py": LAYERED})
    own, theirs = os.openpty()
    try:
        done = subprocess.run(
            project.command("show", "main:app"),
            cwd=project.folder, env=project.environment(more), stdin=subprocess.DEVNULL, stdout=theirs,
            stderr=subprocess.PIPE, timeout=60, check=False,
        )  # fmt: skip
        shown = os.read(own, 100_000)
    finally:
        os.close(own)
        os.close(theirs)

    assert (done.returncode, done.stderr) == (0, b"")
    assert (b"\x1b[" in shown) is colored


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("format", ["table", "tree", "timeline"])
def test_columns_are_the_width(project: Project, monkeypatch: pytest.MonkeyPatch, format: str, columns: int) -> None:
    project.write({"main.py": LAYERED.replace("Outer", "OuterMiddlewareWithARatherLongNameThatTakesItsRoom")})
    monkeypatch.setenv("COLUMNS", str(columns))

    ran = project.call("show", "main:app", "-f", format)

    assert ran.code == 0
    assert max(len(line) for line in ran.stdout.splitlines()) <= columns


def test_a_dash_is_stdout() -> None:
    assert output.sink(Format.JSON, Path("-"), verbose=False).file is None
