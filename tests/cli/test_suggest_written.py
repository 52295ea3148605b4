"""The code that `mwviz suggest` tells: how each registration is found in the source, and what of it is told."""

from __future__ import annotations

import json
import re

import pytest

from mwviz.render.suggest import SuggestFormat
from tests.cli.conftest import Project
from tests.cli.test_lint import AUTH, CORS, HEAD
from tests.cli.test_suggest import codes, told

MIDDLEWARE = "from starlette.middleware import Middleware\n"
LISTED = (
    "from starlette.middleware import Middleware\nfrom starlette.middleware.base import BaseHTTPMiddleware\n" + HEAD
)
ORIGINS = "allow_origins=['https://page.example']"
OPEN = f"Middleware(CORSMiddleware, {ORIGINS})"
FIRST, LAST = CORS.strip(), "app.add_middleware(Auth)"
#: what registers the layers, and what is to be written instead: form and text of each
SOURCES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "an alias of the method": (
        f"add = app.add_middleware\nadd(CORSMiddleware, {ORIGINS})\nadd(Auth)\n",
        [("call", "add(Auth)"), ("call", f"add(CORSMiddleware, {ORIGINS})")],
    ),
    "an alias of Middleware": (
        f"M = Middleware\napp = Starlette(middleware=[\n    M(Auth),\n    M(CORSMiddleware, {ORIGINS}),\n])\n",
        [("list", f"M(CORSMiddleware, {ORIGINS}),"), ("list", "M(Auth),")],
    ),
    "an alias of a class, on a line with others": (
        f"C = CORSMiddleware\napp = Starlette(middleware=[Middleware(Auth), Middleware(C, {ORIGINS})])\n",
        [("list", f"Middleware(C, {ORIGINS}),"), ("list", "Middleware(Auth),")],
    ),
    "functions, on one line": (
        (
            "async def a(request, call_next):\n    return JSONResponse({}, 401)\n\n"
            f"app = Starlette(middleware=[Middleware(BaseHTTPMiddleware, dispatch=a), Middleware(Auth), {OPEN}])\n"
        ),
        [("list", f"{OPEN},"), ("list", "Middleware(BaseHTTPMiddleware, dispatch=a),"), ("list", "Middleware(Auth),")],
    ),
    "a function that registers what it is given": (
        f"def add(cls):\n    app.add_middleware(cls)\n{CORS}add(Auth)\n",
        [("call", None), ("call", FIRST)],
    ),
    "entries from a comprehension": (
        f"app = Starlette(middleware=[*[Middleware(each) for each in (Auth, Id)], {OPEN}])\n",
        [("list", None), ("list", f"{OPEN},"), ("list", None)],
    ),
    "an entry that may be left out": (
        f"app = Starlette(middleware=[*([Middleware(Auth)] if HEAVY else []), {OPEN}])\n",
        [("list", f"{OPEN},"), ("list", None)],
    ),
    "an entry of a list, which has to stand outside of a call": (
        f"app = Starlette(middleware=[{OPEN}])\n{AUTH}",
        [("call", LAST), ("call", f"app.add_middleware(CORSMiddleware, {ORIGINS})")],
    ),
    "an entry of a list that is given more": (
        f"GIVEN = ()\napp = Starlette(middleware=[{OPEN[:-1]}, *GIVEN, **{{}})])\n{AUTH}",
        [("call", LAST), ("call", f"app.add_middleware(CORSMiddleware, *GIVEN, {ORIGINS}, **{{}})")],
    ),
    "a condition": (
        f"{CORS}if HEAVY:\n    app.add_middleware(Auth)\n",
        [("call", "if HEAVY:\n    app.add_middleware(Auth)"), ("call", FIRST)],
    ),
    "conditions in conditions": (
        (
            f"if HEAVY:\n    {CORS}    if not HEAVY:\n        pass\n    elif (HEAVY\n          is False):\n"
            "        pass\n    else:\n        app.add_middleware(Auth)\n"
        ),
        [
            (
                "call",
                (
                    "if HEAVY:\n    if not (not HEAVY):\n        if not (HEAVY is False):\n"
                    "            app.add_middleware(Auth)"
                ),
            ),
            ("call", f"if HEAVY:\n    {FIRST}"),
        ],
    ),
}


