"""Holds `mwviz routes` against real applications from PyPI; run by hand, after or instead of `real_apps.py`.

    python tests/real_routes.py [NAME ...] --work DIR

It shares table and environments with `real_apps.py`. `mwviz routes` runs on every application of the table, `mwviz
routes --trace` on those with mounts, sub-apps or wrapped routers. A small script that shares no code with mwviz walks
the routers by their public attributes: each GET route without parameters that it finds must be listed, with the same
endpoint, and agree with its probe. Prints a Markdown table and below it why a route did not agree; exit code 1 if a
route is missing, a run failed, or a probe differs for a reason that `TRUTHS` does not tell.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))  # a script's own folder is on the path, the checkout is not

from tests import real_apps  # noqa: E402

if TYPE_CHECKING:
    from tests.real_apps_table import RealApp

COLUMNS = (
    "app",
    "FastAPI",
    "Starlette",
    "import s",
    "routes s",
    "trace s",
    "routes",
    "mounts",
    "plain GETs",
    "missing",
    "agree",
    "disagree",
    "undecided",
    "exits",
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
try:
    from fastapi.routing import iter_route_contexts
except ImportError:
    iter_route_contexts = iter
plain, mounts = [], []

def words(endpoint):
    while hasattr(endpoint, "func"):
        endpoint = endpoint.func
    return getattr(endpoint, "__name__", type(endpoint).__name__)

def walk(routes, prefix, seen):
    for route in iter_route_contexts(routes):
        path = prefix + (getattr(route, "path", None) or "")
        endpoint = getattr(route, "endpoint", None)
        if endpoint is not None:
            if "GET" in (getattr(route, "methods", None) or ()) and "{" not in path:
                plain.append([path, words(endpoint)])
        elif hasattr(route, "app"):
            mounts.append(path)
            further = getattr(route, "routes", None) or ()
            if id(route.app) not in seen:
                walk(further, path, seen | {id(route.app)})

walk(found.routes, "", {id(found)})
with open(out, "w") as stream:
    json.dump({"plain": plain, "mounts": mounts}, stream)
"""

#: Why a probe differs from the listing though both are right, by what mwviz says of it and of which application.
TRUTHS = (
    ("aim-2022", "Another route comes first", "the app of the UI, mounted at the root, has docs of its own"),
    ("prefect-2022", "Another route comes first", "the app of the UI, mounted at the root, has docs of its own"),
    ("prefect-2025", "Another route comes first", "the app of the UI, mounted at the root, has docs of its own"),
    ("litellm", "Another route comes first (swagger_ui_html)", "docs_url is /, where a later route is, too"),
)

#: What the probes must carry for an outer layer to let them in.
HEADERS = {"mlflow": ("Host: localhost",)}


@dataclass(frozen=True)
class Held:
    """One application: its row, what is wrong, and the reasons of its routes with how many each is told of."""

    row: dict[str, str]
    wrong: tuple[str, ...]
    reasons: tuple[tuple[str, int, str], ...] = ()


def hold(app: RealApp, folder: Path, limit: float) -> Held:
    """Runs observer, listing and probes; the application's environment is made if need be."""
    row = dict.fromkeys(COLUMNS, "-") | {"app": app.name}
    wrong = real_apps.prepare(app, folder, limit * 8)
    if wrong:
        return Held(row, (wrong,))
    python = real_apps.interpreter(folder / "venv")
    (folder / "routes").mkdir(exist_ok=True)
    where, environment = real_apps.scratch(app, folder / "routes")
    versions = real_apps.installed_versions(python, app, where)
    row |= {name: versions[name] for name in ("FastAPI", "Starlette")}
    given = [app.target, "1" if app.factory else "", app.inner, str(folder / "routes" / "expected.json")]
    observed = real_apps.run([str(python), "-c", OBSERVER, *given], where, environment, limit)
    if observed.code != 0:
        return Held(row, (f"observer failed: {observed.reason}",))
    expected = json.loads((folder / "routes" / "expected.json").read_text(encoding="utf-8"))
    command = [str(python), "-m", "mwviz", "routes", app.target, *(["--factory"] if app.factory else [])]
    listed = real_apps.run(command, where, environment, limit)
    (folder / "routes" / "table.txt").write_text(listed.stdout, encoding="utf-8")
    headers = [part for header in HEADERS.get(app.name, ()) for part in ("-H", header)]
    traced = real_apps.run([*command, "--trace", "-f", "json", *headers], where, environment, limit * 5)
    (folder / "routes" / "traced.json").write_text(traced.stdout, encoding="utf-8")
    (folder / "routes" / "traced.stderr").write_text(traced.stderr, encoding="utf-8")
    times = {"import s": observed, "routes s": listed, "trace s": traced}
    row |= {name: f"{each.seconds:.2f}" for name, each in times.items()}
    row |= {"mounts": str(len(expected["mounts"])), "plain GETs": str(len(expected["plain"]))}
    row["exits"] = f"{listed.code} {traced.code}"
    if listed.code != 0 or traced.code != 0:
        return Held(row, (f"failed: {listed.reason if listed.code else traced.reason}",))
    return judge(app, row, expected["plain"], json.loads(traced.stdout)["routes"])


