"""`mwviz routes`: its options, its exit codes, and what goes to which stream."""

from __future__ import annotations

import json
import re

import pytest

from mwviz.cli import options
from mwviz.render import ROUTES_RENDERERS
from tests.cli.conftest import APP, LAYERED, Project

ROUTED = (
    LAYERED.replace("app = Starlette(", "sub = Starlette(")
    + """
from starlette.routing import Mount, Route, WebSocketRoute

print("imported")


def home(request):
    raise AssertionError("no handler runs")


async def live(websocket):
    raise AssertionError("no handler runs")


sub.router.routes += [Route("/x", home, methods=["POST"]), WebSocketRoute("/live", live)]
app = Starlette(routes=[Route("/", home), Mount("/sub", sub)])
"""
)


def listed(project: Project, *arguments: str) -> list[str]:
    ran = project.call("routes", "main.py", "-f", "json", *arguments)
    assert (ran.code, ran.stderr.replace("imported\n", "")) == (0, "")
    document = json.loads(ran.stdout)
    assert (document["format"], document["total"]) == ("mwviz.routes/1", 3)
    return [route["path"] for route in document["routes"]]


def test_formats_are_those_of_the_table_of_renderers() -> None:
    assert [each.value for each in options.RoutesFormat] == [each.value for each in ROUTES_RENDERERS]


def test_the_result_goes_to_stdout_and_what_the_app_prints_to_stderr(project: Project) -> None:
    project.write({"main.py": ROUTED})

    ran = project.run("routes")

    assert (ran.code, ran.stderr) == (0, "imported\n")
    assert re.search(r"^  POST +/sub/x +home +main\.py:\d+$", ran.stdout, re.MULTILINE)
    assert re.search(r"^  > Outer +mount /sub · main\.py:\d+$", ran.stdout, re.MULTILINE)
    assert ran.stdout.endswith("\n3 routes, 2 different chains.\n")


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [
        ([], ["/", "/sub/x", "/sub/live"]),
        (["--path", "/sub/*"], ["/sub/x", "/sub/live"]),
        (["--path", "/", "--path", "*live"], ["/", "/sub/live"]),
        (["--method", "post"], ["/sub/x"]),
        (["-X", "WEBSOCKET", "-X", "GET"], ["/", "/sub/live"]),
        (["--layer", "Outer"], ["/sub/x", "/sub/live"]),
        (["--layer", "Inn*", "--layer", "Outer"], ["/sub/x", "/sub/live"]),
        (["--without", "Outer"], ["/"]),
        (["--without", "ExceptionMiddleware#2"], ["/"]),
    ],
)
def test_filters(project: Project, arguments: list[str], paths: list[str]) -> None:
    project.write({"main.py": ROUTED})

    assert listed(project, *arguments) == paths


def test_a_name_that_fits_no_layer_is_a_mistake(project: Project) -> None:
    project.write({"main.py": ROUTED})

    for option in ("--layer", "--without"):
        ran = project.call("routes", "main.py", option, "Outter", "-o", "out.json")
        assert (ran.code, ran.stdout) == (2, "")
        assert ran.stderr.endswith(
            "Error: No route passes a layer or dependency called 'Outter': did you mean Outer?\n"
        )
        assert "out.json" not in project.files()


def test_no_route_at_all_is_a_warning(project: Project) -> None:
    project.write({"main.py": APP})

    ran = project.call("routes", "main.py")

    assert ran.code == 0
    assert ran.stdout.endswith("\nNo routes.\n")
    assert ran.stderr == "Warning: main.py has no routes. Are they added on startup, or to another app object?\n"


def test_filters_that_leave_nothing_are_a_warning(project: Project) -> None:
    project.write({"main.py": ROUTED})

    ran = project.call("routes", "main.py", "--path", "/none", "-f", "json")

    assert ran.code == 0
    assert json.loads(ran.stdout)["routes"] == []
    assert ran.stderr.endswith("Warning: none of the 3 routes of main.py fits these filters.\n")


def test_probes_run_no_handler(project: Project) -> None:
    project.write({"main.py": ROUTED})

    ran = project.call("routes", "main.py", "--trace", "--path", "/", "-f", "json")

    (route,) = json.loads(ran.stdout)["routes"]
    assert ran.code == 0
    assert route["agrees"] is True
    assert route["observed"] == route["layers"]


def test_probes_take_headers(project: Project) -> None:
    project.write({"main.py": ROUTED})

    ran = project.call("routes", "main.py", "--trace", "-H", "X-Key: 1", "--path", "/", "-f", "json")

    assert (ran.code, json.loads(ran.stdout)["routes"][0]["agrees"]) == (0, True)


