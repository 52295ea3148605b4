"""Reads how startup and shutdown went through the stack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mwviz.collect.read.interpret import events
from mwviz.collect.read.messages import message_type
from mwviz.collect.read.passages import Passage, arrange
from mwviz.collect.stack.crossing import Note
from mwviz.model import Lifespan, Position


def with_way(
    lifespan: Lifespan, notes: Sequence[Note], places: Sequence[Position], names: Sequence[int | str]
) -> Lifespan:
    """`lifespan` with the way that it took; `places` and `names` say what the place of each rank is."""
    passages = [passage for passage in arrange(notes, len(places)) if passage.rank >= 0]
    entered = [places[passage.rank] for passage in sorted(passages, key=lambda passage: passage.entered)]
    arrived = not passages or any(place in ("router", "endpoint") for place in entered)
    return Lifespan(
        startup=lifespan.startup,
        shutdown=lifespan.shutdown,
        message=lifespan.message,
        request_order=_layers(entered),
        startup_order=_in_order(passages, places, "lifespan.startup."),
        shutdown_order=_in_order(passages, places, "lifespan.shutdown."),
        stopped_at=None if arrived else entered[-1],
        timeline=events(notes, names, notes[0][0] if notes else 0),
    )


def _in_order(passages: Iterable[Passage], places: Sequence[Position], answer: str) -> tuple[int, ...]:
    times: dict[Position, int] = {}
    for passage in passages:
        said = [sent.at for sent in passage.sent if (message_type(sent.message) or "").startswith(answer)]
        if said:
            times.setdefault(places[passage.rank], said[0])
    return _layers(sorted(times, key=times.__getitem__))


def _layers(places: Iterable[Position]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(place for place in places if isinstance(place, int)))
