"""`mwviz diff`: what a side may be, and a git revision that leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mwviz.comparing import revision
from mwviz.comparing.ground import Ground
from mwviz.model.stack import LONGEST
from tests.cli.conftest import LAYERED, Project
from tests.cli.test_lock import INNER, LOCK, OUTER, ROUTED, SWAPPED

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

MOVED = """\
{old} → {new}

  Inner
> Outer  moved inward: was the outermost

1 moved.
"""


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository with a user's files; its working tree is what a test makes of it after the commit."""

    project: Project
    temporary: Path

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "core.hooksPath=hooks")
        command = ["git", *identity, *arguments]
        done = subprocess.run(command, cwd=self.project.folder, capture_output=True, text=True, check=True)
        return done.stdout

    def commit(self, files: dict[str, str]) -> None:
        self.project.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "A state")

    def state(self) -> tuple[object, ...]:
        """All that a command must leave as it found it: files, index, refs, worktrees, temporary files."""
        files = {name: content for name, content in self.project.files().items() if not name.startswith(".git/")}
        index = (self.project.folder / ".git" / "index").read_bytes()
        known = sorted(path.relative_to(self.project.folder) for path in (self.project.folder / ".git").rglob("*"))
        return files, index, known, self.git("worktree", "list"), sorted(self.temporary.iterdir())


@pytest.fixture
def repository(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    made = Repository(project, temporary)
    made.git("init", "--quiet", "--initial-branch=trunk")
    made.commit({"main.py": LAYERED, "mwviz.toml": 'app = "main:app"\n'})
    yield made
    assert list(temporary.iterdir()) == []


def test_the_working_tree_against_a_revision(repository: Repository) -> None:
    project = repository.project
    project.write({"main.py": SWAPPED})
    before = repository.state()

    ran = project.run("diff", "trunk")

    assert (ran.code, ran.stdout, ran.stderr) == (1, MOVED.format(old="trunk", new="working tree"), "")
    assert repository.state() == before


def test_no_difference(repository: Repository) -> None:
    ran = repository.project.call("diff", "HEAD")

    assert (ran.code, ran.stdout, ran.stderr) == (0, "HEAD → working tree\n\nNo difference in 2 layers.\n", "")


def test_two_revisions(repository: Repository) -> None:
    repository.commit({"main.py": SWAPPED})
    repository.project.write({"main.py": "nothing of this runs("})

    ran = repository.project.call("diff", "HEAD~1", "HEAD")

    assert (ran.code, ran.stdout) == (1, MOVED.format(old="HEAD~1", new="HEAD"))


def test_a_revision_takes_the_app_of_the_other_side(repository: Repository) -> None:
    repository.commit({"other.py": LAYERED})
    repository.project.write({"other.py": SWAPPED, "mwviz.toml": ""})

    ran = repository.project.call("diff", "HEAD", "other:app")

    assert (ran.code, ran.stdout) == (1, MOVED.format(old="HEAD", new="other:app"))


def test_an_app_that_only_the_working_tree_configures(repository: Repository) -> None:
    (repository.project.folder / "mwviz.toml").unlink()
    repository.commit({"src/web.py": LAYERED})
    repository.project.write({"mwviz.toml": 'app = "src/web.py:app"\n', "src/web.py": SWAPPED})

    ran = repository.project.call("diff", "trunk")

    assert (ran.code, ran.stdout) == (1, MOVED.format(old="trunk", new="working tree"))


def test_from_a_folder_of_the_repository(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({"apps/shop/web.py": LAYERED})
    repository.project.write({"apps/shop/web.py": SWAPPED})
    monkeypatch.chdir(repository.project.folder / "apps" / "shop")

    ran = repository.project.call("diff", "trunk", "web:app")

    assert (ran.code, ran.stdout) == (1, MOVED.format(old="trunk", new="web:app"))


def test_a_source_folder_that_leads_to_the_working_tree_leads_to_the_revision(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = repository.project.folder / "src"
    repository.commit({"src/stack/__init__.py": LAYERED})
    repository.project.write({"src/stack/__init__.py": SWAPPED})
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(source), repository.project.environment()["PYTHONPATH"]]))
    command = [sys.executable, "-m", "mwviz", "diff", "trunk", "stack:app"]

    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == MOVED.format(old="trunk", new="stack:app")


