"""One table: every kind of layer between two plain ones, and what must be told of it on every framework version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import starlette
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

import mwviz
from mwviz.model import Layer, Observation, Outcome, Position, Step
from tests.collect import behaviours as kinds

OLD = tuple(int(part) for part in starlette.__version__.split(".")[:2]) < (0, 15)
ALL = ("Outer", "X", "Inner")
THROUGH = ("Inner", "X", "Outer")


@dataclass(frozen=True)
class Case:
    """A layer X between Outer and Inner, and the truth about it; the endpoint is the stand-in."""

    layer: Any
    outcome: Outcome = "passed"
    observed: tuple[Observation, ...] = ()
    entered: tuple[str, ...] = ALL
    responded: tuple[str, ...] = THROUGH
    answered_by: str | None = "endpoint"
    handled_by: str | None = None
    error: str | None = None
    status: int | None = 200
    endpoint_raises: bool = False


CASES = (
    Case(kinds.Layer, observed=("same_messages",)),
    Case(kinds.Stamps),
    Case(kinds.hidden, observed=("same_messages",)),
    # Up to Starlette 0.14 the helper's queue had no bound: the whole body waited in it for the start to leave.
    Case(kinds.Base, observed=("other_task", "buffered") if OLD else ("other_task",)),
    Case(kinds.Answers, "answered", (), ALL[:2], ("X", "Outer"), "X", status=403),
    Case(kinds.BaseAnswers, "answered", (), ALL[:2], ("X", "Outer"), "X", status=401),
    Case(kinds.Replaces, "replaced", answered_by="X", status=418),
    Case(kinds.ReplacesKeepingTheStatus, "replaced", answered_by="X"),
    Case(kinds.BaseReplaces, "replaced", ("other_task",), answered_by="X", status=418),
    Case(kinds.Rescues, observed=("same_messages",)),
    Case(kinds.Rescues, "handled", ("same_messages",), ALL, ("X", "Outer"), "endpoint", "X", None, 503, True),
    Case(kinds.Swallows, "swallowed", ("same_messages",), ALL, (), None, None, "NoResponse", None, True),
    Case(kinds.RaisesBefore, "raised", (), ALL[:2], (), "X", "ServerErrorMiddleware", "ValueError", 500),
    Case(kinds.RaisesAfter, "raised", ("after_response", "same_messages"), error="ValueError"),
    Case(kinds.Silent, "silent", (), ALL[:2], (), None, None, "NoResponse", None),
    Case(kinds.Drops, "silent", ("dropped",), ALL, ("Inner",), None, None, "NoResponse", None),
    Case(kinds.Hangs, "hung", (), ALL[:2], (), None, None, "Timeout", None),
    Case(kinds.Spins, "hung", (), ALL[:2], (), None, None, "Timeout", None),
    Case(kinds.StartsTwice, "raised", ("after_response", "twice", "same_messages"), error="RuntimeError"),
    Case(kinds.OtherTask, observed=("other_task", "same_messages")),
    Case(kinds.OtherThread, observed=("other_task", "buffered")),
    Case(kinds.CopiesScope, observed=("copied_scope", "same_messages")),
    Case(kinds.CopiesScopeDeeply, observed=("copied_scope", "same_messages")),
    Case(kinds.NewScope, observed=("copied_scope", "same_messages")),
    Case(kinds.Buffers, observed=("buffered",)),
    Case(kinds.Retries, observed=("called_again",)),
)


def named(layers: tuple[Layer, ...], case: Case, position: Position | None) -> str | None:
    """A position as the table writes it: X is the layer in question."""
    if not isinstance(position, int):
        return position
    name = layers[position].name
    return "X" if name == case.layer.__name__ else name


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.layer.__name__}-{case.outcome}")
def test_what_a_layer_did(case: Case) -> None:
    app = kinds.app_of(kinds.Outer, case.layer, kinds.Inner)
    trace = mwviz.trace(app, raises=case.endpoint_raises, timeout=0.3 if case.outcome == "hung" else 10)
    users = {layer.index for layer in trace.layers if layer.origin == "user"}
    (index,) = (layer.index for layer in trace.layers if layer.name == case.layer.__name__)
    step: Step = trace.steps[index]
    assert (step.outcome, step.observed) == (case.outcome, case.observed)
    assert tuple(named(trace.layers, case, each) for each in trace.request_order if each in users) == case.entered
    assert tuple(named(trace.layers, case, each) for each in trace.response_order if each in users) == case.responded
    assert named(trace.layers, case, trace.answered_by) == case.answered_by
    assert named(trace.layers, case, trace.handled_by) == case.handled_by
    assert (trace.error.type if trace.error is not None else None) == case.error
    assert (trace.response.status if trace.response is not None else None) == case.status
    assert trace.not_reached == tuple(each.layer for each in trace.steps if each.outcome == "not_reached")


def test_an_error_names_the_layer_that_raised_it() -> None:
    trace = mwviz.trace(kinds.app_of(kinds.Outer, kinds.Converts, kinds.RaisesBefore))
    by_name = {layer.name: layer.index for layer in trace.layers}
    assert trace.error is not None
    assert trace.error.type == "KeyError"
    assert trace.error.raised_by == by_name["Converts"]
    assert trace.steps[by_name["RaisesBefore"]].raised == "ValueError: before"
    assert trace.steps[by_name["Converts"]].raised == "KeyError: 'converted'"
    assert "behaviours.py" in trace.error.frames


class Refusing(kinds.Layer):
    """A layer whose `send` takes no response."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def refuse(message: Any) -> None:
            raise KeyError(message["type"])

        await self.app(scope, receive, refuse)


