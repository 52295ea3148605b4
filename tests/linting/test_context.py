"""What is said of context variables that somebody asks for in vain, and of handlers that set them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.linting.contexts import (
    RENDERS,
    AsksAfterwards,
    AsksInDispatch,
    Logs,
    NeedsUser,
    SetsId,
    SetsUser,
    SetsUserForAWhile,
    user,
)
from tests.linting.layered import Passing, app
from tests.linting.test_rules import judged

WHERE = "tests.linting.contexts"


def told(subject: Any, code: str, **options: Any) -> tuple[str, str, str]:
    """Message, evidence and remedy of the one finding."""
    (found,) = judged(subject, code, **options).findings
    return found.message, found.evidence, found.remedy


def test_a_layer_in_between() -> None:
    message, evidence, remedy = told(app(AsksAfterwards, Passing, SetsUser), "MW008")
    assert message == (
        f"AsksAfterwards asks for the context variable {WHERE}:user in vain: SetsUser sets it, but Passing runs "
        "everything inside of it in another task, which keeps it."
    )
    assert evidence == (
        f"Sent GET / by HTTP: 200 from the endpoint. When AsksAfterwards asked for {WHERE}:user, it was set inside of "
        "Passing, and not outside."
    )
    assert remedy == (
        "Write Passing as a plain ASGI middleware, which starts no task, let SetsUser put the value into "
        "request.state, which is one for all, or let SetsUser stand outside of AsksAfterwards."
    )


def test_the_layer_itself() -> None:
    message, _, _ = told(app(AsksInDispatch, SetsUser), "MW008")
    assert message.endswith("SetsUser sets it, but AsksInDispatch runs everything inside of it in another task, "
                            "which keeps it.")  # fmt: skip


def test_a_handler_sets_it_and_is_called_once() -> None:
    called = []

    async def sets(request: Request) -> JSONResponse:
        called.append(request.url.path)
        user.set(object())
        return JSONResponse({})

    subject = app(AsksAfterwards, Passing, routes=[Route("/set", sets)])
    message, evidence, remedy = told(subject, "MW008", path="/set")
    assert "in vain: the endpoint sets it, but Passing runs" in message
    assert evidence.startswith("Sent GET /set by HTTP: 200 from the endpoint.")
    assert remedy == (
        "Write Passing as a plain ASGI middleware, which starts no task, or let the endpoint put the value into "
        "request.state, which is one for all."
    )
    assert called == ["/set"]
    assert judged(subject, "MW008").findings == ()


def test_the_app_s_own_handler_for_any_exception() -> None:
    message, evidence, remedy = told(app(Passing, SetsUser, **RENDERS), "MW008")
    assert message.startswith(f"The app's handler for any exception asks for the context variable {WHERE}:user in vain")
    assert "Sent GET / by HTTP to an endpoint that raises: 500 from the endpoint" in evidence
    message, evidence, remedy = told(app(SetsUserForAWhile, **RENDERS), "MW009")
    assert message.endswith("in vain: SetsUserForAWhile has reset it by then.")
    assert "ServerErrorMiddleware called the handler when the exception had left SetsUserForAWhile." in evidence
    assert remedy.startswith("No order mends it: keep the value in request.state")


def test_what_a_layer_needs_of_the_context() -> None:
    message, evidence, _ = told(app(NeedsUser, SetsUser), "MW005")
    assert message == "NeedsUser needs what SetsUser brings, but stands outside of it."
    assert f"The same with the variable {WHERE}:user of SetsUser: 200 from the endpoint." in evidence


def test_who_logs_without_the_id() -> None:
    message, evidence, _ = told(app(Logs, SetsId), "MW019")
    assert message == f"Logs logs without the {WHERE}:request_id of SetsId, which stands further in."
    assert "Logs emitted a record of the logger 'tests.linting' where the variable was not set." in evidence
