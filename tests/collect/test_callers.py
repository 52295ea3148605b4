"""Where a layer was registered, when somebody wrapped what registers it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.middleware import Middleware

import mwviz

WRAPPING = {
    # as Sentry's integration does, while the app is imported
    "plain": "def wrapped(self, cls, *args, **kwargs):\n    old(self, cls, *args, **kwargs)\n",
    "twice": (
        "def first(self, *args, **kwargs):\n    old(self, *args, **kwargs)\n"
        "def wrapped(self, *args, **kwargs):\n    first(self, *args, **kwargs)\n"
    ),
    "functools": "@functools.wraps(old)\ndef wrapped(self, *args, **kwargs):\n    return old(self, *args, **kwargs)\n",
    # what a C extension such as wrapt's looks like from outside
    "object": (
        "def around(*args, **kwargs):\n    return old(*args, **kwargs)\n"
        "class Wrapper:\n"
        "    _self_wrapper = staticmethod(around)\n"
        "    def __get__(self, instance, owner=None):\n        return functools.partial(around, instance)\n"
        "wrapped = Wrapper()\n"
    ),
}
APP = """\
import functools
from starlette.applications import Starlette
from starlette.middleware import Middleware

class Layer:
    def __init__(self, app, name=""):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)

{wrapping}

class Own(Starlette):
    def add_middleware(self, layer, **options):
        super().add_middleware(layer, **options)

def add_middleware(app, name):
    app.add_middleware(Layer, name=name)  # in a helper of the same name

listed = [Middleware(Layer, name="listed")]
app = {cls}(middleware=listed)
app.add_middleware(Layer, name="called")
add_middleware(app, "helped")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Middleware, "__init__", Middleware.__init__)  # whatever the app does to it is undone
    yield tmp_path
    sys.modules.pop("wrapping", None)


@pytest.mark.parametrize("wrapper", [None, *WRAPPING])
@pytest.mark.parametrize("cls", ["Starlette", "Own"])
def test_wrappers_are_not_taken_for_who_registers(folder: Path, wrapper: str | None, cls: str) -> None:
    told = f"old = Middleware.__init__\n{WRAPPING[wrapper]}Middleware.__init__ = wrapped\n" if wrapper else ""
    source = APP.format(wrapping=told, cls=cls)
    (folder / "wrapping.py").write_text(source)

    layers = [layer for layer in mwviz.inspect("wrapping").layers if layer.origin == "user"]

    lines = source.splitlines()
    places = [layer.registered_at for layer in layers]
    assert [lines[place.line - 1].strip() for place in places if place is not None and place.file == "wrapping.py"] == [
        "app.add_middleware(Layer, name=name)  # in a helper of the same name",
        'app.add_middleware(Layer, name="called")',
        'listed = [Middleware(Layer, name="listed")]',
    ]
    assert [(layer.registered_by, layer.registered_in) for layer in layers] == [
        ("call", "add_middleware"),
        ("call", None),
        ("list", None),
    ]


def test_who_wrapped_the_constructor_is_not_watched_any_longer(folder: Path) -> None:
    source = APP.format(
        wrapping=f"old = Middleware.__init__\n{WRAPPING['plain']}Middleware.__init__ = wrapped\n", cls="Starlette"
    )
    (folder / "wrapping.py").write_text(source)
    mwviz.inspect("wrapping")
    app = sys.modules["wrapping"].app

    app.add_middleware(sys.modules["wrapping"].Layer, name="late")

    late = mwviz.inspect(app).layers[1]
    assert (late.arguments["name"], late.registered_at) == ("'late'", None)
