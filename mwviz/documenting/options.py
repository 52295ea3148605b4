"""The options that a block of a document may give: those of the command line, without what a document has no use for.

Only the command line knows Typer, and documents are read without it; a test holds both to the same options.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from mwviz.errors import ProbeError, closest
from mwviz.values import dataclass

Value: TypeAlias = str | float | int | bool | list[str]


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its name in code, its flags as they are written, and what follows them.

    `off` is the flag that says no (`--no-lifespan`); `choices` are all that a text may be; `many` may be given again.
    """

    name: str
    flags: tuple[str, ...]
    takes: Literal["text", "number", "count", "nothing"] = "text"
    many: bool = False
    off: str | None = None
    choices: tuple[str, ...] = ()


_VIEW = (
    Option("format", ("-f", "--format")),
    Option("file", ("-o", "--output")),
    Option("verbose", ("--verbose",), "nothing"),
    Option("theme", ("--theme",), choices=("light", "dark", "auto")),
)
_APP = (
    Option("factory", ("--factory",), "nothing"),
    Option("app_dir", ("--app-dir",)),
    Option("env_file", ("--env-file",)),
    Option("config", ("--config",)),
)
_HEADER = Option("header", ("-H", "--header"), many=True)
_TIMEOUT = Option("timeout", ("--timeout",), "number")
_ORDER = Option("order", ("--order",))

#: What each command of a block takes.
OPTIONS: dict[str, tuple[Option, ...]] = {
    "show": (
        *_VIEW,
        Option("changes", ("--changes",), "nothing"),
        Option("method", ("-X", "--method")),
        _HEADER,
        Option("data", ("-d", "--data")),
        Option("scheme", ("--scheme",)),
        Option("client", ("--client",)),
        Option("preflight", ("--preflight",)),
        Option("websocket", ("--websocket",), "nothing"),
        Option("extension", ("--extension",), many=True),
        Option("endpoint", ("--endpoint",), choices=("stand-in", "real")),
        Option("raises", ("--raise",), "nothing"),
        Option("lifespan", ("--lifespan",), "nothing", off="--no-lifespan"),
        _TIMEOUT,
        _ORDER,
        Option("repeat", ("--repeat",), "count"),
        *_APP,
    ),
    "routes": (
        *_VIEW,
        Option("path", ("--path",), many=True),
        Option("method", ("-X", "--method"), many=True),
        Option("layer", ("--layer",), many=True),
        Option("without", ("--without",), many=True),
        Option("trace", ("--trace",), "nothing"),
        _HEADER,
        _TIMEOUT,
        _ORDER,
        *_APP,
    ),
}


def parse(command: str, words: Sequence[str]) -> tuple[list[str], dict[str, Value]]:
    """The arguments of a command, and the values of the options that it gives. Raises ProbeError."""
    flags = {flag: option for option in OPTIONS[command] for flag in (*option.flags, option.off) if flag}
    arguments: list[str] = []
    values: dict[str, Value] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*arguments, *rest], values
        if not word.startswith("-") or word == "-":
            arguments.append(word)
            continue
        flag, given = _parted(word)
        if (option := flags.get(flag)) is None:
            raise ProbeError(_unknown(flag, command, flags))
        if option.takes == "nothing":
            if given is not None:
                raise ProbeError(f"{flag} takes no value, but has '{given}'.")
            values[option.name] = flag != option.off
            continue
        if given is None and not rest:
            raise ProbeError(f"{flag} needs a value.")
        _keep(values, option, flag, rest.pop(0) if given is None else given)
    return arguments, values


def _parted(word: str) -> tuple[str, str | None]:
    if word.startswith("--"):
        flag, equals, given = word.partition("=")
        return flag, given if equals else None
    return word[:2], word[2:] or None


def _keep(values: dict[str, Value], option: Option, flag: str, given: str) -> None:
    if option.choices and given not in option.choices:
        raise ProbeError(f"{flag} is one of {', '.join(option.choices)}, not '{given}'.")
    if option.many:
        before = values.setdefault(option.name, [])
        assert isinstance(before, list)  # noqa: S101 - an option that may be given again is a list from its first
        before.append(given)
        return
    try:
        values[option.name] = {"text": str, "number": float, "count": int}[option.takes](given)
    except ValueError as error:
        raise ProbeError(f"{flag} is a number, not '{given}'.") from error


def _unknown(flag: str, command: str, flags: Mapping[str, Option]) -> str:
    close = closest(flag, flags)
    hint = f"did you mean {close}?" if close else f"a block of {command} takes {', '.join(sorted(flags))}."
    return f"There is no option {flag} in a block of {command}: {hint}"
