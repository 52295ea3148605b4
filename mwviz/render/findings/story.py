"""The story of a rule, for a terminal."""

from __future__ import annotations

from mwviz.model.story import Story
from mwviz.render.findings.told import SEVERITIES
from mwviz.render.plain import visible
from mwviz.render.terminal import NARROWEST, Line, fold, paint


def render(story: Story, *, width: int = 80, color: bool = False) -> str:
    """Return the story in lines of at most `width` columns; code keeps its own."""
    width = max(width, NARROWEST)
    off = "" if story.default else ", off by default: --select turns it on"
    head: Line = [(f"{story.code} ", "bold"), (visible(story.title), "bold"), (f" ({story.severity}{off})", "dim")]
    lines: list[Line] = [head, [], [(visible(story.why), "")], []]
    lines += [[("Breaks it:", SEVERITIES[story.severity])], []]
    lines += [[(f"    {visible(line)}", "")] for line in story.broken.split("\n")]
    lines += [[], [("Mends it:", "green")], []]
    lines += [[(f"    {visible(line)}", "")] for line in story.mended.split("\n")]
    lines += [[], [(visible(story.link), "dim")]]
    return "".join(f"{paint(part, color)}\n" for line in lines for part in fold(line, width))
