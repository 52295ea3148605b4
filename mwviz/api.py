"""The use cases, as every front door calls them: a target and options in, the model's values out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mwviz import collect, config
from mwviz.collect import ProbeOptions, Subject
from mwviz.errors import ProbeError
from mwviz.model import Stack, Trace
from mwviz.values import dataclass

if TYPE_CHECKING:
    from mwviz.analysis.selection import Selection
    from mwviz.model.faults import Faults
    from mwviz.model.probes import Probes
    from mwviz.model.routes import Routes

#: What headers may be given as: pairs, or a mapping.
Headers = Sequence[tuple[str, str]] | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Target:
    """What a command line says of the app: its name (None: the configured or discovered one) and how to get it."""

    app: str | None = None
    factory: bool = False
    app_dir: Path | None = None
    config: Path | None = None
    directory: Path = field(default_factory=Path.cwd)


def probe(subject: Subject, options: ProbeOptions, *, stuck: Callable[[Trace], None]) -> Trace:
    """Probe an opened app in this thread, as a server would run it.

    `stuck` gets the trace so far, in another thread, where the app cannot be interrupted. Raises MwvizError.
    """
    return collect.probe_here(subject, options, stuck)


def probe_several(subject: Subject, options: ProbeOptions, *, stuck: Callable[[Probes], None]) -> Probes:
    """Probe an opened app as asked, and with the stand-in endpoint in the other ways that it answers differently.

    These are a normal request, a CORS preflight, a request whose endpoint raises, and a websocket where the app has
    one. `stuck` is as for `probe`. Raises MwvizError.
    """
    from mwviz.analysis.ways import only_different
    from mwviz.collect.several import probe_several_here  # a probe starts sooner without it

    return only_different(probe_several_here(subject, options, lambda so_far: stuck(only_different(so_far))))


def try_faults(
    subject: Subject, options: ProbeOptions, *, stuck: Callable[[Faults | ProbeError], None], compared: bool = True
) -> Faults:
    """Try every fault on an opened app in this thread; with an order also without it, where it is `compared`.

    `stuck` gets what was found so far, in another thread, where the app cannot be interrupted, or the error that says
    why nothing was. Raises MwvizError.
    """
    from mwviz.collect.faulting import faults_here  # a probe starts sooner without it

    return faults_here(subject, options, stuck, compared=compared)


def list_routes(
    subject: Subject,
    selection: Selection,
    *,
    timeout: float | None,
    headers: tuple[tuple[str, str], ...] = (),
    order: str | None = None,
) -> Routes:
    """The selected routes of an opened app, as `routes` tells them, listed in this thread. Raises MwvizError.

    `timeout` counts the seconds of each route's probe, which is sent `headers`; None is for no probes. `order` is
    another one of the app's user middleware.
    """
    from mwviz.collect.listing import list_here  # a probe starts sooner without it

    return _selected(list_here, subject, selection, timeout, headers, order)


def _selected(
    listed: Callable[[Subject, str | None], Routes],
    subject: Subject,
    selection: Selection,
    timeout: float | None,
    headers: tuple[tuple[str, str], ...],
    order: str | None,
) -> Routes:
    from mwviz.analysis.selection import select
    from mwviz.collect.listing import RouteProbes, list_probed

    choose = partial(select, selection=selection)
    if timeout is None:
        return choose(listed(subject, order))
    return list_probed(subject, RouteProbes(choose, timeout, headers, order))


def inspect(app: object, *, factory: bool = False, app_dir: str | Path | None = None) -> Stack:
    """The stack of `app`, an object or an import string, as it is built. Nothing is sent. Raises MwvizError."""
    with _subject(app, factory=factory, app_dir=app_dir) as subject:
        return collect.inspect_stack(subject)


def routes(
    app: object,
    *,
    factory: bool = False,
    app_dir: str | Path | None = None,
    path: str | Sequence[str] = (),
    method: str | Sequence[str] = (),
    layer: str | Sequence[str] = (),
    without: str | Sequence[str] = (),
    trace: bool = False,
    timeout: float = 10.0,
    headers: Headers = (),
    order: str | None = None,
) -> Routes:
    """The routes of `app`, an object or an import string, with the chain that a request to it passes.

    `path` (globs), `method`, `layer` and `without` (names of layers and dependencies) select, as on the command line.
    Nothing is sent, unless `trace` is set: then each route is probed with a stand-in endpoint, with `headers`, for
    `timeout` seconds at most, and `observed`, `agrees` and `doubt` are told. `order` ("A > B") tells and probes the
    chains as they would be with the app's user middleware in that order. Raises MwvizError.
    """
    from mwviz.analysis.selection import Selection
    from mwviz.collect.listing import list_in_thread

    with _subject(app, factory=factory, app_dir=app_dir) as subject:
        selection = Selection(_texts(path), _texts(method), _texts(layer), _texts(without))
        return _selected(list_in_thread, subject, selection, timeout if trace else None, _pairs(headers), order)


def _texts(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def trace(
    app: object, path: str | None = None, *, factory: bool = False, app_dir: str | Path | None = None, **options: Any
) -> Trace:
    """One probe of `app`, an object or an import string, in a thread and an asyncio loop of its own.

    Without `path` a stand-in endpoint answers and no handler is called; with it the request goes to the real handler.
    `options`: method, headers (pairs or a mapping), data (bytes or str), scheme, client, preflight, endpoint, raises,
    lifespan, timeout (seconds), order, repeat, websocket (`path` is one, `data` its one message), extensions (names of
    ASGI's that the server offers, such as "http.response.trailers"), state (tell who sets and sees context variables
    and keys of the scope). Returns a Trace also where the app raised, hung or never answered; raises MwvizError for the
    caller's mistakes, and TypeError for an option that does not exist.
    """
    with _subject(app, factory=factory, app_dir=app_dir) as subject:
        return collect.probe_in_thread(subject, probe_options(path, **options))


async def trace_async(
    app: object, path: str | None = None, *, factory: bool = False, app_dir: str | Path | None = None, **options: Any
) -> Trace:
    """As `trace`, on the asyncio or trio loop that runs now. A layer that never awaits blocks that loop.

    One app takes one probe at a time: another one meanwhile raises MwvizError.
    """
    with _subject(app, factory=factory, app_dir=app_dir) as subject:
        return await collect.probe_async(subject, probe_options(path, **options))


def faults(
    app: object, path: str | None = None, *, factory: bool = False, app_dir: str | Path | None = None, **options: Any
) -> Faults:
    """What a client of `app`, an object or an import string, still gets where a layer rejects or crashes.

    Every fault is tried in turn in one stack, in a thread and an asyncio loop of its own. Without `path` no handler is
    called; with it the normal request, and no other, goes to the real handler. `options` are those of `trace` without
    raises, repeat and websocket; with `order` the matrix of the app as it is becomes `Faults.before`. Raises MwvizError
    for the caller's mistakes and an app that cannot be built or started, TypeError for an option that does not exist.
    """
    from mwviz.collect.faulting import faults_in_thread

    with _subject(app, factory=factory, app_dir=app_dir) as subject:
        return faults_in_thread(subject, probe_options(path, **options))


def probe_options(
    path: str | None = None,
    *,
    method: str | None = None,
    headers: Headers = (),
    data: bytes | str | None = None,
    scheme: str | None = None,
    client: str = "127.0.0.1",
    preflight: str | None = None,
    endpoint: Literal["stand-in", "real"] | None = None,
    raises: bool = False,
    lifespan: bool | None = None,
    timeout: float = 10.0,
    order: str | None = None,
    repeat: int | None = None,
    websocket: bool = False,
    extensions: Sequence[str] = (),
    state: bool = False,
) -> ProbeOptions:
    """The options of `trace`, in the types that a caller has at hand."""
    _check_data(data)
    return ProbeOptions(
        path=path,
        method=method,
        headers=_pairs(headers),
        data=data.encode() if isinstance(data, str) else data,
        scheme=scheme,
        client=client,
        preflight=preflight,
        endpoint=endpoint,
        raises=raises,
        lifespan=lifespan,
        timeout=timeout,
        order=order,
        repeat=repeat,
        websocket=websocket,
        extensions=tuple(extensions),
        state=state,
    )


def _pairs(headers: Headers) -> tuple[tuple[str, str], ...]:
    pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
    _check_pairs(pairs)
    return pairs


def _check_pairs(pairs: tuple[object, ...]) -> None:
    # A caller without a type checker is told what is wrong, and not where it broke.
    for pair in pairs:
        if not isinstance(pair, tuple) or [type(each) for each in pair] != [str, str]:
            raise ProbeError("headers are pairs of str, or a mapping of str to str.")


def _check_data(data: object) -> None:
    if not isinstance(data, (bytes, str, type(None))):
        raise ProbeError(f"data is bytes or str, not {type(data).__name__}: encode it as the app expects it.")


@contextmanager
def opened(target: Target) -> Iterator[Subject]:
    """Find and import the app; its modules stay importable for the time of the `with`. Raises MwvizError."""
    settings = config.find(target.directory, target.config)
    name, app_dir, factory = target.app, target.app_dir, target.factory
    if name is None and (name := settings.app or settings.entrypoint) is not None:
        app_dir = app_dir or settings.app_dir or settings.folder
        factory = factory or settings.factory
    if name is None:
        reference = collect.discover(target.directory, app_dir)
    else:
        reference = collect.parse(name, target.directory, app_dir)
    with collect.subject_of(reference, settings.folder, factory=factory) as subject:
        yield subject


@contextmanager
def _subject(app: object, *, factory: bool, app_dir: str | Path | None) -> Iterator[Subject]:
    if isinstance(app, str):
        directory = None if app_dir is None else Path(app_dir)
        with opened(Target(app, factory, directory)) as subject:
            yield subject
    else:
        yield collect.subject_of_object(app, Path.cwd(), factory=factory)
