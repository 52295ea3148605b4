"""Sphinx's front door: `extensions = ["mwviz.plugins.sphinx"]` in conf.py.

    .. mwviz:: app:app
       :path: /orders
       :format: tree
       :caption: What a request for orders meets

The argument is APP and PATH, or `routes APP`; the options are those of the command line. Without a format it is an SVG
inside of the page, and a table where the builder makes no HTML or nothing can draw. Commands run in `mwviz_directory`,
which counts from the folder of conf.py and is, by default, the nearest one above it with a configuration.
Apps are imported in processes of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from mwviz import __version__
from mwviz.documenting import figures, inline
from mwviz.documenting.commands import Command, of_words, split
from mwviz.documenting.looking import Seen, look
from mwviz.documenting.options import OPTIONS
from mwviz.errors import ImportFailed, MwvizError
from mwviz.render import Format
from mwviz.render.terminal import ascii_only

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: What a directive shows; of the other formats a page makes nothing by itself.
FORMATS = (Format.SVG, Format.TABLE, Format.TREE, Format.TIMELINE)
_OWN = {"alt", "caption", "class", "name"}


def _format(text: str | None) -> str:
    return str(directives.choice(text or "", tuple(each.value for each in FORMATS)))


def _spec() -> dict[str, Any]:
    """The options of both commands, by their long flags, and those of any figure."""
    spec: dict[str, Any] = {}
    for option in (*OPTIONS["show"], *OPTIONS["routes"]):
        takes_text = option.takes != "nothing"
        spec[option.flags[-1].lstrip("-")] = directives.unchanged_required if takes_text else directives.flag
        if option.off is not None:
            spec[option.off.lstrip("-")] = directives.flag
    del spec["output"]
    spec |= {"alt": directives.unchanged, "caption": directives.unchanged}
    return {**spec, "format": _format, "class": directives.class_option, "name": directives.unchanged}


class MwvizDirective(SphinxDirective):
    """Shows an app's middleware, or its routes."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = False
    option_spec: ClassVar[dict[str, Any]] = _spec()

    def run(self) -> list[nodes.Node]:
        """The picture for HTML and a text for the rest; an error of the app's is one of this line."""
        try:
            command = of_words(tuple(self._words()), _directory(self.env.app))
            looks = look([command], apart=True)
            for file in looks.files:
                self.env.note_dependency(file)
            (seen,) = looks.seen
            if isinstance(seen, MwvizError):
                raise seen
            return self._nodes(seen, command)
        except MwvizError as error:
            self.env.note_reread()  # what mends it may lie in a file that nobody knows of yet
            frames = f"\n{error.frames.rstrip()}" if isinstance(error, ImportFailed) and error.frames else ""
            raise self.error(f"{error}{frames}") from error

    def _words(self) -> Iterator[str]:
        given, path = split(self.arguments[0]) if self.arguments else [], self.options.get("path")
        command = given.pop(0) if given and given[0] in OPTIONS else "show"
        yield command
        many = {flag for option in OPTIONS[command] if option.many for flag in option.flags}
        for name, value in self.options.items():
            if value is None:
                yield f"--{name}"
            elif name not in _OWN and (name != "path" or "--path" in many):
                yield from (f"--{name}={each}" for each in (value.splitlines() if f"--{name}" in many else [value]))
        yield from ("--", *given)
        if path is not None and "--path" not in many:  # of `show` it is an argument
            yield path

    def _nodes(self, seen: Seen, command: Command) -> list[nodes.Node]:
        alternative = self.options.get("alt")
        html = inline.preferred(seen, command, alternative)
        shape = Format.TABLE if command.format in (None, Format.SVG) else command.format
        text = figures.text(seen, shape, verbose=command.verbose)
        literal, plain = (nodes.literal_block(each, each, language="text") for each in (text, ascii_only(text)))
        shown = [
            *([] if html is None else [nodes.raw("", html, format="html")]),
            addnodes.only("", literal, expr="not latex" if html is None else "not (html or latex)"),
            addnodes.only("", plain, expr="latex"),  # whose usual engine knows few letters beyond ASCII
        ]
        if "caption" not in self.options:
            box = nodes.container("", *shown, classes=["mwviz-figure", *self.options.get("class", [])])
        else:
            box = nodes.figure("", *shown, classes=["mwviz-figure", *self.options.get("class", [])])
            inner, messages = self.parse_inline(self.options["caption"])
            box += [nodes.caption(self.options["caption"], "", *inner), *messages]
        self.set_source_info(box)
        self.add_name(box)
        return [box]


def _directory(app: Sphinx) -> Path:
    folder = Path(app.confdir)
    if app.config.mwviz_directory is not None:
        return folder / str(app.config.mwviz_directory)
    held = (
        each
        for each in (folder, *folder.parents)
        for name in ("mwviz.toml", "pyproject.toml")
        if (each / name).is_file()
    )
    return next(held, folder)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and its one setting."""
    app.add_config_value("mwviz_directory", None, "env", (str,))
    app.add_directive("mwviz", MwvizDirective)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
