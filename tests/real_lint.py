"""Runs `mwviz lint` on the real applications of `real_apps.py`; run by hand, it needs a package index and gigabytes.

    python tests/real_lint.py [NAME ...] --work DIR [--installed]

For every row of `APPS` it makes (or reuses) `DIR/NAME/venv` as `real_apps.py` does, and runs `python -m mwviz lint`
there, with all rules that are on by default, or those of `--select`. With `--installed` nothing is installed: mwviz is
taken from this checkout. Prints a Markdown table of the findings by code; what was found lies in
`DIR/NAME/lint/found.json`. Every finding was read beside the application's source, and judged in `real_lint_judged.py`:
exit code 1 if an application fails, or there is a finding that nobody has judged, or one that was judged to be false.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.real_apps_table import RealApp

CHECKOUT = Path(__file__).resolve().parent.parent
COLUMNS = ("app", "version", "FastAPI", "Starlette", "s", "exit", "findings", "judged")


def linked(work: Path) -> Path:
    """A folder with nothing but mwviz in it."""
    folder = work / ".mwviz"
    folder.mkdir(exist_ok=True)
    if not (folder / "mwviz").exists():
        (folder / "mwviz").symlink_to(CHECKOUT / "mwviz")
    return folder


def row(app: RealApp, work: Path, options: argparse.Namespace) -> dict[str, str]:
    """Lint one application; the cells of its line."""
    from tests.real_apps import installed_versions, interpreter, prepare, run, scratch
    from tests.real_lint_judged import judged

    cells = dict.fromkeys(COLUMNS, "-") | {"app": app.name}
    folder = work / app.name
    wrong = None if options.installed else prepare(app, folder, options.limit * 8)
    if wrong:
        return cells | {"findings": wrong}
    python = interpreter(folder / "venv")
    where, environment = scratch(app, folder / "lint")
    if options.installed:
        environment["PYTHONPATH"] = str(linked(work))
    versions = installed_versions(python, app, where)
    chosen = ["--select", options.select] if options.select else []
    command = [str(python), "-m", "mwviz", "lint", app.target, *(["--factory"] if app.factory else []), *chosen]
    done = run([*command, "-f", "json"], where, environment, options.limit)
    (folder / "lint" / "found.json").write_text(done.stdout, encoding="utf-8")
    (folder / "lint" / "stderr").write_text(done.stderr, encoding="utf-8")
    told = {**versions, "s": f"{done.seconds:.1f}", "exit": "-" if done.code is None else str(done.code)}
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    except ValueError:
        return cells | told | {"findings": f"failed: {done.reason}", "judged": "failed"}
    codes = Counter(each["code"] for each in found)
    verdicts = Counter(judged(app.name, each) for each in found)
    return (
        cells
        | told
        | {
            "findings": ", ".join(f"{code} {count}" if count > 1 else code for code, count in sorted(codes.items())),
            "judged": ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())),
        }
    )


def line(cells: dict[str, str]) -> str:
    """A row of the Markdown table."""
    return "| " + " | ".join(cells[name].replace("|", "\\|").replace("\n", " ") for name in COLUMNS) + " |"


def main() -> int:
    """Reads the command line, lints every application asked for, prints the table as it grows."""
    # A script's own folder is on the path, the checkout is not.
    sys.path.insert(0, str(CHECKOUT))
    from tests.real_apps_table import APPS

    parser = argparse.ArgumentParser(description="mwviz lint on real applications", allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="rows of the table; default: all")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="where venvs are made and reused")
    parser.add_argument("--limit", type=float, default=180.0, metavar="SECONDS", help="time limit of one run")
    parser.add_argument("--installed", action="store_true", help="install nothing: the venvs are there")
    parser.add_argument("--select", default="", metavar="CODES", help="other rules than those that are on by default")
    options = parser.parse_args()
    unknown = set(options.names) - {app.name for app in APPS}
    if unknown:
        parser.error(f"no such application: {', '.join(sorted(unknown))}; there are {', '.join(a.name for a in APPS)}")
    print(line({name: name for name in COLUMNS}), line(dict.fromkeys(COLUMNS, "---")), sep="\n", flush=True)
    rows = []
    for app in (app for app in APPS if not options.names or app.name in options.names):
        rows.append(row(app, options.work.resolve(), options))
        print(line(rows[-1]), flush=True)
    bad = [each for each in rows if any(word in each["judged"] for word in ("failed", "false", "unjudged"))]
    print(f"\n{len(rows) - len(bad)} of {len(rows)} applications without a failure or a false finding", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