def test_a_module_of_the_working_tree_is_not_taken_for_the_revisions(repository: Repository) -> None:
    app = f"import sys\n\nsys.path.insert(0, {str(repository.project.folder)!r})\nfrom layers import app\n"
    repository.commit({"main.py": app, "layers/__init__.py": LAYERED})
    repository.git("rm", "--quiet", "--cached", "-r", "layers")
    repository.git("commit", "--quiet", "--message", "Without")

    ran = repository.project.call("diff", "trunk")

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"Error: trunk: Outer came from {repository.project.folder}/layers/__init__.py, not ")


def test_no_hook_runs_and_a_hook_may_run_it(repository: Repository) -> None:
    hook = repository.project.folder / "hooks" / "post-checkout"
    repository.project.write({"hooks/post-checkout": "#!/bin/sh\ntouch ran\n", "main.py": SWAPPED})
    hook.chmod(0o755)
    repository.git("config", "core.hooksPath", "hooks")
    before = repository.state()

    ran = repository.project.run("diff", "trunk", GIT_DIR=".git", GIT_INDEX_FILE=".git/index", GIT_PREFIX="")

    assert (ran.code, ran.stdout) == (1, MOVED.format(old="trunk", new="working tree"))
    assert repository.state() == before


def test_a_configuration_above_the_repository_does_not_lead_to_the_working_tree(repository: Repository) -> None:
    project = repository.project
    (project.folder / "mwviz.toml").unlink()
    repository.commit({"main.py": LAYERED})
    (project.folder.parent / "mwviz.toml").write_text('app = "project.main:app"\n', "utf-8")
    project.write({"main.py": SWAPPED})
    before = repository.state()

    for options in ([], ["--config", "../mwviz.toml"]):
        ran = project.call("diff", "trunk", *options)

        assert (ran.code, ran.stdout) == (2, "")
        assert "main.py, not from the revision: something, such as an editable install, leads" in ran.stderr
    assert repository.state() == before

    ran = project.call("diff", "trunk", "main.py:app", "--config", "../mwviz.toml")

    assert (ran.code, ran.stdout) == (1, MOVED.format(old="trunk", new="main.py:app"))


def test_a_path_beside_the_folder_of_the_configuration(tmp_path: Path) -> None:
    work, tree = tmp_path / "work", tmp_path / "tree"
    ground = Ground(tree / "web", tree / "web", (), work, tree, tree / "web")

    assert ground.at_home(f"'{tree}/static'") == f"'{work}/static'"
    assert ground.at_home(f"'{tree}/web/static'") == f"'{tree}/web/static'"  # told relative to the folder later


def test_a_long_path_beside_the_folder_of_the_configuration_is_no_change(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "a/rather/long/way/to/the/static/files"
    where = f"where=str(__import__('pathlib').Path(__file__).resolve().parent.parent / {path!r})"
    app = LAYERED.replace("(self, app)", "(self, app, where=None)").replace("(Inner)", f"(Inner, {where})")
    with tempfile.TemporaryDirectory() as folder:
        if len(folder) + len("/a/rather") > LONGEST - 10:
            pytest.skip("the name of the temporary folder leaves no room for the path below it")
        repository = Repository(Project(Path(folder), capsys), Path(folder))
        monkeypatch.chdir(folder)
        repository.git("init", "--quiet", "--initial-branch=trunk")
        repository.commit({"web/main.py": app, "web/mwviz.toml": 'app = "main:app"\n'})

        same = repository.project.run("diff", "trunk", "--config", "web/mwviz.toml")
        repository.project.write({"web/main.py": app.replace("a/rather", "some")})
        other = repository.project.run("diff", "trunk", "--config", "web/mwviz.toml")

    assert (same.code, same.stderr) == (0, "")
    assert other.code == 1
    assert re.search(r"^~ Inner  argument where: '\S+/a/r\S* → '\S+/so\S*$", other.stdout, re.MULTILINE)


BARE = "from starlette.applications import Starlette\nimport shared\napp = Starlette()\n"
#: What an editable install does whose finder looks into the working tree.
LEADING = "import sys\nsys.path.insert(0, {folder!r})\n"


def test_an_app_without_layers_that_came_from_the_working_tree_is_told(repository: Repository) -> None:
    folder = repository.project.folder / "src"
    repository.project.write({"src/shared.py": "", "src/bare.py": BARE})
    leading = LEADING.format(folder=str(folder))
    repository.commit({"main.py": f"{leading}from bare import app\n", ".gitignore": "src/\n"})
    repository.git("rm", "--quiet", "--cached", "-r", "src", "--ignore-unmatch")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "Without")

    through_another = repository.project.run("diff", "trunk")
    repository.commit({"main.py": BARE.replace("import shared", "pass")})
    right = repository.project.run("diff", "trunk")

    assert through_another.code == 0
    assert through_another.stderr == (
        f"Note: trunk: bare, shared came from {repository.project.folder}, not from the revision: something, such as "
        "an editable install, leads Python to the working tree.\n"
    )
    assert (right.code, right.stderr) == (0, "")


