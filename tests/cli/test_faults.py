"""`mwviz faults`, and the contracts of `on_faults` that `mwviz check` holds."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Project

APP = """\
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route


class Ids:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def send_more(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-id", b"1")]
            await send(message)

        await self.app(scope, receive, send_more)


class Auth(Ids):
    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


class Rescue(Auth):
    async def __call__(self, scope, receive, send):
        try:
            await self.app(scope, receive, send)
        except Exception:
            await PlainTextResponse("later", 503)(scope, receive, send)


async def page(request):
    raise AssertionError("no fault calls a handler")


app = Starlette(routes=[Route("/", page)])
app.add_middleware(Ids)
app.add_middleware(CORSMiddleware, allow_origins=["https://a.example"])
app.add_middleware(Auth)

good = Starlette(routes=[Route("/", page)])
good.add_middleware(Auth)
good.add_middleware(Rescue)
good.add_middleware(Ids)
good.add_middleware(CORSMiddleware, allow_origins=["https://a.example"])

late = Starlette(routes=[Route("/", page)])
late.add_middleware(Auth)
late.add_middleware(Ids)
late.add_middleware(Rescue)
"""
ON_FAULTS = '[[contracts]]\nname = "errors stay readable"\non_faults = {}\n'


def test_the_matrix(project: Project) -> None:
    project.write({"main.py": APP})

    ran = project.call("faults", "main:app", "--only", "access-control-*,x-id")

    assert (ran.code, ran.stderr) == (0, "")
    assert ran.stdout.startswith("main:app\nGET / with Origin https://a.example → 200\npreflight for GET → 200\n")
    assert " ".join(ran.stdout.split()).endswith(
        "A rejection by Auth has no CORS headers: CORSMiddleware stands inside of it. "
        "A rejection by Auth or CORSMiddleware has no x-id: Ids stands inside of them. "
        "An unhandled exception of the endpoint becomes 500, made by ServerErrorMiddleware, outside of every layer "
        "that adds one: it has none of these headers."
    )


@pytest.mark.parametrize(("name", "begins"), [("x.json", "{"), ("x.md", "**main"), ("x.html", "<!do"), ("x.txt", "ma")])
def test_the_ending_of_a_file_picks_the_format(project: Project, name: str, begins: str) -> None:
    project.write({"main.py": APP})

    ran = project.call("faults", "main:app", "-o", name)

    assert (ran.code, ran.stdout) == (0, "")
    assert (project.folder / name).read_text("utf-8").startswith(begins)


def test_json_holds_every_row(project: Project) -> None:
    project.write({"main.py": APP})

    shown, whole = (
        json.loads(project.call("faults", "main:app", "-f", "json", *more).stdout) for more in ((), ("--all",))
    )

    assert shown["format"] == "mwviz.faults/1"
    assert len(shown["rows"]) == 2 * len(shown["layers"]) + 7 == len(whole["rows"])
    assert {row["fault"] for row in shown["rows"]} == {
        "reject", "crash", "http_exception", "not_found", "method_not_allowed", "invalid", "disconnect", "too_large",
    }  # fmt: skip


def test_all_shows_what_says_the_same(project: Project) -> None:
    project.write({"main.py": APP})

    some, every = (project.call("faults", "main:app", *more).stdout.splitlines() for more in ((), ("--all",)))

    assert not [line for line in some if line.startswith("  1 ServerErrorMiddleware   ")][1:]
    assert len(every) > len(some)
    assert "…" not in "\n".join(every)


@pytest.mark.parametrize("format", ["table", "markdown", "html", "json"])
def test_another_order_stands_beside_the_one_that_is(project: Project, format: str) -> None:
    project.write({"main.py": APP})

    ran = project.call("faults", "main:app", "--order", "CORSMiddleware > Ids > Auth", "-f", format)

    assert ran.code == 0
    if format == "json":
        document = json.loads(ran.stdout)
        lost = [
            len([row for row in side["rows"] if row["layer"] == "Auth" and row["fault"] == "reject" and row["missing"]])
            for side in (document["before"], document)
        ]
        assert lost == [1, 0]
    else:
        before, tried = ran.stdout.lower().find("as it is"), ran.stdout.find("s tried: CORSMiddleware ")
        assert 0 < before < tried


def test_a_handler_is_called_with_a_path_only(project: Project) -> None:
    project.write({"main.py": APP})

    assert project.call("faults", "main:app").code == 0
    ran = project.call("faults", "main:app", "/", "-f", "json")
    assert json.loads(ran.stdout)["normal"]["error"] == "AssertionError: no fault calls a handler"


MISTAKES = [
    (["--only", "x-ids"], "No header of the normal response fits 'x-ids': did you mean x-id?"),
    (["-o", "x.svg"], "'x.svg' tells no format: end it in .txt, .json, .md, .html, or give -f FORMAT."),
    (["-o", "main.py"], "results never go over a .py file"),
    (["--raise"], "The endpoint crashes in one of the rows anyway: leave out --raise."),
    (["--websocket", "/"], "Faults are tried on HTTP requests: leave out --websocket."),
    (["--order", "Nobody"], "--order names Nobody"),
]


@pytest.mark.parametrize(("arguments", "told"), MISTAKES, ids=[" ".join(row[0]) for row in MISTAKES])
def test_mistakes(project: Project, arguments: list[str], told: str) -> None:
    project.write({"main.py": APP})
    before = project.files()

    ran = project.call("faults", "main:app", *arguments)

    assert (ran.code, ran.stdout) == (2, "")
    assert told in ran.stderr
    assert project.files() == before


def test_an_app_that_cannot_be_interrupted_is_told_as_far_as_it_came(project: Project) -> None:
    hanging = APP.replace("import Route\n", "import Route\nimport ctypes, time\n").replace(
        "class Auth(Ids):\n    async def __call__(self, scope, receive, send):\n",
        "class Auth(Ids):\n    async def __call__(self, scope, receive, send):\n"
        "        end = time.monotonic() + 30\n"
        "        while time.monotonic() < end:\n"
        "            try:\n                time.sleep(30)\n            except BaseException:\n                pass\n",
    )
    project.write({"main.py": hanging})

    ran = project.run("faults", "main:app", "--timeout", "0.5", traced=False)

    assert (ran.code, ran.stderr) == (1, "")
    assert "Note: Without a fault the request already ends with Timeout: not over after 0.5 s." in ran.stdout
    assert "Not tried: a request before could not be ended" in ran.stdout


_NO_ORDER = (
    "No order helps: ServerErrorMiddleware answers outside of all that is registered. Wrap the whole app in "
    "CORSMiddleware, or catch exceptions in a layer that stands inside of CORSMiddleware."
)
_CRASHED = (
    "An exception in Auth, Ids or the endpoint (500), which ServerErrorMiddleware answers, has no "
    "access-control-allow-origin, which CORSMiddleware adds."
)
BREAKS = [
    (
        "app",
        '["access-control-allow-origin"]',
        [
            (
                "MW111",
                "A rejection by Auth (403) has no access-control-allow-origin, which CORSMiddleware adds.",
                "In main.py, move line 39 (CORSMiddleware) below line 40 (Auth): what is added last stands outermost.",
            ),
            ("MW113", _CRASHED, _NO_ORDER),
        ],
    ),
    (
        "late",
        '["x-id"]',
        [
            (
                "MW111",
                "A rejection by Rescue (403) has no x-id, which Ids adds.",
                "In main.py, move line 50 (Ids) below line 51 (Rescue): what is added last stands outermost.",
            ),
            (
                "MW111",
                "An exception in Auth or the endpoint (503), which Rescue answers, has no x-id, which Ids adds.",
                "In main.py, move line 50 (Ids) below line 51 (Rescue): what is added last stands outermost.",
            ),
        ],
    ),
    (
        "app",
        '["x-idd"]',
        [
            (
                "MW112",
                "No normal response has a header that fits 'x-idd': did you mean x-id?",
                "Correct the name in [[contracts]] number 1, or send what makes the app add it, with -H 'Name: value'.",
            )
        ],
    ),
]


@pytest.mark.parametrize(("app", "headers", "broken"), BREAKS, ids=["misordered", "rescued too far out", "unknown"])
def test_breaks_of_on_faults(project: Project, app: str, headers: str, broken: list[tuple[str, str, str]]) -> None:
    project.write({"main.py": APP, "mwviz.toml": f'app = "main:{app}"\n' + ON_FAULTS.format(headers)})

    ran = project.call("check", "-f", "json")

    findings = json.loads(ran.stdout)["findings"]
    assert (ran.code, ran.stderr) == (1, "")
    assert [(each["code"], each["message"], each["remedy"]) for each in findings] == broken
    assert all(each["check"] == "errors stay readable" for each in findings)


def test_on_faults_is_kept_by_an_app_that_is_wrapped(project: Project) -> None:
    wrapped = APP + '\nwrapped = CORSMiddleware(Ids(Auth(Starlette(routes=[Route("/", page)]))), allow_origins=["*"])\n'
    config = 'app = "main:wrapped"\n' + ON_FAULTS.format('["access-control-allow-origin", "x-id"]')
    project.write({"main.py": wrapped, "mwviz.toml": config})

    ran = project.call("check")

    assert (ran.code, ran.stderr) == (0, "")
    assert "KEPT    errors stay readable\n" in ran.stdout
    assert "Nobody answers where Auth crashes: there is no response to hold." in ran.stdout


def test_on_faults_is_kept_where_a_layer_rescues_inside(project: Project) -> None:
    config = 'app = "main:good"\n' + ON_FAULTS.format('["access-control-*", "x-id"]')
    project.write({"main.py": APP, "mwviz.toml": config})

    assert project.call("check").code == 0


def test_on_faults_holds_beside_an_order(project: Project) -> None:
    config = 'app = "main:good"\n' + ON_FAULTS.format('["x-id"]') + 'layers = ["Auth", "Ids"]\n'
    project.write({"main.py": APP, "mwviz.toml": config})

    findings = json.loads(project.call("check", "-f", "json").stdout)["findings"]

    assert [(each["code"], each["layers"]) for each in findings] == [
        ("MW101", ["Auth", "Ids"]),
        ("MW111", ["CORSMiddleware", "Ids"]),
        ("MW113", ["Ids", "ServerErrorMiddleware"]),
    ]


OWN = """
async def own(request):
    return PlainTextResponse("own", headers={"x-own": "1"})

own = Starlette(routes=[Route("/", own)])
"""


def test_what_the_endpoint_alone_adds_is_lost_where_it_fails(project: Project) -> None:
    project.write({"main.py": APP + OWN, "mwviz.toml": 'app = "main:own"\n' + ON_FAULTS.format('["x-own"]')})

    ran = project.call("check", "main:own", "/", "-f", "json")

    findings = json.loads(ran.stdout)["findings"]
    assert ran.code == 1
    assert [each["message"].partition(" has no ")[0] for each in findings] == [
        "An exception in the endpoint (500), which ServerErrorMiddleware answers,",
        "An HTTPException of the endpoint (400), which ExceptionMiddleware answers,",
        "A 404 of the endpoint (404), which ExceptionMiddleware answers,",
        "A 405 of the endpoint (405), which ExceptionMiddleware answers,",
    ]


STRIPPING = """
class Strips(Ids):
    async def __call__(self, scope, receive, send):
        async def send_less(message):
            if message["type"] == "http.response.start" and message["status"] >= 400:
                message["headers"] = [pair for pair in message["headers"] if pair[0] != b"x-id"]
            await send(message)

        await self.app(scope, receive, send_less)

stripping = Starlette(routes=[Route("/", page)])
for layer in (Auth, Ids, Strips):
    stripping.add_middleware(layer)
"""


def test_a_header_that_is_taken_away_is_not_said_to_be_missing_where_it_is_added(project: Project) -> None:
    project.write({"main.py": APP + STRIPPING, "mwviz.toml": ON_FAULTS.format('["x-id"]')})

    findings = json.loads(project.call("check", "main:stripping", "-f", "json").stdout)["findings"]

    told = {each["message"].partition(" has no ")[0]: each["remedy"] for each in findings}
    assert told["A rejection by Auth (403)"] == (
        "Ids stands outside, and adds it to some responses only, or another layer takes it away: let every response "
        "have it."
    )


REFUSING = """
class Refuses(Ids):
    async def __call__(self, scope, receive, send):
        long = int(dict(scope["headers"]).get(b"content-length", b"0")) > 1_000_000
        if long or scope["method"] not in ("GET", "POST"):
            return await PlainTextResponse("no", 413 if long else 418)(scope, receive, send)
        await self.app(scope, receive, send)

refusing = Starlette(routes=[Route("/", page)])
refusing.add_middleware(Ids)
refusing.add_middleware(Refuses)
"""


def test_a_body_that_a_layer_finds_too_large_is_held_and_what_never_came_about_is_not(project: Project) -> None:
    project.write({"main.py": APP + REFUSING, "mwviz.toml": 'app = "main:refusing"\n' + ON_FAULTS.format('["x-id"]')})

    findings = json.loads(project.call("check", "-f", "json").stdout)["findings"]

    assert [(each["code"], each["message"].partition(" has no ")[0]) for each in findings] == [
        ("MW111", "A rejection by Refuses (403)"),
        ("MW113", "An exception in Refuses or the endpoint (500), which ServerErrorMiddleware answers,"),
        ("MW111", "An oversized body at the endpoint (413), which Refuses answers,"),
    ]
    assert findings[2]["layers"] == ["Ids", "Refuses"]


def test_a_layer_that_adds_a_header_of_preflights_alone_is_taken_not_to_fail(project: Project) -> None:
    config = 'app = "main:app"\n' + ON_FAULTS.format('["access-control-allow-methods"]')
    project.write({"main.py": APP, "mwviz.toml": config})

    findings = json.loads(project.call("check", "-f", "json").stdout)["findings"]

    assert [each["message"].partition(" (")[0] for each in findings] == [
        "A rejection by Auth",
        "An exception in Auth",
    ]


def test_of_two_layers_that_add_the_same_none_is_taken_to_fail(project: Project) -> None:
    twice = APP + "\ntwice = Starlette(routes=[Route('/', page)])\n"
    twice += "".join(f"twice.add_middleware({name})\n" for name in ("Auth", "Ids", "Rescue", "Ids"))
    project.write({"main.py": twice, "mwviz.toml": 'app = "main:twice"\n' + ON_FAULTS.format('["x-id"]')})

    ran = project.call("check", "-f", "json")

    assert (ran.code, json.loads(ran.stdout)["findings"]) == (0, [])


def test_the_layer_that_answers_is_named_with_the_one_that_must_stand_outside_of_it(project: Project) -> None:
    project.write({"main.py": APP, "mwviz.toml": 'app = "main:late"\n' + ON_FAULTS.format('["x-id"]')})

    findings = json.loads(project.call("check", "-f", "json").stdout)["findings"]

    assert [each["layers"] for each in findings] == [["Rescue", "Ids"], ["Ids", "Rescue"]]


@pytest.mark.parametrize("format", ["text", "github", "sarif", "junit"])
def test_every_report_tells_it(project: Project, format: str) -> None:
    project.write({"main.py": APP, "mwviz.toml": 'app = "main:app"\n' + ON_FAULTS.format('["x-id"]')})

    ran = project.call("check", "-f", format)

    assert ran.code == 1
    assert "has no x-id, which Ids" in ran.stdout.replace("\n          ", " ").replace("&#10;", " ")


def test_an_order_that_is_tried_is_mended_there(project: Project) -> None:
    project.write({"main.py": APP, "mwviz.toml": 'app = "main:app"\n' + ON_FAULTS.format('["x-id"]')})

    findings = json.loads(project.call("check", "-f", "json", "--order", "Auth > Ids").stdout)["findings"]

    told = {each["code"]: each["remedy"] for each in findings}
    assert told["MW111"] == "This is the order that --order gives: correct it there."
    assert told["MW113"].startswith("No order helps")


def test_on_faults_is_of_the_apps_own_stack(project: Project) -> None:
    config = 'app = "main:app"\n' + ON_FAULTS.format('["x-id"]') + 'paths = ["/x"]\n'
    project.write({"main.py": APP, "mwviz.toml": config})

    ran = project.call("check")

    assert (ran.code, ran.stdout) == (2, "")
    assert "`on_faults` in [[contracts]] number 1 holds for the app's own stack" in ran.stderr


def test_an_app_that_cannot_be_built_breaks_it(project: Project) -> None:
    breaks = APP + "\nclass Breaks(Auth):\n    def __init__(self, app):\n        raise ValueError('no')\n\n"
    breaks += "broken = Starlette()\nbroken.add_middleware(Breaks)\n"
    project.write({"main.py": breaks, "mwviz.toml": 'app = "main:broken"\n' + ON_FAULTS.format('["x-id"]')})

    ran = project.call("check", "-f", "json")

    if "while it was imported" in ran.stderr:
        pytest.skip("this Starlette builds the stack as soon as the app is made")
    assert [each["code"] for each in json.loads(ran.stdout)["findings"]] == ["MW109"]
