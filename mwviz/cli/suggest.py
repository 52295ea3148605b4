"""The command `suggest`: its options, and what it calls."""

# As in `mwviz.cli`, annotations are no strings: Typer 0.9.0 does not read the options in those.
from mwviz.cli import options


def suggest(
    application: options.App = None,
    path: options.PathArgument = None,
    select: options.Select = None,
    ignore: options.Ignore = None,
    format: options.SuggestFormatChoice = None,
    file: options.Output = None,
    verbose: options.Verbose = False,
    method: options.Method = None,
    header: options.Header = None,
    data: options.Data = None,
    scheme: options.Scheme = None,
    client: options.Client = "127.0.0.1",
    preflight: options.Preflight = None,
    websocket: options.Websocket = False,
    extension: options.Extension = None,
    endpoint: options.Endpoint = None,
    raises: options.Raises = False,
    lifespan: options.Lifespan = None,
    timeout: options.Timeout = 10.0,
    order: options.Order = None,
    repeat: options.Repeat = None,
    factory: options.Factory = False,
    app_dir: options.AppDir = None,
    env_file: options.EnvFile = None,
    config: options.ConfigFile = None,
    _whole: options.Traceback = False,
) -> None:
    """Find an order with fewer findings that keeps every contract, and try it; exit code 1 where there is one."""
    from mwviz.cli import probing, suggesting

    application, path = options.split(application, path)
    wanted = suggesting.view(format, file, verbose=verbose)
    target = probing.target(application, factory=factory, app_dir=app_dir, config=config)
    probe = probing.options(
        path, method, header, data, scheme, client, preflight, endpoint, raises, lifespan, timeout, order, repeat,
        websocket, extension,
    )  # fmt: skip
    probing.load_environment(env_file)
    suggesting.suggest(target, probe, wanted, select, ignore)
