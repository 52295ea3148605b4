"""Programs of others that load our plugins, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

import mwviz

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
SITES = Path(__file__).parent / "sites"
#: Names of layers that would do something in every markup, if they were taken for it.
HOSTILE = """\
from starlette.applications import Starlette
from starlette.middleware import Middleware


class Plain:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


NAMES = ["<script>alert(1)</script>", "</code></pre><b>bold", ":ref:`nowhere`", "|sub|_", "`x`_", "--8<-- 'conf.py'",
         "&lt;b&gt;", "]]>", "{{ page }}", "--><i>", "\\nend\\n"]
app = Starlette(middleware=[Middleware(type(name, (Plain,), {})) for name in NAMES])
"""

#: Runs a module of Python's with arguments, in a folder.
Run: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Our entry points are those of the checkout, whatever is installed."""
    installed = tmp_path_factory.mktemp("installed") / f"mwviz-{mwviz.__version__}.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: mwviz\nVersion: {mwviz.__version__}\n")
    points = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    lines = (
        f"[{group}]\n" + "".join(f"{name} = {it}\n" for name, it in held.items()) for group, held in points.items()
    )
    (installed / "entry_points.txt").write_text("".join(lines))
    path = os.pathsep.join([str(Path(mwviz.__file__).parent.parent), str(installed.parent)])
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONWARNINGS", "FORCE_COLOR")}
    environment |= {"PYTHONPATH": path, "NO_COLOR": "1", "NO_MKDOCS_2_WARNING": "1", "PYTHONIOENCODING": "utf-8"}

    def ran(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip

    return ran
