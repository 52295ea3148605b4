"""What every test may use: the golden files, the option that renews them, and where their framework is another one."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeAlias

import pytest

#: Compares a text or bytes with `tests/golden/<name>`, or rewrites that file under `--update-golden`.
Golden: TypeAlias = Callable[[str, str | bytes], None]

GOLDEN = Path(__file__).parent / "golden"
#: The FastAPI that the golden files and the README were made with, and that the `dev` extra pins: which layers it adds
#: itself differs by version.
GOLDEN_FASTAPI = (0, 165)


def installed_fastapi() -> tuple[int, ...]:
    """Return the version's two leading numbers, and nothing where only Starlette is installed."""
    try:
        return tuple(int(part) for part in version("fastapi").split(".")[:2])
    except PackageNotFoundError:
        return ()


#: For tests that compare the framework's own layers with a golden file.
golden_fastapi = pytest.mark.skipif(
    installed_fastapi() != GOLDEN_FASTAPI, reason="golden files show the layers of FastAPI 0.165"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files and README.md as they are now")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether this run rewrites what the others compare."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def golden(update_golden: bool) -> Golden:
    def compare(name: str, actual: str | bytes) -> None:
        path = GOLDEN / name
        if update_golden:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(actual if isinstance(actual, bytes) else actual.encode())
            return
        assert path.is_file(), f"{path} is missing: look at what `pytest --update-golden` makes of it"
        expected = path.read_bytes()
        # as text where it is text: pytest then shows the lines that differ
        assert actual == (expected if isinstance(actual, bytes) else expected.decode())

    return compare
