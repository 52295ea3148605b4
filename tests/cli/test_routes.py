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
