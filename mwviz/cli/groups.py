"""Options that several commands have, each group declared once: a command takes a group as one argument."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

from mwviz.cli import options
from mwviz.values import dataclass

Command = TypeVar("Command", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Request:
    """The probe that is sent."""

    method: options.Method = None
    header: options.Header = None
    data: options.Data = None
    scheme: options.Scheme = None
    client: options.Client = "127.0.0.1"
    preflight: options.Preflight = None
    websocket: options.Websocket = False
    extension: options.Extension = None
    endpoint: options.Endpoint = None
    raises: options.Raises = False
    lifespan: options.Lifespan = None
    timeout: options.Timeout = 10.0
    order: options.Order = None
    repeat: options.Repeat = None


@dataclass(frozen=True, slots=True)
class Found:
    """How the app is found and what is told of its exceptions."""

    factory: options.Factory = False
    app_dir: options.AppDir = None
    env_file: options.EnvFile = None
    whole: options.Traceback = False


@dataclass(frozen=True, slots=True)
class Configured(Found):
    """The same, where a configuration may be named."""

    config: options.ConfigFile = None


def grouped(command: Command) -> Command:
    """Let Typer see the fields of each group that `command` takes as options of the command's own."""
    taken = inspect.signature(command).parameters.values()
    groups: dict[str, Any] = {each.name: each.annotation for each in taken if is_dataclass(each.annotation)}
    parameters = [
        spread for each in taken for spread in (_spread(groups[each.name]) if each.name in groups else [each])
    ]

    @functools.wraps(command)
    def called(**given: Any) -> object:
        made = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        return command(**given, **made)

    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called  # type: ignore[return-value]


@functools.cache  # ten commands have the same two groups
def _spread(group: Any) -> tuple[inspect.Parameter, ...]:
    # Typer 0.9.0 reads no annotation that is a string, and those of the groups are
    hints = get_type_hints(group, include_extras=True)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return tuple(
        inspect.Parameter(each.name, kind, default=each.default, annotation=hints[each.name]) for each in fields(group)
    )
