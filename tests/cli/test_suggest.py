"""`mwviz suggest`: an order that was tried, the code as it is to be written, exit codes and formats."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_group

from mwviz import cli
from mwviz.render.suggest import ENDINGS, RENDERERS, SuggestFormat
from tests.cli.conftest import Project
from tests.cli.test_lint import AUTH, BLIND, CORS, FINE, HEAD, MISORDERED
from tests.conftest import Golden, golden_fastapi

SAMPLES = Path(__file__).parents[2] / "samples"
ID = "app.add_middleware(Id)\n"


def told(project: Project, *arguments: str) -> tuple[int, dict[str, Any]]:
    ran = project.call("suggest", *arguments, "-f", "json")
    found: dict[str, Any] = json.loads(ran.stdout)
    assert found["format"] == "mwviz.suggest/1"
    return ran.code, found


def codes(project: Project, name: str, *arguments: str) -> list[str]:
    return [
        each["code"] for each in json.loads(project.call("lint", name, *arguments, "-f", "json").stdout)["findings"]
    ]


def test_a_better_order_is_1_and_none_is_0(project: Project) -> None:
    project.write({"bad.py": MISORDERED, "fine.py": FINE, "blind.py": BLIND, "bare.py": HEAD})
    found = {name: told(project, name) for name in ("bad", "fine", "blind", "bare")}
    assert {name: (code, each["order"]) for name, (code, each) in found.items()} == {
        "bad": (1, ["CORSMiddleware", "Auth"]),
        "fine": (0, None),
        "blind": (0, None),
        "bare": (0, None),
    }
    assert [(each["finding"]["code"], each["reason"]) for each in found["blind"][1]["left"]] == [
        ("MW003", "fixed"),
        ("MW009", "fixed"),
        ("MW026", "fixed"),
    ]


def test_the_json_has_all_of_it(project: Project) -> None:
    project.write({"main.py": MISORDERED})
    _, found = told(project, "main")
    assert list(found) == [
        "format", "target", "versions", "today", "asked", "order", "moves", "gone", "left", "new", "revealed", "lines",
        "broken", "mended", "against", "tried", "cut", "notes",
    ]  # fmt: skip
    assert found["today"] == ["Auth", "CORSMiddleware"]
    assert found["moves"] == [{"layer": "Auth", "before": 0, "after": 1}]
    assert [each["code"] for each in found["gone"]] == ["MW001", "MW002"]
    module = {"registered_by": "call", "registered_in": None}
    assert found["lines"] == [
        {"layer": "Auth", "form": "call", "text": AUTH.strip(), "place": {"file": "main.py", "line": 32}, **module},
        {"layer": "CORSMiddleware", "form": "call", "text": CORS.strip(), "place": {"file": "main.py", "line": 31},
         **module},
    ]  # fmt: skip
    assert (found["tried"], found["cut"]) == (1, False)


#: how the layers are registered, and what is to be written for it
WRITTEN: list[tuple[str, str]] = [
    (HEAD + ID + CORS + AUTH, HEAD),
    (HEAD + "def register(app):\n" + "".join(f"    {line}" for line in (ID, CORS, AUTH)) + "register(app)\n", HEAD),
    (HEAD + "app.add_middleware(\n    CORSMiddleware,\n    allow_origins=['https://page.example'],\n)\n" + AUTH, HEAD),
    (HEAD.replace("app = Starlette()\n", "from starlette.middleware import Middleware\n"
                  "app = Starlette(middleware=[Middleware(Auth, realm='a b'), Middleware(Id),\n"
                  "    Middleware(CORSMiddleware, allow_origins=['https://page.example'])])\n"), "list"),
    (HEAD.replace("app = Starlette()\n", "from starlette.middleware import Middleware\n"
                  "app = Starlette(middleware=[Middleware(CORSMiddleware, allow_origins=['https://page.example'])])\n")
     + AUTH, "both"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "form"), WRITTEN, ids=["calls", "function", "long", "list", "list and calls"])
def test_what_is_written_gives_what_was_promised(project: Project, source: str, form: str) -> None:
    project.write({"main.py": source})
    code, found = told(project, "main")
    assert code == 1
    listed = [each["text"] for each in found["lines"] if each["form"] == "list"]
    calls = [each["text"] for each in found["lines"] if each["form"] == "call"]
    assert len(listed) + len(calls) == len(found["today"])
    start = HEAD.replace("app = Starlette()\n", "from starlette.middleware import Middleware\n")
    start += f"app = Starlette(middleware=[{''.join(listed)}])\n"
    project.write({"written.py": start + "".join(f"{text}\n" for text in calls)})
    left = of_order([each["finding"]["code"] for each in found["left"]] + [each["code"] for each in found["revealed"]])
    assert of_order(codes(project, "written")) == left
    assert told(project, "written")[0] == 0
    assert of_order(codes(project, "main", "--order", " > ".join(found["order"]))) == left


def of_order(codes: list[str]) -> list[str]:
    """Without what is about the form of the code: new lines may be of one form."""
    return sorted(code for code in codes if code != "MW023")


def test_secrets_in_the_source_are_masked(project: Project) -> None:
    line = "app.add_middleware(Keyed, secret_key='hunter2', url='https://me:pass1@host/', keys={'token': 'abc9'})\n"
    keyed = "class Keyed(Id):\n    def __init__(self, app, **given):\n        self.app = app\n\n\n"
    project.write({"main.py": HEAD + keyed + line + CORS + AUTH})
    for view in SuggestFormat:
        out = project.call("suggest", "main", "-f", view.value).stdout
        assert "Keyed" in out
        assert not re.search("hunter2|pass1|abc9", out)


def test_what_a_loop_registers_is_told_by_its_place(project: Project) -> None:
    loop = "for layer in (Id, Auth):\n    app.add_middleware(layer)\n"
    project.write({"main.py": HEAD + CORS + loop})
    _, found = told(project, "main")
    forms = {each["layer"]: (each["form"], each["text"]) for each in found["lines"]}
    looped = ("call", None)
    assert forms == {"Auth": looped, "CORSMiddleware": ("call", CORS.strip()), "Id": looped}
    assert "# Auth (line 33)" in project.call("suggest", "main").stdout


def test_a_place_that_leaves_no_room_for_code_stands_above_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    module = "a_package_that_lies_far_down" * 3
    gzip = "from starlette.middleware.gzip import GZipMiddleware\napp.add_middleware(GZipMiddleware)\n"
    project.write({f"{module}.py": MISORDERED, "main.py": f"from {module} import app\n{gzip}"})
    lines = project.call("suggest", "main").stdout.splitlines()
    at = lines.index(AUTH.strip())
    assert lines[at - 1] == f"# {module}.py:32"
    assert "app.add_middleware(GZipMiddleware)  # main.py:3" in lines


def test_contracts_are_kept(project: Project) -> None:
    contract = '[[contracts]]\nname = "edge"\nlayers = ["Auth", "CORSMiddleware"]\n'
    project.write({"main.py": MISORDERED, "mwviz.toml": contract})
    code, found = told(project, "main")
    assert (code, found["order"], found["against"]) == (0, None, ["edge"])
    out = project.call("suggest", "main").stdout
    assert "a contract forbids the orders that promise to remove them" in out
    assert "break the contract 'edge'" in out


def test_a_contract_that_is_broken_is_told_where_lint_finds_nothing(project: Project) -> None:
    contract = '[[contracts]]\nname = "edge"\nlayers = ["Auth", "CORSMiddleware"]\n'
    project.write({"main.py": FINE, "mwviz.toml": contract})
    ran = project.call("suggest", "main")
    assert (ran.code, "Lint found nothing: no order was looked for." in ran.stdout) == (0, True)
    assert "Broken today: the contract 'edge'." in ran.stdout
    (project.folder / "mwviz.toml").unlink()
    assert "Lint found nothing: no other order is needed." in project.call("suggest", "main").stdout


def test_a_lock_of_todays_order_is_pointed_out(project: Project) -> None:
    project.write({"main.py": MISORDERED})
    assert project.call("lock", "main").code == 0
    assert told(project, "main")[1]["notes"][-1] == "mwviz.lock holds today's order: `mwviz lock` accepts the new one."


def test_rules_are_chosen_as_for_lint(project: Project) -> None:
    project.write({"main.py": MISORDERED})
    assert [each["code"] for each in told(project, "main", "--select", "MW002")[1]["gone"]] == ["MW002"]
    assert told(project, "main", "--ignore", "MW001,MW002")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--order", "Aut"), "--order names Aut, but the app has no user middleware of that name: did you mean Auth?"),
        (("--websocket", "/live"), "--websocket"),
        (("--select", "MW9"), "'MW9' is no rule"),
        (("-o", "out.svg"), "tells no format"),
    ],
)
def test_mistakes_are_2(project: Project, arguments: tuple[str, ...], message: str) -> None:
    project.write({"main.py": MISORDERED})
    ran = project.call("suggest", "main", *arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert message in ran.stderr


def test_an_order_that_is_asked_for_is_where_the_search_starts(project: Project) -> None:
    project.write({"main.py": FINE.replace("app = Starlette()\n", f"app = Starlette()\n{ID}{ID}")})
    assert told(project, "main")[0] == 0
    code, found = told(project, "main", "--order", "Id#2 > Auth > Id > CORSMiddleware")
    assert (code, found["asked"], found["today"]) == (1, True, ["Id#2", "Auth", "Id", "CORSMiddleware"])
    assert found["order"] == ["Id#2", "Id", "CORSMiddleware", "Auth"]
    assert found["moves"] == [{"layer": "Auth", "before": 1, "after": 3}]
    assert [each["code"] for each in found["gone"]] == ["MW001", "MW002"]
    assert codes(project, "main", "--order", " > ".join(found["order"])) == sorted(
        each["code"] for each in (*(left["finding"] for left in found["left"]), *found["revealed"])
    )
    assert told(project, "main", "--order", " > ".join(found["order"]))[0] == 0
    out = project.call("suggest", "main", "--order", "Auth > CORSMiddleware").stdout
    assert re.search(r"^  asked for +suggested$", out, re.MULTILINE)
    assert "This starts from the order that --order gives, not from the code's." in out


def test_no_order_mends_what_stands_twice(project: Project) -> None:
    project.write({"main.py": HEAD + CORS + ID + CORS})
    for order in ((), ("--order", "Id > CORSMiddleware > CORSMiddleware#2")):
        code, found = told(project, "main", "--select", "MW014", *order)
        assert (code, found["tried"], [each["reason"] for each in found["left"]]) == (0, 0, ["fixed"])
        assert found["left"][0]["finding"]["remedy"] == "Take one of them away, as CORSMiddleware."


def test_several_configured_apps_want_a_name(project: Project) -> None:
    apps = '[[apps]]\nname = "one"\napp = "main:app"\n[[apps]]\nname = "two"\napp = "main:app"\n'
    project.write({"main.py": MISORDERED, "mwviz.toml": apps})
    ran = project.call("suggest")
    assert (ran.code, "name one, two" in ran.stderr) == (2, True)
    assert told(project, "one")[0] == 1


def test_an_app_that_hangs_is_told_once_and_nothing_else_is_tried(project: Project) -> None:
    hang = "import asyncio\nclass Hang(Id):\n    async def __call__(self, scope, receive, send):\n"
    hang += "        await asyncio.sleep(60)\n"
    project.write({"main.py": HEAD + hang + CORS + "app.add_middleware(Hang)\n"})
    _, found = told(project, "main", "--timeout", "0.3")
    assert (found["order"], found["tried"]) == (None, 0)
    assert "Not every request of lint came to its end, so no other order was tried." in found["notes"]


STUCK = """
import time


