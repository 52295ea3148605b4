"""The command line: reads options, calls `mwviz.api`, writes the result, and tells the exit code."""

# No `from __future__ import annotations` here: Typer 0.9.0 does not read the options in annotations that are strings.
import os
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mwviz import __version__, api
from mwviz.cli import options, output, process
from mwviz.collect import ProbeOptions
from mwviz.errors import ImportFailed, MwvizError
from mwviz.model import Trace, TracedError

FINDINGS, MISTAKE, DEFECT, INTERRUPTED = 1, 2, 70, 130

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
            raise typer.Exit(_told(error, whole=ctx.meta.get(options.TRACEBACK, False))) from error


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
def show(
    application: options.App = None,
    path: options.PathArgument = None,
    format: options.FormatChoice = None,
    file: options.Output = None,
    verbose: options.Verbose = False,
    method: options.Method = None,
    header: options.Header = None,
    data: options.Data = None,
    scheme: options.Scheme = None,
    client: options.Client = "127.0.0.1",
    preflight: options.Preflight = None,
    endpoint: options.Endpoint = None,
    raises: options.Raises = False,
    lifespan: options.Lifespan = None,
    timeout: options.Timeout = 10.0,
    order: options.Order = None,
    factory: options.Factory = False,
    app_dir: options.AppDir = None,
    env_file: options.EnvFile = None,
    config: options.ConfigFile = None,
    whole: options.Traceback = False,
) -> None:
    """Show the stack, and one probe request traced through it."""
    application, path = options.split(application, path)
    target = options.target(application, factory=factory, app_dir=app_dir, config=config)
    sink = output.sink(format, file, verbose=verbose)
    probe = ProbeOptions(
        path,
        method,
        options.headers(header),
        options.body(data),
        scheme,
        client,
        preflight,
        None if endpoint is None else endpoint.value,
        raises,
        lifespan,
        timeout,
        order,
    )
    options.load_environment(env_file)
    _finish(_probed(target, probe, sink), sink, whole=whole)


def _probed(target: api.Target, probe: ProbeOptions, sink: output.Sink) -> Trace:
    diversion = process.Diversion()

    def stuck(trace: Trace) -> None:
        # In another thread, while the app's keeps the main one: say what is known, and leave without it.
        diversion.end()
        code = FINDINGS
        try:
            sink.write(sink.rendered(trace))
        except Exception as error:  # noqa: BLE001 - told, and nobody above this thread's function would be
            code = _told(error, whole=False)
        os._exit(code)

    with ExitStack() as undo:
        undo.callback(diversion.end)
        with process.quick_import(), process.own_interrupt():
            subject = undo.enter_context(api.opened(target))
        return api.probe(subject, probe, stuck=stuck)


def _finish(trace: Trace, sink: output.Sink, *, whole: bool) -> None:
    sink.write(sink.rendered(trace))
    if trace.error is not None:
        _tell_error(trace.error, whole=whole)
        raise typer.Exit(FINDINGS)


def _told(error: Exception, *, whole: bool) -> int:
    """Say what ended the run; returns the exit code for it."""
    if not isinstance(error, MwvizError):
        traceback.print_exception(error)
        _say("\nThis is a defect of mwviz, not of your app. Please report it with the lines above.")
        return DEFECT
    _say(f"Error: {error}")
    if isinstance(error, ImportFailed) and (error.traceback if whole else error.frames):
        _say(error.traceback if whole else f"{error.frames.rstrip()}\n(--traceback shows the whole traceback)")
    return MISTAKE


def _tell_error(error: TracedError, *, whole: bool) -> None:
    if whole and error.traceback:
        _say(f"\n{error.traceback.rstrip()}")
    elif error.frames:
        _say(f"\n{error.frames.rstrip()}\n{error.type}: {error.message}\n(--traceback shows the whole traceback)")


def _say(text: str) -> None:
    from mwviz.render.plain import visible

    for line in text.splitlines():
        typer.echo(visible(line), err=True)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default the process's own, and return its exit code."""
    try:
        # not standalone: that would end in `sys.exit`, which an app may have replaced
        code: Any = app(arguments, prog_name="mwviz", standalone_mode=False)
    except SystemExit as stop:  # shell completion
        code = stop.code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except _CLICK_ERROR as error:
        error.show()  # type: ignore[attr-defined]
        code = MISTAKE
    return code if isinstance(code, int) else 0


def main() -> None:
    """The console script: run the command line, then leave by the short way."""
    process.leave(run())
