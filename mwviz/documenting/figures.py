"""What a block holds: what was observed, in one of the formats, as Markdown, MDX or reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mwviz.documenting.blocks import Markup
from mwviz.errors import OutputError
from mwviz.model import Trace
from mwviz.model.routes import Routes
from mwviz.render import Format, render
from mwviz.render.look import Look
from mwviz.render.markdown import escaped
from mwviz.render.plain import visible

#: Columns of the text formats, whatever terminal they are made in.
WIDTH = 80
_LANGUAGES = {Format.MERMAID: "mermaid", Format.SEQUENCE: "mermaid", Format.DOT: "dot"}
_DIRECTIVES = {Format.MERMAID: "mermaid", Format.SEQUENCE: "mermaid", Format.DOT: "graphviz"}
#: Words that MDX takes for code where they begin a line.
_MODULE_SYNTAX = re.compile(r"^(?=(?:import|export)\b)(.)", re.MULTILINE)


def text(seen: Trace | Routes, format: Format, *, verbose: bool = False, look: Look | None = None) -> str:
    """A text format as it stands in a document: of one width, without colours."""
    rendered = render(seen, format, width=WIDTH, verbose=verbose, look=look)
    return rendered.decode() if isinstance(rendered, bytes) else rendered


def alternative(seen: Trace | Routes) -> str:
    """What a picture shows, for who cannot see it, in one line of plain text."""
    match seen:
        case Trace():
            from mwviz.render.summary import summary

            own = [visible(layer.label) for layer in seen.layers if layer.origin != "framework"]
            order = f", outermost first: {', '.join(own)}" if own else ""
            return f"The middleware of {visible(seen.target)}{order}. {summary(seen)}"
        case Routes():
            from mwviz.render.routes.chains import summary as counted

            return f"The routes of {visible(seen.target)}, by what a request to them passes. {counted(seen)}"


def check(format: Format | None, markup: Markup, picture: str | None) -> None:
    """Raise OutputError for what a document of this markup cannot hold; None is the table."""
    if format is Format.SVG and picture is None:
        raise OutputError("An SVG is a file beside the document: give -o pictures/NAME.svg.")
    if format is Format.MARKDOWN and markup == "rst":
        raise OutputError("-f markdown is no reStructuredText: a block of it takes -f table, tree or timeline.")


def lines(
    seen: Trace | Routes,
    format: Format,
    markup: Markup,
    *,
    verbose: bool,
    picture: str | None,
    look: Look | None = None,
) -> list[str]:
    """The lines between the markers, not indented, of what `check` has let pass."""
    if picture is not None:
        return _image(picture, alternative(seen), markup)
    content = text(seen, format, verbose=verbose, look=look)
    if format is Format.MARKDOWN:
        return _raw(content, markup)
    return _fenced(content, format, markup)


def _image(picture: str, shown: str, markup: Markup) -> list[str]:
    if markup == "rst":
        return ["", f".. image:: {picture}", f"   :alt: {shown}", ""]
    return ["", f"![{escaped(shown)}]({picture})", ""]


def _raw(content: str, markup: Markup) -> list[str]:
    if markup == "mdx":
        content = _MODULE_SYNTAX.sub(lambda found: f"&#{ord(found[1])};", content)
    return ["", *content.splitlines(), ""]


def _fenced(content: str, format: Format, markup: Markup) -> list[str]:
    body = content.rstrip("\n").split("\n")
    if markup == "rst":
        directive = _DIRECTIVES.get(format)
        head = f".. {directive}::" if directive else ".. code-block:: text"
        return ["", head, "", *(f"   {line}".rstrip() for line in body), ""]
    fence = "`" * max(3, _longest_run(body) + 1)
    return ["", f"{fence}{_LANGUAGES.get(format, 'text')}", *(line.rstrip() for line in body), fence, ""]


def _longest_run(body: Sequence[str]) -> int:
    return max((len(run) for line in body for run in re.findall("`+", line)), default=0)
