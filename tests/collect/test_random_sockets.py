"""Random stacks and a websocket: what mwviz tells must be what the layers say of themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import event, given

import mwviz
from mwviz.model import Step, Trace
from tests.collect.journal import Message
from tests.collect.random_sockets import (
    ACCEPT,
    CLOSE,
    DENIAL,
    SAID,
    Call,
    Client,
    Design,
    Journal,
    designs,
    made,
)
from tests.collect.test_random_stacks import EXAMPLES, is_sane, sampled

STARTS = (ACCEPT, CLOSE, DENIAL)


@dataclass(frozen=True)
class Observer:
    """Tells the truth from the journal alone; `indexes` are those of the design's layers in the trace."""

    journal: Journal
    design: Design
    indexes: list[int]

    def calls(self) -> dict[int, Call]:
        """The layers that were called, by place."""
        return {call.place: call for call in self.journal.calls}

    def outcome(self, call: Call) -> str:
        if call.error is not None and self.journal.made.get(id(call.error)) == call.place:
            return "raised"
        if call.outs:
            first = call.outs[0]
            if first.because is not None:
                return "handled"
            if not first.own:
                return "handled" if any(out.because is not None for out in call.outs) else "passed"
            return "replaced" if self._answered_before(call) else "answered"
        if call.error is not None:
            return "passed"
        if call.inner_error is not None:
            return "swallowed"
        return "silent" if call.ins or not call.called else "passed"

    def certain(self, call: Call) -> bool:
        """Whether a layer's own answer can be told from an inner one that it changed: they are of two kinds."""
        before = self._answered_before(call)
        return not before or not call.outs[0].own or before["type"] != call.outs[0].message["type"]

    def _answered_before(self, call: Call) -> Message | None:
        came = (message for turn, message in call.ins if message["type"] in STARTS and turn < call.outs[0].turn)
        return next(came, None) if call.outs else None

    def observed(self, call: Call) -> Iterator[str]:
        plan = self.design.plans[call.place]
        if self.outcome(call) == "raised" and call.outs:
            yield "after_response"
        if call.called and plan.tasks:
            yield "other_task"
        if call.called and plan.copies:
            yield "copied_scope"
        if call.ins and not call.outs and call.error is None:
            yield "dropped"
        if call.outs and not call.outs[0].own:
            yield from self._observed_of_the_answer(call)

    def _observed_of_the_answer(self, call: Call) -> Iterator[str]:
        turn, kind = call.outs[0].turn, call.outs[0].message["type"]
        earlier = [message["type"] for at, message in call.ins[1:] if at < turn]
        whole = len(earlier) == len(call.ins) - 1 and (CLOSE in earlier or kind == DENIAL)
        if earlier:
            yield "buffered" if whole else "held_back"
        texts = [[each["text"] for each in told if each["type"] == SAID] for told in _messages(call)]
        over = any(out.message["type"] == CLOSE for out in call.outs) or not (call.inner_error or call.error)
        if kind == ACCEPT and texts[0] != texts[1] and over:
            yield "rewrote_body"
        own = [out for out in call.outs if out.own and out.message["type"] == CLOSE]
        if own and not any(message["type"] == CLOSE for _, message in call.ins):
            yield "closed"

    def answer(self) -> tuple[object, object] | None:
        """Who answered and who handled; None where it cannot be told from outside."""
        for place, call in sorted(self.calls().items()):
            if not call.outs:
                return None, None
            if not self.certain(call):
                return None
            first = call.outs[0]
            if first.because is not None:
                origin = self.journal.made[id(first.because)]
                return "endpoint" if origin < 0 else self.indexes[origin], self.indexes[place]
            if first.own:
                return self.indexes[place], None
        return "router" if self.design.end == "nowhere" else "endpoint", None


def _messages(call: Call) -> tuple[list[Message], list[Message]]:
    return [message for _, message in call.ins], [out.message for out in call.outs]


