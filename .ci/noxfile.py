"""The matrix: the tests against old and new frameworks, on old and new Pythons, and once on the built wheel.

    nox -f .ci/noxfile.py

The types, the formatter and the coverage are checked once, by check.py, with the newest framework.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent.parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")["project"]
EXTRAS = PROJECT["optional-dependencies"]
TESTS = (*EXTRAS["diagram"], *EXTRAS["test"])
WITHOUT_FASTAPI = tuple(need for need in PROJECT["dependencies"] if not need.startswith("fastapi"))
OTEL = next(need for need in EXTRAS["dev"] if need.startswith("opentelemetry"))
PYDANTIC_1 = "pydantic<2"  # FastAPI up to 0.99 knows no other
# typer 0.9 lets click in that it does not work with: Parameter.make_metavar() takes one argument more since 8.2
CLICK_OF_THEN = "click<8.2"
LOWEST = tuple(need.replace(">=", "==") for need in WITHOUT_FASTAPI)
OLDEST = ("fastapi==0.65.1", "starlette==0.14.2", PYDANTIC_1, CLICK_OF_THEN, *LOWEST)
# each with the Python that was current then, or now
FRAMEWORKS = (
    nox.param("3.10", ("fastapi==0.95.2", "starlette==0.27.0", PYDANTIC_1, CLICK_OF_THEN, *LOWEST), id="fastapi-0.95"),
    nox.param("3.10", ("fastapi==0.105.0", "starlette==0.27.0"), id="fastapi-0.105"),
    nox.param("3.13", ("fastapi==0.115.14", "starlette==0.46.2"), id="fastapi-0.115"),
    nox.param("3.13", ("fastapi", OTEL), id="fastapi-newest"),
)

nox.options.default_venv_backend = "venv"
# a Python that this machine lacks is skipped aloud, in the log and in the closing list
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = False


def pyenv_on_path() -> None:
    """Put pyenv's Pythons before its shims, which are there for versions that are not."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = sorted(str(python.parent) for python in versions.glob("3.1[0-9].*/bin/python3"))
    os.environ["PATH"] = os.pathsep.join([*found, os.environ["PATH"]])


pyenv_on_path()


@nox.session
@nox.parametrize(("python", "framework"), FRAMEWORKS)
def suite(session: nox.Session, framework: tuple[str, ...]) -> None:
    """The whole suite on one framework."""
    session.install("-q", "-e", str(ROOT), *TESTS, *framework)
    pytest(session)


@nox.session
def starlette_alone(session: nox.Session) -> None:
    """The suite where there is no FastAPI at all."""
    session.install("-q", "starlette", *WITHOUT_FASTAPI, *TESTS)
    session.install("-q", "--no-deps", "-e", str(ROOT))
    session.run("python", "-c", "import importlib.util as u; assert u.find_spec('fastapi') is None")
    pytest(session)


@nox.session(python="3.10")
def oldest(session: nox.Session) -> None:
    """The samples on the oldest FastAPI that is supported; what the tests themselves need of FastAPI is newer."""
    session.install("-q", "-e", str(ROOT), "itsdangerous", *OLDEST)
    session.chdir(ROOT)
    samples = ("tutorial", "shop", "shop_misordered", "factory", "wrapped", "closure", "dependencies")
    for sample in (f"{name}.py" + (":create_app" if name == "factory" else "") for name in samples):
        session.run("mwviz", "show", f"samples/{sample}")


@nox.session
def wheel(session: nox.Session) -> None:
    """The suite on the built wheel, with no source beside it that could be imported in its place."""
    session.install("-q", "hatchling")
    built = Path(session.create_tmp()) / "dist"
    shutil.rmtree(built, ignore_errors=True)
    session.run("pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(built), str(ROOT), silent=True)
    (found,) = built.glob("mwviz-*-py3-none-any.whl")
    elsewhere = Path(session.create_tmp()) / "elsewhere"
    shutil.rmtree(elsewhere, ignore_errors=True)
    for name in ("tests", "samples"):
        shutil.copytree(ROOT / name, elsewhere / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, elsewhere)
    session.install("-q", str(found), *TESTS)
    session.chdir(elsewhere)
    session.run("python", "-m", "pytest", "-q", "--ignore=tests/test_layout.py", *session.posargs)


@nox.session(default=False)
def own_suites(session: nox.Session) -> None:
    """The suites of Starlette and FastAPI with and without `--mwviz`: the outcomes must be the same."""
    script = ROOT / "tests" / "own_suites.py"
    session.run("python", str(script), "--work", str(Path(session.create_tmp()) / "own_suites"), *session.posargs)


def pytest(session: nox.Session) -> None:
    """Run the suite of this checkout, with the arguments after `--`."""
    session.chdir(ROOT)
    session.run("python", "-m", "pytest", "-q", *session.posargs)
