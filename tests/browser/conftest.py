"""A real browser for what only a browser can judge; where there is none, these tests are skipped aloud.

Chromium or Chrome is taken from the PATH, or from `MWVIZ_CHROMIUM`. Packages of npm are unpacked into pytest's cache.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: Returns the folder of an npm package, named as `mermaid@12.3.0`.
NpmPackage: TypeAlias = Callable[[str], Path]

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic")


def chromium() -> str | None:
    """Return the Chromium or Chrome of the machine."""
    return os.environ.get("MWVIZ_CHROMIUM") or next(filter(None, map(shutil.which, _PROGRAMS)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a browser for the tests of one file: until it is closed a loop runs in this thread, and no other can."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = chromium()
    if program is None:
        pytest.skip("no Chromium or Chrome on PATH")
    with playwright.sync_playwright() as driver:
        # containers run as root, where the sandbox cannot start; the pages are our own
        launched = driver.chromium.launch(executable_path=program, args=["--no-sandbox", *_QUIET])
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Yield a page without network, whose errors fail the test."""
    context = browser.new_context(offline=True)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def npm_package(pytestconfig: pytest.Config) -> NpmPackage:
    npm = shutil.which("npm")
    cache = pytestconfig.rootpath / ".pytest_cache" / "npm"

    def unpacked(name: str) -> Path:
        folder = cache / name
        if not (folder / "package").is_dir():
            if npm is None:
                pytest.skip("no npm on PATH")
            folder.mkdir(parents=True, exist_ok=True)
            packed = subprocess.run(
                [npm, "pack", "--silent", name], cwd=folder, capture_output=True, text=True, check=False
            )
            if packed.returncode != 0:
                pytest.skip(f"npm cannot load {name}: {packed.stderr.strip()[-200:]}")
            with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
                archive.extractall(folder, filter="data")
        return folder / "package"

    return unpacked
