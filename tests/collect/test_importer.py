"""From a reference to the app: what is imported, what is called, and what stays as it was."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from mwviz.collect.find import importer
from mwviz.collect.find.importer import importable, made
from mwviz.collect.find.registration import Registrations
from mwviz.collect.find.target import parse
from mwviz.errors import ImportFailed, TargetError

APP = "from starlette.applications import Starlette\n\napp = Starlette()\n"

Load = Callable[..., Any]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """Writes files, then loads an app from them; what it imported is forgotten."""
    before = dict(sys.modules)

    def run(app: str, files: dict[str, str], *, factory: bool = False) -> Any:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        reference = parse(app, tmp_path)
        with importable(reference.roots):
            return importer.load(reference, Registrations(), factory=factory)

    yield run
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in str(getattr(module, "__file__", None)):
            del sys.modules[name]
    sys.modules.update(before)


def test_directories_are_importable_for_a_while_and_in_their_order(tmp_path: Path) -> None:
    before = list(sys.path)
    first, second = tmp_path / "a", tmp_path / "b"

    with importable((first, second, first)):
        assert sys.path == [str(first), str(second), *before]
        sys.path.remove(str(second))  # an app may tidy up after itself

    assert sys.path == before


def test_the_path_is_put_back_when_the_import_fails(load: Load) -> None:
    before = list(sys.path)
    with pytest.raises(ImportFailed):
        load("broken.py", {"broken.py": "1 / 0"})

    assert sys.path == before


def test_a_file_is_the_module_that_others_import(load: Load) -> None:
    source = f"import sys\n{APP}app.own = sys.modules[__name__]\n"
    app = load("pkg/web.py", {"pkg/__init__.py": "", "pkg/web.py": source})

    assert app.own is sys.modules["pkg.web"]


@pytest.mark.parametrize("name", ["types", "json"])
def test_a_file_may_have_the_name_of_a_loaded_module(load: Load, name: str) -> None:
    before = __import__(name)
    app = load(f"{name}.py", {f"{name}.py": APP + "import json\n\napp.dumped = json\n"})

    assert isinstance(app, Starlette)
    assert sys.modules[name] is before


def test_a_file_loaded_twice_is_one_module(load: Load) -> None:
    files = {"once.py": APP}

    assert load("once.py", files) is load("once.py:app", files)


def test_a_module_of_another_place_does_not_stand_in_for_the_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text("app = 'the wrong one'")
    files = {"sub/late.py": APP, "sub/first.py": "import late\n"}
    sys.path.insert(0, str(tmp_path))
    try:
        __import__("late")
        app = load("sub/late.py:app", files)
    finally:
        sys.path.remove(str(tmp_path))

    assert isinstance(app, Starlette)


@pytest.mark.parametrize(
    ("names", "expected"),
    [("app api other", "app"), ("api other", "api"), ("other last", "other"), ("_hidden", "_hidden")],
)
def test_in_a_module_app_comes_first_then_api_then_any(load: Load, names: str, expected: str) -> None:
    # written in an order of their own, so that the place in the file does not decide for the preferred ones
    order = names.split() if "app" not in names and "api" not in names else reversed(names.split())
    source = "from starlette.applications import Starlette\n"
    lines = "".join(f"{name} = Starlette()\n{name}.called = {name!r}\n" for name in order)

    assert load("found", {"found.py": source + lines}).called == expected


def test_an_app_that_is_no_app_is_passed_over(load: Load) -> None:
    source = "from starlette.applications import Starlette\n\napp = 42\nsite = Starlette()\nsite.called = 'site'\n"

    assert load("found", {"found.py": source}).called == "site"


def test_classes_are_not_taken_for_apps(load: Load) -> None:
    with pytest.raises(TargetError, match="No Starlette or FastAPI app was found in 'found'"):
        load("found", {"found.py": "from starlette.applications import Starlette\n"})


def test_a_module_may_make_its_attributes_when_asked(load: Load) -> None:
    lazy = "def __getattr__(name):\n    if name == 'app':\n        return site\n    raise AttributeError(name)\n"
    source = f"{APP}site = app\ndel app\n\n\n{lazy}"

    assert isinstance(load("lazy:app", {"lazy.py": source}), Starlette)


async def endpoint(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI app without a framework."""


class Instance:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


def test_what_is_asgi_is_not_called() -> None:
    for target in (Starlette(), endpoint, Instance(), functools.partial(endpoint), Instance().__call__, 42):
        assert made(target, "x") is target


def test_a_wrapper_that_takes_whatever_a_server_gives_is_not_called() -> None:
    app = Starlette()

    def handle(*arguments: Any) -> Any:
        return app(*arguments)

    assert made(handle, "x") is handle


def test_what_is_a_factory_is_called() -> None:
    app = Starlette()

    def create(debug: bool = False, **rest: object) -> Starlette:
        return app

    class Shop:
        def __init__(self) -> None:
            self.app = app

        def __call__(self) -> Starlette:
            return self.app

        def build(self) -> Starlette:
            return self.app

    for factory in (create, functools.partial(create, True), Shop(), Shop().build, lambda: app):
        assert made(factory, "x") is app
        assert made(factory, "x", forced=True) is app
    assert isinstance(made(Starlette, "x"), Starlette)


def test_a_callable_without_a_signature_tells_by_itself() -> None:
    with pytest.raises(ImportFailed, match=r"^The factory 'x' raised TypeError: "):
        made(type, "x", forced=True)


def test_exceptions_of_theirs_keep_their_traceback(load: Load) -> None:
    with pytest.raises(ImportFailed) as raised:
        load("broken", {"broken.py": "def fail():\n    raise LookupError('deep')\n\nfail()\n"})

    assert raised.value.frames.count("broken.py") == 2
    assert raised.value.traceback.startswith("Traceback (most recent call last):\n")
    assert raised.value.traceback.endswith("LookupError: deep\n")
    assert isinstance(raised.value.__cause__, LookupError)


def test_control_c_is_not_the_apps_exception(load: Load) -> None:
    with pytest.raises(KeyboardInterrupt):
        load("broken", {"broken.py": "raise KeyboardInterrupt\n"})


def test_only_a_missing_target_is_called_missing(load: Load) -> None:
    with pytest.raises(TargetError) as missing:
        load("pkg.nothing", {"pkg/__init__.py": "", "pkg/something.py": ""})
    with pytest.raises(ImportFailed) as inside:
        load("pkg.other", {"pkg/other.py": "raise ModuleNotFoundError('gone')\n"})

    assert type(missing.value) is TargetError
    assert str(missing.value).endswith("Did you mean 'pkg.something'?")
    assert str(inside.value) == "'pkg.other' raised ModuleNotFoundError: gone while it was imported."
