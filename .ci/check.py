"""The whole test command: formatter, linter, types, import contracts, and the tests with their coverage.

    python .ci/check.py

Every check runs, also after one has failed, with the tools of the Python that runs this file; exit code 1 if one did.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE = (sys.executable, "-m")
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", (*MODULE, "ruff", "format", "--check")),
    ("lint", (*MODULE, "ruff", "check")),
    ("types", (*MODULE, "mypy")),
    ("imports", (str(Path(sysconfig.get_path("scripts"), "lint-imports")),)),
    ("old coverage away", (*MODULE, "coverage", "erase")),
    ("tests", (*MODULE, "coverage", "run", "-m", "pytest")),
    ("coverage of every process", (*MODULE, "coverage", "combine", "--quiet")),
    ("coverage", (*MODULE, "coverage", "report")),
)


def main() -> int:
    """Run the checks one after the other and name those that failed."""
    failed = []
    for name, command in CHECKS:
        print(f"== {name}: {' '.join(command[1:] or command)}", flush=True)
        start = time.monotonic()
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            failed.append(name)
        print(f"== {name}: {'FAILED' if name in failed else 'ok'}, {time.monotonic() - start:.1f} s", flush=True)
    print(f"== failed: {', '.join(failed)}" if failed else "== all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
