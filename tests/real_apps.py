"""Holds `mwviz show` against real applications from PyPI; run by hand, it needs a package index and some gigabytes.

    python tests/real_apps.py [NAME ...] --work DIR

For every row of `APPS` it makes (or reuses) `DIR/NAME/venv`, installs the application as it could be installed on the
row's day, and then mwviz from this checkout without touching the application's own FastAPI and Starlette. A small
script that shares no code with mwviz reads `app.user_middleware` there, `python -m mwviz show` runs in `DIR/NAME/run`,
and the `origin: user` layers of the one are compared, in order, with the classes and functions of the other.
Prints a Markdown table; exit code 1 if any application differs or fails.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.real_apps_table import RealApp

CHECKOUT = Path(__file__).resolve().parent.parent
RUNTIME = ("typer>=0.9", "rich", "graphviz", "tomli; python_version < '3.11'")
COLUMNS = (
    "app",
    "version",
    "FastAPI",
    "Starlette",
    "Python",
    "middleware",
    "import s",
    "show s",
    "exit",
    "result",
    "probe",
)

OBSERVER = """
import importlib, json, os, sys
target, factory, inner, out = sys.argv[1:]
sys.path.insert(0, os.getcwd())
module, _, path = target.partition(":")
found = importlib.import_module(module)
for name in path.split("."):
    found = getattr(found, name)
if factory or type(found).__name__ == "function":
    found = found()
for name in inner.split("."):
    found = getattr(found, name) if name else found

def words(entry):
    named = entry.cls
    given = getattr(entry, "kwargs", None) or getattr(entry, "options", None) or {}
    if getattr(named, "__name__", "") == "BaseHTTPMiddleware":
        named = given.get("dispatch") or entry.args[0]
    if not hasattr(named, "__qualname__"):
        named = type(named)
    return named.__module__ + "." + named.__qualname__

with open(out, "w") as stream:
    json.dump([words(entry) for entry in found.user_middleware], stream)
"""


@dataclass(frozen=True)
class Ran:
    """One finished process: `code` is None where it was stopped at the time limit."""

    code: int | None
    seconds: float
    stdout: str
    stderr: str

    @property
    def reason(self) -> str:
        """The last line of stderr, or what stands for it."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        return "time limit reached" if self.code is None else (lines or ["no message"])[-1][:160]


def run(command: list[str], where: Path, environment: dict[str, str], limit: float) -> Ran:
    """Runs a command with its output in files: a child that outlives it would keep a pipe open."""
    started = time.perf_counter()
    with (where / "stdout").open("w+b") as stdout, (where / "stderr").open("w+b") as stderr:
        try:
            done = subprocess.run(
                command,
                check=False,
                cwd=where,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                timeout=limit,
            )
            code: int | None = done.returncode
        except subprocess.TimeoutExpired:
            code = None
    seconds = time.perf_counter() - started
    texts = [(where / name).read_text(encoding="utf-8", errors="replace") for name in ("stdout", "stderr")]
    return Ran(code, seconds, texts[0], texts[1])


def interpreter(folder: Path) -> Path:
    """The Python of a venv, on whatever platform."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(python: Path, arguments: tuple[str, ...], before: str | None, limit: float) -> Ran:
    """Installs with uv where there is one, else with pip; `before` leaves out what was uploaded after that day."""
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "-q", "--no-python-downloads", "--python", str(python)]
        command += ["--exclude-newer", before] if before else []
    else:
        command = [str(python), "-m", "pip", "install", "-q"]
        command += ["--uploaded-prior-to", before] if before else []
    return run([*command, *arguments], python.parent.parent.parent, dict(os.environ), limit)


def make_venv(app: RealApp, folder: Path) -> Ran:
    """An empty venv with the row's Python; pip gets the release that knows `--uploaded-prior-to`."""
    uv = shutil.which("uv")
    if uv:
        return run(
            [uv, "venv", "-q", "--clear", "--no-python-downloads", "-p", app.python, str(folder / "venv")],
            folder,
            dict(os.environ),
            120,
        )
    made = run([f"python{app.python}", "-m", "venv", "--clear", str(folder / "venv")], folder, dict(os.environ), 120)
    if made.code:
        return made
    return install(interpreter(folder / "venv"), ("pip>=26",), None, 300)


def prepare(app: RealApp, folder: Path, limit: float) -> str | None:
    """Brings the venv to what the row asks for, then adds mwviz; returns what went wrong, if anything did."""
    folder.mkdir(parents=True, exist_ok=True)
    python = interpreter(folder / "venv")
    stamp, wanted = folder / "installed", repr((app.python, app.before, app.requirements))
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        made = make_venv(app, folder)
        if made.code != 0:
            return f"no venv with Python {app.python}: {made.reason}"
        installed = install(python, app.requirements, app.before, limit)
        if installed.code != 0:
            return f"not installed: {installed.reason}"
        (folder / "constraints").write_text(frozen(python, folder), encoding="utf-8")
        stamp.write_text(wanted, encoding="utf-8")
    # Without the constraints the newest typer would bring pydantic 2 to an application of 2021.
    own = ("-c", str(folder / "constraints"), *RUNTIME)
    for arguments in (own, ("--no-deps", "--force-reinstall", str(CHECKOUT))):
        added = install(python, arguments, None, limit)
        if added.code != 0:
            return f"mwviz not installed: {added.reason}"
    return None


