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
from typer.main import get_group

import mwviz
from mwviz import cli

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


@pytest.mark.skipif(os.name == "nt", reason="GitHub runs the action's script in bash")
def test_the_action_checks_what_it_is_told_to(tmp_path: Path) -> None:
    action = (ROOT / ".github" / "actions" / "check" / "action.yml").read_text("utf-8")
    script = "".join(line.removeprefix(" " * 8) for line in action.partition("run: |\n")[2].splitlines(keepends=True))
    (tmp_path / "shop.py").write_text((ROOT / "samples" / "closure.py").read_text("utf-8"), "utf-8")
    contract = '[[contracts]]\nname = "edge"\nlayers = ["GZipMiddleware", "cache_control"]\n'
    (tmp_path / "mwviz.toml").write_text(contract, "utf-8")
    pytest.importorskip("fastapi")
    told = {"MWVIZ_APP": "shop:app", "MWVIZ_SARIF": "out.sarif", "PYTHONPATH": str(ROOT)}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=tmp_path, env={**os.environ, **told, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::error file=shop.py,line=")
    assert (tmp_path / "out.sarif").is_file()


def test_the_hooks_call_commands_that_exist() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    entries = re.findall(r"^  entry: mwviz (\w+)(?: (--\w+))?$", hooks, re.MULTILINE)
    assert len(entries) == hooks.count("- id: ") == 3
    commands = get_group(cli.app).commands
    for command, option in entries:
        options = {name for parameter in commands[command].params for name in parameter.opts}
        assert not option or option in options