def test_an_app_that_is_not_the_revisions_is_a_mistake(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = repository.project.folder / "src"
    repository.commit({".gitignore": "src/\n", "mwviz.toml": 'app = "bare:app"\n'})
    site = repository.project.folder.parent / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(f"import sys\nsys.path.append({str(folder)!r})\n")
    repository.project.write({"src/shared.py": "", "src/bare.py": BARE})
    path = os.pathsep.join([str(site), repository.project.environment()["PYTHONPATH"]])

    ran = repository.project.run("diff", "trunk", PYTHONPATH=path)

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"Error: trunk: bare came from {folder / 'bare.py'}, not from the revision: ")


def test_a_configuration_that_the_revision_breaks(repository: Repository) -> None:
    repository.commit({"mwviz.toml": "app = 3\n"})
    repository.project.write({"mwviz.toml": 'app = "main:app"\n'})

    ran = repository.project.call("diff", "HEAD")

    assert (ran.code, ran.stdout) == (2, "")
    message = "`app` in the top level must be a string, not a number."
    assert ran.stderr == f"Error: the revision{os.sep}mwviz.toml: {message}\n"


def test_a_branch_that_is_named_like_a_file(repository: Repository) -> None:
    repository.git("branch", "v1.json")

    assert repository.project.call("diff", "v1.json").stdout == "v1.json → working tree\n\nNo difference in 2 layers.\n"


@pytest.mark.parametrize("code", [0, 1, 3, 130])
def test_an_app_that_ends_its_process(project: Project, code: int) -> None:
    project.write(
        {
            "main.py": LAYERED,
            "ends.py": f"import os, sys\nprint('bye', flush=True)\n__import__(os.name)._exit({code})\n",
        }
    )

    ran = project.call("diff", "main.py", "ends.py")

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr == f"bye\nError: ends.py: the app ended the process that probed it, with exit code {code}.\n"


def test_a_revision_whose_app_cannot_be_imported(repository: Repository) -> None:
    repository.commit({"main.py": "import nothing_of_that_name\n"})
    repository.commit({"main.py": LAYERED})
    before = repository.state()

    ran = repository.project.call("diff", "HEAD~1")

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("Error: HEAD~1: 'main' raised ModuleNotFoundError: No module named 'nothing_of_that")
    assert repository.state() == before


def test_a_name_that_is_a_revision_and_a_module_is_the_revision(repository: Repository) -> None:
    repository.git("branch", "stack")
    repository.project.write({"stack.py": SWAPPED})

    ran = repository.project.call("diff", "stack")

    assert (ran.code, ran.stdout) == (0, "stack → working tree\n\nNo difference in 2 layers.\n")
    assert ran.stderr == (
        "Note: 'stack' is a git revision and a module: the revision is compared. The module would be 'stack.py' or "
        "'stack:NAME'.\n"
    )
    assert repository.project.call("diff", "stack.py").code == 1


def test_what_one_process_prints_does_not_spoil_the_result(repository: Repository) -> None:
    repository.commit({"main.py": "print('hello')\n" + LAYERED})

    ran = repository.project.call("diff", "trunk", "-f", "json")

    assert json.loads(ran.stdout)["changes"] == []
    assert ran.stderr == "hello\nhello\n"


