"""Imports the user's module and gets the app out of it, telling their mistakes from their exceptions."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from mwviz.collect import failure
from mwviz.collect.compat import is_application
from mwviz.collect.find.registration import Registrations, watched
from mwviz.collect.find.target import Reference
from mwviz.collect.stack.unwrap import looks_asgi, path_to
from mwviz.collect.staying import ProcessExit
from mwviz.errors import ImportFailed, TargetError, closest

#: Names under which apps are looked for in a module, before any other Starlette or FastAPI object in it.
_PREFERRED = ("app", "api")
_FACTORIES = ("create_app", "make_app", "get_app", "build_app", "app_factory", "factory")


@contextmanager
def importable(roots: Sequence[Path]) -> Iterator[None]:
    """For the time of the `with`, the directories come first on `sys.path`, in their order."""
    before, added = list(sys.path), [str(root) for root in dict.fromkeys(roots)]
    sys.path[:0] = added
    try:
        yield
    finally:
        for root in added:
            if root in sys.path:
                sys.path.remove(root)
        # An app may have emptied it; what comes after still has imports to do.
        sys.path += [root for root in before if root not in sys.path]


def load(reference: Reference, registrations: Registrations, *, factory: bool = False) -> Any:
    """The app that `reference` names. Raises TargetError if there is none, ImportFailed if the user's code raised."""
    with watched(registrations):
        module = _import(reference)
        if reference.attribute is None:
            found = _discover(module, reference, factory=factory)
        else:
            found = _attribute(module, reference, reference.attribute)
        return made(found, reference.shown, forced=factory or reference.factory)


def made(found: Any, shown: str, *, forced: bool = False) -> Any:
    """`found`, or what it returns where it is a factory. Raises as `load` does."""
    if not forced and (not callable(found) or looks_asgi(found) or _leads_inward(found)):
        return found
    if not callable(found):
        raise TargetError(f"'{shown}' is an object of class {type(found).__name__}: it cannot be called as a factory.")
    needed = _needed_arguments(found)
    if needed:
        raise TargetError(
            f"'{shown}' looks like a factory, but needs arguments ({', '.join(needed)}): "
            "name a function without arguments that returns the app."
        )
    with _theirs(f"The factory '{shown}'", "while it made the app"):
        app = found()
    if inspect.iscoroutine(app):
        app.close()
        raise TargetError(f"'{shown}' is an async function: a factory must return the app when it is called.")
    if path_to(app, is_application) is None:
        raise TargetError(
            f"The factory '{shown}' returned an object of class {type(app).__name__}: "
            "no Starlette or FastAPI app was found in it."
        )
    return app


def _import(reference: Reference) -> ModuleType:
    with _theirs(f"'{reference.module}'", "while it was imported", reference):
        if reference.file is None or _is_loaded_from(reference):
            return importlib.import_module(reference.module)
        if reference.module not in sys.modules:
            module = importlib.import_module(reference.module)
            if _same_file(module, reference.file):
                return module
        return _import_file(reference.module, reference.file)


