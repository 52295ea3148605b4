"""`pytest --mwviz` and the `mwviz` fixture, each in a pytest process of its own."""

from __future__ import annotations

import json
import os
import re
from importlib.metadata import version
from pathlib import Path

import pytest

import mwviz

pytest_plugins = ("pytester",)

ROOT = Path(mwviz.__file__).parent.parent
PLUGIN = ("-p", "mwviz.plugins.pytest_plugin")

APP = '''\
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute


class Outer:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


class Gate:
    def __init__(self, app):
        self.hidden = {"app": app}

    async def __call__(self, scope, receive, send):
        if scope["path"].startswith("/closed"):
            await PlainTextResponse("no", 403)(scope, receive, send)
        else:
            await self.hidden["app"](scope, receive, send)


class Inner(Outer): ...


class OfSub(Outer): ...


class Never(Outer): ...


async def home(request):
    return PlainTextResponse("home")


async def talk(websocket):
    await websocket.accept()
    await websocket.close()


sub = Starlette(routes=[Route("/", home)], middleware=[Middleware(Gate), Middleware(OfSub)])
shut = Starlette(routes=[], middleware=[Middleware(Gate), Middleware(Never)])
app = Starlette(
    routes=[Route("/", home), WebSocketRoute("/talk", talk), Mount("/sub", sub)],
    middleware=[Middleware(Outer), Middleware(Gate), Middleware(Inner)],
)


async def call(app, path="/", kind="http", **scope):
    """What a server does for one request."""
    sent = []

    async def receive():
        return {"type": "http.request" if kind == "http" else "websocket.connect", "body": b""}

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "asgi": {"version": "3.0"}, "path": path, "root_path": "", "headers": [], **scope}
    scope |= {"query_string": b"", "subprotocols": [], "scheme": "http", "server": ("testserver", 80)}
    if kind == "http":
        scope["method"] = "GET"
    await app(scope, receive, send)
    return sent[0].get("status", sent[0]["type"])
'''

SUITE = """\
import anyio
import pytest
from shop import app, call, shut

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


async def test_one():
    assert await call(app) == 200


async def test_refused():
    assert await call(app, "/closed") == 403
    assert await call(shut, "/closed") == 403


async def test_many_at_once():
    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(call, app, "/closed" if number % 2 else "/")


async def test_mounted():
    assert await call(app, "/sub/") == 200


async def test_websocket():
    assert await call(app, "/talk", "websocket") == "websocket.accept"


async def test_fails():
    assert await call(app) == 500


@pytest.mark.xfail(strict=True)
async def test_is_expected_to_fail():
    assert await call(app) == 500


@pytest.mark.skip
async def test_is_skipped():
    assert await call(app) == 500
"""
SHUT_LINE = APP[: APP.index("shut = ")].count("\n") + 1
#: Everything runs on both backends; what a mount hands on counts in both apps, but once in the suite.
REPORT = f"""\
mwviz: 54 requests through 3 apps, 4 request orders
  shop:app: 52 requests
    30  Outer > Gate > Inner
    22  Outer > Gate, no further
  shop:shut: 2 requests
    2  Gate, no further
    never reached: Never (shop.py:{SHUT_LINE})
  shop:sub: 2 requests
    2  Gate > OfSub
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with an app, and nothing else that is loaded by itself."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile(shop=APP)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider\n")
    return pytester


def ran(suite: pytest.Pytester, *options: str) -> pytest.RunResult:
    return suite.runpytest_subprocess(*PLUGIN, "-q", *options)


def report(result: pytest.RunResult) -> str:
    """The closing report, without what pytest prints after it."""
    lines = result.outlines
    start = next(at for at, line in enumerate(lines) if line.startswith("mwviz:"))
    rest = [line for line in lines[start + 1 :] if line.startswith("  ")]
    return "\n".join([lines[start], *rest]) + "\n"


@pytest.mark.parametrize("also", [(), ("-n2", "-p", "xdist.plugin"), ("-vv",)], ids=["alone", "xdist", "verbose"])
def test_the_report_closes_the_run_and_changes_no_result(suite: pytest.Pytester, also: tuple[str, ...]) -> None:
    pytest.importorskip("anyio.pytest_plugin")
    if version("anyio") < "4":
        pytest.skip("anyio 3 knows no trio of today")
    if "-n2" in also:
        pytest.importorskip("xdist")
    suite.makepyfile(test_shop=SUITE)
    options = ("-p", "anyio.pytest_plugin", *also)

    without, watched = ran(suite, *options), ran(suite, *options, "--mwviz")

    expected = {"passed": 10, "failed": 2, "xfailed": 2, "skipped": 2}
    assert without.parseoutcomes() == watched.parseoutcomes() == expected
    assert without.ret == watched.ret == pytest.ExitCode.TESTS_FAILED
    assert "mwviz" not in without.stdout.str()
    told = report(watched)
    if "-n2" in also:
        told = re.sub(r" in \d stacks", "", told)  # each worker may have built its own
    assert told == REPORT


def test_without_the_option_nothing_is_loaded_or_patched(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import sys

        def test_nothing_is_loaded():
            roots = {name.partition(".")[0] for name in sys.modules}
            assert not roots & {"fastapi", "starlette", "rich", "typer", "graphviz", "httpx"}
            loaded = {name for name in sys.modules if name.startswith("mwviz")}
            assert loaded == {"mwviz", "mwviz.plugins", "mwviz.plugins.pytest_plugin"}

        def test_nothing_is_patched():
            from starlette.applications import Starlette
            assert Starlette.__call__.__code__.co_filename.endswith("applications.py")
            assert Starlette.build_middleware_stack.__code__.co_filename.endswith("applications.py")
        """
    )
    ran(suite).assert_outcomes(passed=2)