def test_files(project: Project) -> None:
    project.write({"main.py": SWAPPED, "mwviz.lock": LOCK, "new.lock": LOCK.replace(OUTER, "").replace(INNER, "")})
    assert project.call("show", "main.py", "-o", "new.json").code == 0

    by_lock, by_json = project.call("diff", "mwviz.lock", "main.py"), project.call("diff", "mwviz.lock", "new.json")

    assert (by_lock.code, by_lock.stdout) == (1, MOVED.format(old="mwviz.lock", new="main.py"))
    assert (by_json.code, by_json.stdout) == (1, MOVED.format(old="mwviz.lock", new="new.json"))
    assert project.call("diff", "mwviz.lock", "new.lock").stdout == (
        "mwviz.lock → new.lock\n\n- Outer\n- Inner\n\n2 removed.\n"
    )
    assert project.call("diff", "new.json", "new.json").code == 0


def test_routes(project: Project) -> None:
    project.write({"main.py": ROUTED})
    assert project.call("routes", "-o", "old.json").code == project.call("lock", "--routes").code == 0
    project.write({"main.py": ROUTED.replace('"/other"', '"/new"')})

    expected = "{old} → working tree\n\nRoutes\n- GET /other\n+ GET /new\n\n1 added, 1 removed.\n"
    for old in ("old.json", "mwviz.lock"):
        ran = project.call("diff", old)
        assert (ran.code, ran.stdout) == (1, expected.format(old=old))


def test_two_apps_with_the_answers_that_they_gave(project: Project) -> None:
    sends = (
        "async def named(message):\n            if message['type'] == 'http.response.start':\n                message"
    )
    sends += "['headers'] = [*message['headers'], (b'x-own', b'1')]\n            await send(message)\n\n        "
    changed = LAYERED.replace("await self.app(scope, receive, send)", sends + "await self.app(scope, receive, named)")
    changed = changed.replace(
        "class Inner(Outer):\n    pass",
        "class Inner:\n    __init__ = Outer.__init__\n\n    async "
        "def __call__(self, scope, receive, send):\n        await self.app(scope, receive, send)",
    )
    project.write({"old.py": LAYERED, "new.py": changed})

    ran = project.call("diff", "old.py", "new.py:app")

    told = """\
old.py → new.py:app

~ Outer  class: old.Outer → new.Outer
         response change added: + x-own: 1
~ Inner  class: old.Inner → new.Inner

The answer to the probe
~ response  header x-own added: 1

3 changed.
"""
    assert (ran.code, ran.stdout) == (1, told)


