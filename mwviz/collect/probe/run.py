"""One request of the probe's, from when it was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mwviz.collect.probe.noting import CallNote
    from mwviz.collect.probe.server import Connection
    from mwviz.collect.probe.sight import Sight
    from mwviz.collect.probe.websocket import WebsocketConnection
    from mwviz.collect.stack.recorder import Recorder


@dataclass(slots=True, eq=False, repr=False)
class Run:
    """One request as it was sent: what crossed and what was called, since when, and how it ended.

    `over`: the call ended, `error` is the exception that left the app, `expired`: the time limit came first. `sight` is
    what could be seen meanwhile, where that was asked for.
    """

    recorder: Recorder
    connection: Connection | WebsocketConnection
    called: list[CallNote]
    began: int | None = None
    error: BaseException | None = None
    over: bool = False
    expired: bool = False
    sight: Sight | None = None

    @property
    def duration(self) -> int | None:
        """Nanoseconds that it took, without our own work; None while it is not over."""
        cutoff = self.recorder.cutoff
        return None if self.began is None or cutoff is None else self.recorder.told(cutoff) - self.began

    def expire(self) -> bool:
        """The time limit is reached; False where the call had ended before."""
        if self.over or self.expired:
            return False
        self.expired = self.connection.given_up = True  # an answer now would be one to its end
        self.recorder.close()
        return True
