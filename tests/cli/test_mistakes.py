"""What users get wrong: exit code 2, one message that tells what to mend, nothing on stdout and nothing left behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import mwviz
from tests.cli.conftest import APP, LAYERED, Project, Ran

HOLDER = "\n\nclass Holder:\n    pass\n\n\nholder = Holder()\n"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A command, the message it must get (`{folder}` stands for the project's), and the frames shown below it.

    A frame is `main.py:2`, a file of the project and a line in it.
    """

    name: str
    arguments: tuple[str, ...]
    message: str
    files: Mapping[str, str] = field(default_factory=lambda: {"main.py": APP})
    frames: tuple[str, ...] = ()


TARGETS = (
    Mistake(
        "missing module",
        ("nope:app",),
        "There is no module 'nope' in {folder} or on Python's path. Is it spelled right? "
        "--app-dir names another directory.",
    ),
    Mistake(
        "misspelled module",
        ("mian:app",),
        "There is no module 'mian' in {folder} or on Python's path. Did you mean 'main'?",
    ),
    Mistake(
        "missing submodule",
        ("shop.mian:app",),
        "There is no module 'shop.mian' in {folder} or on Python's path. Did you mean 'shop.main'?",
        {"shop/__init__.py": "", "shop/main.py": APP},
    ),
    Mistake(
        "submodule of what is no package",
        ("main.sub:app",),
        "There is no module 'main.sub' in {folder} or on Python's path. Is it spelled right? "
        "--app-dir names another directory.",
    ),
    Mistake(
        "missing parent of a submodule",
        ("no.such.thing:app",),
        "There is no module 'no.such.thing' in {folder} or on Python's path. Is it spelled right? "
        "--app-dir names another directory.",
    ),
    Mistake(
        "missing import inside the app",
        ("main:app",),
        "'main' raised ModuleNotFoundError: No module named 'not_installed_here' while it was imported. "
        f"Is it installed where mwviz runs ({sys.prefix})?",
        {"main.py": "import os\nimport not_installed_here\n"},
        ("main.py:2",),
    ),
    Mistake(
        "missing import inside the app's own package",
        ("shop.main:app",),
        "'shop.main' raised ModuleNotFoundError: No module named 'shop.models' while it was imported.",
        {"shop/__init__.py": "", "shop/main.py": "import shop.models\n"},
        ("shop/main.py:1",),
    ),
    Mistake(
        "missing import whose name begins the app's",
        ("shopping:app",),
        "'shopping' raised ModuleNotFoundError: No module named 'shop' while it was imported. "
        f"Is it installed where mwviz runs ({sys.prefix})?",
        {"shopping.py": "import shop\n"},
        ("shopping.py:1",),
    ),
    Mistake(
        "exception inside the app",
        ("main:app",),
        "'main' raised RuntimeError: no database while it was imported.",
        {
            "main.py": "import helper\n",
            "helper.py": "def connect():\n    raise RuntimeError('no database')\n\nconnect()",
        },
        ("main.py:1", "helper.py:4", "helper.py:2"),
    ),
    Mistake(
        "exception of a kind that except Exception lets through",
        ("main:app",),
        "'main' raised Stop: now while it was imported.",
        {"main.py": "class Stop(BaseException):\n    pass\n\nraise Stop('now')\n"},
        ("main.py:4",),
    ),
    Mistake(
        "exception that cannot be shown",
        ("main:app",),
        "'main' raised Mute: (its __str__ raised ValueError) while it was imported.",
        {"main.py": "class Mute(Exception):\n    def __str__(self):\n        raise ValueError\n\nraise Mute\n"},
        ("main.py:5",),
    ),
    Mistake(
        "escape codes in the message",
        ("main:app",),
        r"'main' raised RuntimeError: \x1b[31mred\x07 while it was imported.",
        {"main.py": "raise RuntimeError(chr(27) + '[31mred' + chr(7))\n"},
        ("main.py:1",),
    ),
    Mistake(
        "sys.exit on import",
        ("main:app",),
        "'main' called sys.exit(0) while it was imported.",
        {"main.py": "import sys\n\nsys.exit(0)\n"},
        ("main.py:3",),
    ),
    Mistake(
        "os._exit on import",
        ("main:app",),
        "'main' called os._exit(3) while it was imported.",
        {"main.py": "import os\n\nos._exit(3)\n"},
        ("main.py:3",),
    ),
    Mistake(
        "sys.exit in a factory",
        ("main:create_app",),
        "The factory 'main:create_app' called sys.exit(set DATABASE_URL) while it made the app.",
        {"main.py": "import sys\n\ndef create_app():\n    sys.exit('set DATABASE_URL')\n"},
        ("main.py:4",),
    ),
    Mistake("wrong attribute", ("main:ap",), "'main' has no attribute 'ap'. Did you mean 'main:app'?"),
    Mistake(
        "attribute far off", ("main.py:server",), "'main.py' has no attribute 'server'. Did you mean 'main.py:app'?"
    ),
    Mistake(
        "wrong dotted attribute",
        ("main:holder.ap",),
        "'main:holder' has no attribute 'ap'. Did you mean 'main:holder.app'?",
        {"main.py": APP + HOLDER + "holder.app = app\n"},
    ),
    Mistake(
        "dotted attribute with nothing like it",
        ("main:holder.app",),
        "'main:holder' has no attribute 'app'.",
        {"main.py": APP + HOLDER},
    ),
    Mistake(
        "property that raises",
        ("main:holder.app",),
        "'main:holder.app' raised RuntimeError: not yet while it was looked up.",
        {
            "main.py": "class Holder:\n    @property\n    def app(self):\n        raise RuntimeError('not yet')\n\n"
            "holder = Holder()\n"
        },
        ("main.py:4",),
    ),
    Mistake(
        "factory with arguments",
        ("main:create_app",),
        "'main:create_app' looks like a factory, but needs arguments (settings, debug): "
        "name a function without arguments that returns the app.",
        {"main.py": "def create_app(settings, debug, *more, color=None, **rest): ...\n"},
    ),
    Mistake(
        "async factory",
        ("main:create_app",),
        "'main:create_app' is an async function: a factory must return the app when it is called.",
        {"main.py": APP + "\nasync def create_app():\n    return app\n"},
    ),
    Mistake(
        "factory that raises",
        ("main:create_app()",),
        "The factory 'main:create_app()' raised ValueError: no settings while it made the app.",
        {"main.py": "def create_app():\n    raise ValueError('no settings')\n"},
        ("main.py:2",),
    ),
    Mistake(
        "factory that returns no app",
        ("main:create_app",),
        "The factory 'main:create_app' returned an object of class NoneType: "
        "no Starlette or FastAPI app was found in it.",
        {"main.py": "def create_app():\n    pass\n"},
    ),
    Mistake(
        "no factory at all",
        ("main:app", "--factory"),
        "'main:app' is an object of class int: it cannot be called as a factory.",
        {"main.py": "app = 42\n"},
    ),
    Mistake(
        "no ASGI app",
        ("main:app",),
        "'main:app' is an object of class int: no Starlette or FastAPI app was found in it. "
        "Name the app object, or a function without arguments that returns it.",
        {"main.py": "app = 42\n"},
    ),
    Mistake(
        "ASGI app without Starlette in it",
        ("main:app",),
        "'main:app' is an object of class function: no Starlette or FastAPI app was found in it. "
        "Name the app object, or a function without arguments that returns it.",
        {"main.py": "async def app(scope, receive, send): ...\n"},
    ),
    Mistake("missing file", ("mian.py",), "There is no file 'mian.py' in {folder}. It has main.py."),
    Mistake("missing folder of a file", ("src/main.py:app",), "There is no file 'src/main.py' in {folder}."),
    Mistake(
        "file that is a directory",
        ("main.py",),
        "'main.py' is a directory without an __init__.py: name a file in it. It has shop.py.",
        {"main.py/shop.py": APP},
    ),
    Mistake(
        "file of another language", ("./main.js",), "'main.js' is no Python file: it must end in .py.", {"main.js": ""}
    ),
    Mistake(
        "file with an impossible name",
        ("x" * 300 + ".py",),
        "'" + "x" * 300 + ".py' cannot be read: File name too long.",
    ),
    Mistake(
        "empty target", ("",), "'' is neither a module nor a file: write 'package.module:attribute' or 'main.py:app'."
    ),
    Mistake(
        "no module before the colon",
        (":app",),
        "':app' is neither a module nor a file: write 'package.module:attribute' or 'main.py:app'.",
    ),
    Mistake(
        "no attribute after the colon",
        ("main:",),
        "'main:' names no attribute after its ':': write it as 'package.module:attribute'.",
    ),
    Mistake(
        "name that no module can have",
        ("my-app:app",),
        "'my-app:app' is neither a module nor a file: write 'package.module:attribute' or 'main.py:app'.",
    ),
    Mistake(
        "nothing to discover",
        (),
        "No app was named, and none of main.py, app.py, api.py, app/main.py, app/app.py, app/api.py is in {folder}. "
        "Name it as 'package.module:attribute' or 'main.py:app', or set `app` in [tool.mwviz] of pyproject.toml.",
        {"server.py": APP},
    ),
    Mistake(
        "module without an app",
        (),
        "No Starlette or FastAPI app was found in 'main.py': name the object as 'main.py:NAME'.",
        {"main.py": "value = 1\n"},
    ),
    Mistake(
        "module with a factory only",
        ("shop",),
        "No Starlette or FastAPI app was found in 'shop': it has a function create_app: try 'shop:create_app'.",
        {"shop.py": "def create_app(): ...\n"},
    ),
    Mistake(
        "no factory to discover",
        ("shop", "--factory"),
        "No Starlette or FastAPI app was found in 'shop': name the object as 'shop:NAME'.",
        {"shop.py": "value = 1\n"},
    ),
    Mistake(
        "configured app that is not there",
        (),
        "There is no module 'nope' in {folder} or on Python's path. Is it spelled right? "
        "--app-dir names another directory.",
        {"main.py": APP, "mwviz.toml": "app = 'nope:app'\n"},
    ),
)

