"""What a request carries besides its messages: context variables, and keys of its scope."""

from __future__ import annotations

from typing import Literal, TypeAlias

from mwviz.values import dataclass

#: A layer's index, `"router"`, `"endpoint"`, or a call of the handler's, as `"dependency get_db"`.
Where: TypeAlias = int | str


@dataclass(frozen=True, slots=True)
class Carried:
    """One context variable, or one key of the scope (`session`, `state.user`), by its name alone: never its value.

    `module` is where a variable was found; None for keys, and for a variable that is no attribute of a module.
    `set_by` are the places that set it, in the order of the first time; None stands for one that could not be told.
    `seen_in` see what was set when the request enters them, `seen_out` when the start of the response leaves them (a
    call of the handler's: when it ends). `reset_by` gave it back the value that it had before. `cut_by` run what is
    inside of them with a copy (of the context, in another task; or of the scope): what is set there stays there.
    """

    kind: Literal["context", "scope"]
    name: str
    module: str | None
    set_by: tuple[Where | None, ...]
    seen_in: tuple[Where, ...]
    seen_out: tuple[Where, ...]
    reset_by: tuple[Where | None, ...] = ()
    cut_by: tuple[Where, ...] = ()

    @property
    def label(self) -> str:
        """The name that stands alone: `shop.ids:request_id`, `state.user`."""
        return f"{self.module}:{self.name}" if self.module is not None else self.name
