"""The use case of `check`: the contracts of the configuration, held against what probes of the app showed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mwviz import api, collect, comparing, config
from mwviz.analysis import chains, on_faults
from mwviz.analysis.contracts import Held, could_not, hold, unmoved
from mwviz.analysis.selection import Selection, select
from mwviz.api import Target
from mwviz.checking.lock import could_not_lock, held_lock
from mwviz.collect import ProbeOptions, Subject
from mwviz.collect.listing import RouteProbes, list_here, list_probed
from mwviz.comparing import lockfile
from mwviz.config import App, Config
from mwviz.errors import ConfigError, ProbeError
from mwviz.model import Trace
from mwviz.model.contracts import Contract
from mwviz.model.faults import Faults
from mwviz.model.findings import CheckedApp, Findings
from mwviz.model.routes import Routes
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """One app to check: how to get it, what the configuration calls it, and the contracts to hold it to.

    `lock` is the folder of the lock that holds it, None where there is none.
    """

    target: Target
    name: str | None
    contracts: tuple[Contract, ...]
    lock: Path | None = None


def jobs(target: Target) -> tuple[Job, ...]:
    """What there is to check: the app that the command line names, or all that are configured.

    The name of a configured app stands for it. Raises ConfigError where there is nothing to hold.
    """
    settings = config.find(target.directory, target.config)
    found = _with_lock(configured(target, settings), settings)
    held = tuple(job for job in found if job.contracts or job.lock is not None)
    if not held:
        raise ConfigError(_nothing(target, settings))
    return held


def configured(target: Target, settings: Config) -> tuple[Job, ...]:
    """The app that the command line names, or all that are configured, whether there is something to hold or not."""
    return tuple(_jobs(target, settings))


def _with_lock(found: tuple[Job, ...], settings: Config) -> tuple[Job, ...]:
    # A lock is of one app: where several are configured it is that of the top level's.
    if not (settings.folder / lockfile.NAME).is_file():
        return found
    own = [job for job in found if job.name in (None, settings.app)]
    return tuple(replace(job, lock=settings.folder) if own and job is own[0] else job for job in found)


def _jobs(target: Target, settings: Config) -> Iterator[Job]:
    if target.app is None and settings.apps:
        if settings.app is not None and settings.app not in (app.name for app in settings.apps):
            yield Job(target, settings.app, settings.contracts)
        yield from (_job(target, settings, app) for app in settings.apps)
        return
    own = next((app for app in settings.apps if target.app in (app.name, app.app)), None)
    yield Job(target, None, settings.contracts) if own is None else _job(target, settings, own)


def _job(target: Target, settings: Config, app: App) -> Job:
    app_dir = target.app_dir or app.app_dir or settings.folder
    named = replace(target, app=app.app, app_dir=app_dir, factory=target.factory or app.factory)
    return Job(named, app.name, (*settings.contracts, *app.contracts))


def _nothing(target: Target, settings: Config) -> str:
    where = f"{settings.file} has no contract" if settings.file is not None else "There is no configuration"
    if target.app is not None and any(app.contracts for app in settings.apps):
        where += f" for '{target.app}' (its apps are {', '.join(app.name for app in settings.apps)})"
    return (
        f"{where} and no mwviz.lock to hold the order to: `mwviz init` writes a first contract from the order as it "
        "is, `mwviz lock` accepts that order as a whole."
    )


def check(subject: Subject, job: Job, options: ProbeOptions, *, stuck: Callable[[Findings], None]) -> Findings:
    """Hold the contracts of a job against one probe of its opened app, and one of each route that they are for.

    `stuck` gets the findings so far, in another thread, where the app cannot be interrupted. Raises MwvizError.
    """
    findings = _check(subject, job, options, lambda so_far: stuck(_as_tried(_judged(job, so_far, None), options)))
    return _as_tried(findings, options)


def _as_tried(findings: Findings, options: ProbeOptions) -> Findings:
    """The lines of the code do not show an order that is only tried: no moving of them mends it."""
    if options.order is None:
        return findings
    told = "This is the order that --order gives: correct it there."
    return replace(findings, findings=unmoved(findings.findings, told))


def _check(subject: Subject, job: Job, options: ProbeOptions, stuck: Callable[[Trace], None]) -> Findings:
    trace = api.probe(subject, options, stuck=stuck)
    if _unusable(trace) is not None:
        return _judged(job, trace, None)
    lock = _lock(subject, job, trace, options.order)
    faults = _faults(subject, job, options, lambda _: stuck(trace))
    for_routes = [_selection(contract) for contract in job.contracts if contract.of_routes]
    if not for_routes:
        return _judged(job, trace, None, lock, faults)

    def choose(routes: Routes) -> Routes:
        kept = {id(route) for each in for_routes for route in select(routes, each).routes}
        return replace(routes, routes=tuple(route for route in routes.routes if id(route) in kept))

    probes = RouteProbes(choose, options.timeout, options.headers, options.order)
    return _judged(job, trace, list_probed(subject, probes), lock, faults)


def _faults(
    subject: Subject, job: Job, options: ProbeOptions, stuck: Callable[[Faults | ProbeError], None]
) -> Faults | None:
    """Every fault, tried with the request that the contracts are held against; None where none asks for it."""
    if not any(contract.on_faults for contract in job.contracts):
        return None
    asked = replace(options, raises=False, repeat=None)
    return api.try_faults(subject, asked, stuck=stuck, compared=False)


def _lock(subject: Subject, job: Job, trace: Trace, order: str | None) -> tuple[Held, ...]:
    if job.lock is None:
        return ()
    routes = list_here(subject, order) if comparing.locked_routes(job.lock) else None
    return (held_lock(job.lock, trace, routes, job.name or trace.target),)


def _judged(
    job: Job, trace: Trace, routes: Routes | None, lock: tuple[Held, ...] = (), faults: Faults | None = None
) -> Findings:
    target = job.name or trace.target
    if not lock and job.lock is not None:  # nothing usable came of the probe
        lock = (could_not_lock(target, _unusable(trace) or "The probe of the app never ended"),)
    held = (*(_held(contract, trace, routes, faults, target) for contract in job.contracts), *lock)
    notes = (*trace.probe.reasons, *_ended(trace), *dict.fromkeys((*trace.notes, *(routes.notes if routes else ()))))
    app = CheckedApp(target, trace.versions, notes)
    return Findings(tuple(one for each in held for one in each.findings), tuple(each.check for each in held), (app,))


def _held(contract: Contract, trace: Trace, routes: Routes | None, faults: Faults | None, target: str) -> Held:
    if not contract.on_faults or _unusable(trace) is not None:
        return _held_order(contract, trace, routes, target)
    if faults is None:
        told = "A fault, or the probe itself, could not be ended"
        return could_not(contract, target, "MW109", told, "Run `mwviz faults` for the place where it hangs.")
    order = _held_order(contract, trace, routes, target)
    kept = on_faults.hold(contract, faults, target)
    check = replace(
        kept.check, kept=kept.check.kept and order.check.kept, notes=(*order.check.notes, *kept.check.notes)
    )
    return Held(check, (*order.findings, *kept.findings))


def _held_order(contract: Contract, trace: Trace, routes: Routes | None, target: str) -> Held:
    if (reason := _unusable(trace)) is not None:
        return could_not(contract, target, "MW109", reason, "Run `mwviz show` for the whole of it.")
    if not contract.of_routes:
        return hold(contract, [chains.of_trace(trace)], routes.layers if routes is not None else trace.layers, target)
    if routes is None:
        told = "The probe of the app never ended, so none was sent to its routes"
        return could_not(contract, target, "MW109", told, "Run `mwviz show` for the place where it hangs.")
    chosen = select(routes, _selection(contract))
    met = [chains.of_route(route, chosen) for route in chosen.routes]
    return hold(contract, met, routes.layers, target)


def joined(parts: Sequence[Findings]) -> Findings:
    """The findings of several apps as one."""
    return Findings(
        tuple(finding for part in parts for finding in part.findings),
        tuple(check for part in parts for check in part.checks),
        tuple(app for part in parts for app in part.apps),
    )


def _selection(contract: Contract) -> Selection:
    return Selection(contract.paths, contract.methods)


def _unusable(trace: Trace) -> str | None:
    """Why no contract can be held: the stack could not be built, or the app refused to start."""
    error = trace.error
    if error is None or error.during == "probe":
        return None
    when = "The stack could not be built" if error.during == "build" else "Startup failed"
    return f"{when}: {error.type}: {error.message}".rstrip(".: ")


def _ended(trace: Trace) -> Iterator[str]:
    if trace.error is not None and trace.error.during == "probe":
        yield f"The probe ended with {trace.error.type}: {trace.error.message}".rstrip(".: ") + "."


def order_of(subject: Subject) -> tuple[str, ...]:
    """The labels of the user's own layers as a probe meets them, outermost first. Raises ProbeError."""
    trace = collect.probe_in_thread(subject, ProbeOptions())
    if (reason := _unusable(trace)) is not None:
        raise ProbeError(f"There is no order to begin with. {reason}.")
    return tuple(layer.label for layer in chains.of_trace(trace).own())


def source_of(target: Target) -> str:
    """The name of the file that says what is held: the configuration, or the lock where there is none."""
    file = config.find(target.directory, target.config).file
    return lockfile.NAME if file is None else file.name


def folder_from(target: Target, root: Path) -> str:
    """The folder that places are relative to, as seen from `root`; its own path where it lies elsewhere."""
    folder = config.find(target.directory, target.config).folder
    try:
        inside = folder.relative_to(root.resolve()).as_posix()
    except ValueError:
        return folder.as_posix()
    return "" if inside == "." else inside
