"""pytest's front door: the `mwviz` fixture, and `pytest --mwviz`.

Without the option this module registers a fixture and two options, and imports nothing more. With it, every request
that the suite sends through a Starlette or FastAPI app is followed, and a report closes the run. Whatever of that
fails is told there: no test's outcome and no exit code depends on it.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import pytest

if TYPE_CHECKING:
    from mwviz.collect.suite.watch import SuiteWatch
    from mwviz.model.suite import Suite

_ENDINGS = (".html", ".json")
_OUTPUT = "mwviz"


@pytest.fixture(name="mwviz", scope="session")
def _mwviz() -> Any:
    """The package itself: `mwviz.trace`, `mwviz.inspect`, `mwviz.routes` and `mwviz.assert_order`."""
    return import_module("mwviz")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Two options, in a group of their own."""
    group = parser.getgroup("mwviz", "the middleware that a suite's requests meet")
    group.addoption(
        "--mwviz",
        action="store_true",
        help="follow every request through the layers of Starlette and FastAPI apps, and report the orders at the end",
    )
    group.addoption(
        "--mwviz-report",
        metavar="FILE",
        help="write that report to a file, too: .html or .json (does what --mwviz does)",
    )


class _Run:
    """One process's part in a run: what it watches, what other processes told, and what of it failed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.watch: SuiteWatch | None = None
        self.told: list[Suite] = []
        self.failed: list[str] = []
        self.written = False

    @contextmanager
    def guarded(self, doing: str) -> Iterator[None]:
        """Nothing of ours ends a run: it is told at the end instead."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - see above
            self.failed.append(f"{doing}: {type(error).__name__}: {error}")

    def seen(self) -> Suite:
        """What this process and those that told it saw."""
        from mwviz.analysis.suite import merged
        from mwviz.model.suite import Suite

        own = () if self.watch is None else (self.watch.told(),)
        return merged((*self.told, *own, Suite(0, 0, (), tuple(self.failed))))

    def whole(self) -> Suite:
        """The same, held to the contracts of the configuration."""
        from mwviz.checking.suite import held

        return held(self.seen(), self.folder)


#: Of each configuration that asked. pytest's own stash is newer than some suites' pytest.
_runs: WeakKeyDictionary[object, _Run] = WeakKeyDictionary()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begin before the first conftest.py is imported, which may import the app."""
    _begin(early_config, early_config.known_args_namespace)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Begin, if the plugin was loaded late; refuse a report that cannot be written before any test has run."""
    report = config.getoption("mwviz_report")
    if report is not None and Path(report).suffix not in _ENDINGS:
        _end(config)
        raise pytest.UsageError(f"--mwviz-report {report}: the file's ending must be one of {', '.join(_ENDINGS)}.")
    _begin(config, config.option)


def _begin(config: pytest.Config, options: Any) -> None:
    asked = getattr(options, "mwviz", False) or getattr(options, "mwviz_report", None) is not None
    if not asked or config in _runs:
        return
    run = _runs[config] = _Run(_folder(config))
    with run.guarded("Nothing could be followed"):
        from mwviz.collect.suite.watch import SuiteWatch

        run.watch = SuiteWatch(run.folder)
        run.watch.start()


def _folder(config: pytest.Config) -> Path:
    """Where places are relative to, and whose configuration counts: pytest's root.

    Without a configuration of its own pytest guesses that from its arguments, and takes a report that exists already,
    anywhere on the disk, for a test: the root then is a folder that both have in common.
    """
    here = config.invocation_params.dir
    return here if config.inipath is None and config.rootpath in here.parents else config.rootpath


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what a worker of xdist's saw to its controller."""
    run, output = _runs.get(session.config), getattr(session.config, "workeroutput", None)
    if run is not None and output is not None:
        with run.guarded("A worker's results were not sent"):
            output[_OUTPUT] = pickle.dumps(run.seen())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker of xdist's saw."""
    run = _runs.get(node.config)
    if run is None:
        return
    with run.guarded("A worker's results were not read"):
        sent = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if sent is None:
            run.failed.append(f"What worker {node.gateway.id} saw is missing: it ended without a word.")
        else:
            run.told.append(pickle.loads(sent))  # noqa: S301 - by a process of this very run


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Iterator[None]:
    """Close with the report, whatever the verbosity."""
    yield
    run = _runs.get(config)
    if run is None:
        return
    _write(config, run)
    try:
        from mwviz.render.suite import text

        # a log has no width: its lines stay whole
        told = text.render(run.whole(), width=get_terminal_size().columns if terminalreporter.isatty else None)
    except Exception as error:  # noqa: BLE001 - nothing of ours ends a run
        told = f"mwviz: no report could be made: {type(error).__name__}: {error}"
    for line in told.splitlines():
        terminalreporter.write_line(line)


def _write(config: pytest.Config, run: _Run) -> None:
    report = config.getoption("mwviz_report")
    if report is None or run.written or hasattr(config, "workerinput"):
        return
    run.written = True
    with run.guarded(f"No report was written to {report}"):
        from mwviz.render.suite import SUITE_FORMATS

        form: Literal["html", "json"] = "html" if report.endswith(".html") else "json"
        content = SUITE_FORMATS[form](run.whole())
        (config.invocation_params.dir / report).write_text(content, "utf-8")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the frameworks as they were."""
    if (run := _runs.get(config)) is not None:
        _write(config, run)  # where there is no terminal to report to
    _end(config)


def _end(config: pytest.Config) -> None:
    run = _runs.get(config)
    if run is not None and run.watch is not None:
        with run.guarded("An app was not left as it was found"):
            run.watch.stop()
