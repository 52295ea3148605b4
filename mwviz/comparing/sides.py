"""The two sides of a comparison: files are read, apps and revisions are probed in processes of their own."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import mwviz
from mwviz import config
from mwviz.comparing import lockfile, revision, saved
from mwviz.comparing.ground import Ground, is_own, within
from mwviz.errors import ConfigError, MwvizError, TargetError
from mwviz.model.diff import Lock, Side
from mwviz.values import dataclass

#: Runs this very mwviz, whatever the folder holds that the process starts in.
_START = (
    "import sys; root, told = sys.argv.pop(1), sys.argv.pop(1); sys.path.insert(0, root); import mwviz;"
    "sys.path.remove(root); from mwviz.comparing import ground; ground.prepare(told);"
    "from mwviz.cli import main; main()"
)

#: The exit code of a defect of mwviz itself.
_DEFECT = 70

Kind: TypeAlias = Literal["lock", "json", "app", "revision"]


@dataclass(frozen=True, slots=True)
class Named:
    """A side as it was named, and what that turned out to be; `app` is what to probe (None: the configured one)."""

    name: str
    kind: Kind
    app: str | None = None


@dataclass(frozen=True, slots=True)
class Probing:
    """How apps are probed: the rest of the command line of `show`, what finds the app, whether routes are listed."""

    probe: tuple[str, ...] = ()
    routes: bool = False
    factory: bool = False
    app_dir: Path | None = None
    config: Path | None = None


def recognised(name: str | None, directory: Path, say: Callable[[str], None]) -> Named:
    """What a side's name stands for; `say` hears a note where it could be two things. Raises MwvizError."""
    if name is None:
        return Named("working tree", "app")
    path = directory / name
    if (kind := _file_kind(path)) is not None:
        return Named(name, kind)
    if ":" in name or name.endswith(".py"):
        return Named(name, "app", name)
    if revision.knows(name, directory):
        if _is_module(name, directory):
            say(
                f"Note: '{name}' is a git revision and a module: the revision is compared. "
                f"The module would be '{name.replace('.', '/')}.py' or '{name}:NAME'."
            )
        return Named(name, "revision")
    if path.suffix in (".lock", ".json"):
        raise ConfigError(f"There is no file '{path.name}' in {path.parent}.")
    if not _is_module(name, directory):
        raise TargetError(
            f"'{name}' is no file, no git revision that is known here (a shallow clone knows few) and no module."
        )
    return Named(name, "app", name)


def opened(sides: Sequence[Named], probing: Probing, directory: Path) -> tuple[Side, Side]:
    """Both sides. An app that is not named is the other side's; routes are listed where a file holds some.

    Raises MwvizError, for an app that cannot be probed, too.
    """
    read = [_read(each, directory) if each.kind in ("lock", "json") else None for each in sides]
    if any(each is not None and each[0].lock.routes is not None for each in read):
        probing = replace(probing, routes=True)
    targets = [each[1] if each is not None else named.app for named, each in zip(sides, read, strict=True)]
    both = []
    for at, (named, found) in enumerate(zip(sides, read, strict=True)):
        if found is not None:
            both.append(found[0])
        else:
            app = _app(named, targets[1 - at], probing, directory, other_is_saved=read[1 - at] is not None)
            both.append(_probed(named, app, probing, directory))
    return both[0], both[1]


def _app(named: Named, other: str | None, probing: Probing, directory: Path, *, other_is_saved: bool) -> str | None:
    """What to probe on a side: the app it names, or the other side's; None is the configured or discovered one."""
    if named.kind == "revision":
        return other
    if named.app is not None or not other_is_saved:
        return named.app
    return None if _names_app(config.find(directory, probing.config)) else other


def _names_app(settings: config.Config) -> bool:
    return settings.app is not None or settings.entrypoint is not None


def _file_kind(path: Path) -> Kind | None:
    if path.suffix == ".py" or not _is_file(path):
        return None
    if path.suffix in (".lock", ".json"):
        return "lock" if path.suffix == ".lock" else "json"
    start = path.read_bytes()[:4096]
    return "json" if start.lstrip().startswith(b"{") else "lock" if lockfile.FORMAT.encode() in start else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for one
        return False


