"""`mwviz lock`: what it writes and where, and what `--check` says."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette

from tests.cli.conftest import APP, LAYERED, Project

HEAD = """\
# The accepted order of the middleware, outermost first; the framework's own layers are left out.
# Written by `mwviz lock` and held by `mwviz check`: commit it, and do not edit it.
format = "mwviz.lock/1"

layers = [
"""
OUTER = '  { layer = "Outer", is = "main.Outer", origin = "user", file = "main.py" },\n'
INNER = '  { layer = "Inner", is = "main.Inner", origin = "user", file = "main.py" },\n'
LOCK = f"{HEAD}{OUTER}{INNER}]\n"
SWAPPED = LAYERED.replace("[Middleware(Outer), Middleware(Inner)]", "[Middleware(Inner), Middleware(Outer)]")
SECRET = """\
from starlette.applications import Starlette
from starlette.middleware import Middleware


class Signer:
    def __init__(self, app, **options):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


app = Starlette(
    middleware=[Middleware(Signer, secret_key="KEY", url="redis://me:KEY@host/0", headers={"authorization": "KEY"})]
)
"""
ROUTED = f"""{LAYERED}
from starlette.responses import PlainTextResponse


async def home(request):
    return PlainTextResponse("")


app.router.add_route("/", home)
app.router.add_route("/other", home)
"""


def test_the_lock_is_written_whole(project: Project) -> None:
    project.write({"main.py": LAYERED})

    ran = project.run("lock")

    assert (ran.code, ran.stdout, ran.stderr) == (0, "", "Wrote mwviz.lock: 2 layers.\n")
    assert (project.folder / "mwviz.lock").read_text("utf-8") == LOCK
    assert set(project.files()) == {"main.py", "mwviz.lock"}


def test_it_lies_beside_the_configuration(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write({"main.py": LAYERED, "mwviz.toml": 'app = "main:app"\n', "deep/down/here.txt": ""})
    monkeypatch.chdir(project.folder / "deep" / "down")

    assert project.call("lock").code == 0
    assert (project.folder / "mwviz.lock").read_text("utf-8") == LOCK
    assert project.call("lock", "--check").code == 0


def test_a_lock_that_is_kept(project: Project) -> None:
    project.write({"main.py": LAYERED, "mwviz.lock": LOCK})

    ran = project.call("lock", "--check")

    assert (ran.code, ran.stdout, ran.stderr) == (0, "mwviz.lock → main.py\n\nNo difference in 2 layers.\n", "")


def test_a_stale_lock_is_told_and_left_as_it_is(project: Project) -> None:
    project.write({"main.py": "# a line more\n" + SWAPPED, "mwviz.lock": LOCK})

    ran = project.call("lock", "--check")

    told = """\
mwviz.lock → main.py

  Inner
> Outer  moved inward: was the outermost

1 moved.
"""
    assert (ran.code, ran.stdout, ran.stderr) == (1, told, "")
    assert (project.folder / "mwviz.lock").read_text("utf-8") == LOCK
    assert project.call("lock").code == 0
    assert (project.folder / "mwviz.lock").read_text("utf-8") == f"{HEAD}{INNER}{OUTER}]\n"


def test_without_a_lock_there_is_nothing_to_check(project: Project) -> None:
    project.write({"main.py": LAYERED})

    ran = project.call("lock", "--check")

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr == f"Error: There is no mwviz.lock in {project.folder}: `mwviz lock` writes it.\n"


def test_a_broken_lock_is_a_mistake_and_told_with_its_line(project: Project) -> None:
    project.write({"main.py": LAYERED, "mwviz.lock": LOCK.replace('is = "main.Inner"', "is = main")})

    ran = project.call("lock", "--check")

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"Error: {project.folder / 'mwviz.lock'}:7: this is no valid TOML: ")
    assert project.call("lock").code == 0
    assert (project.folder / "mwviz.lock").read_text("utf-8") == LOCK


def test_secrets_are_not_in_it(project: Project) -> None:
    project.write({"main.py": SECRET})

    assert project.call("lock").code == 0

    text = (project.folder / "mwviz.lock").read_text("utf-8")
    assert "KEY" not in text
    told = """arguments = { secret_key = "***", url = "'redis://me:***@host/0'", headers = "{'authorization': ***}" }"""
    assert told in text
    project.write({"main.py": SECRET.replace("KEY", "ANOTHER")})
    assert project.call("lock", "--check").code == 0


def test_the_path_of_the_project_is_not_in_it(project: Project) -> None:
    app = LAYERED.replace("Middleware(Inner)", "Middleware(Inner2, folder=__import__('os').path.dirname(__file__))")
    inner = "class Inner2(Outer):\n    def __init__(self, app, folder):\n        self.app = app\n\n\napp = "
    project.write({"main.py": app.replace("\napp = ", "\n" + inner)})

    assert project.call("lock").code == 0

    assert """arguments = { folder = "'.""" in (project.folder / "mwviz.lock").read_text("utf-8")
    assert str(project.folder.parent) not in (project.folder / "mwviz.lock").read_text("utf-8")


def test_a_lock_is_kept_in_a_folder_with_a_longer_name(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    argument = "where=__import__('os').path.join(__import__('os').path.dirname(__file__), 'static')"
    app = LAYERED.replace("(self, app)", "(self, app, where=None)").replace("(Inner)", f"(Inner, {argument})")
    lock = LOCK.replace(INNER, INNER.replace(" }", """, arguments = { where = "'./static'" } }"""))
    longer = project.folder / ("a" * 60)
    project.write({f"{longer.name}/main.py": app, f"{longer.name}/mwviz.lock": lock})
    monkeypatch.chdir(longer)

    ran = project.call("lock", "--check")

    assert (ran.code, ran.stdout) == (0, "mwviz.lock → main.py\n\nNo difference in 2 layers.\n")


def test_routes_are_held_if_asked_for_and_from_then_on(project: Project) -> None:
    project.write({"main.py": ROUTED})
    held = LOCK + (
        "\n# what a request to a route passes beyond the app's own layers above\n"
        '[[routes]]\npaths = [\n  "GET /",\n  "GET /other",\n]\n'
    )

    assert project.call("lock", "--routes").stderr == "Wrote mwviz.lock: 2 layers, 2 routes.\n"
    assert (project.folder / "mwviz.lock").read_text("utf-8") == held
    assert project.call("lock").code == 0
    assert (project.folder / "mwviz.lock").read_text("utf-8") == held
    project.write({"main.py": ROUTED.replace('"/other"', '"/new"')})
    ran = project.call("lock", "--check")
    assert (ran.code, ran.stdout) == (
        1,
        "mwviz.lock → main.py\n\nRoutes\n- GET /other\n+ GET /new\n\n1 added, 1 removed.\n",
    )
    assert project.call("lock", "--no-routes").code == 0
    assert (project.folder / "mwviz.lock").read_text("utf-8") == LOCK


def test_an_app_that_cannot_be_built_is_not_locked(project: Project) -> None:
    if Starlette().middleware_stack is not None:
        pytest.skip("this Starlette builds the stack in the constructor: there is no app to lock")
    project.write({"main.py": LAYERED.replace("self.app = app", 'raise ValueError("no")')})

    ran = project.call("lock", "--routes")

    assert (ran.code, ran.stdout) == (1, "")
    assert "ValueError: no\n" in ran.stderr
    assert "mwviz.lock" not in project.files()


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_an_app_whose_startup_fails_is_not_locked(project: Project, options: list[str]) -> None:
    fails = "async def fails(scope, receive, send):\n    await receive()\n"
    fails += "    await send({'type': 'lifespan.startup.failed', 'message': 'no database'})\n"
    asked = "        if scope['type'] == 'lifespan':\n            return await fails(scope, receive, send)\n"
    answers = "        await self.app(scope, receive, send)"
    project.write({"main.py": fails + LAYERED.replace(answers, asked + answers), "mwviz.lock": LOCK})

    ran = project.call("lock", "--lifespan", *options)

    assert (ran.code, ran.stdout) == (1, "")
    assert "no database\n" in ran.stderr
    assert project.files()["mwviz.lock"] == LOCK.encode()


def test_a_layer_that_is_not_reached_is_locked_where_it_was_built_in(project: Project) -> None:
    start = "await send({'type': 'http.response.start', 'status': 204, 'headers': []})"
    answers = f"{start}; await send({{'type': 'http.response.body'}})"
    project.write({"main.py": LAYERED.replace("await self.app(scope, receive, send)", answers)})

    ran = project.call("lock")

    assert ran.code == 0
    assert ran.stderr.startswith("Note: the probe did not reach Inner, whose place is that of the built stack.\n")
    assert (project.folder / "mwviz.lock").read_text("utf-8") == LOCK


def test_an_app_without_layers(project: Project) -> None:
    project.write({"main.py": APP})

    assert project.call("lock").stderr == "Wrote mwviz.lock: 0 layers.\n"
    assert project.call("lock", "--check").code == 0


def test_a_folder_that_cannot_be_written_to(project: Project) -> None:
    project.write({"main.py": LAYERED, "mwviz.lock/in_the_way": ""})

    ran = project.call("lock")

    assert (ran.code, ran.stdout) == (2, "")
    assert "mwviz.lock' cannot be written: " in ran.stderr
