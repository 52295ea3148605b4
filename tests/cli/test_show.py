"""`mwviz show` on apps of every place and form, and each of its options, seen in the JSON that it prints."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

import mwviz
from tests.cli.conftest import APP, LAYERED, Project

#: An app whose one route writes what reached it into the file `seen`.
ECHO = """\
import json
from pathlib import Path
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


async def echo(request):
    body = (await request.body()).decode()
    seen = [request.method, str(request.url), dict(request.headers), body, request.client.host]
    Path("seen").write_text(json.dumps(seen))
    return JSONResponse(None, 201)


app = Starlette(routes=[Route("/echo", echo, methods=["GET", "POST", "DELETE"])])
"""


def named(name: str) -> str:
    """An app with a layer of that name."""
    return LAYERED.replace("Outer", name)


def shown(project: Project, *arguments: str, code: int = 0) -> dict[str, Any]:
    ran = project.call("show", *arguments, "-f", "json")
    assert (ran.code, ran.stderr) == (code, "")
    trace: dict[str, Any] = json.loads(ran.stdout)
    return trace


def users(trace: dict[str, Any]) -> list[str]:
    return [layer["name"] for layer in trace["layers"] if layer["origin"] == "user"]


MWVIZ = "[tool.mwviz]\napp = 'shop:app'\n"
FORMS: list[tuple[str, dict[str, str], tuple[str, ...], str]] = [
    ("main.py", {"main.py": named("Here"), "app.py": "", "api.py": ""}, (), "main.py"),
    ("app.py", {"app.py": named("Here"), "api.py": "1 / 0"}, (), "app.py"),
    ("api.py", {"api.py": named("Here"), "app/main.py": "1 / 0"}, (), "api.py"),
    ("app/main.py", {"app/main.py": named("Here"), "app/app.py": "1 / 0"}, (), "app/main.py"),
    ("app/app.py", {"app/app.py": named("Here"), "app/api.py": "1 / 0"}, (), "app/app.py"),
    ("app/api.py", {"app/api.py": named("Here")}, (), "app/api.py"),
    (
        "a package of the usual name",
        {"app/__init__.py": "", "app/layers.py": named("Here"), "app/main.py": "from .layers import app\n"},
        (),
        "app/main.py",
    ),
    ("module and attribute", {"shop.py": named("Here")}, ("shop:app",), "shop:app"),
    ("a module alone", {"shop.py": named("Here")}, ("shop",), "shop"),
    ("a file", {"shop.py": named("Here")}, ("shop.py",), "shop.py"),
    ("a file and attribute", {"src/shop.py": named("Here")}, ("src/shop.py:app",), "src/shop.py:app"),
    (
        "a submodule",
        {"shop/__init__.py": "", "shop/web.py": named("Here")},
        ("shop.web:app",),
        "shop.web:app",
    ),
    (
        "a file in a package, with imports of its neighbours",
        {
            "shop/__init__.py": "",
            "shop/web/__init__.py": "",
            "shop/web/main.py": "from ..layers import app\nfrom shop.layers import app as same\n\nassert app is same\n",
            "shop/layers.py": named("Here"),
        },
        ("shop/web/main.py",),
        "shop/web/main.py",
    ),
    ("a package itself", {"shop/__init__.py": named("Here")}, ("shop",), "shop"),
    ("the folder of a package", {"shop/__init__.py": named("Here")}, ("./shop:app",), "./shop:app"),
    (
        "a script beside its helpers",
        {"src/shop.py": "from help import app\n", "src/help.py": named("Here")},
        ("src/shop.py",),
        "src/shop.py",
    ),
    (
        "the working directory is importable for a file elsewhere",
        {"src/shop.py": "from help import app\n", "help.py": named("Here")},
        ("src/shop.py",),
        "src/shop.py",
    ),
    ("a file named as a module of Python", {"types.py": named("Here")}, ("types.py:app",), "types.py:app"),
    (
        "a dotted attribute",
        {"shop.py": named("Here") + "\n\nclass Holder:\n    site = app\n\n\nholder = Holder()\ndel app\n"},
        ("shop:holder.site",),
        "shop:holder.site",
    ),
    (
        "a factory",
        {"shop.py": named("Here") + "made = app\ndel app\n\ndef create_app(debug=False):\n    return made\n"},
        ("shop:create_app",),
        "shop:create_app",
    ),
    (
        "a factory called",
        {"shop.py": named("Here") + "made = app\ndel app\n\ndef create_app():\n    return made\n"},
        ("shop:create_app()",),
        "shop:create_app()",
    ),
    (
        "a factory forced and found",
        {"shop.py": named("Here") + "made, app = app, None\n\ndef make_app():\n    return made\n"},
        ("shop", "--factory"),
        "shop",
    ),
    (
        "a method as factory",
        {"shop.py": named("Here") + "\n\nclass Shop:\n    def build(self):\n        return app\n\n\nshop = Shop()\n"},
        ("shop:shop.build",),
        "shop:shop.build",
    ),
    (
        "api before others",
        {"shop.py": APP.replace("app =", "other =") + named("Here").replace("app = S", "api = S")},
        ("shop",),
        "shop",
    ),
    ("any other name", {"shop.py": named("Here").replace("app = S", "site = S")}, ("shop",), "shop"),
    ("--app-dir", {"src/shop.py": named("Here"), "shop.py": "1 / 0"}, ("shop:app", "--app-dir", "src"), "shop:app"),
    ("--app-dir and a file", {"src/shop.py": named("Here")}, ("shop.py", "--app-dir", "src"), "shop.py"),
    ("--app-dir to look in", {"src/main.py": named("Here"), "main.py": "1 / 0"}, ("--app-dir", "src"), "main.py"),
    (
        "[tool.mwviz] app",
        {
            "pyproject.toml": MWVIZ + "[tool.fastapi]\nentrypoint = 'no:no'",
            "shop.py": named("Here"),
            "main.py": "1 / 0",
        },
        (),
        "shop:app",
    ),
    (
        "[tool.fastapi] entrypoint",
        {"pyproject.toml": "[tool.fastapi]\nentrypoint = 'shop:app'", "shop.py": named("Here"), "main.py": "1 / 0"},
        (),
        "shop:app",
    ),
    ("mwviz.toml", {"mwviz.toml": "app = 'shop.py'", "shop.py": named("Here"), "main.py": "1 / 0"}, (), "shop.py"),
    (
        "--config elsewhere",
        {"ci/mwviz.toml": "app = 'shop:app'", "ci/shop.py": named("Here"), "main.py": "1 / 0"},
        ("--config", "ci/mwviz.toml"),
        "shop:app",
    ),
    (
        "the command line before the configuration",
        {"mwviz.toml": "app = 'no:no'", "shop.py": named("Here")},
        ("shop:app",),
        "shop:app",
    ),
]


@pytest.mark.parametrize(("files", "arguments", "target"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS])
def test_the_app_is_found(project: Project, files: dict[str, str], arguments: tuple[str, ...], target: str) -> None:
    project.write(files)

    trace = shown(project, *arguments)

    assert users(trace) == ["Here", "Inner"]
    assert trace["target"] == target
    assert trace["response"]["status"] == 200


def test_a_configuration_further_up_is_importable_and_places_are_relative_to_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write({"mwviz.toml": "app = 'shop.web:app'", "shop/web.py": LAYERED, "deep/er/empty": ""})
    monkeypatch.chdir(project.folder / "deep" / "er")

    trace = shown(project)

    assert users(trace) == ["Outer", "Inner"]
    assert {layer["registered_at"]["file"] for layer in trace["layers"] if layer["origin"] == "user"} == {"shop/web.py"}


PARTIAL = """\
import functools