@pytest.mark.parametrize("options", [("-H", "X-Key: 1"), ("--trace", "-H", "no header"), ("--trace", "--timeout", "0")])
def test_nonsense_about_probes_is_a_mistake(project: Project, options: tuple[str, ...]) -> None:
    project.write({"main.py": ROUTED})

    ran = project.call("routes", "main.py", *options)

    assert (ran.code, ran.stdout) == (2, "")
    assert "Error: " in ran.stderr


@pytest.mark.parametrize(
    ("ending", "begin"), [("md", "**main.py**"), ("mmd", "flowchart LR"), ("dot", "digraph mwviz {")]
)
def test_the_ending_picks_the_format(project: Project, ending: str, begin: str) -> None:
    project.write({"main.py": ROUTED})

    ran = project.call("routes", "main.py", "-o", f"out.{ending}")

    assert (ran.code, ran.stdout) == (0, "")
    assert (project.folder / f"out.{ending}").read_text("utf-8").startswith(begin)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-f", "timeline"], "timeline"),
        (["-o", "out.py"], "results never go over a .py file"),
        (["--app-dir", "nowhere"], "--app-dir 'nowhere' is no directory"),
        (["--env-file", "nowhere"], "there is no file 'nowhere'"),
    ],
)
def test_mistakes(project: Project, arguments: list[str], told: str) -> None:
    project.write({"main.py": ROUTED})

    ran = project.call("routes", "main.py", *arguments)

    assert (ran.code, ran.stdout) == (2, "")
    assert told in ran.stderr


def test_an_import_that_fails_is_told_and_whole_with_traceback(project: Project) -> None:
    project.write({"main.py": "import json\n\njson.loads('{')\n"})

    short, whole = project.call("routes", "main.py"), project.call("routes", "main.py", "--traceback")

    assert (short.code, whole.code) == (2, 2)
    assert "decoder.py" in whole.stderr
    assert "decoder.py" not in short.stderr


def test_a_factory_in_another_directory(project: Project) -> None:
    made = ROUTED.replace("app = Starlette(", "made = Starlette(") + "\n\ndef create():\n    return made\n"
    project.write({"src/shop.py": made})

    ran = project.call("routes", "shop:create", "--app-dir", "src", "--factory")

    assert ran.code == 0
    assert "3 routes, 2 different chains." in ran.stdout


DOUBLED = """\
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route


class Outer:
    def __init__(self, app, name=""):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


class Inner(Outer):
    pass


sub = Starlette(routes=[Route("/x", PlainTextResponse("x"))], middleware=[Middleware(Inner)])
app = Starlette(
    routes=[Route("/", PlainTextResponse("home")), Mount("/sub", sub)],
    middleware=[Middleware(Outer, name="first"), Middleware(Inner), Middleware(Outer, name="second")],
)
"""


@pytest.mark.parametrize("trace", [(), ("--trace",)], ids=["listed", "probed"])
def test_the_chains_are_those_of_the_order_that_is_asked_for(project: Project, trace: tuple[str, ...]) -> None:
    project.write({"main.py": DOUBLED})

    def told(*arguments: str) -> dict[str, list[str]]:
        document = json.loads(project.call("routes", "main:app", *trace, *arguments, "-f", "json").stdout)
        assert {route["agrees"] for route in document["routes"]} == ({True} if trace else {None})
        names = {layer["label"]: layer["arguments"].get("name", layer["name"]) for layer in document["layers"]}
        chains = {route["path"]: [names[label] for label in route["layers"]] for route in document["routes"]}
        own = {path: [each for each in chain if "Error" not in each] for path, chain in chains.items()}
        return {"order": document["order"], **{path: own[path] for path in ("/", "/sub/x")}}

    own = ["'first'", "Inner", "'second'", "ExceptionMiddleware"]
    of_sub = ["Inner", "ExceptionMiddleware"]
    assert told() == {"order": None, "/": own, "/sub/x": own + of_sub}
    own = ["'second'", "Inner", "'first'", "ExceptionMiddleware"]
    assert told("--order", "Outer#2 > Outer") == {
        "order": ["Outer#2", "Inner", "Outer"], "/": own, "/sub/x": own + of_sub,
    }  # fmt: skip
    assert told()["order"] is None


def test_another_order_is_told_with_the_routes(project: Project) -> None:
    project.write({"main.py": DOUBLED})
    for view, sign in (("table", ">"), ("tree", ">"), ("markdown", "&#62;")):
        shown = project.call("routes", "main:app", "--order", "Inner > Outer", "-f", view).stdout
        assert f"Another order was tried: Inner {sign} Outer" in shown
        assert "Another order" not in project.call("routes", "main:app", "-f", view).stdout


def test_an_order_with_a_name_that_is_not_there_is_a_mistake(project: Project) -> None:
    project.write({"main.py": DOUBLED})
    ran = project.call("routes", "main:app", "--order", "Iner > Outer")
    assert (ran.code, ran.stdout) == (2, "")
    assert "--order names Iner, but the app has no user middleware of that name: did you mean Inner?" in ran.stderr
