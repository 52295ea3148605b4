"""`mwviz check`: each kind of contract, kept and broken, with all that is printed."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from mwviz.errors import OutputError
from tests.cli.conftest import LAYERED, Project

#: Three layers by `add_middleware`, outermost last, and routes of which one is guarded.
APP = """\
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.middleware.base import BaseHTTPMiddleware


class Layer:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


class Cors(Layer):
    pass


class Gzip(Layer):
    pass


class Auth(Layer):
    pass


class Guard(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        return await call_next(request)


async def page(request):
    raise AssertionError("no check calls a handler")


async def live(websocket):
    raise AssertionError("no check calls a handler")


admin = Starlette(routes=[Route("/users", page), Route("/jobs", page, methods=["POST"]), WebSocketRoute("/live", live)])
admin.add_middleware(Guard)
app = Starlette(routes=[Mount("/admin", admin), Route("/home", page), Route("/about", page)])
app.add_middleware(Auth)
app.add_middleware(Gzip)
app.add_middleware(Cors)
"""

#: kind, contract, exit code, and the report below its first line, which names the versions
KINDS: list[tuple[str, str, int, str]] = [
    (
        "layers kept",
        'layers = ["Cors", "(Brotli)", "Auth"]',
        0,
        """
        KEPT    c

        1 contract: 1 kept, 0 broken.
        """,
    ),
    (
        "layers broken",
        'layers = ["Auth", "Cors"]',
        1,
        """
        BROKEN  c
                Auth must stand outside of Cors, but stands inside of it.
                  Auth  main.py:43
                  Cors  main.py:45
                  The order is Cors > Gzip > Auth.
                  → In main.py, move line 43 (Auth) below line 45 (Cors): what is added last stands outermost.

        1 contract: 0 kept, 1 broken.
        """,
    ),
    (
        "side by side kept",
        'layers = ["Gzip | main.Cors", "Au*"]',
        0,
        """
        KEPT    c

        1 contract: 1 kept, 0 broken.
        """,
    ),
    (
        "side by side broken",
        'layers = ["Gzip | Auth", "Cors"]',
        1,
        """
        BROKEN  c
                Auth must stand outside of Cors, but stands inside of it.
                  Cors  main.py:45
                  Auth  main.py:43
                  The order is Cors > Gzip > Auth.
                  → In main.py, move line 45 (Cors) above line 43 (Auth): what is added last stands outermost.

        1 contract: 0 kept, 1 broken.
        """,
    ),
    (
        "a name that fits nothing",
        'layers = ["Cros", "Auth"]',
        1,
        """
        BROKEN  c
                No layer of the app fits 'Cros': did you mean Cors?
                  The order is Cors > Gzip > Auth.
                  → Correct the name in [[contracts]] number 1, or add the layer; '(Cros)' may be absent.

        1 contract: 0 kept, 1 broken.
        """,
    ),
    (
        "a layer of a mount",
        'layers = ["Cors", "Guard"]\n[[contracts]]\nname = "d"\npaths = ["/admin/users"]\nlayers = ["Cors", "Guard"]',
        1,
        """
        BROKEN  c
                Guard is not in the app's own stack: it belongs to mount /admin.
                  The order is Cors > Gzip > Auth.
                  → Hold it for the routes there: give the contract `paths`.
        KEPT    d  1 route

        2 contracts: 1 kept, 1 broken.
        """,
    ),
    (
        "exhaustive kept",
        'layers = ["Cors", "*"]\nexhaustive = true',
        0,
        """
        KEPT    c

        1 contract: 1 kept, 0 broken.
        """,
    ),
    (
        "exhaustive broken",
        'layers = ["Cors", "Auth"]\nexhaustive = true',
        1,
        """
        BROKEN  c
                Gzip is not named in `layers`, which is exhaustive.
                  Gzip  main.py:44
                  The order is Cors > Gzip > Auth.
                  → Add it to `layers` in [[contracts]] number 1, or take it out of the app.

        1 contract: 0 kept, 1 broken.
        """,
    ),
    (
        "ends kept",
        'outermost = "Cors | (Edge)"\ninnermost = "Auth"',
        0,
        """
        KEPT    c

        1 contract: 1 kept, 0 broken.
        """,
    ),
    (
        "outermost broken",
        'outermost = "Gzip"',
        1,
        """
        BROKEN  c
                Gzip must be the outermost layer, but Cors is.
                  Gzip  main.py:44
                  Cors  main.py:45
                  The order is Cors > Gzip > Auth.
                  → In main.py, move line 44 (Gzip) below line 45 (Cors): what is added last stands outermost.

        1 contract: 0 kept, 1 broken.
        """,
    ),
    (
        "innermost broken",
        'innermost = "Gzip"',
        1,
        """
        BROKEN  c
                Gzip must be the innermost layer, but Auth is.
                  Gzip  main.py:44
                  Auth  main.py:43
                  The order is Cors > Gzip > Auth.
                  → In main.py, move line 44 (Gzip) above line 43 (Auth): what is added last stands outermost.

        1 contract: 0 kept, 1 broken.
        """,
    ),
    (
        "forbidden kept",
        'forbidden = ["Debug*"]',
        0,
        """
        KEPT    c

        1 contract: 1 kept, 0 broken.
        """,
    ),
    (
        "forbidden broken",
        'forbidden = ["G*"]',
        1,
        """
        BROKEN  c
                Gzip is forbidden.
                  Gzip  main.py:44
                  The order is Cors > Gzip > Auth.
                  → Take Gzip out (main.py:44).

        1 contract: 0 kept, 1 broken.
        """,
    ),
    (
        "once kept",
        'once = ["Gzip"]',
        0,
        """
        KEPT    c

        1 contract: 1 kept, 0 broken.
        """,
    ),
    (
        "once absent",
        'once = ["main.Gzap"]',
        1,
        """
        BROKEN  c
                No layer of the app fits 'main.Gzap': did you mean Gzip?
                  The order is Cors > Gzip > Auth.
                  → Correct the name in [[contracts]] number 1, or add the layer.

        1 contract: 0 kept, 1 broken.
        """,
    ),
    (
        "once broken",
        'once = ["main.[CG]*"]',
        1,
        """
        BROKEN  c
                main.[CG]* must stand in the stack once, but 2 layers fit.
                  Cors  main.py:45
                  Gzip  main.py:44
                  The order is Cors > Gzip > Auth.
                  → Keep one of them: take out Cors (main.py:45) or Gzip (main.py:44).

        1 contract: 0 kept, 1 broken.
        """,
    ),
    (
        "pairs kept",
        'before = ["Cors > Gzip > Auth"]\nafter = ["Auth < Cors"]',
        0,
        """
        KEPT    c

        1 contract: 1 kept, 0 broken.
        """,
    ),
    (
        "pairs broken",
        'before = ["Gzip > Cors"]\nafter = ["Gzip < Auth"]',
        1,
        """
        BROKEN  c
                Gzip must stand outside of Cors, but stands inside of it.
                  Gzip  main.py:44
                  Cors  main.py:45
                  The order is Cors > Gzip > Auth.
                  → In main.py, move line 44 (Gzip) below line 45 (Cors): what is added last stands outermost.
                Auth must stand outside of Gzip, but stands inside of it.
                  Auth  main.py:43
                  Gzip  main.py:44
                  → In main.py, move line 43 (Auth) below line 44 (Gzip): what is added last stands outermost.

        1 contract: 0 kept, 1 broken.
        """,
    ),
    (
        "routes kept",
        'paths = ["/admin/*"]\nmethods = ["get", "POST"]\nlayers = ["Auth", "Guard"]',
        0,
        """
        KEPT    c  2 routes

        1 contract: 1 kept, 0 broken.
        """,
    ),
    (
        "routes broken",
        'paths = ["/admin/*", "/home"]\nlayers = ["Guard", "Auth"]',
        1,
        """
        BROKEN  c  4 routes
                On the way to GET,HEAD /admin/users, POST /admin/jobs: Guard must stand outside of Auth, but stands
                inside of it.
                  Guard  main.py:41
                  Auth   main.py:43
                  GET,HEAD /admin/users passes Cors > Gzip > Auth > Guard.
                  → Register Guard elsewhere, so that it stands outside of Auth: what belongs to mount /admin lies
                    inside of all of the app's own layers.
                On the way to WEBSOCKET /admin/live: Guard is skipped: no websocket meets a BaseHTTPMiddleware.
                  Guard  main.py:41
                  WEBSOCKET /admin/live passes Cors > Gzip > Auth.
                  → Make Guard an ASGI middleware that heeds websockets, too.
                On the way to GET,HEAD /home: Guard is not passed.
                  GET,HEAD /home passes Cors > Gzip > Auth.
                  → Register Guard where these routes pass it.

        1 contract: 0 kept, 1 broken.
        """,
    ),
    (
        "no route",
        'paths = ["/amdin/*"]\nmethods = ["GET"]\nlayers = ["Guard"]',
        1,
        """
        BROKEN  c
                No route fits `paths` (/amdin/*) and `methods` (GET).
                  → Correct the filter: `mwviz routes` lists the paths.

        1 contract: 0 kept, 1 broken.
        """,
    ),
]


@pytest.mark.parametrize(("contract", "code", "report"), [row[1:] for row in KINDS], ids=[row[0] for row in KINDS])
def test_kinds(project: Project, monkeypatch: pytest.MonkeyPatch, contract: str, code: int, report: str) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    project.write({"main.py": APP, "mwviz.toml": f'app = "main:app"\n[[contracts]]\nname = "c"\n{contract}\n'})

    ran = project.call("check")

    first, _, rest = ran.stdout.partition("\n")
    assert (ran.code, ran.stderr) == (code, "")
    assert first.startswith("main:app · ")
    assert rest == dedent(report)


SHOP = {"main.py": APP, "mwviz.toml": 'app = "main:app"\n[[contracts]]\nname = "c"\nlayers = ["Auth", "Cors"]\n'}


def test_a_layer_that_the_probe_did_not_reach_is_judged_by_the_built_stack(project: Project) -> None:
    answering = APP.replace("await self.app(scope, receive, send)", "await self.answer(scope, receive, send)").replace(
        "    def __init__(self, app):",
        "    async def answer(self, scope, receive, send):\n"
        "        inward = PlainTextResponse('no') if type(self) is Gzip else self.app\n"
        "        await inward(scope, receive, send)\n\n"
        "    def __init__(self, app):",
    )
    project.write({**SHOP, "main.py": answering})
    own = project.call("check")
    project.write({"mwviz.toml": 'app = "main:app"\n[[contracts]]\npaths = ["/home"]\nlayers = ["Cors", "Auth"]\n'})
    routed = project.call("check")

    assert own.code == 1
    assert own.stdout.partition("\n")[2] == dedent("""
        BROKEN  c
                Auth must stand outside of Cors, but stands inside of it.
                  Auth  main.py:47
                  Cors  main.py:49
                  The order is Cors > Gzip > Auth.
                  → In main.py, move line 47 (Auth) below line 49 (Cors): what is added last stands outermost.
                Note: The probe did not reach Auth: judged by the built stack.

        1 contract: 0 kept, 1 broken.
        """)
    assert routed.stdout.partition("\n")[2] == dedent("""
        KEPT    contract 1  1 route
                Note: The probe did not reach Auth: judged by the built stack (GET,HEAD /home).

        Note: Gzip answered before the route was reached: GET /home.

        1 contract: 1 kept, 0 broken.
        """)


def test_probes_of_routes_carry_the_headers_that_are_given(project: Project) -> None:
    asking = APP.replace(
        "class Gzip(Layer):\n    pass",
        dedent("""
        class Gzip(Layer):
            async def __call__(self, scope, receive, send):
                known = (b"x-token", b"s3cret") in scope.get("headers", ())
                await (self.app if known else PlainTextResponse("who?", 401))(scope, receive, send)
        """),
    )
    project.write({"main.py": asking})
    project.write({"mwviz.toml": 'app = "main:app"\n[[contracts]]\npaths = ["/home"]\nlayers = ["Cors", "Auth"]\n'})

    unknown, known = project.call("check"), project.call("check", "-H", "X-Token: s3cret")

    assert (unknown.code, known.code) == (0, 0)
    assert "did not reach Auth" in unknown.stdout
    assert "Note" not in known.stdout


def test_the_traced_order_counts(project: Project) -> None:
    project.write({**SHOP, "mwviz.toml": SHOP["mwviz.toml"].replace('"Auth", "Cors"', '"Cors", "Auth"')})

    ran = project.call("check", "--order", "Auth > Gzip > Cors")

    assert ran.code == 1
    assert "The order is Auth > Gzip > Cors." in ran.stdout


def test_a_list_is_mended_the_other_way_round(project: Project) -> None:
    head = APP.partition("admin = ")[0].replace(
        "class Layer", "from starlette.middleware import Middleware\nclass Layer"
    )
    listed = "app = Starlette(middleware=[\n    Middleware(Cors),\n    Middleware(Gzip),\n    Middleware(Auth),\n])\n"
    project.write({**SHOP, "main.py": head + listed})
    alone = project.call("check")
    project.write({"main.py": f"{head}{listed}app.add_middleware(Guard)\n".replace("    Middleware(Gzip),\n", "")})
    project.write({"mwviz.toml": 'app = "main:app"\n[[contracts]]\nname = "c"\nlayers = ["Cors", "Auth", "Guard"]\n'})
    mixed = project.call("check")

    assert (
        "→ In main.py, move the entry of line 44 (Auth) before the entry of line 42 (Cors): the first of a list stands "
        "outermost."
    ) in alone.stdout
    assert (
        "→ In main.py, take line 45 (Guard) into the list, behind the entry of line 43 (Auth): what is added "
        "after the list stands outside of it."
    ) in mixed.stdout


def test_a_list_of_one_entry_is_told_from_calls(project: Project) -> None:
    head = APP.partition("admin = ")[0].replace(
        "class Layer", "from starlette.middleware import Middleware\nclass Layer"
    )
    project.write(
        {**SHOP, "main.py": f"{head}app = Starlette(middleware=[Middleware(Auth)])\napp.add_middleware(Cors)\n"}
    )

    out_of_it = project.call("check")

    assert (
        "→ In main.py, take the entry of line 41 (Auth) out of the list, and add it with add_middleware below line 42 "
        "(Cors): what is added after the list stands outside of it."
    ) in out_of_it.stdout


#: Registered by functions: one that gives a list, and one that adds to the app.
BY_FUNCTIONS = """
def listed():
    return [Middleware(Auth)]
app = Starlette(middleware=listed())
def more(any_app):
    any_app.add_middleware(Gzip)
more(app)
app.add_middleware(Cors)
app.add_middleware(Guard)
"""


@pytest.mark.parametrize(
    ("order", "remedy"),
    [
        (
            ["Gzip", "Cors"],
            (
                "Register Gzip (main.py:46) so that it stands outside of Cors (main.py:48): what is added last stands "
                "outermost."
            ),
        ),
        (
            ["Auth", "Cors"],
            (
                "In main.py, take the entry of line 43 (Auth) out of the list, and add it with add_middleware below "
                "line 48 (Cors): what is added after the list stands outside of it."
            ),
        ),
        (
            ["Cors", "Guard"],
            "In main.py, move line 48 (Cors) below line 49 (Guard): what is added last stands outermost.",
        ),
    ],
    ids=["a call of another function", "an entry of another function", "calls beside others"],
)
def test_no_line_moves_from_one_function_to_another(project: Project, order: list[str], remedy: str) -> None:
    head = APP.partition("admin = ")[0].replace(
        "class Layer", "from starlette.middleware import Middleware\nclass Layer"
    )
    held = f'app = "main:app"\n[[contracts]]\nname = "c"\nlayers = {json.dumps(order)}\n'
    project.write({"main.py": head + BY_FUNCTIONS, "mwviz.toml": held})

    (finding,) = json.loads(project.call("check", "-f", "json").stdout)["findings"]

    assert finding["remedy"] == remedy


def test_several_reports_at_once(project: Project) -> None:
    project.write(SHOP)

    ran = project.call("check", "--report", "junit=x.xml", "--report", "sarif=y.sarif", "-f", "json")

    assert ran.code == 1
    (finding,) = json.loads(ran.stdout)["findings"]
    assert {key: finding[key] for key in ("code", "severity", "message", "layers", "place", "remedy", "evidence")} == {
        "code": "MW101",
        "severity": "error",
        "message": "Auth must stand outside of Cors, but stands inside of it.",
        "layers": ["Auth", "Cors"],
        "place": {"file": "main.py", "line": 43},
        "remedy": "In main.py, move line 43 (Auth) below line 45 (Cors): what is added last stands outermost.",
        "evidence": "The order is Cors > Gzip > Auth",
    }
    assert (project.folder / "x.xml").read_text("utf-8").startswith("<?xml")
    assert json.loads((project.folder / "y.sarif").read_text("utf-8"))["version"] == "2.1.0"


@pytest.mark.parametrize(
    ("ending", "begin"), [("txt", "main:app · "), ("json", "{\n"), ("sarif", "{\n"), ("xml", "<?xml")]
)
def test_the_ending_picks_the_format(project: Project, ending: str, begin: str) -> None:
    project.write(SHOP)

    ran = project.call("check", "-o", f"report.{ending}")

    assert (ran.code, ran.stdout) == (1, "")
    assert (project.folder / f"report.{ending}").read_text("utf-8").startswith(begin)


def test_github_is_chosen_by_itself_in_its_actions(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write({f"services/shop/{name}": text for name, text in SHOP.items()})
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.folder))
    monkeypatch.chdir(project.folder / "services" / "shop")

    ran, asked = project.call("check"), project.call("check", "-f", "text")

    assert ran.code == asked.code == 1
    assert ran.stdout == (
        "::error file=services/shop/main.py,line=43,title=mwviz%3A c (MW101)::Auth must stand outside of Cors, but "
        "stands inside of it.%0AAuth: main.py:43%0ACors: main.py:45%0AThe order is Cors > Gzip > Auth.%0A"
        "Remedy: In main.py, move line 43 (Auth) below line 45 (Cors): what is added last stands outermost.\n"
        "1 contract: 0 kept, 1 broken.\n"
    )
    assert asked.stdout.startswith("main:app · ")


SEVERAL = """
[[contracts]]
name = "first"
outermost = "Cors"
[[apps]]
name = "a"
app = "main:app"
app_dir = "a"
[[apps]]
name = "b"
app = "main:app"
app_dir = "b"
[[apps.contracts]]
name = "own"
innermost = "Gzip"
"""


def test_several_apps_of_one_name_make_one_report(project: Project) -> None:
    project.write({"mwviz.toml": SEVERAL, "a/main.py": f"print('hello')\n{APP}", "b/main.py": APP})

    ran, one = project.run("check"), project.run("check", "b", "-f", "json")

    assert (ran.code, ran.stderr.split()) == (1, ["hello"])
    told = [line for line in ran.stdout.splitlines() if line[:1] not in ("", " ")]
    assert [line.partition(" · ")[0] for line in told] == [
        "a",
        "KEPT    first",
        "b",
        "KEPT    first",
        "BROKEN  own",
        "3 contracts: 2 kept, 1 broken.",
    ]
    assert one.code == 1
    assert [each["name"] for each in json.loads(one.stdout)["checks"]] == ["first", "own"]


def test_an_app_of_several_that_cannot_be_checked(project: Project) -> None:
    project.write({"mwviz.toml": SEVERAL, "a/main.py": APP, "b/main.py": "import os\n__import__(os.name)._exit(7)\n"})
    ended = project.run("check")
    project.write({"b/main.py": "raise RuntimeError('broken')\n"})
    failed = project.run("check")

    assert (ended.code, ended.stdout) == (failed.code, failed.stdout) == (2, "")
    assert "The process that checked 'b' ended with code 7 and told nothing: did the app end it?" in ended.stderr
    assert "RuntimeError" in failed.stderr


def test_the_others_of_several_apps_are_checked_all_the_same(project: Project) -> None:
    broken = {"b/main.py": "raise RuntimeError('broken')\n"}
    project.write({"mwviz.toml": SEVERAL.replace('"Cors"', '"Auth"'), "a/main.py": APP, **broken})

    ran = project.run("check", "--report", "junit=all.xml", "-o", "all.json", "--traceback")
    project.write({"a/main.py": "raise LookupError('too')\n"})
    both = project.run("check")

    assert (ran.code, ran.stdout) == (2, "")
    assert not list(project.folder.glob("all.*"))
    told = ran.stderr.splitlines()
    assert told[:2] == [
        "Error: 1 of 2 apps could not be checked, so no report is written.",
        "b: 'main' raised RuntimeError: broken while it was imported.",
    ]
    assert told[2] == "Traceback (most recent call last):"
    assert told[-1] == "a: 1 contract: 0 kept, 1 broken. `mwviz check a` tells more."
    assert (both.code, both.stdout) == (2, "")
    assert [line for line in both.stderr.splitlines() if not line.startswith(("  ", "("))] == [
        "Error: 2 of 2 apps could not be checked, so no report is written.",
        "a: 'main' raised LookupError: too while it was imported.",
        "b: 'main' raised RuntimeError: broken while it was imported.",
    ]


CANNOT: list[tuple[str, list[str], str]] = [
    (
        LAYERED.replace("self.app = app", "1 / 0"),
        [],
        "The stack could not be built: ZeroDivisionError: division by zero.",
    ),
    (
        LAYERED.replace(
            "        await self.app",
            "        if scope['type'] == 'lifespan':\n"
            "            await receive()\n"
            "            await send({'type': 'lifespan.startup.failed', 'message': 'no database'})\n"
            "            return\n"
            "        await self.app",
        ),
        ["--lifespan"],
        "Startup failed: StartupFailed: no database.",
    ),
]


@pytest.mark.parametrize(("app", "arguments", "message"), CANNOT, ids=["build", "startup"])
def test_an_app_that_cannot_be_built_or_started_breaks_all_contracts(
    project: Project, app: str, arguments: list[str], message: str
) -> None:
    project.write({**SHOP, "main.py": app})

    ran = project.call("check", "-f", "json", *arguments)

    if "while it was imported" in ran.stderr:
        pytest.skip("this Starlette builds the stack as soon as the app is made")
    (finding,) = json.loads(ran.stdout)["findings"]
    assert ran.code == 1
    assert (finding["code"], finding["message"]) == ("MW109", message)


def test_an_app_that_hangs_is_judged_as_far_as_it_came(project: Project) -> None:
    hanging = APP.replace("import BaseHTTPMiddleware", "import BaseHTTPMiddleware\nimport time").replace(
        "class Gzip(Layer):\n    pass",
        "class Gzip(Layer):\n    async def __call__(self, scope, receive, send):\n        time.sleep(60)",
    )
    more = '[[contracts]]\nname = "d"\npaths = ["/home"]\nonce = ["Auth"]\n'
    project.write({"main.py": hanging, "mwviz.toml": SHOP["mwviz.toml"] + more})

    ran = project.run("check", "--timeout", "0.5", "-f", "json", traced=False)

    assert ran.code == 1
    assert [finding["code"] for finding in json.loads(ran.stdout)["findings"]] == ["MW101", "MW109"]


MISTAKES: list[tuple[str, list[str], str]] = [
    ("app = 'main:app'", [], "mwviz.toml has no contract and no mwviz.lock to hold the order to: `mwviz init` writes"),
    ("app = 'main:app'\n[[contracts]]\nlayer = ['x']", [], "unknown key `layer`: did you mean `layers`?"),
    (SHOP["mwviz.toml"], ["--report", "junit"], "--report wants FORMAT=FILE, such as junit=report.xml, not 'junit'."),
    (SHOP["mwviz.toml"], ["--report", "sarf=x"], "--report knows no format 'sarf': did you mean sarif?"),
    (SHOP["mwviz.toml"], ["--report", "json=x.py"], "results never go over a .py file"),
    (SHOP["mwviz.toml"], ["-o", "x.json", "--report", "text=x.json"], "Two reports cannot be written to one file"),
    (SHOP["mwviz.toml"], ["-o", "x.md"], "'x.md' tells no format: end it in .txt, .json, .sarif, .xml, or give -f"),
    (SHOP["mwviz.toml"], ["-o", "none/x.json"], "'none' is no directory"),
    (SHOP["mwviz.toml"], ["none:app"], "none"),
]


@pytest.mark.parametrize(
    ("config", "arguments", "told"), MISTAKES, ids=[f"{row[0][-20:]} {row[1]}" for row in MISTAKES]
)
def test_mistakes(project: Project, config: str, arguments: list[str], told: str) -> None:
    project.write({**SHOP, "mwviz.toml": config})
    before = project.files()

    ran = project.call("check", *arguments)

    assert (ran.code, ran.stdout) == (2, "")
    assert told in ran.stderr
    assert project.files() == before


def test_nothing_at_all_to_hold_names_both_ways_out(project: Project) -> None:
    project.write({"main.py": APP})

    ran = project.call("check")

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("Error: There is no configuration and no mwviz.lock")
    assert "`mwviz init`" in ran.stderr
    assert "`mwviz lock`" in ran.stderr


def test_an_order_that_is_tried_holds_for_routes_too_and_no_line_is_to_be_moved(project: Project) -> None:
    project.write({"main.py": APP})
    project.write(
        {
            "mwviz.toml": dedent("""
        app = "main:app"
        [[contracts]]
        name = "own"
        layers = ["Cors", "Auth"]
        [[contracts]]
        name = "routes"
        paths = ["/home"]
        layers = ["Cors", "Auth"]
        """)
        }
    )
    found = json.loads(project.run("check", "--order", "Auth > Gzip > Cors", "-f", "json").stdout)["findings"]
    assert [each["check"] for each in found] == ["own", "routes"]
    assert {each["remedy"] for each in found} == {"This is the order that --order gives: correct it there."}


def test_the_app_of_the_top_level_among_several_is_checked_once(project: Project) -> None:
    project.write({"main.py": APP})
    project.write(
        {
            "mwviz.toml": dedent("""
        app = "main:app"
        [[contracts]]
        name = "c"
        layers = ["Auth", "Cors"]
        [[apps]]
        app = "main:app"
        """)
        }
    )
    done = project.run("check")
    assert done.stdout.endswith("1 contract: 0 kept, 1 broken.\n")


def test_names_of_what_a_function_made_stand_in_pairs(project: Project) -> None:
    made = APP.replace(
        "class Cors(Layer):\n    pass",
        "def make():\n    class Cors(Layer):\n        pass\n\n    return Cors\n\n\nCors = make()",
    )
    project.write({"main.py": made})
    project.write(
        {
            "mwviz.toml": dedent("""
        app = "main:app"
        [[contracts]]
        before = ["main.make.<locals>.Cors > Auth"]
        after = ["Auth < main.make.<locals>.Cors"]
        """)
        }
    )
    done = project.run("check")
    assert (done.stdout.splitlines()[-1], done.code) == ("1 contract: 1 kept, 0 broken.", 0)


def test_no_contract_has_the_name_of_the_lock(project: Project) -> None:
    project.write({"main.py": APP})
    project.write({"mwviz.toml": '[[contracts]]\nname = "mwviz.lock"\nonce = ["Auth"]\n'})
    done = project.run("check", "main:app")
    assert done.code == 2
    assert "`name` in [[contracts]] number 1: reports call the lock 'mwviz.lock'; take another one." in done.stderr


def test_a_name_twice_in_one_order_is_a_mistake(project: Project) -> None:
    project.write({"main.py": APP, "mwviz.toml": '[[contracts]]\nlayers = ["Auth", "Gzip | (Auth)"]\n'})
    done = project.run("check", "main:app")
    assert (done.code, done.stdout) == (2, "")
    assert (
        "`layers` in [[contracts]] number 1 names 'Auth' twice: the second layer of a name is 'Auth#2'." in done.stderr
    )


@pytest.mark.parametrize("key", ["forbidden", "once"])
@pytest.mark.parametrize("name", ["Auth | Cors", "(Auth)"])
def test_signs_of_an_order_have_no_meaning_elsewhere(project: Project, key: str, name: str) -> None:
    project.write({"main.py": APP, "mwviz.toml": f'[[contracts]]\n{key} = ["{name}"]\n'})
    done = project.run("check", "main:app")
    assert (done.code, done.stdout) == (2, "")
    assert f"`{key}` in [[contracts]] number 1 wants one name in each string" in done.stderr


def test_an_app_that_no_contract_is_for_is_named_beside_those_that_have_some(project: Project) -> None:
    configured = '[[apps]]\napp = "main:app"\n[[apps.contracts]]\nonce = ["Auth"]\n'
    project.write({"main.py": APP, "mwviz.toml": configured})
    done = project.run("check", "main")
    assert (done.code, done.stdout) == (2, "")
    assert "has no contract for 'main' (its apps are main:app) and no mwviz.lock" in done.stderr


def test_each_result_of_sarif_has_a_fingerprint_of_its_own(project: Project) -> None:
    project.write({"main.py": APP, "mwviz.toml": '[[contracts]]\nlayers = ["One", "Two", "Three"]\n'})
    run = json.loads(project.run("check", "main:app", "-f", "sarif").stdout)["runs"][0]
    prints = [each["partialFingerprints"]["mwviz/v1"] for each in run["results"]]
    assert len(set(prints)) == len(prints) == 3


def test_reports_go_where_the_command_ran_though_the_app_goes_elsewhere(project: Project) -> None:
    moving = f"import os\nos.chdir('elsewhere')\n{APP}"
    project.write({"main.py": moving, "elsewhere/.keep": "", "mwviz.toml": '[[contracts]]\nonce = ["Auth"]\n'})
    done = project.run("check", "main:app", "-o", "a.json", "--report", "junit=b.xml")
    assert (done.code, done.stderr) == (0, "")
    assert {"a.json", "b.xml"} <= set(project.files())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
@pytest.mark.parametrize("first", ["text=/dev/full", "junit=there.xml"], ids=["a device first", "a device last"])
def test_a_report_that_cannot_be_written_leaves_no_other(project: Project, first: str) -> None:
    project.write({**SHOP, "there.xml": "old", "new.json": ""})
    (project.folder / "new.json").unlink()
    before = project.files()
    second = "junit=there.xml" if first.startswith("text") else "text=/dev/full"

    ran = project.call("check", "-o", "new.json", "--report", first, "--report", second)

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr == "Error: '/dev/full' cannot be written: No space left on device.\n"
    assert project.files() == before


def test_a_stdout_that_cannot_be_written_leaves_no_report(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(text: str) -> None:
        raise OutputError("no space")

    project.write({**SHOP, "b.xml": "old"})
    before = project.files()
    monkeypatch.setattr("mwviz.cli.output.write_stdout", full)

    assert project.call("check", "--report", "junit=b.xml", "--report", "sarif=c.sarif").code == 2
    assert project.files() == before


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_report_that_cannot_take_its_place_gives_back_those_of_the_others(
    project: Project, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    project.write({**SHOP, "b.xml": "old"})
    before, replace, number = project.files(), Path.replace, 0

    def failing_once(self: Path, target: Path) -> Path:
        nonlocal number
        number += 1
        if number == failing:
            raise OSError(13, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing_once)
    ran = project.call("check", "-o", "a.json", "--report", "junit=b.xml", "--report", "sarif=c.sarif")

    assert (ran.code, ran.stdout) == (2, "")
    assert f"{'abc'[failing - 1]}." in ran.stderr.partition(" cannot be written: Permission denied.")[0]
    assert project.files() == before
