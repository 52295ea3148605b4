"""mwviz as a process: stdout holds the result alone, and no app keeps it, fools it or takes its exit code."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import pytest

from mwviz import cli
from mwviz.cli import process
from mwviz.model import Trace
from tests.cli.conftest import APP, LAYERED, Project, Ran
from tests.render import diagram_traces

posix = pytest.mark.skipif(os.name == "nt", reason="shells and signals of POSIX")

#: What an app may print, and where; each line says NOISE.
PRINTS = {
    "print": "print('NOISE')",
    "the stdout of the start": "import sys; print('NOISE', file=sys.__stdout__)",
    "the file descriptor": "import os; os.write(1, b'NOISE\\n')",
    "another process": "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(\"NOISE\")'])",
    "a log handler": (
        "import logging, sys; log = logging.getLogger('shop'); "
        "log.handlers or log.addHandler(logging.StreamHandler(sys.stdout)); log.warning('NOISE')"
    ),
    "a stdout of its own": "import io, sys; sys.stdout = io.TextIOWrapper(io.FileIO(1, 'w', False)); print('NOISE')",
}


def middleware(body: str) -> str:
    """An app with one layer, `Layer`, that does `body` (statements) when a request comes."""
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    return f"""\
import asyncio, os, signal, sys, time
from starlette.applications import Starlette
from starlette.middleware import Middleware


class Layer:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
{lines}
        await self.app(scope, receive, send)


app = Starlette(middleware=[Middleware(Layer)])
"""


def trace_of(ran: Ran) -> dict[str, Any]:
    trace: dict[str, Any] = json.loads(ran.stdout)
    assert trace["format"] == "mwviz.trace/1"
    return trace


@pytest.mark.parametrize("how", PRINTS)
def test_what_the_app_prints_goes_to_stderr(project: Project, how: str) -> None:
    at_import = PRINTS[how].replace("NOISE", "IMPORTED")
    probed = PRINTS[how].replace("NOISE", "PROBED")
    project.write({"main.py": f"{at_import}\n{middleware(probed)}"})

    ran = project.run("show", "main:app", "-f", "json")

    assert ran.code == 0
    assert trace_of(ran)["response"]["status"] == 200
    assert ran.stderr.count("IMPORTED") == 1
    assert ran.stderr.count("PROBED") == 1


def test_exit_handlers_run_and_print_to_stderr(project: Project) -> None:
    handlers = (
        "import atexit, os\natexit.register(lambda: os.write(1, b'by hand\\n'))\natexit.register(print, 'good bye')\n"
    )
    project.write({"main.py": handlers + "atexit.register(lambda: open('closed', 'w').close())\n" + APP})

    ran = project.run("show", "main:app", "-f", "json")

    assert ran.code == 0
    assert trace_of(ran)["target"] == "main:app"
    assert sorted(ran.stderr.splitlines()) == ["by hand", "good bye"]
    assert "closed" in project.files()


def test_an_exit_handler_that_raises_changes_nothing(project: Project) -> None:
    project.write({"main.py": "import atexit, sys\natexit.register(sys.exit, 5)\n" + APP})

    ran = project.run("show", "main:app", "-f", "json")

    assert ran.code == 0
    assert trace_of(ran)["response"]["status"] == 200


def test_an_exit_handler_that_never_ends_is_left_behind(project: Project) -> None:
    code = (
        "import atexit, time; from mwviz.cli import process; process._EXIT_LIMIT = 0.2; "
        "atexit.register(time.sleep, 60); process.leave(3)"
    )

    done = subprocess.run([sys.executable, "-c", code], env=project.environment(), timeout=30, check=False)

    assert done.returncode == 3


def test_a_thread_that_never_ends_does_not_keep_the_process(project: Project) -> None:
    thread = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
    project.write({"main.py": thread + APP})

    ran = project.run("show", "main:app", "-f", "json")

    assert ran.code == 0
    assert trace_of(ran)["response"]["status"] == 200


def test_replaced_hooks_and_streams_do_not_fool_it(project: Project) -> None:
    hooks = (
        "import io, os, signal, sys\n"
        "sys.excepthook = lambda *details: os._exit(0)\n"
        "sys.stdout = sys.stderr = io.StringIO()\n"
        "sys.exit = lambda code=0: None\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    )
    project.write({"main.py": hooks + middleware("raise RuntimeError('lost')")})

    ran = project.run("show", "main:app", "-f", "json")

    assert ran.code == 1
    assert trace_of(ran)["error"]["type"] == "RuntimeError"
    assert ran.stderr.endswith("RuntimeError: lost\n(--traceback shows the whole traceback)\n")


def test_an_app_that_exits_while_it_is_probed_is_told(project: Project) -> None:
    project.write({"main.py": middleware("sys.exit(0)")})

    ran = project.run("show", "main:app", "-f", "json")

    assert ran.code == 1
    trace = trace_of(ran)
    assert (trace["error"]["type"], trace["error"]["raised_by"]) == ("SystemExit", 1)
    assert "main.py" in ran.stderr


ENDING = """\
import os
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

