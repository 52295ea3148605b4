"""How an order that was observed compares with one that is wanted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Absent:
    """A name that means no layer of the app; `meant` is the label it may have been meant to be."""

    name: str
    meant: str | None


@dataclass(frozen=True, slots=True)
class Misplaced:
    """Two layers, by index: `outer` stands outside of `inner`, and ought to stand inside of it."""

    outer: int
    inner: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What keeps an order from holding: it holds where nothing is `absent` and nothing `misplaced`.

    `met` are all layers as the probe met them, those that it did not meet where the stack has them. `moved` are the
    fewest layers that have to move, `mended` all that were named in an order that would hold.
    """

    met: tuple[int, ...]
    absent: tuple[Absent, ...]
    misplaced: tuple[Misplaced, ...]
    moved: tuple[int, ...]
    mended: tuple[int, ...]

    @property
    def holds(self) -> bool:
        """Whether the order is the wanted one."""
        return not self.absent and not self.misplaced
