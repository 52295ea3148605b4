"""What a test suite sent through the apps that it met: which layers the requests entered, in which order, how often."""

from __future__ import annotations

from mwviz.model.stack import Layer
from mwviz.values import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """A request order, as indexes of layers in the order in which they were first entered, and who took it."""

    order: tuple[int, ...]
    requests: int


@dataclass(frozen=True, slots=True)
class SuiteApp:
    """The apps of one name (`shop.main:app`, or the class of apps that no module keeps) with the same layers.

    `stacks` counts how many stacks of these layers took requests. `never_reached` are layers that no request entered,
    `unwatched` those that no boundary could be placed around: of them nothing is known.
    """

    name: str
    stacks: int
    layers: tuple[Layer, ...]
    ways: tuple[Way, ...]
    never_reached: tuple[int, ...]
    unwatched: tuple[int, ...]

    @property
    def requests(self) -> int:
        """How many requests these apps took; one that a mount handed on counts in both apps."""
        return sum(way.requests for way in self.ways)


@dataclass(frozen=True, slots=True)
class Suite:
    """A whole suite. `requests` came from outside, `unfinished` of them had not ended when the suite had.

    `broken` tells of each contract that some request broke, `unheld` of each that requests cannot tell about, and why;
    `problems` of what could not be watched.
    """

    requests: int
    unfinished: int
    apps: tuple[SuiteApp, ...]
    problems: tuple[str, ...]
    broken: tuple[str, ...] = ()
    unheld: tuple[str, ...] = ()