def agrees(trace: Trace, observer: Observer, client: Client) -> None:
    """The trace against the layers' own words."""
    calls = observer.calls()
    telling = {observer.indexes[place]: call for place, call in calls.items()}
    own = [index for index in trace.request_order if index in telling]
    assert own == [observer.indexes[call.place] for call in observer.journal.calls]
    answered = {index: call.outs[0].turn for index, call in telling.items() if call.outs}
    assert [index for index in trace.response_order if index in telling] == sorted(answered, key=answered.__getitem__)
    if client.taken and (truth := observer.answer()) is not None:
        assert (trace.answered_by, trace.handled_by) == truth
    for index, call in telling.items():
        agrees_on_a_layer(trace.steps[index], call, observer)
    for place, plan in enumerate(observer.design.plans):
        if plan.form == "base" and observer.indexes[place] in trace.request_order:
            assert trace.steps[observer.indexes[place]].outcome == "skipped"


def agrees_on_a_layer(step: Step, call: Call, observer: Observer) -> None:
    if observer.certain(call):
        waits = observer.design.plans[call.place].tasks
        hidden = {"held_back", "buffered"} if waits else set()
        assert (call.place, step.outcome) == (call.place, observer.outcome(call))
        assert (call.place, set(step.observed) - hidden) == (call.place, set(observer.observed(call)) - hidden)
    if not call.outs:
        assert step.websocket is None
        return
    outs = [out.message for out in call.outs]
    first = outs[0]
    assert step.websocket is not None
    assert step.status == {ACCEPT: 101, CLOSE: 403}.get(first["type"], first.get("status"))
    assert step.websocket.messages_out == sum(message["type"] == SAID for message in outs)
    codes = [message["code"] for message in outs if message["type"] == CLOSE]
    if codes:
        assert (step.websocket.close_code, step.websocket.closed_by) == (codes[0], "app")


def got(client: Client) -> tuple[object, ...] | None:
    if not client.taken:
        return None
    first, codes = client.taken[0], [message["code"] for message in client.taken if message["type"] == CLOSE]
    left = client.left and first["type"] == ACCEPT and not codes
    code = 1000 if left else codes[0] if codes else None
    return (
        {ACCEPT: 101, CLOSE: 403}.get(first["type"], first.get("status")),
        (client.said, sum(message["type"] == SAID for message in client.taken)),
        (code, "client" if left else "app" if codes else None),
    )


def told(trace: Trace) -> tuple[object, ...] | None:
    socket = trace.websocket
    if socket is None:
        return None
    return socket.status, (socket.messages_in, socket.messages_out), (socket.close_code, socket.closed_by)


def traced(app: Any, design: Design) -> Trace:
    path = None if design.end == "stand-in" else design.path
    return mwviz.trace(app, path, websocket=True, data=None if path is None else "hi", lifespan=False)


@sampled(EXAMPLES)
@given(design=designs)
def test_a_random_websocket_is_told_as_its_layers_tell_it(design: Design) -> None:
    journals = [Journal()]
    app = made(design, journals)
    trace = traced(app, design)
    users = [layer.index for layer in trace.layers if layer.origin == "user"]
    observer, client = Observer(journals[0], design, users), Client()
    if design.end == "stand-in":
        agrees(trace, observer, client)
    else:
        journals.append(Journal())
        asyncio.run(client.connect(app, design.path))
        assert [call.place for call in journals[1].calls] == [call.place for call in journals[0].calls]
        assert list(map(_messages, journals[1].calls)) == list(map(_messages, journals[0].calls))
        assert told(trace) == got(client)
        agrees(trace, observer, client)
        if client.error is not None:
            place = journals[1].made[id(client.error)]
            by = "endpoint" if place < 0 else users[place]
            assert trace.error is not None
            assert (trace.error.type, trace.error.raised_by) == (type(client.error).__name__, by)
        else:
            assert (trace.error is None) == bool(client.taken)
    is_sane(trace)
    event(f"{design.end}: {told(trace) and told(trace)[0]}")  # type: ignore[index]