class Stuck(Id):
    async def __call__(self, scope, receive, send):
        async def stuck(message):
            names = [name for name, _ in message.get("headers", ())]
            while message.get("status") == 401 and b"access-control-allow-origin" in names:
                try:
                    time.sleep(60)
                except BaseException:
                    pass
            await send(message)

        await self.app(scope, receive, stuck)


"""


def test_where_no_order_could_be_tried_none_is_said_to_be_the_best(project: Project) -> None:
    project.write({"main.py": HEAD + STUCK + CORS + AUTH + "app.add_middleware(Stuck)\n"})
    ran = project.run("suggest", "main", "--timeout", "0.5", traced=False)
    assert (ran.code, "No better order was found: 2 findings, 0 orders tried." in ran.stdout) == (0, True)
    assert "A request hung in a call that cannot be interrupted: the search ended there." in ran.stdout


def test_formats_and_endings_agree(project: Project) -> None:
    assert set(RENDERERS) == set(SuggestFormat) == set(ENDINGS.values())
    project.write({"main.py": MISORDERED})
    for ending, view in ENDINGS.items():
        assert project.call("suggest", "main", "-o", f"out{ending}").code == 1
        expected = project.call("suggest", "main", "-f", view.value).stdout
        assert (project.folder / f"out{ending}").read_text("utf-8") == expected


def test_the_command_has_the_options_of_every_probing_command() -> None:
    commands = get_group(cli.app).commands
    options = {command: {name for each in commands[command].params for name in each.opts} for command in commands}
    assert options["lint"] - options["suggest"] == {"--explain", "--report"}


@golden_fastapi
@pytest.mark.parametrize("columns", [80, 120])
def test_the_shop_in_disorder_is_put_in_order(
    project: Project, golden: Golden, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    pytest.importorskip("itsdangerous")
    for name in ("shop.py", "shop_misordered.py"):
        project.write({name: (SAMPLES / name).read_text("utf-8")})
    monkeypatch.setenv("COLUMNS", str(columns))
    ran = project.run("suggest", "shop_misordered.py", COLUMNS=str(columns))
    assert (ran.code, ran.stderr) == (1, "")
    golden(f"suggest/shop_misordered.{columns}.txt", ran.stdout.partition("\n")[2])
    if columns == 80:
        markdown = project.run("suggest", "shop_misordered.py", "-f", "markdown").stdout
        golden("suggest/shop_misordered.md", markdown)
