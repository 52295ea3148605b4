"""What is told of each layer: its name, its kind, what it was given, where it was defined and registered."""

from __future__ import annotations

import functools
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import starlette
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware

import mwviz
from mwviz.model import Layer, Stack
from tests.collect import behaviours as kinds

APP = '''
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware


class Own:
    """One class, registered twice."""

    def __init__(self, app, secret_key="", limit=1):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


async def timing(request, call_next):
    return await call_next(request)


def closed(app):
    async def inside(scope, receive, send):
        await app(scope, receive, send)

    return inside


app = Starlette(
    middleware=[
        Middleware(GZipMiddleware, minimum_size=100),
        Middleware(
            Own,
            secret_key="hunter2",
        ),
    ]
)
app.add_middleware(Own, limit=3)
app.add_middleware(BaseHTTPMiddleware, dispatch=timing)
app.add_middleware(closed)
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "registered.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "registered.py"
    sys.modules.pop("registered", None)


def users(stack: Stack) -> list[Layer]:
    """The layers of the app's own `user_middleware`."""
    return [layer for layer in stack.layers if layer.origin == "user"]


def test_layers_are_named_placed_and_told_apart(module: Path) -> None:
    told = [
        (layer.label, layer.qualified_name, layer.kind, dict(layer.arguments))
        for layer in users(mwviz.inspect("registered"))
    ]
    assert told == [
        ("closed", "registered.closed", "factory", {}),
        ("timing", "registered.timing", "function", {}),
        ("Own", "registered.Own", "asgi", {"limit": "3"}),
        ("GZipMiddleware", "starlette.middleware.gzip.GZipMiddleware", "asgi", {"minimum_size": "100"}),
        ("Own#2", "registered.Own", "asgi", {"secret_key": "***"}),
    ]


def line(text: str) -> int:
    """The line of the sample that holds `text`."""
    return next(number for number, each in enumerate(APP.splitlines(), 1) if text in each)


def test_places_are_those_of_the_source(module: Path) -> None:
    layers = users(mwviz.inspect("registered"))
    registered = [(each.file, each.line) for layer in layers if (each := layer.registered_at) is not None]
    defined = [(each.file, each.line) for layer in layers if (each := layer.defined_at) is not None]
    assert registered == [
        ("registered.py", line("add_middleware(closed")),
        ("registered.py", line("dispatch=timing")),
        ("registered.py", line("limit=3")),
        ("registered.py", line("minimum_size=100")),
        ("registered.py", line("            Own,") - 1),
    ]
    assert defined[:3] == [
        ("registered.py", line("def closed")),
        ("registered.py", line("async def timing")),
        ("registered.py", line("class Own")),
    ]
    assert defined[3][0].endswith("starlette/middleware/gzip.py")


def test_how_a_layer_was_registered_is_told(module: Path) -> None:
    by = [(layer.label, layer.registered_by) for layer in users(mwviz.inspect("registered"))]
    assert by == [
        ("closed", "call"),
        ("timing", "call"),
        ("Own", "call"),
        ("GZipMiddleware", "list"),
        ("Own#2", "list"),
    ]
    assert all(layer.registered_by is None for layer in mwviz.inspect("registered").layers if layer.origin != "user")


def test_nothing_watches_once_the_app_is_imported(module: Path) -> None:
    before, finders = vars(Middleware)["__init__"], list(sys.meta_path)
    mwviz.inspect("registered")
    assert vars(Middleware)["__init__"] is before
    assert sys.meta_path == finders
    assert str(module.parent) not in sys.path


def test_an_app_that_was_there_before_has_no_places_of_registration() -> None:
    (layer,) = users(mwviz.inspect(kinds.app_of(kinds.Layer)))
    assert layer.registered_at is None
    assert layer.defined_at is not None
    assert layer.defined_at.file == "tests/collect/behaviours.py"


def test_positional_arguments_get_their_names() -> None:
    class Limited(kinds.Layer):
        def __init__(self, app: Any, limit: int, *rest: int, token: str = "") -> None:
            super().__init__(app)

    try:
        entry = Middleware(Limited, 3, 4, token="hunter2")
    except TypeError:
        pytest.skip("this Starlette takes keyword arguments alone")
    (layer,) = users(mwviz.inspect(kinds.app_of(entry)))
    assert dict(layer.arguments) == {"limit": "3", "rest": "(4,)", "token": "***"}


class Dispatcher:
    """An instance used as `dispatch`."""

    async def __call__(self, request: Any, call_next: Any) -> Any:
        return await call_next(request)

    async def method(self, request: Any, call_next: Any) -> Any:
        """A bound method used as `dispatch`."""
        return await call_next(request)


@pytest.mark.parametrize(
    ("dispatch", "name"),
    [
        (Dispatcher(), "Dispatcher"),
        (Dispatcher().method, "method"),
        (functools.partial(kinds.dispatched), "dispatched"),
        (kinds.dispatched, "dispatched"),
    ],
)
def test_a_dispatch_function_names_its_layer(dispatch: Any, name: str) -> None:
    (layer,) = users(mwviz.inspect(kinds.app_of(Middleware(BaseHTTPMiddleware, dispatch=dispatch))))
    assert (layer.name, layer.kind) == (name, "function")
    assert layer.defined_at is not None


def test_a_wrapper_tells_what_it_kept_of_its_arguments() -> None:
    class Keeps(kinds.Layer):
        def __init__(self, app: Any, limit: int, password: str) -> None:
            super().__init__(app)
            self.limit = limit
            self.password = password

    stack = mwviz.inspect(Keeps(kinds.app_of(), 3, "hunter2"))
    assert (stack.layers[0].name, stack.layers[0].origin) == ("Keeps", "outer")
    assert dict(stack.layers[0].arguments) == {"limit": "3", "password": "***"}


def test_a_vendored_starlette_is_known_by_its_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = tmp_path / "vendor"
    source = Path(starlette.__file__).parent
    shutil.copytree(source, vendor / "starlette", ignore=shutil.ignore_patterns("__pycache__", "testclient.py"))
    (vendor / "__init__.py").touch()
    for file in (vendor / "starlette").rglob("*.py"):
        text = file.read_text()
        text = text.replace("from starlette", "from vendor.starlette").replace(
            "import starlette", "import vendor.starlette"
        )
        file.write_text(text)
    (tmp_path / "shipped.py").write_text(APP.replace("from starlette", "from vendor.starlette"))
    monkeypatch.chdir(tmp_path)
    try:
        trace = mwviz.trace("shipped:app")
        assert [layer.label for layer in trace.layers if layer.origin == "user"] == [
            "closed", "timing", "Own", "GZipMiddleware", "Own#2",
        ]  # fmt: skip
        assert trace.layers[0].origin == "framework"
        assert trace.layers[0].qualified_name == "vendor.starlette.middleware.errors.ServerErrorMiddleware"
        assert all(layer.registered_at is not None for layer in trace.layers if layer.origin == "user")
        assert trace.response_order == trace.request_order[::-1]
        assert trace.versions.starlette == starlette.__version__
        assert trace.versions.fastapi is None
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] in ("vendor", "shipped")]:
            del sys.modules[name]


def test_an_app_that_cannot_build_its_stack_is_no_stack() -> None:
    class Demanding(kinds.Layer):
        def __init__(self, app: Any) -> None:
            raise OSError("no database")

    app = Starlette()
    if app.middleware_stack is not None:
        pytest.skip("this Starlette builds the stack in the constructor: the one that stands is shown")
    app.user_middleware.append(Middleware(Demanding))
    with pytest.raises(mwviz.MwvizError, match="OSError: no database"):
        mwviz.inspect(app)


def test_places_are_known_for_a_module_that_was_imported_before(module: Path) -> None:
    mwviz.trace("registered")
    assert all(layer.registered_at is not None for layer in users(mwviz.inspect("registered")))
