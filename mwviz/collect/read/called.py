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
    names = names_of(notes)
    for at, happening, call, error in notes:
        if call.kind == "setup":
            continue
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


def names_of(notes: Sequence[CallNote]) -> dict[int, str]:
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
    """Sentences on what is easily taken for something else: who raised for the endpoint, and where exits ran."""
    names = names_of(notes)
    first = next((note for note in notes if note[1] == "raise" and not is_cancellation(note[3])), None)
    if first is not None:
        yield from _raised(first, names, notes)
    yield from _exits(notes, names, outermost)


def _raised(first: CallNote, names: dict[int, str], notes: Sequence[CallNote]) -> Iterator[str]:
    _, _, call, error = first
    told = failure.one_line(error).partition(":")[0] if error is not None else "an exception"
    # One that was set up may have got the exception from outside: of a validation, of the response.
    unready = any(each.kind == "setup" and happening == "raise" for _, happening, each, _ in notes)
    if call.kind == "dependency" and unready:
        yield f"{_start(names[id(call)])} raised {told}: the endpoint was not called."
    elif call.kind == "background":
        yield f"Background task {names[id(call)].partition(' ')[2]} raised {told}, when the endpoint had returned."


def _exits(notes: Sequence[CallNote], names: dict[int, str], outermost: Passage | None) -> Iterator[str]:
    if outermost is None or not outermost.starts or not outermost.body_ended:
        return
    # A websocket that was closed before it was accepted got no more than that one message.
    began, ended = outermost.starts[0].at, (outermost.bodies or outermost.starts)[-1].at
    # One that raised may never have come to its exit.
    exits = [(at, names[id(call)]) for at, happening, call, _ in notes if happening == "leave" and call.yields]
    if early := [name for at, name in exits if at < began]:
        yield f"{_listed(early)} ran before {_answer(outermost)} left the app."
    if late := [name for at, name in exits if at > ended]:
        closed = outermost.closing is not None
        yield f"{_listed(late)} ran after " + (
            "the websocket had been closed." if closed else f"{_answer(outermost)} had left the app."
        )


def _answer(outermost: Passage) -> str:
    return "the answer" if outermost.is_websocket else "the response"


def _listed(names: Sequence[str]) -> str:
    bare = ", ".join(name.partition(" ")[2] for name in names)
    return f"The exits of the dependencies {bare}" if names[1:] else f"The exit of dependency {bare}"


def _start(text: str) -> str:
    return text[0].upper() + text[1:]