def _is_module(name: str, directory: Path) -> bool:
    try:
        folder = directory.joinpath(*name.split("."))
        if name and (folder.with_suffix(".py").is_file() or folder.is_dir()):
            return True
    except OSError:
        return False
    try:
        return "/" not in name and importlib.util.find_spec(name.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def _read(named: Named, directory: Path) -> tuple[Side, str | None]:
    if named.kind == "lock":
        return Side(named.name, lockfile.read(directory / named.name, named.name)), None
    try:
        text = (directory / named.name).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{named.name} cannot be read: {error}.") from error
    found = saved.document(text, named.name)
    target = found.get("target")
    return saved.side(found, named.name), target if isinstance(target, str) else None


def _probed(named: Named, app: str | None, probing: Probing, directory: Path) -> Side:
    if named.kind == "app":
        return _asked(named.name, app, probing, Ground(directory, config.find(directory, probing.config).folder))
    repository = revision.top(directory)
    if repository is None:
        raise TargetError(f"'{named.name}' is a git revision, but {directory} lies in no working tree of git.")
    with ExitStack() as undo:
        tree = undo.enter_context(revision.checked_out(named.name, directory))
        try:
            return _of_revision(named.name, app, probing, directory, (repository, tree))
        except MwvizError as error:
            # the temporary folder is gone by the time that this is read
            raise type(error)(str(error).replace(str(tree), "the revision")) from error


def _of_revision(name: str, app: str | None, probing: Probing, directory: Path, trees: tuple[Path, Path]) -> Side:
    """Probe in the second of both trees what `directory` and all options name in the first, the user's."""
    repository, tree = trees

    def there(path: Path) -> Path:
        return tree / path.resolve().relative_to(repository) if within(path, repository) else path

    if not there(directory).is_dir():
        raise TargetError(f"There is no folder '{directory.resolve().relative_to(repository)}' in '{name}'.")
    moved = replace(
        probing,
        app_dir=None if probing.app_dir is None else there(directory / probing.app_dir),
        config=None if probing.config is None else there(directory / probing.config),
    )
    settings = config.find(directory, probing.config)
    found = config.find(there(directory), moved.config)
    if app is None and not _names_app(found):
        app = settings.app or settings.entrypoint
        moved = replace(moved, app_dir=moved.app_dir or there(settings.folder))
    if app is not None and Path(app.partition(":")[0]).is_absolute():
        app = str(there(Path(app)))
    roots = _roots(repository, there)
    ground = Ground(there(directory), there(settings.folder), roots, repository, tree, found.folder)
    return _asked(name, app, moved, ground)


def _roots(repository: Path, there: Callable[[Path], Path]) -> tuple[str, ...]:
    """Folders of the repository that are importable here, such as `src` of an editable install, in the revision."""
    folders = (Path(entry) for entry in sys.path if entry)
    return tuple(str(there(folder)) for folder in folders if within(folder, repository) and is_own(folder))


def _asked(name: str, app: str | None, probing: Probing, ground: Ground) -> Side:
    finding = [*([] if app is None else [app]), *_finding(probing)]
    side = _told(name, ["show", *finding, *probing.probe], ground)
    if not probing.routes:
        return side
    further = _told(name, ["routes", *finding], ground).lock
    known = {(layer.label, layer.within) for layer in side.lock.layers}
    more = (layer for layer in further.layers if layer.within != "app" and (layer.label, layer.within) not in known)
    return replace(side, lock=Lock((*side.lock.layers, *more), further.routes))


def _told(name: str, arguments: Sequence[str], ground: Ground) -> Side:
    found = saved.document(_answer(name, arguments, ground), name)
    if ground.tree is not None:
        _check_origin(name, found, ground)
        for layer in found["layers"]:
            layer["arguments"] = {name: ground.at_home(text) for name, text in layer["arguments"].items()}
    return saved.side(found, name, str(ground.folder))


def _check_origin(name: str, found: Mapping[str, Any], ground: Ground) -> None:
    """Raise TargetError where the app, or a layer, came from the working tree; of other modules a note is told."""
    modules = ground.foreign_modules()
    target = str(found["target"]).partition(":")[0]
    told = [(target, Path(modules[target]))] if target in modules else []
    for layer in found["layers"]:
        places = (place for place in (layer["registered_at"], layer["defined_at"]) if place is not None)
        told += [(layer["name"], Path(place["file"])) for place in places if ground.is_foreign(Path(place["file"]))]
    why = "not from the revision: something, such as an editable install, leads Python to the working tree."
    for what, file in told:
        raise TargetError(f"{name}: {what} came from {file}, {why}")
    if modules:
        named = [*sorted(modules)[:3], *([f"{len(modules) - 3} more"] if len(modules) > 3 else [])]
        sys.stderr.write(f"Note: {name}: {', '.join(named)} came from {ground.working_tree}, {why}\n")


def _finding(probing: Probing) -> Iterator[str]:
    if probing.factory:
        yield "--factory"
    for option, path in (("--app-dir", probing.app_dir), ("--config", probing.config)):
        if path is not None:
            yield from (option, str(path))


def _answer(name: str, arguments: Sequence[str], ground: Ground) -> str:
    own = str(Path(mwviz.__file__).resolve().parent.parent)
    variables = revision.environment()
    inherited = variables.get("PYTHONPATH", "").split(os.pathsep) if variables.get("PYTHONPATH") else []
    if paths := [*ground.roots, *inherited]:
        variables["PYTHONPATH"] = os.pathsep.join(paths)
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", _START, own, ground.told, *arguments, "-f", "json"], cwd=ground.directory, env=variables,
        stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    if done.returncode in (0, 1) and done.stdout:
        sys.stderr.write(done.stderr)
        return done.stdout
    told = re.search(r"^Error: ", done.stderr, re.MULTILINE)
    if done.returncode == 2 and told is not None:
        sys.stderr.write(done.stderr[: told.start()])
        raise TargetError(f"{name}: {done.stderr[told.end() :].rstrip()}")
    if done.returncode != _DEFECT:
        sys.stderr.write(done.stderr)
        raise TargetError(f"{name}: the app ended the process that probed it, with exit code {done.returncode}.")
    raise RuntimeError(f"{name}: the process that probed it failed:\n{done.stderr}")