ENDINGS = ".txt, .json, .md, .mmd, .dot, .gv, .svg, .png, .pdf, .html"
OPTIONS = (
    Mistake("header without a colon", ("main:app", "-H", "nope"), "'nope' is no header: write it as 'Name: value'."),
    Mistake("header without a name", ("main:app", "-H", ": x"), "': x' is no header: write it as 'Name: value'."),
    Mistake(
        "header with a newline",
        ("main:app", "-H", "a: b\r\nevil: c"),
        "The value of header 'a' holds a control character: no server would let it through.",
    ),
    Mistake(
        "preflight from a newline",
        ("main:app", "--preflight", "http://a\n"),
        "The value of header 'origin' holds a control character: no server would let it through.",
    ),
    Mistake(
        "ending that tells no format",
        ("main:app", "-o", "out.docx"),
        f"'out.docx' tells no format: end it in {ENDINGS}, or give -f FORMAT.",
    ),
    Mistake(
        "no ending",
        ("main:app", "-o", "out"),
        f"'out' tells no format: end it in {ENDINGS}, or give -f FORMAT.",
    ),
    Mistake(
        "output to a missing folder",
        ("main:app", "-o", "no/out.json"),
        "'no/out.json' cannot be written: 'no' is no directory.",
    ),
    Mistake(
        "output into a file",
        ("main:app", "-o", "main.py/out.json"),
        "'main.py/out.json' cannot be written: 'main.py' is no directory.",
    ),
    Mistake(
        "output that is a directory",
        ("main:app", "-o", "out.json"),
        "'out.json' cannot be written: it is a directory.",
        {"main.py": APP, "out.json/kept": ""},
    ),
    Mistake(
        "output over Python source",
        ("main:app", "-o", "main.py", "-f", "json"),
        "'main.py' is not written: results never go over a .py file.",
    ),
    Mistake(
        "output over a TOML file",
        ("main:app", "-o", "new.TOML"),
        "'new.TOML' is not written: results never go over a .toml file.",
    ),
    Mistake(
        "output with an impossible name",
        ("main:app", "-o", "x" * 300 + ".json"),
        "'" + "x" * 300 + ".json' cannot be written: File name too long.",
    ),
    Mistake(
        "PATH without a slash", ("main:app", "items"), "PATH 'items' does not begin with '/' (then the query, if any)."
    ),
    Mistake(
        "PATH that is a URL",
        ("main:app", "http://ann:secret@shop/items?page=2"),
        "PATH 'http://ann:***@shop/items?page=2' does not begin with '/': did you mean '/items?page=2'?",
    ),
    Mistake("two PATHs", ("/a", "/b"), "Both '/a' and '/b' look like PATH: there is no file '/a'."),
    Mistake(
        "method with a space",
        ("main:app", "-X", "GET IT"),
        "'GET IT' is no HTTP method: try GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS.",
    ),
    Mistake(
        "empty method",
        ("main:app", "-X", ""),
        "'' is no HTTP method: try GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS.",
    ),
    Mistake(
        "method of a preflight",
        ("main:app", "--preflight", "http://a", "-X", "GET IT"),
        "'GET IT' is no HTTP method: try GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS.",
    ),
    Mistake("scheme", ("main:app", "--scheme", "ftp"), "'ftp' is no scheme of an HTTP request: http or https."),
    *(
        Mistake(
            f"timeout of {seconds}",
            ("main:app", "--timeout", seconds),
            f"A time limit of {seconds} seconds makes no sense: give a number above 0, and 604800 (a week) at most.",
        )
        for seconds in ("0", "-1", "nan", "inf", "1e+300")
    ),
    Mistake(
        "--raise with the real endpoint",
        ("main:app", "/items", "--raise"),
        "Only the stand-in endpoint raises on demand, and PATH goes to the real one: add --endpoint stand-in.",
    ),
    Mistake(
        "body from a missing file",
        ("main:app", "-d", "@nope.json"),
        "--data: 'nope.json' cannot be read: No such file or directory.",
    ),
    Mistake("missing --env-file", ("main:app", "--env-file", ".env"), "--env-file: there is no file '.env'."),
    Mistake("missing --app-dir", ("main:app", "--app-dir", "src"), "--app-dir 'src' is no directory."),
    Mistake(
        "--app-dir without an app",
        ("--app-dir", "src"),
        "No app was named, and none of main.py, app.py, api.py, app/main.py, app/app.py, app/api.py "
        "is in {folder}/src. "
        "Name it as 'package.module:attribute' or 'main.py:app', or set `app` in [tool.mwviz] of pyproject.toml.",
        {"main.py": APP, "src/empty": ""},
    ),
    Mistake(
        "missing --config", ("main:app", "--config", "no.toml"), "There is no configuration file '{folder}/no.toml'."
    ),
    Mistake(
        "broken configuration",
        ("main:app",),
        "{folder}/mwviz.toml is no valid TOML: Invalid value (at line 2, column 7).",
        {"main.py": APP, "mwviz.toml": "\napp = \n"},
    ),
    Mistake(
        "unknown key",
        ("main:app",),
        "{folder}/pyproject.toml: [tool.mwviz] has an unknown key `ap`: did you mean `app`?",
        {"main.py": APP, "pyproject.toml": "[tool.mwviz]\nap = 'main:app'\n"},
    ),
    Mistake(
        "unknown key of a contract",
        ("main:app",),
        "{folder}/pyproject.toml: [[tool.mwviz.contracts]] number 2 has an unknown key `layer`: did you mean `layers`?",
        {
            "main.py": APP,
            "pyproject.toml": "[[tool.mwviz.contracts]]\nonce = ['A']\n[[tool.mwviz.contracts]]\nlayer = ['A']\n",
        },
    ),
    Mistake(
        "wrong type",
        ("main:app", "--config", "own.toml"),
        "{folder}/own.toml: `app` in the top level must be a string, not a number.",
        {"main.py": APP, "own.toml": "app = 3\n"},
    ),
    Mistake(
        "--order with an unknown name",
        ("main:app", "--order", "Iner > Outer"),
        "--order names Iner, but the app has no user middleware of that name: did you mean Inner?",
        {"main.py": LAYERED},
    ),
    Mistake(
        "--order with a foreign name",
        ("main:app", "--order", "GZipMiddleware"),
        "--order names GZipMiddleware, but the app has no user middleware of that name: it has Outer, Inner.",
        {"main.py": LAYERED},
    ),
    Mistake(
        "--order with a name twice",
        ("main:app", "--order", "Inner > Outer > Inner"),
        "--order names Inner 2 times: once is enough.",
        {"main.py": LAYERED},
    ),
    Mistake(
        "empty --order",
        ("main:app", "--order", ""),
        "--order wants names with '>' between them, outermost first, such as \"Outer > Inner\".",
        {"main.py": LAYERED},
    ),
    Mistake(
        "--order with nothing to order",
        ("main:app", "--order", "A > B"),
        "--order has nothing to order: the app has no user middleware.",
    ),
)


