"""What may be asked of a diagram beside its format."""

from __future__ import annotations

from dataclasses import dataclass

from mwviz.render.palette import Theme


@dataclass(frozen=True, slots=True)
class Look:
    """`theme` None is the format's own: `auto` for svg, `light` for the others. `changes` tells them on the arrows."""

    theme: Theme | None = None
    changes: bool = False


PLAIN = Look()
