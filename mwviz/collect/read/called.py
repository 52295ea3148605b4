"""Tells what a request called in the end: as events of the timeline, and what of it the reader must know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.collect import failure
from mwviz.collect.probe.noting import Call, CallNote
from mwviz.collect.read.passages import Passage, is_cancellation
from mwviz.collect.stack import describe
from mwviz.model import Event


def events(notes: Sequence[CallNote], began: int) -> Iterator[Event]:
    """An event per note; times count from `began`."""
    names = _names(notes)
    for at, happening, call, error in notes:
        cancelled = is_cancellation(error)
        detail: str | None = None
        if error is not None:
            detail = "cancelled" if cancelled else failure.one_line(error)
        elif happening == "enter":
            detail = _detail(call)
        yield Event(at - began, "leave" if cancelled else happening, None, names[id(call)], detail)


def _detail(call: Call) -> str:
    where = "in a worker thread" if call.in_thread else "on the event loop"
    return f"{where}, instead of {_name(call.overrides)}" if call.overrides is not None else where


def _names(notes: Sequence[CallNote]) -> dict[int, str]:
    """What each call is `of`, by its identity: the second one of a name is `dependency get_db#2`."""
    calls = [call for _, happening, call, _ in notes if happening == "enter"]
    shown: dict[int, str] = {}
    for kind in ("dependency", "background", "endpoint"):
        same = [call for call in calls if call.kind == kind]
        for call, label in zip(same, describe.labels([_name(call.function) for call in same]), strict=True):
            shown[id(call)] = "endpoint" if kind == "endpoint" else f"{kind} {label}"
    return shown


def _name(function: object) -> str:
    return describe.name(describe.named(function))


def remarks(notes: Sequence[CallNote], outermost: Passage | None) -> Iterator[str]:
    """Sentences on what is easily taken for something else: where exits ran, and a dependency that ended it all."""
    names = _names(notes)
    called = any(call.kind == "endpoint" for _, _, call, _ in notes)
    raisers = [note for note in notes if note[1] == "raise" and not is_cancellation(note[3])]
    if raisers and not called and raisers[0][2].kind == "dependency":
        _, _, call, error = raisers[0]
        told = failure.one_line(error).partition(":")[0] if error is not None else "an exception"
        yield f"{_start(names[id(call)])} raised {told}: the endpoint was not called."
    yield from _exits(notes, names, outermost)


def _exits(notes: Sequence[CallNote], names: dict[int, str], outermost: Passage | None) -> Iterator[str]:
    if outermost is None or not outermost.starts or not outermost.body_ended:
        return
    # One that raised may never have come to its exit.
    exits = [(at, names[id(call)]) for at, happening, call, _ in notes if happening == "leave" and call.yields]
    if early := [name for at, name in exits if at < outermost.starts[0].at]:
        yield f"{_listed(early)} ran before the response left the app."
    if late := [name for at, name in exits if at > outermost.bodies[-1].at]:
        yield f"{_listed(late)} ran after the response had left the app."


def _listed(names: Sequence[str]) -> str:
    bare = ", ".join(name.partition(" ")[2] for name in names)
    return f"The exits of the dependencies {bare}" if names[1:] else f"The exit of dependency {bare}"


def _start(text: str) -> str:
    return text[0].upper() + text[1:]