@asynccontextmanager
async def lifespan(app):
    if hasattr(os, "fork") and (child := os.fork()) == 0:
        os._exit(7)
    if hasattr(os, "fork"):
        print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    yield
    os._exit(0)  # some do, because of threads of theirs that never end

async def home(request):
    return PlainTextResponse("home")

app = Starlette(lifespan=lifespan, routes=[Route("/", home)])
"""


def test_an_app_that_ends_the_process_at_its_shutdown_is_told_all_the_same(project: Project) -> None:
    project.write({"main.py": ENDING})

    ran = project.run("show", "main:app", "/", "-f", "json")

    trace = trace_of(ran)
    assert (ran.code, trace["response"]["status"]) == (0, 200)
    assert "Shutdown failed (ProcessExit: os._exit(0))." in trace["notes"]
    if hasattr(os, "fork"):
        assert "child 7" in ran.stderr


def test_the_way_out_is_given_back(project: Project) -> None:
    project.write({"main.py": APP})
    before = os._exit

    assert project.call("show", "main:app").code == 0

    assert os._exit is before


@pytest.mark.parametrize(
    "body", ["time.sleep(60)", "while True:\n    pass", "await asyncio.sleep(60)"], ids=["sleep", "busy", "await"]
)
def test_a_layer_that_hangs_is_named_when_the_time_is_over(project: Project, body: str) -> None:
    project.write({"main.py": middleware(body)})

    started = time.monotonic()
    ran = project.run("show", "main:app", "--timeout", "1", traced="sleep" not in body)

    assert time.monotonic() - started < 20  # by itself 1 to 3 seconds; machines may be slow
    assert ran.code == 1
    row = next(line for line in ran.stdout.splitlines() if " Layer " in line)
    assert "hung" in row
    assert "Layer" in ran.stdout.splitlines()[-1]


def test_a_broken_view_of_a_stuck_app_ends_the_process_all_the_same(project: Project) -> None:
    project.write({"main.py": middleware("time.sleep(60)")})
    code = (
        "import sys; import mwviz.render.json as view; from mwviz.cli import main\n"
        "def render(*arguments, **options): raise RuntimeError('our own')\n"
        "view.render = render; sys.argv = ['mwviz', 'show', 'main:app', '-f', 'json', '--timeout', '0.2']; main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project.folder, env=project.environment(traced=False), capture_output=True, encoding="utf-8", timeout=30,
        check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (70, "")
    assert done.stderr.endswith(
        "\nThis is a defect of mwviz, not of your app. Please report it with the lines above.\n"
    )


@pytest.mark.parametrize(("arguments", "code"), [((), 1), (("-o", "gone/out.json"), 2)], ids=["told", "not written"])
def test_what_is_known_of_a_stuck_app_is_written_from_another_thread(
    project: Project, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int
) -> None:
    # as the two tests before, in a process that can be traced
    def hangs(subject: object, options: object, *, stuck: Callable[[Trace], None]) -> Trace:
        if arguments:
            (project.folder / "gone").rmdir()
        stuck(diagram_traces.tiny())
        raise AssertionError("the process has ended")

    def leave(code: int) -> NoReturn:
        raise SystemExit(code)

    project.write({"main.py": APP})
    (project.folder / "gone").mkdir()
    monkeypatch.setattr("mwviz.api.probe", hangs)
    monkeypatch.setattr("mwviz.cli.process.end", leave)

    ran = project.call("show", "main:app", "-f", "json", *arguments)

    assert ran.code == code
    file = Path.cwd() / "gone" / "out.json"
    assert ran.stderr == (f"Error: '{file}' cannot be written: No such file or directory.\n" if arguments else "")
    assert ran.stdout.startswith("" if arguments else "{")


@posix
@pytest.mark.parametrize("taken", [True, False], ids=["handler replaced", "as it was"])
def test_control_c_is_the_users(project: Project, taken: bool) -> None:
    handler = "signal.signal(signal.SIGINT, signal.SIG_IGN)\n" if taken else ""
    waiting = "sys.stderr.write('WAITING\\n'); sys.stderr.flush()\nawait asyncio.sleep(50)"
    project.write({"main.py": "import signal\n" + handler + middleware(waiting)})

    with subprocess.Popen(
        project.command("show", "main:app", "--timeout", "55"),
        cwd=project.folder, env=project.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    ) as running:  # fmt: skip
        assert running.stderr is not None
        assert running.stderr.readline() == "WAITING\n"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)

    assert running.returncode == 130
    assert out == ""
    assert "Traceback" not in err


def test_an_interrupt_while_the_app_is_imported_is_no_mistake_of_the_apps(project: Project) -> None:
    project.write({"main.py": "raise KeyboardInterrupt\n"})

    ran = project.call("show", "main:app")

    assert (ran.code, ran.stdout) == (130, "")
    assert "Error" not in ran.stderr


def shell(project: Project, line: str, **environment: str) -> Ran:
    """A line of shell in the project; `"$@"` in it is `mwviz show main:app`."""
    done = subprocess.run(
        ["sh", "-c", line, "sh", *project.command("show", "main:app")],
        cwd=project.folder,
        env=project.environment(environment),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@posix
def test_a_reader_that_has_seen_enough_is_no_error(project: Project) -> None:
    # more than fits into a pipe, so that the reader is gone before all of it is written
    project.write({"main.py": LAYERED + "app.user_middleware *= 300\n"})

    ran = shell(project, '{ "$@" -f json; echo "code $?" >&2; } | head -n 0')

    assert (ran.stdout, ran.stderr) == ("", "code 0\n")


@posix
def test_a_reader_of_the_help_may_have_seen_enough(project: Project) -> None:
    ran = shell(project, '{ "$@" --help; echo "code $?" >&2; } | head -n 0')

    assert (ran.stdout, ran.stderr) == ("", "code 0\n")


@posix
def test_a_closed_stdout_is_a_mistake_that_is_told(project: Project) -> None:
    project.write({"main.py": APP})

    ran = shell(project, '"$@" >&-')

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr == "Error: The result cannot be written: stdout is closed. Give -o FILE.\n"


@posix
def test_without_stdout_and_stderr_the_file_is_written(project: Project) -> None:
    project.write({"main.py": "import os, sys\nprint('NOISE')\nprint('NOISE', file=sys.stderr)\n" + APP})

    ran = shell(project, '"$@" -o out.json >&- 2>&- <&-')

    assert ran == Ran(0, "", "")
    assert json.loads((project.folder / "out.json").read_bytes())["response"]["status"] == 200


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_under_stdout_is_told(project: Project) -> None:
    project.write({"main.py": APP})

    ran = shell(project, '"$@" >/dev/full')

    assert ran.code == 2
    assert ran.stderr == "Error: The result cannot be written to stdout: No space left on device.\n"


@pytest.mark.parametrize(
    ("format", "encoding"),
    [("table", "ascii"), ("tree", "ascii"), ("timeline", "ascii"), ("table", "latin-1"), ("table", "cp1252")],
)
def test_a_stdout_that_is_not_unicode_still_gets_the_result(project: Project, format: str, encoding: str) -> None:
    project.write({"main.py": LAYERED})

    ran = shell(project, f'"$@" -f {format}', PYTHONIOENCODING=encoding)

    assert ran.code == 0
    assert ran.stdout.isascii()
    assert "Outer" in ran.stdout
    assert "\\u" not in ran.stdout


def test_an_app_that_raises_gives_exit_code_1_and_its_own_frames(project: Project) -> None:
    project.write({"main.py": middleware("raise RuntimeError('lost')")})

    short, whole = (project.call("show", "main:app", *more) for more in ((), ("--traceback",)))

    assert (short.code, whole.code) == (1, 1)
    assert short.stdout.splitlines()[-1] == whole.stdout.splitlines()[-1]
    assert 'main.py", line 11, in __call__' in short.stderr
    assert short.stderr.endswith("RuntimeError: lost\n(--traceback shows the whole traceback)\n")
    assert whole.stderr.lstrip().startswith("Traceback (most recent call last):")
    assert whole.stderr.endswith("RuntimeError: lost\n")


def test_a_plain_500_is_no_finding(project: Project) -> None:
    answer = (
        "from starlette.responses import PlainTextResponse\n"
        "await PlainTextResponse('no', 500)(scope, receive, send)\nreturn"
    )
    project.write({"main.py": middleware(answer)})

    ran = project.call("show", "main:app")

    assert (ran.code, ran.stderr) == (0, "")
    assert "500" in ran.stdout


def test_a_constructor_that_raises_gives_exit_code_1(project: Project) -> None:
    project.write({"main.py": LAYERED.replace("self.app = app", "raise ValueError('no key')")})

    ran = project.call("show", "main:app")

    assert ran.code == 1
    assert "ValueError" in ran.stdout
    assert 'main.py", line 7, in __init__' in ran.stderr


def test_a_startup_that_fails_gives_exit_code_1(project: Project) -> None:
    lifespan = (
        "if scope['type'] == 'lifespan':\n"
        "    await receive()\n"
        "    await send({'type': 'lifespan.startup.failed', 'message': 'no database'})\n"
        "    return"
    )
    project.write({"main.py": middleware(lifespan)})

    ran = project.call("show", "main:app", "--lifespan")

    assert ran.code == 1
    assert "no database" in ran.stdout
    assert project.call("show", "main:app").code == 0


def test_a_defect_of_our_own_is_exit_code_70_and_asks_for_a_report(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **options: object) -> str:
        raise ZeroDivisionError("our own")

    project.write({"main.py": APP})
    monkeypatch.setattr("mwviz.render.json.render", broken)

    ran = project.call("show", "main:app", "-o", "out.json")

    assert (ran.code, ran.stdout) == (70, "")
    assert ran.stderr.startswith("Traceback (most recent call last):\n")
    assert ran.stderr.endswith(
        "ZeroDivisionError: our own\n"
        "\nThis is a defect of mwviz, not of your app. Please report it with the lines above.\n"
    )
    assert "out.json" not in project.files()


def test_the_diversion_gives_stdout_back_and_may_end_twice(capfd: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    diversion = process.Diversion()
    os.write(1, b"diverted\n")
    diversion.end()
    os.write(1, b"given back\n")
    diversion.end()

    assert sys.stdout is before
    assert capfd.readouterr() == ("given back\n", "diverted\n")


def test_without_a_stderr_what_is_printed_goes_nowhere(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    real = os.dup2

    def dup2(source: int, target: int) -> int:
        if source == 2:
            raise OSError(9, "Bad file descriptor")
        return real(source, target)

    monkeypatch.setattr("os.dup2", dup2)
    diversion = process.Diversion()
    os.write(1, b"diverted\n")
    diversion.end()
    os.write(1, b"given back\n")

    assert capfd.readouterr() == ("given back\n", "")


def test_leaving_runs_the_exit_handlers_last_and_hands_on_the_code(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def end(code: int) -> NoReturn:
        raise SystemExit(code)

    # the real ones would be pytest's own
    monkeypatch.setattr("atexit._run_exitfuncs", lambda: print("handler"))
    monkeypatch.setattr("mwviz.cli.process.end", end)
    print("result")
    with pytest.raises(SystemExit) as left:
        process.leave(7)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()

    assert left.value.code == 7
    assert capfd.readouterr() == ("result\n", "handler\n")


def test_garbage_is_collected_again_after_the_import() -> None:
    before = gc.isenabled()
    try:
        gc.disable()  # as the process does at its start
        with process.quick_import():
            assert not gc.isenabled()
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        (gc.enable if before else gc.disable)()


def test_the_interrupt_is_left_alone_where_signals_cannot_be_set() -> None:
    seen: list[object] = []

    def work() -> None:
        with process.own_interrupt():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == [signal.getsignal(signal.SIGINT)]


HEAVY = {"fastapi", "graphviz", "rich", "starlette"}


def loaded(project: Project, *arguments: str) -> set[str]:
    """The packages that a run of Python imports, as Python itself tells them."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        cwd=project.folder, env=project.environment(), capture_output=True, encoding="utf-8", timeout=60, check=True,
    )  # fmt: skip
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def test_importing_mwviz_loads_nothing_of_a_third_party(project: Project) -> None:
    packages = loaded(project, "-c", "import mwviz") - loaded(project, "-c", "pass")

    assert "mwviz" in packages
    assert packages <= {"mwviz", *sys.stdlib_module_names}