def test_loading_the_watch_loads_no_framework_either(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import sys

        def test_nothing_is_loaded():
            roots = {name.partition(".")[0] for name in sys.modules}
            assert not roots & {"fastapi", "starlette", "rich", "typer", "graphviz", "httpx"}
        """
    )
    result = ran(suite, "--mwviz")
    result.assert_outcomes(passed=1)
    assert report(result) == "mwviz: no request went through a Starlette or FastAPI app\n"


def test_the_fixture_holds_an_order(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        from shop import app

        def test_holds(mwviz):
            mwviz.assert_order(app, "Outer > Gate > Inner")
            assert mwviz.trace(app).response.status == 200
            assert [layer.name for layer in mwviz.inspect(app).layers][1:4] == ["Outer", "Gate", "Inner"]
            assert len(mwviz.routes(app).routes) == 3

        def test_does_not_hold(mwviz):
            mwviz.assert_order("shop:app", "Inner > Outer")
        """
    )
    result = ran(suite, "--mwviz")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            '>*mwviz.assert_order("shop:app", "Inner > Outer")',
            "E*expected  Inner > Outer",
            "E*Inner must stand outside of Outer, but stands inside of it.",
            "E*→ shop.py:* registers both: change the order in which it does, so that Inner stands outside.",
        ]
    )
    assert "asserting.py" not in result.stdout.str()
    # a probe is no request of the suite's
    assert report(result) == "mwviz: no request went through a Starlette or FastAPI app\n"


def test_a_probe_sees_the_same_beside_a_watched_suite(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import asyncio
        from shop import app, call

        def test_twice(mwviz):
            before = mwviz.trace(app)
            asyncio.run(call(app))
            stack = app.middleware_stack
            after = mwviz.trace(app)
            assert app.middleware_stack is stack
            asyncio.run(call(app))
            assert before.layers == after.layers
            assert before.request_order == after.request_order == tuple(range(len(after.layers)))
            assert after.notes == before.notes == ()
        """
    )
    result = ran(suite, "--mwviz")
    result.assert_outcomes(passed=1)
    assert "    2  Outer > Gate > Inner" in report(result)


def test_what_is_imported_late_and_vendored_is_watched(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import asyncio, importlib, pathlib, shutil, sys

        def test_late():
            from shop import app, call
            import starlette
            copy = pathlib.Path("vendored/starlette")
            copy.mkdir(parents=True)
            shutil.copy(pathlib.Path(starlette.__file__).parent / "applications.py", copy)
            sys.path.insert(0, ".")
            other = importlib.import_module("vendored.starlette.applications")
            assert other.Starlette is not type(app)
            asyncio.run(call(other.Starlette(middleware=app.user_middleware)))
        """
    )
    result = ran(suite, "--mwviz")
    result.assert_outcomes(passed=1)
    assert report(result).splitlines()[1:] == ["  Starlette: 1 request", "    1  Outer > Gate > Inner"]


def test_a_probe_may_be_the_first_to_import_the_framework(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import asyncio, sys

        def test_it(mwviz):
            assert "starlette" not in sys.modules
            mwviz.assert_order("shop:app", "Outer > Gate > Inner")
            from shop import app, call
            asyncio.run(call(app))
        """
    )
    result = ran(suite, "--mwviz")
    result.assert_outcomes(passed=1)
    assert report(result).splitlines()[1:] == ["  shop:app: 1 request", "    1  Outer > Gate > Inner"]


def test_a_constructor_that_raises_runs_once_and_raises_the_same(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import asyncio
        import pytest
        from shop import Starlette, Middleware, call

        class Broken:
            made = 0
            def __init__(self, app):
                Broken.made += 1
                raise LookupError("as ever")

        def test_raises():
            with pytest.raises(LookupError, match="as ever"):
                app = Starlette(middleware=[Middleware(Broken)])
                asyncio.run(call(app))
            assert Broken.made == 1
        """
    )
    result = ran(suite, "--mwviz")
    result.assert_outcomes(passed=1)
    assert report(result) == "mwviz: no request went through a Starlette or FastAPI app\n"


