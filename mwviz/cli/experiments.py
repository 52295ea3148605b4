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
    """Reject and crash the probe at every layer in turn, and show what the client still gets."""
    from mwviz.cli import faulting, probing

    application, path = options.split(application, path)
    wanted = faulting.view(format, file, only, verbose=verbose, every=every)
    target = probing.target(application, found)
    probe = probing.options(path, request)
    probing.load_environment(found.env_file)
    faulting.show(target, probe, wanted)
