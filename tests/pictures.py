"""Makes the README's pictures of terminals and of the page anew, one for light and one for dark readers each.

    python -m tests.pictures [NAME ...]

The terminals are SVG; the page is a PNG that a Chromium of the machine takes.
`tests/test_pictures.py` says which of them no longer show what mwviz answers. The diagrams of `samples/pictures` are
made by `pytest --update-golden`, because they are the same bytes on every machine.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import struct
import subprocess
import sys
import zlib
from dataclasses import dataclass
from html import escape, unescape
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.browser.conftest import chromium

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "samples" / "pictures"


@dataclass(frozen=True, slots=True)
class Screen:
    """A command and the columns of the terminal that it is shown in."""

    name: str
    command: str
    columns: int


SCREENS = (Screen("terminal", "mwviz show samples/shop.py", 100),)


def _theme(background: str, foreground: str, normal: str, bright: str) -> TerminalTheme:
    rgb = [[tuple(bytes.fromhex(color)) for color in row.split()] for row in (background, foreground, normal, bright)]
    return TerminalTheme(rgb[0][0], rgb[1][0], rgb[2], rgb[3])  # type: ignore[arg-type]


#: The page is shown in the middle of the response's way out, where it tells most.
PAGE = ("mwviz show samples/shop.py -f html", "#step=29")
_WINDOW = {"width": 1280, "height": 940}
_CHUNK = b"tEXt" + b"mwviz page\0"


#: The sixteen colours as GitHub's own themes have them: a screen then looks at home in the page.
THEMES = {
    "light": _theme(
        "ffffff",
        "1f2328",
        "24292f cf222e 116329 7d4e00 0969da 8250df 1b7c83 57606a",
        "57606a a40e26 1a7f37 633c01 218bff a475f9 3192aa 8c959f",
    ),
    "dark": _theme(
        "0d1117",
        "e6edf3",
        "484f58 ff7b72 3fb950 d29922 58a6ff bc8cff 39c5cf b1bac4",
        "6e7681 ffa198 56d364 e3b341 79c0ff d2a8ff 56d4dd ffffff",
    ),
}

_TERMINAL = {"FORCE_COLOR": "1", "PYTHONIOENCODING": "utf-8", "TERM": "xterm"}

#: rich's own frame loads a font from the network, which no picture in a README may.
_FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>TITLE</title>
<style>
.{unique_id}-matrix {{
    font-family: ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
    font-size: {char_height}px;
    line-height: {line_height}px;
    font-variant-east-asian: full-width;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def answered(screen: Screen) -> str:
    """Return what a terminal of that width shows, with its escape codes."""
    program, *arguments = shlex.split(screen.command)
    assert program == "mwviz"
    done = subprocess.run(
        [sys.executable, "-m", "mwviz", *arguments],
        cwd=ROOT,
        env=os.environ | _TERMINAL | {"COLUMNS": str(screen.columns)},
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def drawn(screen: Screen, answer: str, theme: str) -> str:
    """Return the screen as SVG."""
    console = Console(
        record=True, width=screen.columns, file=StringIO(), color_system="truecolor", legacy_windows=False
    )
    console.print(Text.assemble(("$ ", "dim"), (screen.command, "bold")))
    console.print(Text.from_ansi(answer), end="")
    frame = _FRAME.replace("TITLE", escape(f"Terminal: {screen.command}"))
    picture = console.export_svg(
        title="", theme=THEMES[theme], code_format=frame, unique_id=f"{screen.name}-{theme}"
    )  # fmt: skip
    # rich draws the edge of its window for dark pages only
    return picture.replace('stroke="rgba(255,255,255,0.35)"', 'stroke="#8b949e"')


def spoken(picture: str) -> str:
    """Return the text that a terminal's picture shows, line by line."""
    rows: dict[float, list[tuple[float, str]]] = {}
    for x, y, text in re.findall(r'<text class="[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>', picture):
        rows.setdefault(float(y), []).append((float(x), text))
    lines = ("".join(text for _, text in sorted(row)) for _, row in sorted(rows.items()))
    return unescape("\n".join(line.rstrip("\n") for line in lines)).replace("\xa0", " ")


def pictures() -> list[tuple[Path, Screen, str]]:
    """Return the file of each terminal's picture, what it shows and its theme."""
    return [(FOLDER / f"{screen.name}_{theme}.svg", screen, theme) for screen in SCREENS for theme in THEMES]


def pages() -> list[tuple[Path, str]]:
    """Return the file of each picture of the page, and its theme."""
    return [(FOLDER / f"page_{theme}.png", theme) for theme in THEMES]


def photographed(theme: Literal["light", "dark"], digest: str) -> bytes:
    """Return the page as PNG, with what it was taken of written into it."""
    from playwright.sync_api import sync_playwright

    command, fragment = PAGE
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        file = Path(folder) / "page.html"
        file.write_text(answered(Screen("page", command, 80)), "utf-8")
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        context = browser.new_context(color_scheme=theme, viewport=_WINDOW, reduced_motion="reduce")  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(file.as_uri() + fragment)
        page.evaluate("scrollTo(0, 0)")
        picture = page.screenshot()
        browser.close()
    end = picture.index(b"IHDR") + 4 + 13 + 4  # type, header and its checksum
    told = _CHUNK + digest.encode()
    chunk = struct.pack(">I", len(told) - 4) + told + struct.pack(">I", zlib.crc32(told))
    return picture[:end] + chunk + picture[end:]


def shown_in(picture: bytes) -> str:
    """Return the digest of the page that a PNG was taken of."""
    start = picture.index(_CHUNK) + len(_CHUNK)
    return picture[start : start + 64].decode()


def digest() -> str:
    """Return what a picture of the page depends on: its text without times, its style and its script."""
    from mwviz.render import Format, render
    from tests.test_samples import settled, traced

    page = render(settled(traced("shop")), Format.HTML)
    assert isinstance(page, str)
    return hashlib.sha256(page.encode()).hexdigest()


def main(names: list[str]) -> None:
    """Draw those whose files' names begin so, by default all."""
    answers: dict[Screen, str] = {}
    begins = tuple(names) or ("",)
    for file, screen, theme in pictures():
        if file.name.startswith(begins):
            answers[screen] = answers.get(screen) or answered(screen)
            file.write_text(drawn(screen, answers[screen], theme), "utf-8", newline="\n")
            print(file.relative_to(ROOT))
    for file, theme in pages():
        if file.name.startswith(begins):
            file.write_bytes(photographed(theme, digest()))  # type: ignore[arg-type]
            print(file.relative_to(ROOT))


if __name__ == "__main__":
    main(sys.argv[1:])
