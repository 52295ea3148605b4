"""The commands that try what would be if something went wrong: their options, and what they call."""

# As in `mwviz.cli`, annotations are no strings: Typer 0.9.0 does not read the options in those.
from mwviz.cli import options
from mwviz.cli.groups import Configured, Request, grouped


@grouped
def faults(
    application: options.App = None,
    path: options.PathArgument = None,
    only: options.Only = None,
    every: options.EveryRow = False,
    format: options.FaultsFormatChoice = None,
    file: options.Output = None,
    verbose: options.Verbose = False,
    *,
    request: Request,
    found: Configured,
) -> None:
    """Show what a client still gets when a layer rejects or crashes."""
    from mwviz.cli import faulting, probing

    application, path = options.split(application, path)
    wanted = faulting.view(format, file, only, verbose=verbose, every=every)
    target = probing.target(application, found)
    probe = probing.options(path, request)
    probing.load_environment(found.env_file)
    faulting.show(target, probe, wanted)


@grouped
def lint(
    application: options.App = None,
    path: options.PathArgument = None,
    select: options.Select = None,
    ignore: options.Ignore = None,
    explain: options.Explain = None,
    format: options.ReportFormatChoice = None,
    file: options.Output = None,
    report: options.Reports = None,
    verbose: options.Verbose = False,
    *,
    request: Request,
    found: Configured,
) -> None:
    """Find known misorderings, each judged by what a probe shows.

    The exit code is 1 where one is an error or a warning.
    """
    from mwviz.cli import linting, probing, reports

    if explain is not None:
        return linting.explain(explain)
    application, path = options.split(application, path)
    chosen = reports.chosen(format, file, report, verbose=verbose)
    target = probing.target(application, found)
    probe = probing.options(path, request)
    probing.load_environment(found.env_file)
    return linting.lint(target, probe, chosen, select, ignore, whole=found.whole)


@grouped
def suggest(
    application: options.App = None,
    path: options.PathArgument = None,
    select: options.Select = None,
    ignore: options.Ignore = None,
    format: options.SuggestFormatChoice = None,
    file: options.Output = None,
    verbose: options.Verbose = False,
    *,
    request: Request,
    found: Configured,
) -> None:
    """Find an order with fewer findings, and try it.

    It keeps every contract. The exit code is 1 where there is such an order.
    """
    from mwviz.cli import probing, suggesting

    application, path = options.split(application, path)
    wanted = suggesting.view(format, file, verbose=verbose)
    target = probing.target(application, found)
    probe = probing.options(path, request)
    probing.load_environment(found.env_file)
    suggesting.suggest(target, probe, wanted, select, ignore)
