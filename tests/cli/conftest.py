"""mwviz as a user runs it: files in a folder of their own, a command, and what became of both."""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import mwviz
from mwviz import cli

APP = "from starlette.applications import Starlette\n\napp = Starlette()\n"
#: Two layers; what they do is left to the tests that need more.
LAYERED = """\
from starlette.applications import Starlette
from starlette.middleware import Middleware


class Outer:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


class Inner(Outer):
    pass


app = Starlette(middleware=[Middleware(Outer), Middleware(Inner)])
"""
_OWN_OF_THE_MACHINE = ("FORCE_COLOR", "NO_COLOR", "PYTHONWARNINGS", "PYTHONUTF8", "TERM")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run left: its exit code and the two streams."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a user's files, and mwviz run in it."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")

    def files(self) -> dict[str, bytes | None]:
        """Everything in the folder but bytecode; directories hold None."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes() if path.is_file() else None
            for path in sorted(self.folder.rglob("*"))
            if "__pycache__" not in path.parts
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "mwviz", *arguments]

    def environment(self, more: Mapping[str, str] | None = None, *, traced: bool = True) -> dict[str, str]:
        """Python 3.11 runs in a circle where a tracer, such as coverage's, meets an exception for a sleeping thread."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _OWN_OF_THE_MACHINE and (traced or not name.startswith("COVERAGE_"))
        }
        root = str(Path(mwviz.__file__).parent.parent)
        return {**kept, "PYTHONPATH": root, "PYTHONIOENCODING": "utf-8", "COLUMNS": "200", **(more or {})}

    def run(self, *arguments: str, traced: bool = True, **environment: str) -> Ran:
        """In a process of its own."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(environment, traced=traced),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def call(self, *arguments: str) -> Ran:
        """In this process: quicker, and open to monkeypatches."""
        importlib.invalidate_caches()
        self.capture.readouterr()
        code = cli.run(arguments)
        self._forget()
        out, err = self.capture.readouterr()
        return Ran(code, out, err)

    def _forget(self) -> None:
        """What a process of its own would take to its end."""
        gc.unfreeze()
        for name, module in list(sys.modules.items()):
            places = (getattr(module, "__file__", None), *getattr(module, "__path__", ()))  # a namespace has no file
            if any(str(self.folder) in str(place) for place in places):
                del sys.modules[name]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Project]:
    for name in _OWN_OF_THE_MACHINE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    path = list(sys.path)
    yield Project(folder, capfd)
    assert sys.path == path