@pytest.mark.parametrize("broken", ["tally.Tally.begin", "stacks.StackRecorder.survey", "stacks.StackRecorder.build"])
def test_a_failure_of_ours_fails_no_test_and_is_told(suite: pytest.Pytester, broken: str) -> None:
    module, name, method = broken.split(".")
    suite.makeconftest(
        f"""
        from mwviz.collect.suite import {module}

        def fail(*_):
            raise ZeroDivisionError("a defect of ours")

        {module}.{name}.{method} = fail
        """
    )
    suite.makepyfile(
        """
        import asyncio
        from shop import Middleware, Outer, Starlette, call

        def test_it():
            app = Starlette(middleware=[Middleware(Outer)])
            assert asyncio.run(call(app)) == 404
        """
    )
    result = ran(suite, "--mwviz")
    result.assert_outcomes(passed=1)
    assert result.ret == 0
    assert "ZeroDivisionError: a defect of ours" in report(result)


def test_no_file_is_read_while_an_event_loop_runs(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import asyncio, io, os
        from shop import app, call

        def blocking(original):
            def checked(*args, **kwargs):
                try:
                    asyncio.get_running_loop()
                except RuntimeError:
                    return original(*args, **kwargs)
                raise BlockingIOError("as blockbuster has it")
            return checked

        def test_it(monkeypatch):
            for holder, name in ((os.path, "abspath"), (os, "stat"), (os, "readlink"), (os, "lstat"), (io, "open")):
                monkeypatch.setattr(holder, name, blocking(getattr(holder, name)))
            asyncio.run(call(app))
        """
    )
    result = ran(suite, "--mwviz")
    assert result.ret == 0
    assert report(result).splitlines()[1:] == ["  shop:app: 1 request", "    1  Outer > Gate > Inner"]


CONTRACTS = """
app = "shop.py:app"

[[contracts]]
name = "kept"
layers = ["Outer", "Inner"]

[[contracts]]
name = "edge"
layers = ["Inner", "Outer"]

[[contracts]]
name = "routes"
paths = ["/*"]
layers = ["Inner", "Outer"]

[[contracts]]
name = "faulted"
on_faults = ["x-request-id"]
"""
FOR_ROUTES = "it is for routes, and layers of mounts and routes are not observed here: `mwviz check` holds it"
TWICE = "import asyncio\nfrom shop import app, call\n\n" + "".join(
    f"def test_{number}():\n    asyncio.run(call(app))\n" for number in range(2)
)


def test_a_contract_of_two_apps_of_one_name_is_held_once(suite: pytest.Pytester) -> None:
    apps = "".join(f'[[apps]]\nname = "{name}"\napp = "shop:app"\n' for name in "ab")
    (suite.path / "mwviz.toml").write_text(f'[[contracts]]\nname = "edge"\nlayers = ["Inner", "Outer"]\n{apps}')
    suite.makepyfile(TWICE)
    told = report(ran(suite, "--mwviz"))
    assert "edge: Inner must stand outside of Outer, but stands inside of it (2 requests)" in told


def test_files_tell_of_contracts_too(suite: pytest.Pytester) -> None:
    (suite.path / "mwviz.toml").write_text(CONTRACTS)
    suite.makepyfile(TWICE)
    ran(suite, "--mwviz-report", "all.json")
    ran(suite, "--mwviz-report", "all.html")
    told = json.loads(Path("all.json").read_text("utf-8"))
    assert [len(told[key]) for key in ("broken", "unheld")] == [1, 2]
    page = Path("all.html").read_text("utf-8")
    assert "Contracts not held here" in page
    assert told["unheld"][0] in page


def test_a_report_elsewhere_leads_no_second_run_away_from_the_configuration(
    suite: pytest.Pytester, tmp_path: Path
) -> None:
    if any((folder / "pyproject.toml").is_file() for folder in suite.path.parents):
        pytest.skip("the temporary folder lies in a project, and that is the root")
    # pytest takes a file that is there already for a test, and guesses its root from it
    (suite.path / "tox.ini").unlink()
    (suite.path / "mwviz.toml").write_text(CONTRACTS)
    suite.makepyfile(TWICE)
    first, second = (
        report(ran(suite, "--mwviz-report", str(tmp_path / "all.json"), "-p", "no:cacheprovider")) for _ in "ab"
    )
    assert "contract broken: shop:app, edge" in first
    assert second == first


@pytest.mark.parametrize("workers", [(), ("-n2", "-p", "xdist.plugin")], ids=["alone", "xdist"])
def test_contracts_that_a_request_broke_are_told(suite: pytest.Pytester, workers: tuple[str, ...]) -> None:
    if workers:
        pytest.importorskip("xdist")
    (suite.path / "mwviz.toml").write_text(CONTRACTS)
    suite.makepyfile(TWICE)
    result = ran(suite, "--mwviz", *workers)
    assert result.ret == 0
    told = [line for line in report(result).splitlines() if "contract" in line]
    not_held = "  contract not held: shop:app, "
    assert told == [
        "  contract broken: shop:app, edge: Inner must stand outside of Outer, but stands inside of it (2 requests)",
        f"{not_held}routes: {FOR_ROUTES}",
        f"{not_held}faulted: `on_faults` is for faults that mwviz makes itself, and in a suite it makes none",
    ]


def test_a_bad_configuration_is_told_and_fails_nothing(suite: pytest.Pytester) -> None:
    (suite.path / "mwviz.toml").write_text("contratcs = []\n")
    suite.makepyfile(TWICE)
    result = ran(suite, "--mwviz")
    assert result.ret == 0
    assert "  contract not held: none of the configuration: " in report(result)
    assert "did you mean `contracts`?" in report(result)


def test_a_worker_that_dies_is_told_of(suite: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    suite.makepyfile("import os\n\ndef test_dies():\n    os._exit(3)\n")
    result = ran(suite, "-n1", "-p", "xdist.plugin", "--mwviz", "--max-worker-restart=0")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "  not observed: What worker gw0 saw is missing: it ended without a word." in report(result)


HOSTILE = """
import asyncio
from shop import Middleware, Outer, Starlette, call

Evil = type("<script>alert(1)</script>\\x1b[31m", (Outer,), {})
app = Starlette(middleware=[Middleware(Evil)])

def test_it():
    asyncio.run(call(app))
"""


def test_the_reports_of_a_file_hold_all_and_no_live_markup(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_hostile=HOSTILE)
    for name in ("all.html", "all.json"):
        result = ran(suite, "--mwviz-report", name)
        assert result.ret == 0
        assert report(result).startswith("mwviz: 1 request through 1 app, 1 request order\n")
        assert "\x1b" not in result.stdout.str()
    page = Path("all.html").read_text("utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "\x1b" not in page
    told = json.loads(Path("all.json").read_text("utf-8"))
    assert (told["format"], told["requests"]) == ("mwviz.suite/1", 1)
    (app,) = told["apps"]
    assert (app["name"], app["requests"], app["never_reached"]) == ("test_hostile:app", 1, [])
    assert app["orders"] == [{"layers": [layer["label"] for layer in app["layers"]], "requests": 1}]
    assert app["layers"][1]["registered_at"] == {"file": "test_hostile.py", "line": 5}


def test_a_report_that_cannot_be_written_is_told_and_fails_nothing(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(): ...\n")
    result = ran(suite, "--mwviz-report", "missing/all.html")
    assert result.ret == 0
    assert "not observed: No report was written to missing/all.html: FileNotFoundError" in report(result)


def test_a_report_of_no_known_kind_is_refused_before_any_test(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_it(): ...\n")
    result = ran(suite, "--mwviz-report", "all.txt")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--mwviz-report all.txt: the file's ending must be one of .html, .json."])


def test_pytest_finds_the_plugin_by_its_entry_point(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed = tmp_path / "site" / "mwviz-0.0.0.dist-info"
    installed.mkdir(parents=True)
    declared = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text("utf-8")
    entry = re.search(r'^\[project\.entry-points\.pytest11\]\n(mwviz = )"(.+)"$', declared, re.MULTILINE)
    assert entry is not None
    (installed / "entry_points.txt").write_text(f"[pytest11]\n{entry[1]}{entry[2]}\n")
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: mwviz\nVersion: 0.0.0\n")
    (installed / "RECORD").write_text("mwviz/__init__.py,,\nmwviz/plugins/pytest_plugin.py,,\n")
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(installed.parent), str(ROOT)]))
    suite.makepyfile("import asyncio\nfrom shop import app, call\n\ndef test_it():\n    asyncio.run(call(app))\n")
    result = suite.runpytest_subprocess("-q", "--mwviz")
    assert result.ret == 0
    assert report(result).startswith("mwviz: 1 request through 1 app")