def test_the_request_goes_to_both_sides(project: Project) -> None:
    app = ROUTED.replace('return PlainTextResponse("")', "return PlainTextResponse(request.headers['x-a'] + SIGN)")
    project.write({"old.py": app + "\nSIGN = '!'\n", "new.py": app + "\nSIGN = '!!'\n"})

    ran = project.call("diff", "old.py", "new.py", "/other", "-H", "X-A: 1", "--no-lifespan", "-f", "json")

    (response,) = (each for each in json.loads(ran.stdout)["changes"] if each["what"] == "response")
    assert response["details"] == [{"what": "header content-length", "before": "2", "after": "3"}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.json"], "There is no file 'gone.json' in "),
        (["gone.lock"], "There is no file 'gone.lock' in "),
        (["nothing"], "'nothing' is no file, no git revision that is known here (a shallow clone knows few) and no "),
        (["broken.json"], "broken.json:2: this is no valid JSON: "),
        (["other.json"], "other.json is neither a trace nor routes of mwviz: its format is 'theirs'. "),
        (["half.json"], "half.json is not whole: there is no 'layers'. Was it edited?"),
        (["odd.json"], "odd.json is not whole: "),
        (["broken.lock"], "broken.lock:1: this is no lock that this mwviz reads"),
        (["deep.json"], "deep.json: this is no JSON of mwviz: "),
        (["long.json"], "long.json: this is no JSON of mwviz: "),
        (["deep.lock"], "deep.lock:1: this is no valid TOML: "),
        (["long.lock"], "long.lock:1: this is no valid TOML: "),
        (["a" * 300, "main.py"], "' is no file, no git revision that is known here"),
        (["", "main.py"], "'' is no file, no git revision that is known here"),
        (["main.py", "gone.json"], "There is no file 'gone.json' in "),
        (["main.py", "main.py:nope"], "main.py:nope: 'main.py' has no attribute 'nope'."),
        (["main.py", "-f", "dot"], "Invalid value for '-f'"),
        (["main.py", "-o", "x.svg"], "A difference cannot be told as svg: -f is one of text, markdown, json."),
        (["main.py", "-H", "none"], "none"),
        (["main.py", "-d", "@-"], "--data @-: both sides would read stdin. Name a file instead."),
        (["main.py", "--app-dir", "gone"], "--app-dir 'gone' is no directory."),
    ],
)
def test_mistakes(project: Project, arguments: list[str], message: str) -> None:
    project.write(
        {
            "main.py": LAYERED,
            "broken.json": "{\n  nothing\n}",
            "other.json": '{"format": "theirs"}',
            "half.json": '{"format": "mwviz.trace/1"}',
            "odd.json": '{"format": "mwviz.trace/1", "layers": [7]}',
            "broken.lock": "layers = []\n",
            "deep.json": "[" * 100_000,
            "long.json": "7" * 5000,
            "deep.lock": "x = " + "[" * 100_000,
            "long.lock": "x = " + "7" * 5000,
        }
    )
    before = project.files()

    ran = project.call("diff", *arguments)

    assert (ran.code, ran.stdout) == (2, "")
    assert message in ran.stderr
    assert project.files() == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"origin": "user"', '"origin": ["x"]', "no layer has the origin ['x']"),
        ('"index": 0', '"index": Infinity', "cannot convert float infinity to integer"),
    ],
)
def test_an_edited_trace(project: Project, old: str, new: str, message: str) -> None:
    project.write({"main.py": LAYERED})
    trace = project.call("show", "main.py", "-f", "json").stdout
    assert old in trace
    project.write({"trace.json": trace.replace(old, new, 1)})

    ran = project.call("diff", "trace.json", "main.py")

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr == f"Error: trace.json is not whole: {message}. Was it edited?\n"


@pytest.mark.parametrize(("ending", "begin"), [("txt", "mwviz.lock → "), ("md", "**mwviz.lock → "), ("json", "{")])
def test_the_ending_picks_the_format(project: Project, ending: str, begin: str) -> None:
    project.write({"main.py": SWAPPED, "mwviz.lock": LOCK})

    ran = project.call("diff", "mwviz.lock", "-o", f"out.{ending}")

    assert (ran.code, ran.stdout) == (1, "")
    assert (project.folder / f"out.{ending}").read_text("utf-8").startswith(begin)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_signal_leaves_nothing_behind(repository: Repository) -> None:
    project = repository.project
    repository.commit(
        {"main.py": "import pathlib, time\npathlib.Path(r'" + str(project.folder) + "/up').touch()\ntime.sleep(60)\n"}
    )
    before = repository.state()
    running = subprocess.Popen(project.command("diff", "trunk"), cwd=project.folder, env=project.environment())
    wait_for(project.folder / "up")

    running.terminate()

    assert running.wait(20) == 143
    (project.folder / "up").unlink()
    assert repository.state() == before


def test_a_second_interrupt_does_not_stop_the_cleaning_up(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = repository.state()
    git = revision._git

    def interrupted(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        if arguments[:2] == ("worktree", "remove"):
            signal.raise_signal(signal.SIGINT)
        return git(directory, *arguments)

    monkeypatch.setattr(revision, "_git", interrupted)
    with pytest.raises(KeyboardInterrupt), revision.checked_out("trunk", repository.project.folder):
        signal.raise_signal(signal.SIGINT)

    assert repository.state() == before
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def wait_for(file: Path) -> None:
    for _ in range(200):
        if file.exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"{file} never came")


def test_what_a_stopped_git_has_left_is_removed_and_no_other_worktree(repository: Repository) -> None:
    other = repository.temporary.parent / "other"
    repository.git("worktree", "add", "--quiet", "--detach", str(other))
    shutil.rmtree(other)  # as if its disk were away
    before = repository.state()

    with revision.checked_out("trunk", repository.project.folder) as tree:
        assert (tree / "main.py").read_text("utf-8") == LAYERED
        shutil.rmtree(tree)

    assert repository.state() == before