def judge(app: RealApp, row: dict[str, str], plain: list[list[str]], routes: list[dict[str, Any]]) -> Held:
    """Compares the observer's routes with those of mwviz, and those with their probes."""
    listed = Counter((route["path"], route["endpoint"]["name"].rpartition(".")[2]) for route in routes)
    missing = list((Counter((path, name) for path, name in plain) - listed).elements())
    asked = [route for route in routes if "GET" in route["methods"] and "{" not in route["path"]]
    verdicts = Counter(route["agrees"] for route in asked)
    names = {"agree": True, "disagree": False, "undecided": None}
    row = row | {"routes": str(len(routes)), "missing": str(len(missing))}
    row |= {name: str(verdicts[verdict]) for name, verdict in names.items()}
    doubts: dict[tuple[str, str], list[str]] = {}
    for route in routes:
        if route["agrees"] is not True:
            kind = "disagrees" if route["agrees"] is False else "undecided"
            doubts.setdefault((kind, route["doubt"] or "no reason told"), []).append(route["path"])
    reasons = tuple((f"{kind}: {why}", len(paths), paths[0]) for (kind, why), paths in doubts.items())
    wrong = [f"not listed: {path} ({name})" for path, name in missing]
    wrong += [reason for reason, _, _ in reasons if reason.startswith("disagrees") and truth(app.name, reason) is None]
    return Held(row, tuple(wrong), reasons)


def truth(name: str, reason: str) -> str | None:
    """What is known of the application that explains the reason."""
    return next((why for known, part, why in TRUTHS if name == known and part in reason), None)


def line(cells: dict[str, str]) -> str:
    """A row of the Markdown table."""
    return "| " + " | ".join(cells[name] for name in COLUMNS) + " |"


def main() -> int:
    """Reads the command line, holds every application asked for, prints the table as it grows."""
    from tests.real_apps_table import APPS

    parser = argparse.ArgumentParser(description="mwviz routes against real applications", allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="rows of the table; default: all")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="where venvs are made and reused")
    parser.add_argument("--limit", type=float, default=120.0, metavar="SECONDS", help="time limit of one run")
    options = parser.parse_args()
    unknown = set(options.names) - {app.name for app in APPS}
    if unknown:
        parser.error(f"no such application: {', '.join(sorted(unknown))}; there are {', '.join(a.name for a in APPS)}")
    print(line({name: name for name in COLUMNS}), line(dict.fromkeys(COLUMNS, "---")), sep="\n", flush=True)
    every = []
    for app in (app for app in APPS if not options.names or app.name in options.names):
        every.append(hold(app, options.work.resolve() / app.name, options.limit))
        print(line(every[-1].row), flush=True)
    print()
    for held in every:
        for reason, count, path in held.reasons:
            known = truth(held.row["app"], reason)
            print(f"- {held.row['app']}: {reason} ({count}, such as {path}){f': {known}' if known else ''}")
    for held in every:
        for wrong in held.wrong:
            print(f"- {held.row['app']}: WRONG: {wrong}")
    good = sum(not held.wrong for held in every)
    print(f"\n{good} of {len(every)} hold", flush=True)
    return 0 if good == len(every) else 1


if __name__ == "__main__":
    sys.exit(main())