class Renaming(kinds.Layer):
    """A layer that raises an exception of its own where `send` raised one."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await PlainTextResponse("own")(scope, receive, send)
        except KeyError as error:
            raise ValueError("renamed") from error


def test_what_an_outer_layer_raised_in_send_is_told_from_what_was_made_of_it() -> None:
    trace = mwviz.trace(kinds.app_of(Refusing, kinds.Layer))
    outcomes = {layer.name: step.outcome for layer, step in zip(trace.layers, trace.steps, strict=True)}
    assert trace.error is not None
    assert trace.error.raised_by == 1
    assert (outcomes["Refusing"], outcomes["Layer"]) == ("raised", "passed")
    trace = mwviz.trace(kinds.app_of(Refusing, Renaming))
    outcomes = {layer.name: step.outcome for layer, step in zip(trace.layers, trace.steps, strict=True)}
    assert trace.error is not None
    assert (trace.error.type, trace.error.raised_by) == ("ValueError", 2)
    assert outcomes["Renaming"] == "raised"


def test_two_layers_of_one_class_are_told_apart() -> None:
    trace = mwviz.trace(kinds.app_of(kinds.Layer, kinds.Answers, kinds.Layer))
    labels = [layer.label for layer in trace.layers if layer.origin == "user"]
    assert labels == ["Layer", "Answers", "Layer#2"]
    assert next(trace.layers[index].label for index in trace.not_reached) == "Layer#2"


def test_a_registration_without_a_layer_is_said() -> None:
    trace = mwviz.trace(kinds.app_of(kinds.Outer, kinds.nothing))
    assert [layer.name for layer in trace.layers if layer.origin == "user"] == ["Outer"]
    assert trace.notes == ("nothing is registered, but is no layer of the stack that was built.",)


class Collapsing:
    """Two registrations of this class become one layer: the outer one takes the inner one's place."""

    app: Any

    def __init__(self, app: Any) -> None:
        while isinstance(app, Collapsing):
            app = app.app
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def test_layers_that_collapse_do_so_with_boundaries_too() -> None:
    trace = mwviz.trace(kinds.app_of(Collapsing, Collapsing, kinds.Inner))
    assert [layer.name for layer in trace.layers if layer.origin == "user"] == ["Collapsing", "Inner"]
    assert trace.notes == ("Collapsing#2 is registered, but is no layer of the stack that was built.",)


class Nested:
    """A layer that brings another one with it."""

    def __init__(self, app: Any) -> None:
        self.app = kinds.Stamps(app)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def test_a_layer_inside_a_layer_is_listed_as_injected() -> None:
    trace = mwviz.trace(kinds.app_of(kinds.Outer, Nested, kinds.Inner))
    shown = [(layer.name, layer.origin) for layer in trace.layers if layer.origin != "framework"]
    assert shown == [("Outer", "user"), ("Nested", "user"), ("Stamps", "injected"), ("Inner", "user")]
    assert trace.notes == ("The built stack holds layers that app.user_middleware does not list: Stamps.",)


class Wrapping(Starlette):
    """An app that wraps its own stack, which is a common way to reach outside of ServerErrorMiddleware."""

    def build_middleware_stack(self) -> Any:
        return kinds.Stamps(super().build_middleware_stack())


