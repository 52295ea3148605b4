"""MkDocs' front door: `plugins: [mwviz]` in mkdocs.yml.

It is the Markdown extension with three things more: commands run in the folder of mkdocs.yml, a failing block is told
with its page and line, and `mkdocs serve` builds again when a file of the app changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.config.config_options import Type
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin

from mwviz.documenting import fences
from mwviz.errors import ImportFailed, MwvizError
from mwviz.plugins.markdown import MwvizExtension


class MwvizPlugin(BasePlugin):  # type: ignore[type-arg, no-untyped-call]
    """Renders the fences of every page. Its option `directory` counts from the folder of mkdocs.yml."""

    config_scheme: Any = (("directory", Type(str, default=".")),)

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._page: Any = None

    def on_config(self, config: Any) -> Any:
        """Add the extension to those that the site has."""
        folder = Path(config["config_file_path"] or "mkdocs.yml").resolve().parent
        extension = MwvizExtension(directory=str(folder / self.config["directory"]))
        extension.looked, extension.failed = self._files.update, self._fail
        config["markdown_extensions"].append(extension)
        return config

    def on_page_markdown(self, markdown: str, *, page: Any, **_rest: Any) -> str:
        """Remember which page is next."""
        self._page = page
        return markdown

    def on_serve(self, server: Any, **_rest: Any) -> Any:
        """Watch the files of the apps."""
        for file in sorted(self._files):
            server.watch(file)
        return server

    def _fail(self, number: int, command: str, error: MwvizError) -> None:
        file = self._page.file
        text = Path(file.abs_src_path).read_text("utf-8-sig") if file.abs_src_path else ""
        found = fences.find(text.splitlines())
        place = f"{file.src_uri}:{found[number].first + 1}" if number < len(found) else file.src_uri
        frames = f"\n{error.frames.rstrip()}" if isinstance(error, ImportFailed) and error.frames else ""
        raise PluginError(f"{place}: `{command}`: {error}{frames}") from error
