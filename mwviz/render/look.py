"""What may be asked of a diagram beside its format."""

from __future__ import annotations

from mwviz.errors import OutputError
from mwviz.render import Format
from mwviz.render.palette import Theme
from mwviz.values import dataclass

#: What `--theme` and `--changes` are for.
_THEMED = (Format.SVG, Format.PNG, Format.PDF, Format.DOT)
_DRAWN = (*_THEMED, Format.MERMAID, Format.SEQUENCE)


@dataclass(frozen=True, slots=True)
class Look:
    """`theme` None is the format's own: `auto` for svg, `light` for the others. `changes` tells them on the arrows."""

    theme: Theme | None = None
    changes: bool = False


PLAIN = Look()


def of(theme: Theme | None, format: Format, *, changes: bool = False) -> Look | None:
    """What was asked of a picture, None for nothing. Raises OutputError where the result is none."""
    if theme is None and not changes:
        return None
    for option, formats in (("--theme", _THEMED if theme else ()), ("--changes", _DRAWN if changes else ())):
        if formats and format not in formats:
            names = ", ".join(each.value for each in formats)
            raise OutputError(f"{option} is for pictures ({names}), and {format.value} is none of them.")
    if theme == "auto" and format is not Format.SVG:
        raise OutputError(f"Only an svg follows its reader's theme: give --theme light or dark for {format.value}.")
    return Look(theme, changes)
