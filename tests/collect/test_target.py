"""What APP may be, and what each form of it names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mwviz.collect.find.target import Reference, discover, parse
from mwviz.errors import TargetError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "main.py",
        "shop/__init__.py",
        "shop/web/__init__.py",
        "shop/web/main.py",
        "plain/main.py",
        "src/app.py",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    return tmp_path


MODULES = [
    ("main", "main", None, False),
    ("main:app", "main", "app", False),
    ("shop.web.main:app", "shop.web.main", "app", False),
    ("main:holder.site.app", "main", "holder.site.app", False),
    ("main:create_app()", "main", "create_app", True),
    ("größe:app", "größe", "app", False),
]


@pytest.mark.parametrize(("app", "module", "attribute", "factory"), MODULES, ids=[row[0] for row in MODULES])
def test_a_module_is_looked_for_in_the_directory(
    folder: Path, app: str, module: str, attribute: str | None, factory: bool
) -> None:
    assert parse(app, folder) == Reference(app, module, attribute, (folder,), None, factory)
    assert parse(app, folder, folder / "src").roots == (folder / "src",)


FILES = [
    ("main.py", "main", None, ".", "main.py"),
    ("main.py:app", "main", "app", ".", "main.py"),
    ("./main.py:app", "main", "app", ".", "main.py"),
    ("plain/main.py:make()", "main", "make", "plain", "plain/main.py"),
    ("shop/web/main.py:app", "shop.web.main", "app", ".", "shop/web/main.py"),
    ("shop/web/../web/main.py", "shop.web.main", None, ".", "shop/web/main.py"),
    ("shop/web/__init__.py", "shop.web", None, ".", "shop/web/__init__.py"),
    ("./shop", "shop", None, ".", "shop/__init__.py"),
    ("shop/web:app", "shop.web", "app", ".", "shop/web/__init__.py"),
]


@pytest.mark.parametrize(("app", "module", "attribute", "root", "file"), FILES, ids=[row[0] for row in FILES])
@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_a_file_is_a_module_of_its_outermost_package(
    folder: Path, app: str, module: str, attribute: str | None, root: str, file: str, absolute: bool
) -> None:
    shown = f"{folder}{os.sep}{app}" if absolute else app
    found = parse(shown, folder)

    assert (found.shown, found.module, found.attribute, found.file) == (shown, module, attribute, folder / file)
    assert found.roots == ((folder / root).resolve(), folder)
    assert found.factory is shown.endswith("()")


def test_a_file_is_looked_for_in_the_app_dir(folder: Path) -> None:
    found = parse("app.py", folder, folder / "src")

    assert (found.module, found.file, found.roots) == ("app", folder / "src" / "app.py", (folder / "src",) * 2)


@pytest.mark.parametrize(
    ("app", "message"),
    [
        ("", "'' is neither a module nor a file: "),
        ("my-app:app", "'my-app:app' is neither a module nor a file: "),
        ("..:app", "'..:app' is neither a module nor a file: "),
        ("main:", "'main:' names no attribute after its ':': "),
        ("main:app[0]", "'main:app[0]' names no attribute after its ':': "),
        ("main:a..b", "'main:a..b' names no attribute after its ':': "),
        ("mian.py", "There is no file 'mian.py' in {folder}. It has main.py."),
        ("no/main.py", "There is no file 'no/main.py' in {folder}."),
        ("./plain", "'plain' is a directory without an __init__.py: name a file in it. It has main.py."),
        ("./README", "'README' is no Python file: it must end in .py."),
        ("main.py/app.py", "'main.py/app.py' cannot be read: "),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="paths are written otherwise")
def test_what_names_nothing_is_told(folder: Path, app: str, message: str) -> None:
    (folder / "README").write_text("")
    with pytest.raises(TargetError) as raised:
        parse(app, folder)

    assert str(raised.value).startswith(message.replace("{folder}", str(folder)))


ORDER = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")


@pytest.mark.parametrize("first", range(len(ORDER)), ids=ORDER)
def test_discovery_takes_the_first_of_its_files(tmp_path: Path, first: int) -> None:
    (tmp_path / "app").mkdir()
    for name in ORDER[first:]:
        (tmp_path / name).write_text("")

    found = discover(tmp_path)

    assert (found.shown, found.file, found.attribute) == (ORDER[first], tmp_path / ORDER[first], None)
    assert discover(Path("/"), tmp_path) == found


def test_discovery_without_a_file_tells_where_it_looked(tmp_path: Path) -> None:
    (tmp_path / "main.py").mkdir()
    with pytest.raises(TargetError) as raised:
        discover(tmp_path)

    assert all(f"{name}" in str(raised.value) for name in (*ORDER, tmp_path, "[tool.mwviz]"))