@pytest.mark.skipif(
    tuple(int(part) for part in version("typer").split(".")[:2]) < (0, 17), reason="older Typers load rich themselves"
)
@pytest.mark.parametrize("arguments", ["--help", "--version", "show --help"])
def test_help_and_version_load_neither_framework_nor_view(project: Project, arguments: str) -> None:
    packages = loaded(project, "-m", "mwviz", *arguments.split())

    assert "typer" in packages
    assert not packages & HEAVY


BLOCK = """\
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {blocked!r}:
            raise ImportError(f'{{name}} must not be needed')

sys.meta_path.insert(0, Block())
"""


def blocked(project: Project, names: set[str], code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BLOCK.format(blocked=names) + code],
        cwd=project.folder, env=project.environment(), capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_library_needs_neither_command_line_nor_views(project: Project) -> None:
    project.write({"main.py": LAYERED})

    answer = blocked(
        project,
        {"typer", "click", "rich", "graphviz"},
        "import main, mwviz; print(mwviz.trace(main.app).request_order, mwviz.trace('main:app').answered_by, "
        "len(mwviz.inspect('main').layers))",
    )

    assert answer == "(0, 1, 2, 3) endpoint 4\n"


@pytest.mark.parametrize("format", ["table", "json"])
def test_without_fastapi_a_starlette_app_is_shown(project: Project, format: str) -> None:
    project.write({"main.py": LAYERED})
    code = f"from mwviz.cli import main; sys.argv = ['mwviz', 'show', 'main:app', '-f', {format!r}]; main()"

    assert "Outer" in blocked(project, {"fastapi"}, code)


def test_a_typer_that_lacks_its_pydantic_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Typer 0.29 and newer load pydantic 2 while they read a command line; pip may have put pydantic 1 there since.
    def missing(name: str) -> Callable[..., NoReturn]:
        def read(_: object) -> NoReturn:
            raise ImportError("cannot import name 'AfterValidator' from 'pydantic'", name=name)

        return read

    monkeypatch.setattr("mwviz.cli._narrowed", missing("pydantic"))
    assert cli.run(["show", "main:app"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("Error: Typer ")
    assert "needs pydantic 2: cannot import name 'AfterValidator' from 'pydantic'" in told.err
    assert "pip install 'typer<0.29' 'pydantic<2'" in told.err

    monkeypatch.setattr("mwviz.cli._narrowed", missing("another"))
    with pytest.raises(ImportError):
        cli.run(["show", "main:app"])