async def call(inner, scope, receive, send):
    await inner(scope, receive, send)


app = functools.partial(call, app)
"""
WRAPPERS = {
    "a closure": (
        "def wrap(inner):\n    async def wrapped(scope, receive, send):\n        await inner(scope, receive, send)\n"
        "    return wrapped\n\napp = wrap(app)\n"
    ),
    "a partial of a closure": (
        "import functools\n\ndef wrap(inner):\n    async def wrapped(scope, receive, send, debug):\n"
        "        await inner(scope, receive, send)\n    return wrapped\n\n"
        "app = functools.partial(wrap(app), debug=True)\n"
    ),
    "other_asgi_app": (
        "class Sockets:\n    def __init__(self, inner):\n        self.other_asgi_app = inner\n\n"
        "    async def __call__(self, scope, receive, send):\n"
        "        await self.other_asgi_app(scope, receive, send)\n\n\napp = Sockets(app)\n"
    ),
    "slots": (
        "class Tight:\n    __slots__ = ('core',)\n    def __init__(self, inner):\n        self.core = inner\n\n"
        "    async def __call__(self, scope, receive, send):\n        await self.core(scope, receive, send)\n\n\n"
        "app = Tight(app)\n"
    ),
    "a bound method": (
        "class Server:\n    def __init__(self, inner):\n        self.inner = inner\n\n"
        "    async def handle(self, scope, receive, send):\n        await self.inner(scope, receive, send)\n\n\n"
        "app = Server(app).handle\n"
    ),
}


@pytest.mark.parametrize("form", WRAPPERS)
@pytest.mark.parametrize("target", ["main:app", "main.py"])
def test_an_app_further_in_is_found(project: Project, form: str, target: str) -> None:
    project.write({"main.py": LAYERED + WRAPPERS[form]})

    trace = shown(project, target)

    assert users(trace) == ["Outer", "Inner"]
    assert trace["layers"][0]["origin"] == "outer"
    assert trace["request_order"] == list(range(len(trace["layers"])))


def test_an_app_that_a_partial_holds_as_an_argument_is_found(project: Project) -> None:
    project.write({"main.py": LAYERED + PARTIAL})

    assert users(shown(project, "main:app")) == ["Outer", "Inner"]


def test_a_first_argument_with_a_slash_is_path_unless_it_is_a_file(project: Project) -> None:
    project.write({"main.py": ECHO, "other.py": ECHO})
    absolute = str(project.folder / "other.py")

    assert shown(project, "/echo")["probe"]["path"] == "/echo"
    assert shown(project, "/" + "x" * 300)["probe"]["path"] == "/" + "x" * 300
    assert shown(project, absolute)["target"] == absolute
    assert shown(project, f"{absolute}:app")["target"] == f"{absolute}:app"
    both = shown(project, absolute, "/echo?page=2")
    assert (both["target"], both["probe"]["path"]) == (absolute, "/echo?page=2")


def real(project: Project, *arguments: str) -> list[Any]:
    """What reached the handler of `ECHO`."""
    project.write({"main.py": ECHO})
    trace = shown(project, "main:app", "/echo?page=2", *arguments)
    assert trace["response"]["status"] == 201
    assert trace["probe"]["endpoint"] == "real"
    seen: list[Any] = json.loads((project.folder / "seen").read_text())
    return seen


def test_the_default_request(project: Project) -> None:
    assert real(project) == ["GET", "http://testserver/echo?page=2", {"host": "testserver"}, "", "127.0.0.1"]


def test_every_part_of_the_request_can_be_chosen(project: Project) -> None:
    project.write({"body.json": '{"a": 1}'})
    method, url, headers, body, client = real(
        project, "-X", "delete", "-H", "Host: shop.example", "-H", "X-Empty:", "-d", "@body.json",
        "--scheme", "https", "--client", "203.0.113.9",
    )  # fmt: skip

    assert (method, url, client) == ("DELETE", "https://shop.example/echo?page=2", "203.0.113.9")
    assert body == '{"a": 1}'
    assert headers["x-empty"] == ""
    assert headers["content-length"] == "8"


@pytest.mark.parametrize("data", ["", "a=b", "grüße"])
def test_a_body_makes_the_method_post(project: Project, data: str) -> None:
    method, _, _, body, _ = real(project, "--data", data)

    assert (method, body) == ("POST", data)


def test_a_body_may_come_from_stdin(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"from afar")))

    assert real(project, "-d", "@-")[3] == "from afar"


def test_without_a_path_no_handler_is_called(project: Project) -> None:
    project.write({"main.py": ECHO})

    trace = shown(project, "main:app", "-X", "POST", "-H", "Authorization: Bearer abc")

    assert (trace["probe"]["method"], trace["probe"]["endpoint"]) == ("POST", "stand-in")
    assert ["authorization", "***"] in trace["probe"]["headers"]
    assert shown(project, "main:app", "/echo", "--endpoint", "stand-in")["response"]["status"] == 200
    assert set(project.files()) == {"main.py"}


def test_a_preflight_is_sent_as_a_browser_would(project: Project) -> None:
    cors = (
        "from starlette.middleware.cors import CORSMiddleware\n"
        "app.add_middleware(CORSMiddleware, allow_origins=['https://shop.example'])\n"
    )
    project.write({"main.py": APP + cors})

    trace = shown(project, "main:app", "--preflight", "https://shop.example")

    assert trace["probe"]["method"] == "OPTIONS"
    assert ["access-control-request-method", "GET"] in trace["probe"]["headers"]
    assert trace["layers"][trace["answered_by"]]["name"] == "CORSMiddleware"


def test_the_stand_in_endpoint_can_raise(project: Project) -> None:
    project.write({"main.py": LAYERED})

    ran = project.call("show", "main:app", "--raise", "-f", "json")

    assert ran.code == 1
    assert json.loads(ran.stdout)["error"]["raised_by"] == "endpoint"
    assert ran.stderr == ""  # nobody needs to be told where an exception that they asked for came from
    assert "Traceback" in project.call("show", "main:app", "--raise", "--traceback").stderr


def test_another_order_is_tried_without_touching_the_code(project: Project) -> None:
    project.write({"main.py": LAYERED})

    trace = shown(project, "main:app", "--order", "Inner > Outer")

    assert users(trace) == ["Inner", "Outer"]
    assert trace["probe"]["order"] == ["Inner", "Outer"]


def test_an_order_is_told_by_the_names_that_asked_for_it(project: Project) -> None:
    """In the other order the second one is the first: what is told could not be asked for again."""
    project.write({"main.py": LAYERED.replace("Middleware(Inner)", "Middleware(Inner), Middleware(Outer, number=1)")
                   .replace("def __init__(self, app)", "def __init__(self, app, number=0)")})  # fmt: skip

    trace = shown(project, "main:app", "--order", "Outer#2 > Inner > Outer")

    assert trace["probe"]["order"] == ["Outer#2", "Inner", "Outer"]
    told = project.call("show", "main:app", "--order", "Outer#2 > Inner > Outer").stdout
    assert "Another order was tried: Outer#2 > Inner > Outer" in told


LIFESPAN = """\
import contextlib
from starlette.applications import Starlette


