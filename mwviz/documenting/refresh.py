"""Refreshes the blocks of documents: all of them, or none where one cannot be made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from mwviz.documenting import blocks, encodings, figures, pictures
from mwviz.documenting.blocks import MARKUP_OF_ENDING, Block
from mwviz.documenting.commands import Command, read
from mwviz.documenting.encodings import Decoded
from mwviz.documenting.looking import Seen, look
from mwviz.errors import BlockError, ImportFailed, MwvizError, OutputError
from mwviz.render import Format
from mwviz.values import dataclass

#: A place in a document, and what is wrong there.
_Wrong: TypeAlias = tuple[str, MwvizError]
#: Folders that hold no documents of the project's own.
_FOREIGN = frozenset({"node_modules", "site-packages", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A file as it is and as it should be; `before` is None for a picture that is not there yet.

    `encoding` is that of a document's text.
    """

    file: Path
    before: bytes | None
    after: bytes
    encoding: str


@dataclass(frozen=True, slots=True)
class Stale:
    """A block that is not as it should be: file and line of its marker, and what of it is stale."""

    file: Path
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Refresh:
    """What refreshing documents comes to: each file that changes, what is stale in it, how many blocks there are."""

    files: tuple[Refreshed, ...]
    stale: tuple[Stale, ...]
    blocks: int


@dataclass(frozen=True, slots=True, eq=False)
class _Document:
    """A document as it was read; `place` is where it is, wherever the app that is imported then goes."""

    file: Path
    place: Path
    content: bytes
    decoded: Decoded
    lines: list[str]
    found: tuple[tuple[Block, Command], ...]


def documents(named: Sequence[Path]) -> tuple[Path, ...]:
    """The documents that files and folders name, each once. Raises OutputError for what is none, or is not there."""
    found: list[Path] = []
    for path in named:
        if path.is_dir():
            found += sorted(_below(path))
        elif not path.is_file():
            raise OutputError(f"There is no file '{path}'.")
        elif path.suffix.lower() not in MARKUP_OF_ENDING:
            raise OutputError(f"'{path}' is no document: blocks are read in {', '.join(MARKUP_OF_ENDING)}.")
        else:
            found.append(path)
    kept: dict[Path, Path] = {}
    for path in found:
        kept.setdefault(path.resolve(), path)
    return tuple(kept.values())


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in _FOREIGN or (path / "pyvenv.cfg").exists():
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _below(path)
        elif path.is_file() and path.suffix.lower() in MARKUP_OF_ENDING:
            yield path


def refresh(files: Sequence[Path], directory: Path, *, whole: bool = False) -> Refresh:
    """What all blocks of these documents should hold, their commands run in `directory`; nothing is written.

    `whole`: tracebacks of the app are not cut.

    Raises BlockError with a line for everything that is wrong with any of them, and OutputError for a file that cannot
    be read.
    """
    wrong: list[_Wrong] = []
    read_in = [_document(file, directory, wrong) for file in files]
    _raise(wrong, whole=whole)
    asked = [(document, block, command) for document in read_in for block, command in document.found]
    seen = dict(
        zip(((each.file, block.line) for each, block, _ in asked), look([each for *_, each in asked]).seen, strict=True)
    )
    drawn: dict[Path, _Picture] = {}
    stale: list[Stale] = []
    changed: list[Refreshed] = []
    for document in read_in:
        after = _rewritten(document, seen, drawn, stale, wrong)
        if after != document.content:
            changed.append(Refreshed(document.place, document.content, after, document.decoded.encoding))
    _raise(wrong, whole=whole)
    changed += [
        Refreshed(file, each.before, each.after, "utf-8") for file, each in drawn.items() if each.after != each.before
    ]
    return Refresh(tuple(changed), tuple(stale), len(asked))


def _raise(wrong: Sequence[_Wrong], *, whole: bool) -> None:
    if not wrong:
        return
    told: dict[str, None] = {"no file was changed.": None}
    for place, error in wrong:
        told[f"{place}: {error}"] = None
        if isinstance(error, ImportFailed) and (frames := error.traceback if whole else error.frames):
            told[frames.rstrip()] = None  # one app may fail many blocks, all in the same lines of its code
    raise BlockError("\n".join(told))


def _document(file: Path, directory: Path, wrong: list[_Wrong]) -> _Document:
    try:
        content = file.read_bytes()
        decoded = encodings.decoded(content)
    except OSError as error:
        raise OutputError(f"'{file}' cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise OutputError(f"'{file}' cannot be read: it is not in the encoding that it begins with.") from error
    lines = blocks.split(decoded.text)
    found, mistakes = blocks.find(lines, MARKUP_OF_ENDING[file.suffix.lower()])
    said: list[tuple[int, MwvizError]] = [(each.line, BlockError(each.message)) for each in mistakes]
    commands = []
    for block in found:
        command = _command(block, directory)
        if isinstance(command, MwvizError):
            said.append((block.line, command))
        else:
            commands.append((block, command))
    wrong += [(f"{file}:{line}", error) for line, error in sorted(said, key=lambda each: each[0])]
    return _Document(file, file.absolute(), content, decoded, lines, tuple(commands))


def _command(block: Block, directory: Path) -> Command | MwvizError:
    try:
        command = read(block.command, directory)
        figures.check(command.format, block.markup, command.picture)
    except MwvizError as error:
        return error
    return command


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture's file as it is and as it should be, and the command that says so."""

    before: bytes | None
    after: bytes
    command: Command


def _is_stale(file: Path, command: Command, seen: Seen, drawn: dict[Path, _Picture]) -> bool:
    """Draw a picture, and tell whether its file is stale. Raises OutputError."""
    if file.suffix != ".svg":
        raise OutputError(f"-o {command.picture} is a link to '{file.name}': a picture never goes over what is no SVG.")
    if file not in drawn:
        try:
            before = pictures.content(file)
        except OSError as error:
            raise OutputError(f"'{file}' cannot be read: {error.strerror}.") from error
        drawn[file] = _Picture(before, pictures.drawn(seen, command, before), command)
    if pictures.asked(drawn[file].command) != pictures.asked(command):
        raise OutputError(f"Another block writes {command.picture} with another command: give each a file of its own.")
    return drawn[file].before != drawn[file].after


def _rewritten(
    document: _Document,
    looks: dict[tuple[Path, int], Seen | MwvizError],
    drawn: dict[Path, _Picture],
    stale: list[Stale],
    wrong: list[_Wrong],
) -> bytes:
    lines, contents = list(document.lines), []
    for block, command in document.found:
        place, seen = f"{document.file}:{block.line}", looks[document.file, block.line]
        try:
            if isinstance(seen, MwvizError):
                raise seen
            content = _content(document, block, command, seen)
            picture = command.picture and (document.place.parent / command.picture).resolve()
            old = picture and _is_stale(picture, command, seen, drawn)
        except MwvizError as error:
            wrong.append((place, error))
            continue
        if content != lines[block.first : block.last]:
            stale.append(Stale(document.file, block.line, block.command))
        elif old:
            stale.append(Stale(document.file, block.line, f"{command.picture} of {block.command}"))
        contents.append((block, content))
    for block, content in reversed(contents):
        lines[block.first : block.last] = content
    return document.decoded.encoded("".join(lines))


def _content(document: _Document, block: Block, command: Command, seen: Seen) -> list[str]:
    shape = command.format or Format.TABLE
    made = figures.lines(seen, shape, block.markup, verbose=command.verbose, picture=command.picture, look=command.look)
    fitting = (document.decoded.fitting(line) for line in made)
    return [f"{block.indent}{line}{block.newline}" if line else block.newline for line in fitting]
