"""The command line: reads options, calls `mwviz.api`, writes the result, and tells the exit code."""

# No `from __future__ import annotations` here: Typer 0.9.0 does not read the options in annotations that are strings.
import copy
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mwviz import __version__
from mwviz.cli import experiments, messages, options, output, process
from mwviz.cli.groups import Configured, Found, Request, grouped
from mwviz.cli.messages import INTERRUPTED, MISTAKE

#: Typer may carry its own copy of click: its exceptions are reached through Typer's names alone.
_CLICK_ERROR: type[Exception] = next(cls for cls in typer.BadParameter.__mro__ if cls.__name__ == "ClickException")


class _ErrorBoundary(TyperGroup):
    """The one place where exceptions become messages and exit codes."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, _CLICK_ERROR):
            raise
        except KeyboardInterrupt as stop:
            raise typer.Exit(INTERRUPTED) from stop
        except BrokenPipeError as gone:  # of `mwviz show --help | head`
            output.discard_rest()
            raise typer.Exit from gone
        except Exception as error:
            raise typer.Exit(messages.tell_exception(error, whole=ctx.meta.get(options.TRACEBACK, False))) from error


app = typer.Typer(
    name="mwviz",
    cls=_ErrorBoundary,
    help="Shows what the middleware of a FastAPI or Starlette app really does.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"mwviz {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Shows what the middleware of a FastAPI or Starlette app really does."""


@app.command()
@grouped
def show(
    application: options.App = None,
    path: options.PathArgument = None,
    format: options.FormatChoice = None,
    file: options.Output = None,
    theme: options.Theme = None,
    changes: options.Changes = False,
    verbose: options.Verbose = False,
    watch: options.Watch = False,
    *,
    request: Request,
    found: Configured,
) -> None:
    """Show the stack, and one probe request traced through it."""
    from mwviz.cli import probing  # neither --help nor --version needs what this needs

    application, path = options.split(application, path)
    sink = output.drawn(output.sink(format, file, verbose=verbose), options.theme(theme), changes=changes)
    target = probing.target(application, found)
    probe = probing.options(path, request)
    if watch:
        from mwviz.cli import watching

        return watching.watch(watching.Showing(target, probe, sink, found.env_file, found.whole))
    probing.load_environment(found.env_file)
    return probing.show(target, probe, sink, whole=found.whole)


@app.command()
@grouped
def routes(
    application: options.App = None,
    format: options.RoutesFormatChoice = None,
    file: options.Output = None,
    theme: options.Theme = None,
    verbose: options.Verbose = False,
    path: options.PathGlobs = None,
    method: options.RouteMethods = None,
    layer: options.Passed = None,
    without: options.Without = None,
    trace: options.TraceRoutes = False,
    header: options.RouteHeader = None,
    timeout: options.RouteTimeout = 10.0,
    order: options.Order = None,
    *,
    found: Configured,
) -> None:
    """Show which layers and dependencies each route lies behind."""
    from mwviz.cli import listing, probing

    sink = output.drawn(output.sink(options.plain_format(format), file, verbose=verbose), options.theme(theme))
    target = probing.target(application, found)
    selection = listing.selection(path, method, layer, without)
    probing.load_environment(found.env_file)
    probes = listing.probes(header, timeout, trace=trace)
    listing.show(target, selection, sink, probes, order)


@app.command()
@grouped
def check(
    application: options.App = None,
    path: options.PathArgument = None,
    format: options.ReportFormatChoice = None,
    file: options.Output = None,
    report: options.Reports = None,
    verbose: options.Verbose = False,
    *,
    request: Request,
    found: Configured,
) -> None:
    """Hold the traced order against the contracts.

    The exit code is 1 where one is broken.
    """
    from mwviz.cli import checking, probing, reports

    application, path = options.split(application, path)
    chosen = reports.chosen(format, file, report, verbose=verbose)
    target = probing.target(application, found)
    probe = probing.options(path, request)
    probing.load_environment(found.env_file)
    checking.check(target, probe, chosen, whole=found.whole)


@app.command()
@grouped
def init(
    application: options.App = None,
    file: options.NewFile = None,
    *,
    found: Found,
) -> None:
    """Write a first configuration from the order as it is."""
    from mwviz.cli import beginning, probing

    target = probing.target(application, found)
    probing.load_environment(found.env_file)
    beginning.init(target, file)


@app.command()
@grouped
def lock(
    application: options.App = None,
    path: options.PathArgument = None,
    check: options.CheckLock = False,
    routes: options.LockRoutes = None,
    *,
    request: Request,
    found: Configured,
) -> None:
    """Accept the order as it is now: write mwviz.lock."""
    from mwviz.cli import comparing, probing

    application, path = options.split(application, path)
    target = probing.target(application, found)
    probe = probing.options(path, request)
    probing.load_environment(found.env_file)
    comparing.lock(target, probe, check=check, routes=routes, whole=found.whole)


@app.command()
@grouped
def diff(
    old: options.OldSide,
    new: options.NewSide = None,
    path: options.PathArgument = None,
    format: options.DiffFormatChoice = None,
    file: options.Output = None,
    verbose: options.Verbose = False,
    routes: options.DiffRoutes = False,
    *,
    request: Request,
    found: Configured,
) -> None:
    """Compare two orders: locks, results, apps, git revisions."""
    from mwviz.cli import comparing, probing

    new, path = options.split(new, path)
    sink = output.sink(options.text_format(format), file, verbose=verbose)
    probing.target(None, found)
    probe = probing.options(path, comparing.for_both(request))
    probing.load_environment(found.env_file)
    asked = comparing.probing(probe, request.data, found, routes=routes)
    comparing.diff(old, new, asked, sink)


@app.command()
def docs(
    files: options.Documents,
    check: options.CheckDocs = False,
    diff: options.DiffDocs = False,
    whole: options.Traceback = False,
) -> None:
    """Refresh the diagrams in documents.

    They stand between two comments that hold the command: <!-- mwviz: show app:app --> ... <!-- /mwviz -->.
    """
    from mwviz.cli import documenting

    documenting.refresh_documents(files, check=check, diff=diff, whole=whole)


for _command in (experiments.faults, experiments.lint, experiments.suggest):
    app.command()(_command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default the process's own, and return its exit code."""
    try:
        # not standalone: that would end in `sys.exit`, which an app may have replaced
        code: Any = _narrowed(arguments)(arguments, prog_name="mwviz", standalone_mode=False)
    except SystemExit as stop:  # shell completion
        code = stop.code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except _CLICK_ERROR as error:
        error.show()  # type: ignore[attr-defined]
        code = MISTAKE
    except ImportError as error:
        if error.name != "pydantic":
            raise
        code = messages.tell_pydantic(error)
    return code if isinstance(code, int) else 0


def _narrowed(arguments: Sequence[str] | None) -> typer.Typer:
    """The command line with only the command that is asked for, if one is: to make all their options costs 8 ms."""
    asked = (sys.argv[1:] if arguments is None else arguments)[:1]
    named = [each for each in app.registered_commands if each.callback and [each.callback.__name__] == list(asked)]
    narrowed = copy.copy(app)
    narrowed.registered_commands = named or app.registered_commands
    return narrowed


def main() -> None:
    """The console script: run the command line, then leave by the short way."""
    process.leave(run())