@contextlib.asynccontextmanager
async def lifespan(app):
    open("up", "w").close()
    yield
    open("down", "w").close()


app = Starlette(lifespan=lifespan)
"""


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        ((), False),
        (("/",), True),
        (("/", "--endpoint", "stand-in"), False),
        (("--lifespan",), True),
        (("/", "--no-lifespan"), False),
    ],
    ids=["stand-in", "PATH", "routed stand-in", "asked for", "refused"],
)
def test_lifespan_runs_with_the_real_endpoint_or_when_asked_for(
    project: Project, arguments: tuple[str, ...], runs: bool
) -> None:
    project.write({"main.py": LIFESPAN})

    trace = shown(project, "main:app", *arguments)

    assert set(project.files()) == {"main.py", *(("up", "down") if runs else ())}
    assert trace["probe"]["lifespan"] is runs


def test_an_env_file_is_loaded_before_the_import_and_does_not_beat_the_environment(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("dotenv")
    monkeypatch.setenv("SHOP_KEPT", "kept")
    monkeypatch.delenv("SHOP_NEW", raising=False)
    project.write(
        {
            ".env": "SHOP_NEW=new\nSHOP_KEPT=lost\n",
            "main.py": "import os\nprint(os.environ['SHOP_NEW'], os.environ['SHOP_KEPT'])\n" + APP,
        }
    )

    ran = project.call("show", "main:app", "--env-file", ".env")
    monkeypatch.delenv("SHOP_NEW")

    assert (ran.code, ran.stderr) == (0, "new kept\n")


def test_an_env_file_without_its_package_says_what_to_install(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dotenv", None)
    project.write({".env": "", "main.py": APP})

    ran = project.call("show", "main:app", "--env-file", ".env")

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr == "Error: --env-file needs the package python-dotenv: pip install python-dotenv.\n"


def test_verbose_shows_more(project: Project) -> None:
    project.write({"main.py": LAYERED})

    short, long = (project.call("show", "main:app", *more).stdout for more in ((), ("--verbose",)))

    assert len(long) > len(short)
    assert "main.Outer" in long or "main.py:4" in long


STATE = LAYERED.replace(
    "class Outer:", "from contextvars import ContextVar\nwho = ContextVar('who')\n\n\nclass Outer:"
).replace("        await self.app", "        who.set(object())\n        await self.app")


def test_only_who_tells_of_state_looks_at_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write({"main.py": STATE})
    (item,) = shown(project, "main.py")["state"]
    assert (item["module"], item["name"], item["set_by"]) == ("main", "who", [1, 2])
    assert "State, and who can see it:" in project.call("show", "main.py", "-f", "timeline").stdout
    monkeypatch.setattr("mwviz.collect.probe.sight.Sight", None)
    for chosen in ("table", "tree", "markdown", "mermaid"):
        ran = project.call("show", "main.py", "-f", chosen)
        assert (ran.code, "who" in ran.stdout.split()) == (0, False)


def test_version_and_help_answer_on_stdout(project: Project) -> None:
    version, help_ = project.call("--version"), project.call("show", "-h")

    assert (version.code, version.stdout, version.stderr) == (0, f"mwviz {mwviz.__version__}\n", "")
    assert (help_.code, help_.stderr) == (0, "")
    for option in ("--order", "--traceback", "--preflight", "--env-file", "--no-lifespan"):
        assert option in help_.stdout


def test_without_a_command_the_commands_are_shown(project: Project) -> None:
    ran = project.call()

    assert "show" in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