def _import_file(name: str, file: Path) -> ModuleType:
    # Another module has this name already (`types.py`, `queue.py`): the file gets one that is free.
    free = f"{name}__{abs(hash(str(file))):x}"
    spec = importlib.util.spec_from_file_location(free, file)
    if spec is None or spec.loader is None:
        raise TargetError(f"'{file}' is no Python source file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[free] = module
    spec.loader.exec_module(module)
    return module


def _is_loaded_from(reference: Reference) -> bool:
    module = sys.modules.get(reference.module)
    return module is not None and reference.file is not None and _same_file(module, reference.file)


def _same_file(module: ModuleType, file: Path) -> bool:
    own = getattr(module, "__file__", None)
    return type(own) is str and Path(own).resolve() == file


@contextmanager
def _theirs(what: str, when: str, reference: Reference | None = None) -> Iterator[None]:
    """Tell an exception of the user's code as one message, with the traceback cut to their frames."""
    try:
        yield
    except (TargetError, KeyboardInterrupt):
        raise
    except SystemExit as error:
        said = failure.message(error)
        call = said if isinstance(error, ProcessExit) else f"sys.exit({said})"
        raise _failed(f"{what} called {call} {when}.", error) from error
    except BaseException as error:
        if reference is not None and _is_missing(error, reference):
            raise TargetError(_no_module(reference)) from error
        if isinstance(error, SyntaxError):
            raise _failed(f"{what} raised {failure.syntax(error)}", error) from error
        raise _failed(f"{what} raised {failure.one_line(error)} {when}.{_uninstalled(error)}", error) from error


def _failed(message: str, error: BaseException) -> ImportFailed:
    frames = failure.own_frames(error)
    if frames.startswith('  File "<frozen importlib'):  # source that cannot be compiled has no frame of its own
        frames = ""
    return ImportFailed(message, frames=frames, traceback=failure.whole(error))


def _uninstalled(error: BaseException) -> str:
    # The usual cause: mwviz lives in another environment than the app.
    if not isinstance(error, ModuleNotFoundError) or not error.name or "." in error.name:
        return ""
    return f" Is it installed where mwviz runs ({sys.prefix})?"


def _is_missing(error: BaseException, reference: Reference) -> bool:
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return False
    return reference.module == error.name or reference.module.startswith(error.name + ".")


def _no_module(reference: Reference) -> str:
    root = reference.roots[0]
    parent, _, last = reference.module.rpartition(".")
    folder = root.joinpath(*parent.split(".")) if parent else root
    names = sorted(each.stem for each in folder.glob("*.py") if each.stem != "__init__")
    close = closest(last, [*names, *sorted(each.parent.name for each in folder.glob("*/__init__.py"))])
    hint = " Is it spelled right? --app-dir names another directory."
    if close:
        hint = f" Did you mean '{parent}.{close}'?" if parent else f" Did you mean '{close}'?"
    return f"There is no module '{reference.module}' in {root} or on Python's path.{hint}"


def _attribute(module: ModuleType, reference: Reference, attribute: str) -> Any:
    found: Any = module
    where, joint = reference.shown.rpartition(":")[0], ":"
    for part in attribute.split("."):
        with _theirs(f"'{reference.shown}'", "while it was looked up"):
            try:
                found = getattr(found, part)
            except AttributeError as error:
                raise TargetError(_no_attribute(found, part, where, joint)) from error
        where, joint = f"{where}{joint}{part}", "."
    return found


def _no_attribute(holder: Any, name: str, where: str, joint: str) -> str:
    names = [each for each in dir(holder) if not each.startswith("_")]
    apps = _applications(holder) if isinstance(holder, ModuleType) else []
    hint = closest(name, names) or next(iter(apps), None)
    told = f" Did you mean '{where}{joint}{hint}'?" if hint else ""
    return f"'{where}' has no attribute '{name}'.{told}"


def _applications(module: ModuleType) -> list[str]:
    return [name for name, value in vars(module).items() if not isinstance(value, type) and is_application(value)]


def _discover(module: ModuleType, reference: Reference, *, factory: bool) -> Any:
    held = vars(module)
    if not factory:
        for name in (*_PREFERRED, *_applications(module)):
            if name in held and path_to(held[name], is_application) is not None:
                return held[name]
    factories = [name for name in _FACTORIES if callable(held.get(name))]
    if factory and factories:
        return held[factories[0]]
    hint = (
        f"it has a function {factories[0]}: try '{reference.shown}:{factories[0]}'."
        if factories
        else (f"name the object as '{reference.shown}:NAME'.")
    )
    raise TargetError(f"No Starlette or FastAPI app was found in '{reference.shown}': {hint}")


def _leads_inward(found: Any) -> bool:
    # A factory, too, may hold the app that it returns; but nobody could call it as a server calls an app.
    if path_to(found, is_application) is None:
        return False
    try:
        inspect.signature(found).bind("scope", "receive", "send")
    except TypeError:
        return False
    except ValueError:  # a callable without a signature
        return True
    return True


def _needed_arguments(factory: Any) -> list[str]:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):  # a callable without a signature: calling it will tell
        return []
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each.name for each in parameters if each.default is each.empty and each.kind not in variable]