def check(project: Project, mistake: Mistake, ran: Ran) -> None:
    assert ran.code == 2
    assert ran.stdout == ""
    first, *rest = ran.stderr.splitlines()
    assert first == "Error: " + mistake.message.replace("{folder}", str(project.folder))
    shown = re.findall(r'^  File "(.+)", line (\d+), in ', ran.stderr, re.MULTILINE)
    assert [f"{Path(file).relative_to(project.folder).as_posix()}:{line}" for file, line in shown] == list(
        mistake.frames
    )
    assert rest == [] if not shown else rest[-1] == "(--traceback shows the whole traceback)"


def names(mistakes: tuple[Mistake, ...]) -> list[str]:
    assert len({mistake.name for mistake in mistakes}) == len(mistakes)
    return [mistake.name for mistake in mistakes]


posix_messages = pytest.mark.skipif(os.name == "nt", reason="paths and messages of the system are written otherwise")


@posix_messages
@pytest.mark.parametrize("mistake", TARGETS, ids=names(TARGETS))
def test_broken_target(project: Project, mistake: Mistake) -> None:
    project.write(mistake.files)
    before = project.files()

    # where code of theirs raises, nothing of it may stay for the next test
    run = project.run if mistake.frames else project.call
    check(project, mistake, run("show", *mistake.arguments))

    assert project.files() == before


