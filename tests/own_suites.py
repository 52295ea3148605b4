"""Runs the test suites of Starlette and FastAPI with and without `--mwviz`; run by hand, it needs a package index.

    python tests/own_suites.py [starlette==VERSION fastapi==VERSION ...] --work DIR

For every release it makes (or reuses) a venv below `DIR`, unpacks the source distribution and installs it with what its
tests need, then mwviz from this checkout, whose plugin pytest finds by its entry point. The suite runs twice, and every
test must have the same outcome both times, and both runs the same exit code.
Prints a Markdown table; exit code 1 if any release differs or did not run.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

CHECKOUT = Path(__file__).resolve().parent.parent
#: What the suites import beside the framework with all of its extras, in the releases of their day where those matter.
NEEDS = {
    "starlette==1.10.0": (
        "pytest>=9.1",
        "trio",
        "blockbuster",
        "importlib-metadata",
        "opentelemetry-sdk",
        "pytest-codspeed",
        "httpx2[zstd]",
    ),
    "starlette==0.46.2": ("pytest==8.3.5", "trio==0.29.0", "anyio==4.9.0", "importlib-metadata", "typing_extensions"),
    "fastapi==0.165.0": (
        "pytest>=9.0,<9.2",
        "pytest-codspeed",
        "pytest-timeout",
        "pytest-xdist",
        "anyio[trio]",
        "a2wsgi",
        "coverage",
        "dirty-equals",
        "flask",
        "httpx",
        "httpx2",
        "inline-snapshot",
        "logfire",
        "opentelemetry-exporter-otlp-proto-http",
        "opentelemetry-instrumentation-fastapi>=0.65b0",
        "opentelemetry-sdk",
        "pwdlib[argon2]",
        "pyjwt",
        "python-slugify",
        "pyyaml",
        "sentry-sdk",
        "sqlmodel",
        "strawberry-graphql",
        "typer",
    ),
}
#: All that a suite's routes can need.
EXTRAS = {"starlette": "full", "fastapi": "all"}


@dataclass(frozen=True)
class Ran:
    """One run of a suite: the exit code, the outcome of each test, and what was printed."""

    code: int
    outcomes: dict[str, str]
    printed: str

    def counted(self) -> str:
        """Return how many tests had which outcome."""
        return ", ".join(f"{count} {outcome}" for outcome, count in sorted(Counter(self.outcomes.values()).items()))


def main() -> int:
    """Run the suites of all releases asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("releases", nargs="*", default=list(NEEDS), metavar="RELEASE")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    given = parser.parse_args()
    print("| suite | without | with --mwviz | exit codes | differing | report |\n|---|---|---|---|---|---|")
    return max(held(release, given.work.resolve() / release) for release in given.releases)


def held(release: str, folder: Path) -> int:
    """Run one release's suite twice and print its row; answers whether anything differs."""
    python, source = prepared(release, folder)
    without, watched = run(python, source, "without"), run(python, source, "with", "--mwviz")
    differing = {
        test
        for test in without.outcomes.keys() | watched.outcomes.keys()
        if without.outcomes.get(test) != watched.outcomes.get(test)
    }
    report = next((line for line in watched.printed.splitlines() if line.startswith("mwviz")), "no report")
    codes = f"{without.code}, {watched.code}"
    row = (release, without.counted(), watched.counted(), codes, str(len(differing)), report)
    print(f"| {' | '.join(row)} |", *sorted(differing), sep="\n", flush=True)
    (folder / "report.txt").write_text(watched.printed, "utf-8")
    return int(bool(differing) or without.code != watched.code or not without.outcomes or report == "no report")


def prepared(release: str, folder: Path) -> tuple[Path, Path]:
    """Return the Python to run with, and the unpacked source."""
    name, _, version = release.partition("==")
    python, source = folder / "venv" / "bin" / "python", folder / f"{name}-{version}"
    if not source.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        call(sys.executable, "-m", "venv", folder / "venv")
        pip = (python, "-m", "pip", "-q")
        call(*pip, "download", "--no-deps", "--no-binary", name, "-d", folder, release)
        shutil.unpack_archive(folder / f"{source.name}.tar.gz", folder)
        call(
            *pip,
            "install",
            f"{source}[{EXTRAS[name]}]",
            *NEEDS.get(release, NEEDS[next(each for each in NEEDS if each.startswith(name))]),
        )
        call(*pip, "install", "--no-deps", "-e", CHECKOUT)
    return python, source


def call(*command: str | Path) -> None:
    """Run a command that must succeed."""
    subprocess.run([str(part) for part in command], check=True)


def run(python: Path, source: Path, name: str, *options: str) -> Ran:
    """Run the suite in a process of its own."""
    results = source.parent / f"{name}.xml"
    results.unlink(missing_ok=True)
    command = [python, "-m", "pytest", "-q", "tests", "-p", "no:cacheprovider", f"--junitxml={results}", *options]
    done = subprocess.run(
        [str(part) for part in command], cwd=source, capture_output=True, encoding="utf-8", check=False
    )
    return Ran(done.returncode, outcomes(results) if results.is_file() else {}, done.stdout + done.stderr)


def outcomes(results: Path) -> dict[str, str]:
    """Return the outcome of each test: `passed`, `failure`, `error` or `skipped`."""
    cases = ET.parse(results).iter("testcase")
    return {
        f"{case.get('classname')}::{case.get('name')}": next(
            (child.tag for child in case if child.tag != "properties"), "passed"
        )
        for case in cases
    }


if __name__ == "__main__":
    sys.exit(main())
