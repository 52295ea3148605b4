"""`mwviz show --watch`: shown again whenever the code changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import LAYERED, Project

pytest.importorskip("watchfiles")

REORDERED = LAYERED.replace("Middleware(Outer), Middleware(Inner)", "Middleware(Inner), Middleware(Outer)")
HANGING = """\
import asyncio


async def app(scope, receive, send):
    await asyncio.sleep(3600)
"""


def wait_for(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 40
    while not happened():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def shown(file: Path) -> list[str]:
    """The user's layers that the result names, outermost first."""
    if not file.exists():
        return []
    result: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return [layer["name"] for layer in result["layers"] if layer["origin"] == "user"]


@contextmanager
def watching(project: Project, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    run = subprocess.Popen(
        project.command("show", "--watch", "-o", "shown.json", *arguments),
        cwd=project.folder,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # a run of its own that Control-C can be sent to
        start_new_session=True,
    )
    try:
        yield run
    finally:
        if run.poll() is None:
            run.kill()
        run.communicate()


def interrupted(run: subprocess.Popen[str]) -> tuple[int, str, str]:
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    return run.returncode, out, err


def test_it_shows_again_after_a_change_until_control_c(project: Project) -> None:
    project.write({"main.py": LAYERED})
    file = project.folder / "shown.json"
    with watching(project, "main:app") as run:
        wait_for(lambda: shown(file) == ["Outer", "Inner"], "the first result")
        project.write({"main.py": REORDERED})
        wait_for(lambda: shown(file) == ["Inner", "Outer"], "the second result")
        code, out, err = interrupted(run)
    assert (code, out) == (0, "")
    assert [line.split(" ", 1)[1] for line in err.splitlines()] == [
        "watching (Ctrl-C ends)",
        "main.py changed (Ctrl-C ends)",
    ]


def test_a_broken_app_is_told_and_watched_on(project: Project) -> None:
    project.write({"main.py": "import nowhere_at_all\n"})
    file = project.folder / "shown.json"
    with watching(project, "main:app") as run:
        assert run.stderr is not None
        assert "watching" in run.stderr.readline()
        assert "nowhere_at_all" in run.stderr.readline()
        project.write({"main.py": LAYERED})
        wait_for(lambda: shown(file) == ["Outer", "Inner"], "the result of the mended app")
        assert run.poll() is None


def test_a_change_of_the_configuration_counts(project: Project) -> None:
    project.write({"one.py": LAYERED, "two.py": REORDERED, "mwviz.toml": 'app = "one:app"\n'})
    file = project.folder / "shown.json"
    with watching(project):
        wait_for(lambda: shown(file) == ["Outer", "Inner"], "the first app")
        project.write({"mwviz.toml": 'app = "two:app"\n'})
        wait_for(lambda: shown(file) == ["Inner", "Outer"], "the other app")


def test_the_environment_is_read_anew(project: Project) -> None:
    pytest.importorskip("dotenv")
    source = LAYERED.replace("middleware=[", "middleware=os.environ['BOTH'] == 'no' and [Middleware(Inner)] or [")
    project.write({"main.py": f"import os\n\n{source}", "dev.env": "BOTH=yes\n"})
    file = project.folder / "shown.json"
    with watching(project, "main:app", "--env-file", "dev.env"):
        wait_for(lambda: shown(file) == ["Outer", "Inner"], "both layers")
        project.write({"dev.env": "BOTH=no\n"})
        wait_for(lambda: shown(file) == ["Inner"], "one layer")


def test_a_run_that_hangs_makes_way_for_the_next(project: Project) -> None:
    project.write({"main.py": HANGING})
    file = project.folder / "shown.json"
    with watching(project, "main:app", "--timeout", "3000") as run:
        assert run.stderr is not None
        assert "watching" in run.stderr.readline()
        time.sleep(1.5)  # by then it waits for the app, and if not it is ended on its way there
        project.write({"main.py": LAYERED})
        wait_for(lambda: shown(file) == ["Outer", "Inner"], "the result of the mended app")


def pid_of(file: Path) -> int:
    return int(file.read_text()) if file.exists() and file.stat().st_size else 0


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(sys.platform == "win32", reason="there, nothing asks a process to end")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_no_run_stays_behind(project: Project, name: str) -> None:
    number = signal.Signals[name]
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("whoever started these tests lets the signal be ignored, as nohup does")
    project.write({"main.py": "import os, time\n\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(3600)\n"})
    with watching(project, "main:app") as run:
        wait_for(lambda: pid_of(project.folder / "pid") != 0, "the import of the app")
        run.send_signal(number)
        run.communicate(timeout=30)
    assert run.returncode == (0 if name == "SIGINT" else 128 + number)
    assert not is_running(pid_of(project.folder / "pid"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_terminal_is_cleared_before_each_result(project: Project) -> None:
    import pty

    project.write({"main.py": LAYERED})
    ours, theirs = pty.openpty()
    environment = project.environment({"TERM": "xterm-256color"})
    command = project.command("show", "--watch", "main:app")
    run = subprocess.Popen(command, cwd=project.folder, env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while b"Outer" not in seen:
            seen += os.read(ours, 4096)
        run.send_signal(signal.SIGINT)
        assert run.wait(30) == 0
    finally:
        run.kill()
        run.wait()
        os.close(ours)
    assert seen.index(b"\x1b[2J") < seen.index(b"watching (Ctrl-C ends)") < seen.index(b"Outer")


def test_without_watchfiles_it_says_what_to_install(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    project.write({"main.py": LAYERED})
    ran = project.call("show", "--watch", "main:app")
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr == "Error: --watch needs the package watchfiles: pip install 'mwviz[watch]'.\n"