@posix_messages
@pytest.mark.parametrize("mistake", OPTIONS, ids=names(OPTIONS))
def test_broken_option(project: Project, mistake: Mistake) -> None:
    project.write(mistake.files)
    before = project.files()

    check(project, mistake, project.call("show", *mistake.arguments))

    assert project.files() == before


@posix_messages
@pytest.mark.parametrize("mistake", (TARGETS + OPTIONS)[::7], ids=names((TARGETS + OPTIONS)[::7]))
def test_a_process_of_its_own_says_the_same(project: Project, mistake: Mistake) -> None:
    project.write(mistake.files)
    before = project.files()

    check(project, mistake, project.run("show", *mistake.arguments))

    assert project.files() == before


def flat(text: str) -> str:
    """The words alone: some releases of Typer break lines elsewhere."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("arguments", "pieces"),
    [
        (("show", "main:app", "-f", "xml"), ("'-f' / '--format'", "'xml' is not one of 'table', 'tree'", "'html'.")),
        (("show", "main:app", "--endpoint", "fake"), ("'--endpoint'", "'fake' is not one of 'stand-in', 'real'.")),
        (("show", "main:app", "--timeout", "abc"), ("Invalid value for '--timeout'", "valid")),
        (("show", "main:app", "--ordr", "A"), ("No such option: --ordr", "--order")),
        (("show", "main:app", "-o"), ("Option '-o' requires an argument",)),
        (("show", "main:app", "/a", "/b"), ("unexpected extra argument", "/b")),
        (("shw",), ("No such command 'shw'",)),
    ],
    ids=" ".join,
)
def test_the_parser_of_the_command_line_says_what_it_does_not_know(
    project: Project, arguments: tuple[str, ...], pieces: tuple[str, ...]
) -> None:
    project.write({"main.py": APP})
    before = project.files()

    ran = project.call(*arguments)

    assert (ran.code, ran.stdout) == (2, "")
    for piece in pieces:
        assert piece in flat(ran.stderr)
    assert "Traceback" not in ran.stderr
    assert project.files() == before


@pytest.mark.parametrize(
    ("source", "pieces"),
    [
        (
            "x = 1\nif x:\napp = 1\n",
            ("SyntaxError:\n", "main.py", "line 3", "IndentationError: expected an indented block"),
        ),
        ("import helper\n", ("helper.py", "line 1", "    def f(:", "SyntaxError: invalid syntax")),
        ("value = 1\0\n", ("source code string cannot contain null bytes",)),
    ],
    ids=["indentation", "in another file", "null bytes"],
)
def test_source_that_python_cannot_read_is_shown_with_its_line(
    project: Project, source: str, pieces: tuple[str, ...]
) -> None:
    project.write({"main.py": source, "helper.py": "def f(:\n    pass\n"})

    ran = project.run("show", "main:app")

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("Error: 'main' raised ")
    for piece in pieces:
        assert piece in ran.stderr
    assert "importlib" not in ran.stderr
    assert str(Path(mwviz.__file__).parent) not in ran.stderr


def test_the_whole_traceback_is_shown_when_it_is_asked_for(project: Project) -> None:
    project.write({"main.py": "import helper\n", "helper.py": "raise RuntimeError('no database')\n"})

    short, whole = (project.call("show", "main:app", *more) for more in ((), ("--traceback",)))

    assert "Traceback" not in short.stderr
    assert whole.stderr.startswith("Error: 'main' raised RuntimeError: no database while it was imported.\nTraceback ")
    assert whole.stderr.endswith("RuntimeError: no database\n")
    assert "importlib" in whole.stderr


def test_the_output_of_an_earlier_run_survives_a_mistake(project: Project) -> None:
    project.write({"main.py": "import sys\nprint('half')\nsys.exit(0)\n", "out.json": "earlier"})
    before = project.files()

    assert project.run("show", "main:app", "-o", "out.json").code == 2

    assert project.files() == before


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_picture_is_not_thrown_at_a_terminal(project: Project) -> None:
    project.write({"main.py": APP})
    own, theirs = os.openpty()
    try:
        done = subprocess.run(
            project.command("show", "main:app", "-f", "png"),
            cwd=project.folder, env=project.environment(), stdout=theirs, stderr=subprocess.PIPE, timeout=60,
            encoding="utf-8", check=False,
        )  # fmt: skip
        os.set_blocking(own, False)
        with pytest.raises(BlockingIOError):
            os.read(own, 1)
    finally:
        os.close(own)
        os.close(theirs)

    assert done.returncode == 2
    assert done.stderr == "Error: PNG is no text: write it with -o FILE.png, or redirect stdout.\n"


def test_nothing_is_imported_before_the_options_are_right(project: Project) -> None:
    project.write({"main.py": "open('imported', 'w').close()\n" + APP})

    assert project.call("show", "main:app", "-o", "no/out.json").code == 2

    assert "imported" not in project.files()
