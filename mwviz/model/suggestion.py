"""An order that lint has less to say about, as it was tried, and how it is written."""

from __future__ import annotations

from typing import Literal, TypeAlias

from mwviz.model.findings import Finding
from mwviz.model.stack import Place, RegisteredBy, Versions
from mwviz.values import dataclass

#: Why a finding is left: `fixed`: no order mends it; `kept`: no tried order did without harm elsewhere; `unseen`: it is
#: not found in the suggested order, but another layer may merely hide it there.
Reason: TypeAlias = Literal["fixed", "kept", "unseen"]


@dataclass(frozen=True, slots=True)
class Left:
    """A finding that the suggested order leaves, or any order where none is suggested."""

    finding: Finding
    reason: Reason


@dataclass(frozen=True, slots=True)
class Move:
    """A layer that has to move, by its places among the app's own layers, the outermost being 0."""

    layer: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Line:
    """One registration of the suggested order, in the order in which it is to be written.

    `text` is the source as it stands there, below the `if` that it depends on, secrets as `***`; None where it cannot
    be read, or does not move as one piece: a loop, a function that registers what it is given. Of `call` the last one
    written stands outermost, of `list` the first one. `registered_by` and `registered_in` tell how, and in which
    function or class, it is registered today.
    """

    layer: str
    form: Literal["call", "list", "unknown"]
    text: str | None
    place: Place | None
    registered_by: RegisteredBy | None
    registered_in: str | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What came of the search. `order` is None where no order is better: then `left` are all findings.

    `today` and `order` are the names that `--order` takes, outermost first; with `asked` the former is the order that
    it gave, instead of the code's. `new` are findings that this order brings:
    fewer than are gone, or of less severity. `revealed` are findings that this order
    does not cause, but lets be seen: a layer let no request pass to what they are about. `broken` are the contracts
    that are broken today, `mended` those of them that the suggested order keeps, `against` those that forbade an order
    with fewer findings. `tried` counts the orders that were probed; `cut` says that there were more to try.
    """

    target: str
    versions: Versions
    today: tuple[str, ...]
    asked: bool
    order: tuple[str, ...] | None
    moves: tuple[Move, ...]
    gone: tuple[Finding, ...]
    left: tuple[Left, ...]
    new: tuple[Finding, ...]
    revealed: tuple[Finding, ...]
    lines: tuple[Line, ...]
    broken: tuple[str, ...]
    mended: tuple[str, ...]
    against: tuple[str, ...]
    tried: int
    cut: bool
    notes: tuple[str, ...]