def frozen(python: Path, folder: Path) -> str:
    """The frameworks as they are installed, as `name==version` lines."""
    program = (
        "import importlib.metadata as m\n"
        "known = {d.metadata['Name'].lower(): d.version for d in m.distributions()}\n"
        "print(*(f'{n}=={known[n]}' for n in ('fastapi', 'starlette', 'pydantic') if n in known), sep='\\n')"
    )
    return run([str(python), "-c", program], folder, dict(os.environ), 60).stdout


def scratch(app: RealApp, folder: Path) -> tuple[Path, dict[str, str]]:
    """A fresh working directory with the row's files, which is the application's home as well."""
    where = folder / "run"
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    for name, text in app.files:
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(text, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return where, {**kept, "HOME": str(where), "USERPROFILE": str(where), **dict(app.environment)}


def installed_versions(python: Path, app: RealApp, where: Path) -> dict[str, str]:
    """Versions of the application, FastAPI and Starlette as the venv's metadata has them; `-` where absent."""
    names = (app.distribution, "fastapi", "starlette")
    program = (
        "import importlib.metadata as m, json, re, sys\n"
        "def plain(name): return re.sub('[-_.]+', '-', name).lower()\n"
        "known = {plain(d.metadata['Name']): d.version for d in m.distributions()}\n"
        "print(json.dumps([known.get(plain(name), '-') for name in sys.argv[1:]]))"
    )
    found: list[str] = json.loads(run([str(python), "-c", program, *names], where, dict(os.environ), 60).stdout)
    return dict(zip(("version", "FastAPI", "Starlette"), found, strict=True))


def probe_words(trace: dict[str, Any]) -> str:
    """Status and who answered, and the error if one left the app, in a table cell's words."""
    by, response, error = trace["answered_by"], trace["response"], trace["error"]
    who = trace["layers"][by]["name"] if isinstance(by, int) else by
    words = f"{response['status']} by {who}" if response else "nobody answered"
    return f"{words}; {error['type']}: {error['message'][:80]}" if error else words


def judge(shown: Ran, expected: list[str]) -> tuple[str, str]:
    """Compares the user layers that mwviz shows with the observer's; the verdict and what became of the probe."""
    try:
        trace = json.loads(shown.stdout)
    except ValueError:
        return f"failed: {shown.reason}", "-"
    seen = [layer["qualified_name"] for layer in trace["layers"] if layer["origin"] == "user"]
    if seen == expected:
        return "agrees", probe_words(trace)
    return f"differs: shown {' > '.join(seen)}; expected {' > '.join(expected)}", probe_words(trace)


def hold(app: RealApp, folder: Path, limit: float) -> dict[str, str]:
    """One row of the table."""
    row = dict.fromkeys(COLUMNS, "-") | {"app": app.name, "Python": app.python}
    wrong = prepare(app, folder, limit * 8)
    if wrong:
        return row | {"result": wrong}
    python = interpreter(folder / "venv")
    where, environment = scratch(app, folder)
    row |= installed_versions(python, app, where)
    given = [app.target, "1" if app.factory else "", app.inner, str(folder / "expected.json")]
    observe = [str(python), "-c", OBSERVER, *given]
    # The first import compiles bytecode; only the second one is a time worth telling.
    run(observe, where, environment, limit)
    observed = run(observe, where, environment, limit)
    if observed.code != 0:
        return row | {"result": f"observer failed: {observed.reason}"}
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    command = [str(python), "-m", "mwviz", "show", app.target, "-f", "json", *(["--factory"] if app.factory else [])]
    shown = run(command, where, environment, limit)
    (folder / "shown.json").write_text(shown.stdout, encoding="utf-8")
    (folder / "shown.stderr").write_text(shown.stderr, encoding="utf-8")
    result, probe = judge(shown, expected)
    return row | {
        "middleware": str(len(expected)),
        "import s": f"{observed.seconds:.2f}",
        "show s": f"{shown.seconds:.2f}",
        "exit": "-" if shown.code is None else str(shown.code),
        "result": result,
        "probe": probe,
    }


def line(cells: dict[str, str]) -> str:
    """A row of the Markdown table."""
    return "| " + " | ".join(cells[name].replace("|", "\\|").replace("\n", " ") for name in COLUMNS) + " |"


def main() -> int:
    """Reads the command line, holds every application asked for, prints the table as it grows."""
    # A script's own folder is on the path, the checkout is not.
    sys.path.insert(0, str(CHECKOUT))
    from tests.real_apps_table import APPS

    parser = argparse.ArgumentParser(description="mwviz against real applications", allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="rows of the table; default: all")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="where venvs are made and reused")
    parser.add_argument("--limit", type=float, default=120.0, metavar="SECONDS", help="time limit of one run")
    options = parser.parse_args()
    unknown = set(options.names) - {app.name for app in APPS}
    if unknown:
        parser.error(f"no such application: {', '.join(sorted(unknown))}; there are {', '.join(a.name for a in APPS)}")
    print(line({name: name for name in COLUMNS}), line(dict.fromkeys(COLUMNS, "---")), sep="\n", flush=True)
    rows = []
    for app in (app for app in APPS if not options.names or app.name in options.names):
        rows.append(hold(app, options.work.resolve() / app.name, options.limit))
        print(line(rows[-1]), flush=True)
    good = sum(row["result"] == "agrees" for row in rows)
    print(f"\n{good} of {len(rows)} agree", flush=True)
    return 0 if good == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
