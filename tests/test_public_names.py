"""What `import mwviz` gives: the names of `__all__`, and no others."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import mwviz


def imported_for_type_checkers() -> set[str]:
    tree = ast.parse(Path(mwviz.__file__).read_text("utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    froms = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {name.asname or name.name for node in froms for name in node.names}


def test_the_names_are_sorted_and_the_same_for_type_checkers_and_at_run_time() -> None:
    assert mwviz.__all__ == sorted(mwviz.__all__)
    assert set(mwviz.__all__) == imported_for_type_checkers() == set(mwviz._HOMES)


@pytest.mark.parametrize("name", mwviz.__all__)
def test_every_name_can_be_imported_first(name: str) -> None:
    home = importlib.import_module(mwviz._HOMES[name])
    assert getattr(mwviz, name) is getattr(home, name)
    assert (getattr(mwviz, name).__doc__ or "").strip()


def test_every_name_can_be_imported_at_once() -> None:
    code = "from mwviz import *; print(*sorted(name for name in globals() if not name.startswith('_')))"
    root = Path(mwviz.__file__).parent.parent

    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)

    assert done.stdout.split() == sorted(mwviz.__all__)


def test_any_other_name_is_told_to_be_none() -> None:
    with pytest.raises(AttributeError, match=r"^module 'mwviz' has no attribute 'tracer'$"):
        _ = mwviz.tracer


def test_the_version_is_one() -> None:
    assert [part.isdigit() for part in mwviz.__version__.split(".")] == [True, True, True]
