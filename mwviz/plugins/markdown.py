"""Python-Markdown's front door, for MkDocs, Material for MkDocs, Zensical and whatever else renders with it.

    ```mwviz
    show app:app -f svg
    ```

The extension is `mwviz.plugins.markdown`; its option `directory` is where the commands run, by default the working
directory. Apps are imported in processes of their own: the site's stays as it is, and every change of code is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor

from mwviz.documenting import fences, figures, inline
from mwviz.documenting.commands import Command, read
from mwviz.documenting.fences import Fence
from mwviz.documenting.looking import Seen, look
from mwviz.errors import BlockError, MwvizError, OutputError
from mwviz.render import Format

#: After what includes other files and before all that takes fences for code.
_PRIORITY = 27


class MwvizExtension(Extension):
    """Puts the diagram in the place of each fence. `looked` is told what an app's files are, `failed` what went wrong.

    `failed` gets the number of the fence in its page, from 0, its command and the error, and may raise one of its own.
    """

    def __init__(self, **settings: Any) -> None:
        self.config = {"directory": [".", "where the commands run: files in them count from there"]}
        self.looked: Callable[[tuple[str, ...]], None] = lambda _files: None
        self.failed: Callable[[int, str, MwvizError], None] = lambda _number, _command, _error: None
        super().__init__(**settings)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Python-Markdown's name
        """Register what reads the fences."""
        md.preprocessors.register(_Fences(md, self), "mwviz", _PRIORITY)


class _Fences(Preprocessor):
    def __init__(self, md: Markdown, extension: MwvizExtension) -> None:
        super().__init__(md)
        self._extension = extension

    def run(self, lines: list[str]) -> list[str]:
        found = fences.find(lines)
        if not found:
            return lines
        directory = Path(str(self._extension.getConfig("directory")))
        commands = []
        for number, fence in enumerate(found):
            with self._told(number, fence):
                commands.append(_read(fence, directory))
        looks = look(commands, apart=True)
        self._extension.looked(looks.files)
        made = list(lines)
        for number, fence in reversed(list(enumerate(found))):
            with self._told(number, fence):
                shown = self._shown(looks.seen[number], commands[number])
                made[fence.first : fence.last] = ["", *(f"{fence.indent}{line}".rstrip() for line in shown), ""]
        return made

    @contextmanager
    def _told(self, number: int, fence: Fence) -> Iterator[None]:
        try:
            yield
        except MwvizError as error:
            self._extension.failed(number, fence.body, error)
            raise BlockError(f"```mwviz {fence.body}```: {error}") from error

    def _shown(self, seen: Seen | MwvizError, command: Command) -> list[str]:
        if isinstance(seen, MwvizError):
            raise seen
        html = inline.preferred(seen, command)
        if html is None and command.format in (Format.MARKDOWN, Format.MERMAID, Format.SEQUENCE):
            return figures.lines(
                seen, command.format, "markdown", verbose=command.verbose, picture=None, look=command.look
            )
        return [self.md.htmlStash.store(html or inline.code(seen, command.format or Format.TABLE, command))]


def _read(fence: Fence, directory: Path) -> Command:
    command = read(fence.body, directory)
    if command.picture is not None:
        raise OutputError("-o is for documents that `mwviz docs` refreshes: here the picture is part of the page.")
    return command


def makeExtension(**settings: Any) -> MwvizExtension:  # noqa: N802 - Python-Markdown's name
    """What Python-Markdown calls where the extension is named by its module."""
    return MwvizExtension(**settings)
