"""Documents as bytes and as text: what is not replaced comes out as it went in, byte for byte."""

from __future__ import annotations

import codecs

from mwviz.values import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A document's text, and how it is written: its byte order mark (may be empty) and its encoding."""

    text: str
    mark: bytes
    encoding: str

    def encoded(self, text: str) -> bytes:
        """Another text as bytes of the same kind."""
        return self.mark + text.encode(self.encoding)

    def fitting(self, text: str) -> str:
        """What is put into the document, in letters that its encoding has."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            from mwviz.render.terminal import ascii_only

            return ascii_only(text).encode(self.encoding, "backslashreplace").decode(self.encoding)
        return text


def decoded(content: bytes) -> Decoded:
    """The text of a document: UTF-8, or what its byte order mark says, else Latin-1, where every byte is a letter.

    Raises UnicodeDecodeError for a mark whose encoding the content is not in.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return Decoded(content[len(mark) :].decode(encoding), mark, encoding)
    try:
        return Decoded(content.decode(), b"", "utf-8")
    except UnicodeDecodeError:
        return Decoded(content.decode("latin-1"), b"", "latin-1")