@pytest.mark.parametrize(("source", "lines"), SOURCES.values(), ids=SOURCES)
def test_each_registration_is_told_as_it_stands(
    project: Project, source: str, lines: list[tuple[str, str | None]]
) -> None:
    project.write({"main.py": f"{LISTED}HEAVY = True\n{source}"})
    # MW023 is about how layers are registered, which only the code as it is written here changes.
    code, found = told(project, "main", "--ignore", "MW023")
    assert (code, [(each["form"], each["text"]) for each in found["lines"]]) == (1, lines)
    if all(text is not None for _, text in lines):
        aliases = "".join(
            line for line in source.splitlines(True) if re.match(r"\w+ = [\w.()]+$|async|    return", line)
        )
        listed = "".join(text or "" for form, text in lines if form == "list")
        made = f"app = Starlette(middleware=[{listed}])\n" if listed else ""
        calls = "".join(f"{text}\n" for form, text in lines if form == "call")
        project.write({"written.py": f"{LISTED}HEAVY = True\n{aliases}{made}{calls}"})
        assert sorted(codes(project, "written", "--ignore", "MW023")) == sorted(
            [each["finding"]["code"] for each in found["left"]] + [each["code"] for each in found["revealed"]]
        )


def test_what_leaves_a_list_and_lies_in_several_functions_is_told_so(project: Project) -> None:
    source = f"app = Starlette(middleware=[{OPEN}])\ndef locked(app):\n    {AUTH}locked(app)\n"
    project.write({"main.py": LISTED + source})
    out = project.call("suggest", "main").stdout
    assert re.search(r"app\.add_middleware\(Auth\)  # line \d+, in locked$", out, re.MULTILINE)
    assert re.search(r"# line \d+, take it out of the list$", out, re.MULTILINE)
    assert [(each["registered_by"], each["registered_in"]) for each in told(project, "main")[1]["lines"]] == [
        ("call", "locked"), ("list", None),
    ]  # fmt: skip


def test_a_decorated_function_is_told_without_its_body(project: Project) -> None:
    pytest.importorskip("fastapi")
    source = HEAD.replace("app = Starlette()", "from fastapi import FastAPI\napp = FastAPI()") + CORS
    source += (
        '@app.middleware("http")\nasync def refuse(request: object, call_next, *, secret: str="hunter2") -> object:\n'
    )
    source += "    return JSONResponse({}, 401)\n"
    project.write({"main.py": source})
    assert told(project, "main")[1]["lines"][0]["text"] == (
        '@app.middleware("http")\n'
        "async def refuse(request: object, call_next, *, secret: str=***) -> object:\n"
        "    ...  # its body as it stands"
    )


SECRETS = """\
class Keyed(Id):
    def __init__(self, app, password=None, **given):
        self.app = app


app.add_middleware(Keyed, password="hunter1".upper(), pin=20202, backup=getenv("BACKUP_SECRET", "hunter3"))
app.add_middleware(Keyed, pair=("https://me:hunter4@host", "x"), tokens={"hunter5": "me"})
app.add_middleware(Keyed, hosts=["https://host:3000","me@host"])
app.add_middleware(
    Keyed,  # redis://me:hunter6@host
    make=lambda token="hunter7", *, key="hunter8": token,
)
if getenv("API_KEY", "hunter9") != "https://me:hunter10@host":
    app.add_middleware(Id)
"""


def test_no_secret_of_the_source_is_told(project: Project) -> None:
    project.write({"main.py": "from os import getenv\n" + HEAD + SECRETS + CORS + AUTH})
    for view in SuggestFormat:
        out = project.call("suggest", "main", "-f", view.value).stdout
        assert "make=lambda token" in out
        assert re.search(r"""hosts=\[(\\?["'])https://host:3000\1, ?\1me@host\1\]""", out)
        assert not re.search(r"hunter\d+|20202", out)


def test_a_secret_that_is_given_by_position_is_not_told(project: Project) -> None:
    pytest.importorskip("starlette", minversion="1.0")  # older ones take none, or take it for the app
    keyed = SECRETS.partition("\n\n\n")[0] + "\n\n\n"
    listed = f"app = Starlette(middleware=[Middleware(Auth), Middleware(Keyed, 'hunter2'), {OPEN}])\n"
    project.write({"main.py": MIDDLEWARE + HEAD + keyed + listed})
    out = json.dumps(told(project, "main")[1])
    assert "Middleware(Keyed, ***)," in out
    assert "hunter2" not in out


LONG = "app.add_middleware(Id, name='it\\'s a \"name\" of more than one or two words, so that it is long')\n"


def test_a_line_that_is_divided_stays_the_same_code(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    spaced, plain = LONG, f"app.add_middleware(Id, other=[{', '.join('ab' * 20)}])\n"
    head = HEAD.replace("class Id:\n    def __init__(self, app):", "class Id:\n    def __init__(self, app, **given):")
    head += "a = b = 1\n"
    project.write({"main.py": head + spaced + plain + CORS + AUTH})
    out = project.call("suggest", "main").stdout.partition("\n# added by calls")[2].partition("Try it")[0]
    assert spaced.strip() in out
    assert plain.strip() not in out
    project.write({"written.py": head + "\n".join(out.splitlines()[1:])})
    assert codes(project, "written") == codes(project, "main", "--order", "CORSMiddleware > Auth > Id > Id#2")
