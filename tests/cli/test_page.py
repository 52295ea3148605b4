"""`mwviz show -f html`: several probes of one app, of which only the one asked for calls anything of the user's."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.cli.conftest import LAYERED, Project

#: Notes in a file whatever of the user's is called; `made` counts constructions.
APP = """\
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute


def note(what):
    with Path("notes").open("a") as file:
        file.write(what + "\\n")


note("imported")


class Outer:
    def __init__(self, app):
        note("made")
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            note("lifespan")
        await self.app(scope, receive, send)


async def home(request):
    note("home")
    return PlainTextResponse("hi")


async def chat(websocket):
    note("chat")
    await websocket.accept()
    await websocket.close()


layers = [Middleware(Outer), Middleware(CORSMiddleware, allow_origins=["https://page.example"])]
routes = [Route("/home", home), WebSocketRoute("/rooms/{room}", chat)]
app = Starlette(middleware=layers, routes=routes)
"""


def probes_of(text: str) -> dict[str, list[dict[str, Any]]]:
    """The steps of a page's probes by their kind, in its order."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return {probe["kind"]: probe["steps"] for probe in json.loads(found[1])["probes"]}


def noted(project: Project) -> list[str]:
    return sorted((project.folder / "notes").read_text("utf-8").split())


@pytest.mark.parametrize(
    ("asked", "kinds", "called"),
    [
        ((), ["normal", "preflight", "error", "websocket"], []),
        (("/home",), ["normal", "preflight", "error", "websocket"], ["home", "lifespan"]),
        (("/home", "--endpoint", "stand-in"), ["normal", "preflight", "error", "websocket"], []),
        (("--raise",), ["error", "normal", "preflight", "websocket"], []),
        (("--preflight", "https://page.example"), ["preflight", "normal", "error", "websocket"], []),
        (("/rooms/1", "--websocket"), ["websocket", "normal", "preflight", "error"], ["chat", "lifespan"]),
        (
            ("/home", "--lifespan", "--endpoint", "stand-in"),
            ["normal", "preflight", "error", "websocket"],
            ["lifespan"],
        ),
    ],
)
def test_nothing_of_the_users_is_called_more_often_than_without_it(
    project: Project, asked: tuple[str, ...], kinds: list[str], called: list[str]
) -> None:
    project.write({"main.py": APP})
    plain = project.call("show", "main:app", *asked, "-f", "json")
    before = noted(project)
    (project.folder / "notes").unlink()

    ran = project.call("show", "main:app", *asked, "-f", "html")

    assert (ran.code, list(probes_of(ran.stdout))) == (plain.code, kinds)
    assert noted(project) == before
    assert [what for what in before if what != "made"] == sorted(["imported", *called])


def test_a_preflight_comes_from_an_origin_that_the_app_accepts(project: Project) -> None:
    project.write({"main.py": APP})

    accepted = project.call("show", "main:app", "-f", "html").stdout
    own = project.call("show", "main:app", "-H", "Origin: https://evil.example", "-f", "html").stdout

    assert "https://page.example" in accepted
    assert "https://evil.example" in own
    assert "400 Bad Request" in own
    assert "400 Bad Request" not in accepted


def test_a_browser_sends_no_token_with_a_preflight(project: Project) -> None:
    project.write({"main.py": APP})
    text = project.call("show", "main:app", "-H", "X-Own: mine", "-H", "Host: a.example", "-f", "html").stdout
    sections = dict(re.findall(r'<section id="probe=(\w+)"(.*?)</section>', text, re.DOTALL))

    assert "x-own" in sections["normal"]
    assert "x-own" in sections["error"]
    assert "x-own" not in sections["preflight"]
    assert all("a.example" in section for section in sections.values())


def test_probes_that_go_the_same_way_are_told_and_not_shown(project: Project) -> None:
    project.write({"main.py": LAYERED})

    text = project.call("show", "main:app", "-f", "html").stdout

    assert list(probes_of(text)) == ["normal", "error"]
    assert "The preflight went the same way as the normal request." in text


HOLDS = LAYERED.replace(
    "        await self.app",
    "        if scope['method'] == 'OPTIONS':\n            {hold}\n        await self.app",
)


def test_one_of_the_others_that_hangs_is_shown_and_changes_no_exit_code(project: Project) -> None:
    project.write({"main.py": "import asyncio\n" + HOLDS.format(hold="await asyncio.sleep(99)")})

    ran = project.call("show", "main:app", "-f", "html", "--timeout", "0.2")

    assert ran.code == 0
    assert list(probes_of(ran.stdout)) == ["normal", "preflight", "error"]
    assert "timed out" in ran.stdout


def test_what_a_hanging_probe_left_in_a_layer_does_not_meet_the_next_one(project: Project) -> None:
    held = LAYERED.replace(
        "        await self.app",
        "        if scope['method'] == 'OPTIONS' or hasattr(self, 'held'):\n"
        "            self.held = True\n"
        "            await asyncio.sleep(99)\n"
        "        await self.app",
    )
    project.write({"main.py": "import asyncio\n" + held})

    last = {
        kind: steps[-1]["says"]
        for kind, steps in probes_of(project.call("show", "main:app", "-f", "html", "--timeout", "0.5").stdout).items()
    }

    assert last["preflight"] == "The request enters Outer."
    assert last["error"].startswith("ServerErrorMiddleware raises RuntimeError")


def test_one_of_the_others_that_cannot_be_interrupted_leaves_the_page_so_far(project: Project) -> None:
    hold = "threading.Event().wait()"  # in C, where no exception reaches the thread
    project.write({"main.py": "import threading\n" + HOLDS.format(hold=hold)})

    ran = project.run("show", "main:app", "-o", "page.html", "--timeout", "0.2", traced=False)

    assert (ran.code, ran.stdout) == (0, "")
    text = (project.folder / "page.html").read_text("utf-8")
    assert list(probes_of(text)) == ["normal", "preflight"]
    assert "No further probe was sent: the app did not come back from the last one." in text


def test_an_app_that_does_not_get_through_is_asked_once(project: Project) -> None:
    hanging = LAYERED.replace("await self.app", "await asyncio.sleep(99)\n        await self.app")
    project.write({"main.py": "import asyncio\n" + hanging})

    ran = project.call("show", "main:app", "-f", "html", "--timeout", "0.2")

    assert ran.code == 1
    assert list(probes_of(ran.stdout)) == ["normal"]
    assert "No other probe was sent to an app that did not get through this one." in ran.stdout


def test_a_constructor_that_raises_is_told_on_the_page(project: Project) -> None:
    project.write({"main.py": LAYERED.replace("self.app = app", "raise ValueError('no key')")})

    ran = project.call("show", "main:app", "-o", "page.html")

    if ran.code == 2:
        pytest.skip("this Starlette builds the stack when the app is made")
    assert (ran.code, ran.stdout) == (1, "")
    assert "ValueError: no key" in (project.folder / "page.html").read_text("utf-8")


@pytest.mark.parametrize(("command", "what"), [("routes", "Routes"), ("diff", "A difference")])
def test_other_commands_have_no_page_and_say_so(project: Project, command: str, what: str) -> None:
    project.write({"main.py": LAYERED})
    sides = ("main:app", "main:app") if command == "diff" else ("main:app",)

    ran = project.call(command, *sides, "-o", "page.html")

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"Error: {what} cannot be told as html: -f is one of ")
    assert set(project.files()) == {"main.py"}
