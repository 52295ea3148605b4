"""The options of the command line, each declared once."""

# ruff: noqa: UP045 - Typer 0.9.0 knows no `X | None`
from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from mwviz.errors import ProbeError
from mwviz.render import DIFF_RENDERERS, ROUTES_RENDERERS, Format
from mwviz.render.faults import FaultsFormat
from mwviz.render.findings import ReportFormat
from mwviz.render.suggest import SuggestFormat

#: Under this key the context remembers `--traceback`, for the one place that tells errors.
TRACEBACK = "mwviz.traceback"


class EndpointChoice(str, Enum):
    """Which end of the chain the probe meets."""

    STAND_IN = "stand-in"
    REAL = "real"


class ThemeChoice(str, Enum):
    """What colours a picture has."""

    LIGHT = "light"
    DARK = "dark"
    AUTO = "auto"


#: What `routes` can print: it has no times.
RoutesFormat = Enum("RoutesFormat", {each.name: each.value for each in ROUTES_RENDERERS}, type=str)  # type: ignore[misc]


def _remember_traceback(context: typer.Context, value: bool) -> bool:
    context.meta[TRACEBACK] = value
    return value


App = Annotated[
    Optional[str],
    typer.Argument(metavar="APP", help="package.module:attribute, a module, or a file; default: configured or found."),
]
PathArgument = Annotated[
    Optional[str],
    typer.Argument(metavar="PATH", help="Send a real request to this path. Without it a stand-in endpoint answers."),
]
Theme = Annotated[
    Optional[ThemeChoice],
    typer.Option("--theme", help="Colours of a picture; auto: an svg follows its reader. [default: auto for svg]"),
]
Changes = Annotated[bool, typer.Option("--changes", help="Tell on a diagram's arrows what each layer changed.")]
Factory = Annotated[bool, typer.Option("--factory", help="APP is a function that returns the app.")]
AppDir = Annotated[Optional[Path], typer.Option("--app-dir", metavar="DIR", help="Look for APP in this directory.")]
Method = Annotated[
    Optional[str], typer.Option("-X", "--method", metavar="METHOD", help="Method of the probe. [default: GET]")
]
Header = Annotated[
    Optional[list[str]],
    typer.Option("-H", "--header", metavar="'NAME: VALUE'", help="A header of the probe; may be given again."),
]
Data = Annotated[
    Optional[str],
    typer.Option("-d", "--data", metavar="TEXT", help="Body of the probe, or @FILE. Makes the method POST."),
]
Scheme = Annotated[
    Optional[str], typer.Option("--scheme", metavar="SCHEME", help="http or https; of a websocket ws or wss, too.")
]
Client = Annotated[str, typer.Option("--client", metavar="HOST", help="The client's address.")]
Preflight = Annotated[
    Optional[str], typer.Option("--preflight", metavar="ORIGIN", help="Send a CORS preflight from this origin.")
]
Endpoint = Annotated[Optional[EndpointChoice], typer.Option("--endpoint", help="Which endpoint answers the probe.")]
Websocket = Annotated[
    bool, typer.Option("--websocket", help="PATH is a websocket; --data is sent as a message once it is accepted.")
]
Extension = Annotated[
    Optional[list[str]],
    typer.Option("--extension", metavar="NAME", help="Offer an ASGI extension to the app; may be given again."),
]
Raises = Annotated[bool, typer.Option("--raise", help="The stand-in endpoint raises an exception.")]
Lifespan = Annotated[
    Optional[bool],
    typer.Option("--lifespan/--no-lifespan", help="Run startup and shutdown. [default: with the real endpoint only]"),
]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", help="Time limit for startup and for the probe, each.")
]
Order = Annotated[
    Optional[str],
    typer.Option("--order", metavar="'A > B > C'", help="Try the user middleware in this order, outermost first."),
]
Repeat = Annotated[
    Optional[int],
    typer.Option("--repeat", metavar="N", help="Send N probes after one to warm up; times are their medians."),
]
EnvFile = Annotated[
    Optional[Path],
    typer.Option("--env-file", metavar="FILE", help="Environment variables to load (needs python-dotenv)."),
]
ConfigFile = Annotated[Optional[Path], typer.Option("--config", metavar="FILE", help="Configuration file to read.")]
Traceback = Annotated[
    bool,
    typer.Option("--traceback", callback=_remember_traceback, help="Show tracebacks of the app whole."),
]
RoutesFormatChoice = Annotated[
    Optional[RoutesFormat], typer.Option("-f", "--format", help="Format of the result. [default: table]")
]
FormatChoice = Annotated[
    Optional[Format], typer.Option("-f", "--format", help="Format of the result. [default: table]")
]
Output = Annotated[
    Optional[Path],
    typer.Option("-o", "--output", metavar="FILE", help="Write the result to a file; its ending picks the format."),
]
ReportFormatChoice = Annotated[
    Optional[ReportFormat],
    typer.Option("-f", "--format", help="Format of the report. [default: text; in GitHub Actions: github]"),
]
Reports = Annotated[
    Optional[list[str]],
    typer.Option("--report", metavar="FORMAT=FILE", help="Write a report to a file as well; may be given again."),
]
NewFile = Annotated[
    Optional[Path],
    typer.Option("-o", "--output", metavar="FILE", help="The file to write, or - for stdout. [default: mwviz.toml]"),
]
Watch = Annotated[
    bool, typer.Option("--watch", help="Show again whenever the code changes, until Ctrl-C (needs watchfiles).")
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show arguments, places, changes and times whole.")]


PathGlobs = Annotated[
    Optional[list[str]],
    typer.Option("--path", metavar="GLOB", help="Only routes with such a path: '/api/*'; may be given again."),
]
RouteMethods = Annotated[
    Optional[list[str]],
    typer.Option("-X", "--method", metavar="METHOD", help="Only routes that take it (WEBSOCKET too); or given again."),
]
Passed = Annotated[
    Optional[list[str]],
    typer.Option(
        "--layer",
        metavar="NAME",
        help="Only routes that pass this layer or dependency: 'AuthMiddleware', 'GZipMiddleware#2', 'Auth*'; given "
        "again: all of them.",
    ),
]
Without = Annotated[
    Optional[list[str]],
    typer.Option(
        "--without",
        metavar="NAME",
        help="Only routes that pass no such layer or dependency; given again: none of them. A websocket does not pass "
        "a BaseHTTPMiddleware.",
    ),
]
OldSide = Annotated[
    str,
    typer.Argument(metavar="OLD", help="A lock, a saved JSON, an app, or a git revision: mwviz.lock, old.json, main."),
]
NewSide = Annotated[
    Optional[str], typer.Argument(metavar="NEW", help="The same; default: the app of the working tree.")
]
CheckLock = Annotated[
    bool, typer.Option("--check", help="Change nothing; exit with 1, and tell what differs, if the lock is stale.")
]
LockRoutes = Annotated[
    Optional[bool],
    typer.Option("--routes/--no-routes", help="Hold the chain of every route, too. [default: as the lock does]"),
]
DiffRoutes = Annotated[bool, typer.Option("--routes", help="Compare the chain of every route, too.")]
#: What `diff` can print: its text takes the place of the table.
DiffFormat = Enum(  # type: ignore[misc]
    "DiffFormat", {"TEXT": "text", **{each.name: each.value for each in DIFF_RENDERERS if each is not Format.TABLE}},
    type=str,
)  # fmt: skip
DiffFormatChoice = Annotated[
    Optional[DiffFormat], typer.Option("-f", "--format", help="Format of the result. [default: text]")
]
Documents = Annotated[
    list[Path],
    typer.Argument(metavar="FILE", help="Markdown, MDX or reStructuredText; of a folder all that is below it."),
]
CheckDocs = Annotated[
    bool, typer.Option("--check", help="Change nothing; exit with 1, and tell file and line, if a block is stale.")
]
DiffDocs = Annotated[
    bool, typer.Option("--diff", help="Change nothing; show what would change, and exit with 1 if anything would.")
]
TraceRoutes = Annotated[
    bool, typer.Option("--trace", help="Probe every route with a stand-in endpoint, and tell where that differs.")
]
RouteHeader = Annotated[
    Optional[list[str]],
    typer.Option("-H", "--header", metavar="'NAME: VALUE'", help="A header of each probe of --trace; or given again."),
]
RouteTimeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", help="Time limit for each probe of --trace.")
]
FaultsFormatChoice = Annotated[
    Optional[FaultsFormat], typer.Option("-f", "--format", help="Format of the matrix. [default: table]")
]
Only = Annotated[
    Optional[list[str]],
    typer.Option("--only", metavar="GLOBS", help="Only these headers: 'access-control-*,x-request-id'."),
]
EveryRow = Annotated[bool, typer.Option("--all", help="Show every row, also one that says what its neighbour says.")]


