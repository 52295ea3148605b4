"""`mwviz check` where there is a `mwviz.lock`: held beside the contracts, or alone."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import LAYERED, Project
from tests.cli.test_lock import ROUTED, SWAPPED

ADDED = LAYERED.replace("Middleware(Outer), ", "Middleware(Outer), Middleware(Inner), ")
ACCEPT = "        Note: If this order is wanted, `mwviz lock` accepts it."


def report(project: Project, *arguments: str, code: int) -> list[str]:
    """The lines of the report below its headline."""
    ran = project.call("check", "main:app", *arguments)
    assert ran.code == code, ran.stderr
    return ran.stdout.split("\n")[2:]


@pytest.fixture
def locked(project: Project) -> Project:
    project.write({"main.py": LAYERED})
    assert project.call("lock", "main:app").code == 0
    return project


def test_a_lock_alone_is_something_to_hold(locked: Project) -> None:
    assert report(locked, code=0) == ["KEPT    mwviz.lock", "", "1 lock: 1 kept, 0 broken.", ""]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (SWAPPED, ["        Outer moved inward: was the outermost."]),
        (ADDED, ["        Inner#2 was added."]),
        (LAYERED.replace("Middleware(Outer), ", ""), ["        Outer was removed."]),
    ],
    ids=["moved", "added", "removed"],
)
def test_a_change_breaks_it(locked: Project, source: str, told: list[str]) -> None:
    locked.write({"main.py": source})
    lines = report(locked, code=1)
    assert lines[0] == "BROKEN  mwviz.lock"
    assert [line for line in lines if line.startswith(told[0].rstrip("."))] == told
    assert ACCEPT in lines
    assert lines[-2:] == ["1 lock: 0 kept, 1 broken.", ""]


def test_a_finding_names_the_layer_and_its_line(locked: Project) -> None:
    locked.write({"main.py": SWAPPED})
    (finding,) = json.loads(locked.call("check", "main:app", "-f", "json").stdout)["findings"]
    assert (finding["code"], finding["layers"], finding["check"]) == ("MW110", ["Outer"], "mwviz.lock")
    assert (finding["severity"], finding["place"]["file"]) == ("error", "main.py")


def test_it_is_held_beside_contracts(locked: Project) -> None:
    locked.write({"mwviz.toml": '[[contracts]]\nname = "order"\nlayers = ["Outer", "Inner"]\n'})
    assert report(locked, code=0)[:2] == ["KEPT    order", "KEPT    mwviz.lock"]
    locked.write({"main.py": SWAPPED})
    assert [line for line in report(locked, code=1) if line.startswith(("KEPT", "BROKEN"))] == [
        "BROKEN  order",
        "BROKEN  mwviz.lock",
    ]


def test_routes_are_held_where_the_lock_has_them(project: Project) -> None:
    project.write({"main.py": ROUTED})
    assert project.call("lock", "main:app", "--routes").code == 0
    assert report(project, code=0)[0].startswith("KEPT    mwviz.lock  ")
    project.write({"main.py": ROUTED.replace('"/other"', '"/new"')})
    lines = report(project, code=1)
    assert any("/new was added" in line for line in lines)
    assert any("/other was removed" in line for line in lines)


def test_a_broken_lock_is_a_mistake(locked: Project) -> None:
    with (locked.folder / "mwviz.lock").open("a") as lock:
        lock.write("junk\n")
    ran = locked.call("check", "main:app")
    assert (ran.code, ran.stdout) == (2, "")
    assert "mwviz.lock:" in ran.stderr
    assert "`mwviz lock`" in ran.stderr


def test_an_app_that_cannot_be_built_cannot_be_held(locked: Project) -> None:
    locked.write({"main.py": LAYERED.replace("self.app = app", "raise RuntimeError('no')")})
    lines = report(locked, code=1)
    assert lines[0] == "BROKEN  mwviz.lock"
    assert "RuntimeError: no" in " ".join(lines)


def test_of_several_apps_the_lock_holds_the_first_named(locked: Project) -> None:
    locked.write({"other.py": SWAPPED})
    settings = (
        'app = "main:app"\n[[apps]]\nname = "other"\napp = "other:app"\n'
        '[[apps.contracts]]\nname = "its own"\nlayers = ["Inner", "Outer"]\n'
    )
    locked.write({"mwviz.toml": settings})
    ran = locked.call("check")
    assert ran.code == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("KEPT") == 2
    assert ran.stdout.count("mwviz.lock") == 1