class Overriding(Starlette):
    """An app with a part of its own in `__call__`."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/closed":
            await PlainTextResponse("closed", 503)(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def test_an_overridden_stack_is_listed_as_it_was_built() -> None:
    trace = mwviz.trace(Wrapping(middleware=[Middleware(kinds.Inner)]))
    assert [(layer.name, layer.origin) for layer in trace.layers[:2]] == [
        ("Stamps", "injected"),
        ("ServerErrorMiddleware", "framework"),
    ]
    assert trace.steps[0].response_changes == ("+ x-stamp: 1",)


def test_an_overridden_call_is_a_layer() -> None:
    app = Overriding(middleware=[Middleware(kinds.Inner)])
    passed, closed = mwviz.trace(app), mwviz.trace(app, "/closed")
    assert (passed.layers[0].name, passed.layers[0].origin) == ("Overriding", "outer")
    assert passed.request_order == tuple(range(len(passed.layers)))
    assert closed.answered_by == 0
    assert closed.request_order == (0,)


class Other:
    """A wrapper that keeps the app under a name of its own, and says nothing of it."""

    def __init__(self, app: Any) -> None:
        self.other_asgi_app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.other_asgi_app(scope, receive, send)


class Slotted(Other):
    """A wrapper without a `__dict__`."""

    __slots__ = ()


@pytest.mark.parametrize("wrap", [kinds.Layer, kinds.hidden, Other, Slotted, lambda app: kinds.hidden(Other(app))])
def test_wrappers_around_the_app_are_listed_and_traced(wrap: Callable[[Any], Any]) -> None:
    app = kinds.app_of(kinds.Inner)
    trace = mwviz.trace(wrap(kinds.Stamps(app)))
    outer = [layer.index for layer in trace.layers if layer.origin == "outer"]
    assert trace.layers[outer[-1]].name == "Stamps"
    assert outer == list(range(len(outer)))
    assert trace.request_order == tuple(range(len(trace.layers)))
    assert trace.response_order == trace.request_order[::-1]


async def endpoint(request: Request) -> Response:
    """A handler that answers in three chunks."""

    async def chunks() -> Any:
        for chunk in ("a", "b", "c"):
            yield chunk

    return StreamingResponse(chunks())


async def broken(request: Request) -> Response:
    """A handler that raises."""
    raise LookupError("nothing here")


ROUTES = [Route("/stream", endpoint), Route("/broken", broken), Route("/posted", endpoint, methods=["POST"])]


@pytest.mark.parametrize(
    ("path", "status", "answered_by", "handled_by", "handler"),
    [
        ("/stream", 200, "endpoint", None, "endpoint"),
        ("/broken", 500, "endpoint", "ServerErrorMiddleware", "broken"),
        ("/nowhere", 404, "router", "ExceptionMiddleware", None),
        ("/stream/", 307, "router", None, None),
        ("/posted", 405, "router", "ExceptionMiddleware", None),
    ],
)
def test_a_real_request_ends_where_it_ends(
    path: str, status: int, answered_by: str, handled_by: str | None, handler: str | None
) -> None:
    trace = mwviz.trace(kinds.app_of(kinds.Outer, routes=ROUTES), path)
    assert trace.response is not None
    assert trace.response.status == status
    assert trace.answered_by == answered_by
    assert (trace.layers[trace.handled_by].name if trace.handled_by is not None else None) == handled_by
    assert (trace.endpoint.name if trace.endpoint is not None else None) == handler


def test_a_stand_in_at_the_end_of_a_real_route_calls_no_handler() -> None:
    trace = mwviz.trace(kinds.app_of(kinds.Outer, routes=ROUTES), "/broken", endpoint="stand-in")
    assert trace.response is not None
    assert trace.response.status == 200
    assert trace.answered_by == "endpoint"
    refused = mwviz.trace(kinds.app_of(kinds.Outer, routes=ROUTES), "/posted", endpoint="stand-in")
    assert refused.response is not None
    assert (refused.response.status, refused.answered_by) == (405, "router")


def test_a_constructor_that_raises_is_told_with_its_layer() -> None:
    class Demanding(kinds.Layer):
        def __init__(self, app: Any) -> None:
            raise OSError("no database")

    if Starlette().middleware_stack is not None:
        pytest.skip("this Starlette builds the stack in the constructor: there is no app to trace")
    trace = mwviz.trace(kinds.app_of(kinds.Outer, Demanding, kinds.Inner))
    assert trace.error is not None
    assert (trace.error.type, trace.error.message, trace.error.during) == ("OSError", "no database", "build")
    assert [layer.name for layer in trace.layers] == ["Outer", "Demanding", "Inner"]
    assert trace.error.raised_by == 1
    assert trace.request_order == ()
    assert {step.outcome for step in trace.steps} == {"not_reached"}