Select = Annotated[
    Optional[list[str]],
    typer.Option("--select", metavar="CODES", help="Only these rules: 'MW001,MW01', or ALL; or given again."),
]
Ignore = Annotated[
    Optional[list[str]],
    typer.Option("--ignore", metavar="CODES", help="Without these rules; or given again."),
]
SuggestFormatChoice = Annotated[
    Optional[SuggestFormat], typer.Option("-f", "--format", help="Format of the suggestion. [default: text]")
]
Explain = Annotated[
    Optional[str], typer.Option("--explain", metavar="CODE", help="Tell the story of a rule; no app is looked at.")
]


def text_format(chosen: DiffFormat | None) -> Format | None:
    """The same for what has a text and no table."""
    if chosen is None:
        return None
    return Format.TABLE if chosen.value == "text" else Format(chosen.value)


def plain_format(chosen: RoutesFormat | None) -> Format | None:
    """The format of a result, whatever command it was chosen for."""
    return None if chosen is None else Format(chosen.value)


def theme(chosen: ThemeChoice | None) -> Literal["light", "dark", "auto"] | None:
    """The theme of a picture as its renderer names it."""
    return None if chosen is None else chosen.value


def split(app: str | None, path: str | None) -> tuple[str | None, str | None]:
    """APP and PATH as meant: a first argument that starts with `/` and is no existing file is PATH."""
    if app is None or not app.startswith("/") or _exists(app) or _exists(app.rpartition(":")[0]):
        return app, path
    if path is not None:
        raise ProbeError(f"Both '{app}' and '{path}' look like PATH: there is no file '{app}'.")
    return None, app


def _exists(name: str) -> bool:
    try:
        return bool(name) and Path(name).exists()
    except OSError:  # a PATH may be longer than the name of any file
        return False
