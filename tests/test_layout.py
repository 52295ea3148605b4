"""What lies where in the checkout, and what must say the same in two places."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from starlette import routing

import mwviz

ROOT = Path(__file__).resolve().parent.parent
TOP = {"CHANGELOG.md", "LICENSE", "README.md", "mwviz", "pyproject.toml", "samples", "tests"}
SAMPLES = sorted(path.stem for path in (ROOT / "samples").glob("*.py"))
NEEDED = {"otel": "opentelemetry.instrumentation.fastapi", "shop": "itsdangerous", "shop_misordered": "itsdangerous"}


def test_the_top_level_holds_nothing_else() -> None:
    assert {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} == TOP


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert versions[0] == mwviz.__version__


@pytest.mark.parametrize("module", ["errors", "model"])
def test_the_lowest_layers_need_the_standard_library_only(module: str) -> None:
    files = [path for path in (ROOT / "mwviz").rglob("*.py") if module in (path.stem, path.parent.name)]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    froms = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    names = froms | {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    assert files
    assert {name.partition(".")[0] for name in names} <= {*sys.stdlib_module_names, "mwviz"}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_imports_and_says_what_it_shows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for needed in ("fastapi", NEEDED.get(name, "fastapi")):
        pytest.importorskip(needed)
    if name == "mounted" and "middleware" not in inspect.signature(routing.Route).parameters:
        pytest.skip("this Starlette knows no middleware of routes")
    monkeypatch.syspath_prepend(ROOT / "samples")
    for sample in SAMPLES:
        monkeypatch.delitem(sys.modules, sample, raising=False)
    module = importlib.import_module(name)
    assert callable(getattr(module, "app", None) or module.create_app)
    assert (module.__doc__ or "").strip()


@pytest.mark.skipif(os.name == "nt", reason="CI's own script is for bash")
def test_ci_runs_the_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    pattern = re.search(r"^line=\$\((grep .* README\.md)\)$", script, re.MULTILINE)
    assert pattern is not None
    found = subprocess.run(["bash", "-c", pattern[1]], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.startswith("python3 -m venv .venv && ")
    assert found.stdout.rstrip().endswith(" .ci/check.py")
