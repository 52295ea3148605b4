"""`mwviz lint`: which rules are on, what comments suppress, exit codes, formats, and what is told of a rule."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from mwviz.analysis.lint import RULES, story
from mwviz.model.findings import RULES as TITLES
from tests.cli.conftest import Project
from tests.conftest import Golden, installed_fastapi

SAMPLES = Path(__file__).parent.parent.parent / "samples"
#: An app with CORS inside of a layer that turns everybody away, and with an id that CORS does not expose.
HEAD = """\
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse


class Id:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def adding(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", b"1")]
            await send(message)

        await self.app(scope, receive, adding)


class Auth:
    def __init__(self, app, realm="shop"):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await JSONResponse({}, 401)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


app = Starlette()
"""
CORS = 'app.add_middleware(CORSMiddleware, allow_origins=["https://page.example"])\n'
AUTH = "app.add_middleware(Auth)\n"
MISORDERED = HEAD + CORS + AUTH
FINE = HEAD + AUTH + CORS
BLIND = HEAD + CORS + "app.add_middleware(Id)\n"


def found(stdout: str) -> list[dict[str, Any]]:
    result = json.loads(stdout)
    assert result["format"] == "mwviz.findings/1"
    return list(result["findings"])


def notes(stdout: str) -> list[str]:
    (app,) = json.loads(stdout)["apps"]
    return list(app["notes"])


def codes(stdout: str) -> list[str]:
    return [each["code"] for each in found(stdout)]


def test_errors_and_warnings_are_1_and_what_is_only_worth_knowing_is_0(project: Project) -> None:
    project.write({"bad.py": MISORDERED, "fine.py": FINE, "cors.py": HEAD + CORS, "bare.py": HEAD})
    ran = {name: project.call("lint", name, "-f", "json") for name in ("bad", "fine", "cors", "bare")}
    assert {name: (each.code, codes(each.stdout)) for name, each in ran.items()} == {
        "bad": (1, ["MW001", "MW002"]),
        "fine": (0, []),
        "cors": (0, ["MW003"]),
        "bare": (0, []),
    }
    assert {each.stderr for each in ran.values()} == {""}


#: Older GZipMiddleware holds server-sent events back, wherever it stands.
OF_OLD_STARLETTE = {"MW007"}


def test_the_good_sample_is_clean_and_the_misordered_one_is_not(project: Project) -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("itsdangerous")
    project.write({name: (SAMPLES / name).read_text("utf-8") for name in ("shop.py", "shop_misordered.py")})
    good, bad = (project.run("lint", name, "-f", "json") for name in ("shop.py", "shop_misordered.py"))
    assert (good.code, good.stderr) == (0, "")
    assert set(codes(good.stdout)) <= (OF_OLD_STARLETTE if installed_fastapi() < (0, 117) else set())
    assert bad.code == 1
    assert {"MW001", "MW002", "MW006"} <= set(codes(bad.stdout))


def test_a_finding_says_what_was_sent_what_came_back_who_where_why_and_what_to_do(project: Project) -> None:
    project.write({"main.py": MISORDERED})
    first, _ = found(project.call("lint", "main", "-f", "json").stdout)
    assert first == {
        "code": "MW001",
        "severity": "error",
        "message": "Auth answers the preflight, so that CORSMiddleware never sees it.",
        "layers": ["CORSMiddleware", "Auth"],
        "place": {"file": "main.py", "line": 31},
        "remedy": "In main.py, move line 31 (CORSMiddleware) below line 32 (Auth): "
        "what is added last stands outermost.",
        "evidence": "Sent OPTIONS / by HTTP with origin: https://page.example, access-control-request-method: GET: 401 "
        "from Auth, without access-control-allow-origin. The same without Auth: 200 from CORSMiddleware, with it.",
        "target": "main",
        "check": "MW001",
        "sites": [
            {"layer": "CORSMiddleware", "place": {"file": "main.py", "line": 31}},
            {"layer": "Auth", "place": {"file": "main.py", "line": 32}},
        ],
        "routes": [],
        "why": story("MW001").why,
        "link": story("MW001").link,
    }


def test_the_report_is_what_it_is(project: Project, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    project.write({"main.py": MISORDERED, "cors.py": BLIND})
    told = "".join(project.call("lint", name).stdout.partition("\n")[2] for name in ("main", "cors"))
    golden("findings/lint.txt", told)
    golden("findings/lint.github.txt", project.call("lint", "main", "-f", "github").stdout)


def test_the_remedies_lead_to_an_app_without_findings(project: Project) -> None:
    project.write({"main.py": MISORDERED, "mended.py": FINE})
    assert {each["remedy"] for each in found(project.call("lint", "main", "-f", "json").stdout)} == {
        "In main.py, move line 31 (CORSMiddleware) below line 32 (Auth): what is added last stands outermost."
    }
    assert codes(project.call("lint", "mended", "-f", "json").stdout) == []
    tried = project.call("lint", "main", "--order", "CORSMiddleware > Auth", "-f", "json")
    assert (tried.code, codes(tried.stdout)) == (0, [])
    worse = found(project.call("lint", "mended", "--order", "Auth > CORSMiddleware", "-f", "json").stdout)
    assert {each["remedy"] for each in worse} == {"This is the order that --order gives: correct it there."}


#: configuration, options, codes that are found, exit code
CHOICES: list[tuple[str, tuple[str, ...], list[str], int]] = [
    ("", ("--select", "MW002"), ["MW002"], 1),
    ("", ("--select", "mw002"), ["MW002"], 1),
    ("", ("--select", "MW00"), ["MW001", "MW002"], 1),
    ("", ("--select", "MW", "--ignore", "MW001"), ["MW002"], 1),
    ("", ("--select", "MW001,MW002", "--ignore", "MW00"), ["MW001", "MW002"], 1),
    ("", ("--select", "MW", "--ignore", "MW"), [], 2),
    ("", ("--ignore", "MW001", "--ignore", "MW002"), [], 0),
    ("", ("--ignore", "MW001,MW002"), [], 0),
    ("", ("--select", "ALL"), ["MW001", "MW002"], 1),
    ('[lint]\nignore = ["MW001"]', (), ["MW002"], 1),
    ('[lint]\nignore = ["MW001"]', ("--ignore", "MW002"), [], 0),
    ('[lint]\nselect = ["MW001"]', (), ["MW001"], 1),
    ('[lint]\nselect = ["MW001"]', ("--select", "MW002"), ["MW002"], 1),
    ('[lint]\nselect = ["MW001"]\nignore = ["MW"]', (), ["MW001"], 1),
]


@pytest.mark.parametrize(("configured", "options", "expected", "code"), CHOICES)
def test_rules_are_turned_on_and_off(
    project: Project, configured: str, options: tuple[str, ...], expected: list[str], code: int
) -> None:
    project.write({"main.py": MISORDERED, "mwviz.toml": f"{configured}\n"})
    ran = project.call("lint", "main", *options, "-f", "json")
    assert ran.code == code
    if code == 2:
        assert ran.stdout == ""
        assert "No rule is left" in ran.stderr
    else:
        assert codes(ran.stdout) == expected


def test_what_is_off_by_default_is_turned_on_by_its_code_alone(project: Project) -> None:
    silent = (
        "class Silent:\n    def __init__(self, app):\n        self.app = app\n\n"
        "    async def __call__(self, scope, receive, send):\n        return\n\n\napp.add_middleware(Silent)\n"
    )
    project.write({"main.py": HEAD + silent})
    for options, expected in (((), []), (("--select", "MW02"), []), (("--select", "MW024"), ["MW024"])):
        assert codes(project.call("lint", "main", *options, "-f", "json").stdout) == expected


#: arguments, configuration, and what is said of it
MISTAKES: list[tuple[tuple[str, ...], str, str]] = [
    (("--select", "MW0011"), "", "'MW0011' is no rule of `mwviz lint`, nor the beginning of one: did you mean MW011?"),
    (("--ignore", "XYZ"), "", "'XYZ' is no rule of `mwviz lint`, nor the beginning of one: there are MW001,"),
    (("--select", "MW101"), "", "'MW101' is no rule of `mwviz lint`"),
    ((), '[lint]\nselect = ["MW0O1"]', "mwviz.toml: [lint]: 'MW0O1' is no rule of `mwviz lint`"),
    ((), '[lint]\nselct = ["MW001"]', "mwviz.toml: [lint] has an unknown key `selct`: did you mean `select`?"),
    ((), '[lint]\nselect = "MW001"', "mwviz.toml: `select` in [lint] must be an array of strings, not a string."),
    ((), 'lint = "MW001"', "mwviz.toml: `lint` in the top level must be a table, not a string."),
    (("--websocket",), "", "leave out --websocket"),
    (("--raise",), "", "leave out --raise"),
    (("--repeat", "3"), "", "leave out --repeat"),
    (("--explain", "MW0002"), "", "'MW0002' is no rule of `mwviz lint`: did you mean MW002?"),
]


@pytest.mark.parametrize(("options", "configured", "said"), MISTAKES)
def test_mistakes_are_2_with_one_message(
    project: Project, options: tuple[str, ...], configured: str, said: str
) -> None:
    project.write({"main.py": FINE, "mwviz.toml": f"{configured}\n"})
    ran = project.call("lint", "main", *options)
    assert (ran.code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


#: what registers CORS and Auth, the codes that are left, and the note on comments, if any
COMMENTS: list[tuple[str, list[str], str | None]] = [
    (CORS + AUTH[:-1] + "  # mwviz: ignore[MW001]\n", ["MW002"], None),
    (CORS[:-1] + "  # mwviz: ignore[MW001]\n" + AUTH, ["MW002"], None),
    (CORS + AUTH[:-1] + "  # mwviz: ignore[MW001, MW002]\n", [], None),
    (CORS + AUTH[:-1] + "  # mwviz:ignore[mw001]  # noqa: E501\n", ["MW002"], None),
    (CORS + AUTH[:-1] + "  # mwviz: ignore\n", [], None),
    (CORS + AUTH[:-1] + "  # mwviz: ignore [MW001]\n", ["MW002"], None),
    (CORS + AUTH[:-1] + "  # mwviz: ignore[MW001]: meant so\n", ["MW002"], None),
    (CORS + AUTH[:-1] + "  # mwviz: ignore MW001\n", ["MW002"], None),
    (CORS + AUTH[:-1] + "  # mwviz: ignore: MW001, MW002, as it is meant\n", [], None),
    (CORS + "app.add_middleware(\n    Auth,\n    realm='x',  # mwviz: ignore[MW001]\n)\n", ["MW002"], None),
    (CORS + "app.add_middleware(\n    Auth,\n)  # mwviz: ignore\n", [], None),
    (CORS + "# mwviz: ignore\n" + AUTH, ["MW001", "MW002"], "main.py:32: `# mwviz: ignore` suppresses nothing."),
    (
        CORS + AUTH[:-1] + "  # mwviz: ignore[MW003]\n",
        ["MW001", "MW002"],
        "main.py:32: `# mwviz: ignore[MW003]` suppresses nothing.",
    ),
    (CORS + AUTH[:-1] + "  # mwviz: ignore[MW018]\n", ["MW001", "MW002"], None),  # a rule that is off
    (
        CORS + AUTH[:-1] + "  # mwviz: ignore[MW0001]\n",
        ["MW001", "MW002"],
        "main.py:32: MW0001 is no rule of lint: did you mean MW001?",
    ),
    (CORS + AUTH + "text = '# mwviz: ignore'\n", ["MW001", "MW002"], None),
    (CORS + AUTH[:-1] + "  # mwviz: ignored\n", ["MW001", "MW002"], None),
]


@pytest.mark.parametrize(("registering", "expected", "note"), COMMENTS)
def test_a_comment_at_the_registration_suppresses(
    project: Project, registering: str, expected: list[str], note: str | None
) -> None:
    project.write({"main.py": HEAD + registering})
    ran = project.call("lint", "main", "-f", "json")
    assert codes(ran.stdout) == expected
    assert ran.code == (1 if expected else 0)
    (app,) = json.loads(ran.stdout)["apps"]
    assert [each for each in app["notes"] if "main.py" in each] == ([note] if note else [])


def test_a_list_of_middleware_is_ignored_entry_by_entry(project: Project) -> None:
    entries = (
        "from starlette.middleware import Middleware\n\n"
        "app = Starlette(middleware=[\n    Middleware(Auth),  # mwviz: ignore[MW001]\n"
        "    Middleware(CORSMiddleware, allow_origins=['*']),  # mwviz: ignore[MW002]\n])\n"
    )
    project.write({"main.py": HEAD + entries})
    assert codes(project.call("lint", "main", "-f", "json").stdout) == []


def test_the_line_of_a_decorated_function_is_one_of_its_registration(project: Project) -> None:
    pytest.importorskip("fastapi")
    decorated = (
        "from fastapi import FastAPI\n\napp = FastAPI()\n" + CORS + "\n\n"
        '@app.middleware("http")  # mwviz: ignore[MW011]\nasync def one(request, call_next):  # mwviz: ignore[MW002]\n'
        "    return JSONResponse({}, 401)  # mwviz: ignore[MW001]\n"
    )
    project.write({"main.py": HEAD + decorated, "other.py": HEAD + decorated.replace("MW011", "MW001")})
    ran = project.call("lint", "main", "-f", "json")
    assert codes(ran.stdout) == ["MW001"]
    assert any("`# mwviz: ignore[MW001]` suppresses nothing" in note for note in notes(ran.stdout))
    assert codes(project.call("lint", "other", "-f", "json").stdout) == []


def test_several_reports_are_written_at_once(project: Project) -> None:
    project.write({"main.py": MISORDERED})
    ran = project.call(
        "lint", "main", "-f", "github", "--report", "json=found.json", "--report", "junit=found.xml",
        "--report", "sarif=found.sarif", "--report", "text=found.txt",
    )  # fmt: skip
    assert ran.code == 1
    title = TITLES["MW001"]
    assert ran.stdout.startswith(
        f"::error file=main.py,line=31,title=mwviz%3A MW001 {title}::Auth answers the preflight"
    )
    assert codes((project.folder / "found.json").read_text("utf-8")) == ["MW001", "MW002"]
    assert "→ In main.py, move line 31" in (project.folder / "found.txt").read_text("utf-8")
    _junit(project.folder / "found.xml")
    _sarif(project.folder / "found.sarif")


def _junit(file: Path) -> None:
    junit = pytest.importorskip("junitparser")
    root = ET.parse(file).getroot()
    failed = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed == [f"{code} {TITLES[code]}" for code in ("MW001", "MW002")]
    (suite,) = junit.JUnitXml.fromfile(str(file))
    assert (suite.name, suite.tests, suite.failures) == ("main", sum(rule.default for rule in RULES), 2)


def _sarif(file: Path) -> None:
    (run,) = json.loads(file.read_text("utf-8"))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["helpUri"]) for rule in rules] == [
        (code, story(code).link) for code in ("MW001", "MW002")
    ]
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [("MW001", "error"), ("MW002", "warning")]
    schema = json.loads((Path(__file__).parents[1] / "render" / "sarif-schema-2.1.0.json").read_text("utf-8"))
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft7Validator(schema).validate(json.loads(file.read_text("utf-8")))


def test_info_alone_fails_neither_the_run_nor_a_test_case(project: Project) -> None:
    project.write({"main.py": HEAD + CORS})
    ran = project.call("lint", "main", "-f", "junit")
    assert ran.code == 0
    (case,) = (case for case in ET.fromstring(ran.stdout).iter("testcase") if len(case))
    assert (case.get("name"), case[0].tag) == (f"MW003 {TITLES['MW003']}", "system-out")


def test_all_configured_apps_are_linted_in_processes_of_their_own(project: Project) -> None:
    apps = '[[apps]]\nname = "shop"\napp = "a.main:app"\n\n[[apps]]\nname = "admin"\napp = "b.main:app"\n'
    project.write({"a/main.py": MISORDERED, "b/main.py": FINE, "mwviz.toml": apps})
    ran = project.run("lint", "-f", "json")
    assert (ran.code, ran.stderr) == (1, "")
    assert [(each["target"], each["code"]) for each in found(ran.stdout)] == [("shop", "MW001"), ("shop", "MW002")]
    assert [app["target"] for app in json.loads(ran.stdout)["apps"]] == ["shop", "admin"]
    one = project.call("lint", "admin", "-f", "json")
    assert (one.code, codes(one.stdout)) == (0, [])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_story_of_every_rule_is_told_without_an_app(project: Project, rule: Any) -> None:
    ran = project.call("lint", "no_such_app", "--explain", rule.code.lower())
    assert (ran.code, ran.stderr) == (0, "")
    told = story(rule.code)
    assert ran.stdout.startswith(f"{rule.code} {TITLES[rule.code]} ({rule.severity}")
    assert ("off by default" in ran.stdout) is not rule.default
    for text in (told.link, *told.broken.split("\n"), *told.mended.split("\n")):
        assert text in ran.stdout
    assert told.link.startswith("https://")
    assert max(len(line) for line in (*told.broken.split("\n"), *told.mended.split("\n"))) <= 76


def test_nothing_of_the_apps_is_called_but_its_middleware(project: Project) -> None:
    forbidden = (
        "from starlette.routing import Route, WebSocketRoute\nimport contextlib\n\n\n"
        "async def page(request):\n    raise SystemExit('a handler')\n\n\n"
        "async def live(websocket):\n    raise SystemExit('a websocket')\n\n\n"
        "@contextlib.asynccontextmanager\nasync def lifespan(app):\n"
        "    raise SystemExit('the lifespan')\n    yield\n\n\n"
        "app = Starlette(routes=[Route('/', page), WebSocketRoute('/live', live)], lifespan=lifespan)\n"
    )
    project.write({"main.py": HEAD + forbidden + CORS + "app.add_middleware(Id)\n"})
    ran = project.run("lint", "main", "-f", "json")
    assert (ran.code, ran.stderr, codes(ran.stdout)) == (1, "", ["MW003", "MW009", "MW026"])


def test_with_a_path_the_handler_is_called_once(project: Project) -> None:
    counted = (
        "from starlette.routing import Route\n\n\n"
        "async def page(request):\n    with open('calls', 'a') as file:\n        file.write('x')\n"
        "    return JSONResponse({})\n\n\napp = Starlette(routes=[Route('/', page)])\n"
    )
    project.write({"main.py": HEAD + counted + CORS + "app.add_middleware(Id)\n"})
    ran = project.run("lint", "main", "/", "-f", "json")
    assert (ran.code, codes(ran.stdout)) == (1, ["MW003", "MW009", "MW026"])
    assert (project.folder / "calls").read_text() == "x"


def test_past_a_guard_no_handler_is_called(project: Project) -> None:
    counted = (
        "from starlette.routing import Route\n\n\n"
        "async def page(request):\n    open('called', 'w').close()\n    return JSONResponse({})\n\n\n"
        "app = Starlette(routes=[Route('/', page)])\n"
    )
    project.write({"main.py": HEAD + counted + CORS + AUTH})
    ran = project.run("lint", "main", "/", "-f", "json")
    assert (ran.code, codes(ran.stdout)) == (1, ["MW001", "MW002"])
    assert not (project.folder / "called").exists()


def test_middleware_that_is_added_too_late_is_told_where_the_app_starts(project: Project) -> None:
    pytest.importorskip("starlette", minversion="0.30")
    late = (
        "import contextlib\n\n\n@contextlib.asynccontextmanager\nasync def lifespan(app):\n"
        "    app.add_middleware(Id)\n    yield\n\n\napp = Starlette(lifespan=lifespan)\n"
    )
    project.write({"main.py": HEAD + late})
    late_at = (HEAD + late).splitlines().index("    app.add_middleware(Id)") + 1
    assert codes(project.run("lint", "main", "-f", "json").stdout) == []
    started = project.run("lint", "main", "--lifespan", "-f", "json")
    assert (started.code, codes(started.stdout)) == (1, ["MW016"])
    (added,) = found(started.stdout)
    assert added["place"] == {"file": "main.py", "line": late_at}
    assert added["evidence"].endswith(f"has started, raised at main.py:{late_at}")
    failing = late.replace("    app.add_middleware(Id)\n", "    raise RuntimeError('no database')\n")
    project.write({"other.py": HEAD + failing})
    other = project.run("lint", "other", "--lifespan", "-f", "json")
    assert (other.code, other.stdout) == (2, "")
    assert "Nothing could be judged. Startup failed: RuntimeError: no database" in other.stderr


def test_what_is_put_into_the_built_stack_is_told(project: Project) -> None:
    patched = (
        "class Patched(Starlette):\n    def build_middleware_stack(self):\n"
        "        return Id(super().build_middleware_stack())\n\n\napp = Patched()\n"
    )
    project.write({"main.py": HEAD + patched})
    ran = project.call("lint", "main", "-f", "json")
    assert (ran.code, [(each["code"], each["layers"]) for each in found(ran.stdout)]) == (0, [("MW022", ["Id"])])


@pytest.mark.parametrize("blocking", ["await __import__('asyncio').sleep(60)", "__import__('time').sleep(60)"])
def test_a_layer_that_hangs_is_told_and_nothing_else_is_sent(project: Project, blocking: str) -> None:
    hanging = (
        "class Hanging(Id):\n    async def __call__(self, scope, receive, send):\n"
        f"        {blocking}\n\n\napp.add_middleware(Hanging)\n"
    )
    project.write({"main.py": HEAD + CORS + hanging})
    ran = project.run("lint", "main", "--timeout", "0.5", "-f", "json", traced=False)
    assert (ran.code, codes(ran.stdout)) == (0, [])
    assert any("Hanging" in note and "not judged" in note for note in json.loads(ran.stdout)["apps"][0]["notes"])


def test_what_stops_the_request_is_told(project: Project) -> None:
    project.write({"main.py": FINE})
    (note,) = json.loads(project.call("lint", "main", "-f", "json").stdout)["apps"][0]["notes"]
    assert note == (
        "Auth let the request no further (401 from Auth): what only a response from further in would show was not "
        "judged (MW003, MW006, MW007, MW009, MW015, MW021, MW026). Give -H, or PATH, so that it passes."
    )
    one = project.call("lint", "main", "--select", "MW026", "-f", "json")
    assert "not judged (MW026). Give" in json.loads(one.stdout)["apps"][0]["notes"][0]
    assert json.loads(project.call("lint", "main", "--select", "MW001", "-f", "json").stdout)["apps"][0]["notes"] == []


def test_an_origin_that_nobody_knows_is_asked_for(project: Project) -> None:
    none = CORS.replace('"https://page.example"', "")
    project.write({"main.py": HEAD + none})
    (note,) = json.loads(project.call("lint", "main", "-f", "json").stdout)["apps"][0]["notes"]
    assert note == "No origin is known that CORSMiddleware accepts: rules about CORS want -H 'Origin: ...'."


def test_a_host_that_a_layer_wants_is_found(project: Project) -> None:
    wanting = (
        "class OwnHost(Auth):\n    async def __call__(self, scope, receive, send):\n"
        "        known = dict(scope.get('headers', ())).get(b'host') == b'127.0.0.1'\n"
        "        await (self.app if known else super().__call__)(scope, receive, send)\n\n\n"
    )
    project.write({"main.py": HEAD + wanting + CORS + "app.add_middleware(OwnHost)\n"})
    ran = project.call("lint", "main", "-f", "json")
    assert codes(ran.stdout) == ["MW003"]
    assert json.loads(ran.stdout)["apps"][0]["notes"] == ["Host is 127.0.0.1: OwnHost answers other requests itself."]
    given = project.call("lint", "main", "-H", "Host: shop.example", "-f", "json")
    assert codes(given.stdout) == ["MW001", "MW002"]
