"""SVG files beside documents: drawn anew only where what they show has changed, not where another engine drew them.

`dot` and the extra's engine lay the same diagram out differently. Each file ends in a comment with two digests, of the
diagram and its look, and of the file before that comment: one that nobody edited and that shows the same is fresh.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from mwviz.documenting.commands import Command
from mwviz.documenting.looking import Seen
from mwviz.render import Format, render

_SEAL = re.compile(rb"<!-- mwviz docs ([0-9a-f]{16}) ([0-9a-f]{16}) -->\n\Z")


def drawn(seen: Seen, command: Command, before: bytes | None) -> bytes:
    """The picture as its file should hold it: `before`, its content now, where that is fresh.

    Raises OutputError where no engine can draw it.
    """
    diagram = _bytes(render(seen, Format.DOT, verbose=command.verbose, look=command.look))
    source = _digest(diagram + repr((command.verbose, command.look)).encode())
    if before is not None and _is_fresh(before, source):
        return before
    picture = _bytes(render(seen, Format.SVG, verbose=command.verbose, look=command.look)).rstrip(b"\n") + b"\n"
    return picture + f"<!-- mwviz docs {source} {_digest(picture)} -->\n".encode()


def asked(command: Command) -> Command:
    """What a command asks of its picture, whatever the place of the document that the command stands in."""
    return replace(command, picture=None, words=())


def content(file: Path) -> bytes | None:
    """What a file holds; None where there is none. Raises OSError."""
    return file.read_bytes() if file.exists() else None


def _is_fresh(before: bytes, source: str) -> bool:
    # git may have checked it out with other line ends
    plain = before.replace(b"\r\n", b"\n")
    seal = _SEAL.search(plain)
    return seal is not None and seal.groups() == (source.encode(), _digest(plain[: seal.start()]).encode())


def _bytes(rendered: str | bytes) -> bytes:
    return rendered if isinstance(rendered, bytes) else rendered.encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
