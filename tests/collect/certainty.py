"""What cannot be told from outside of the layers, by nobody: requests and calls that are not compared."""

from __future__ import annotations

from collections.abc import Sequence

from tests.collect.journal import Call, Journal, Plan, leaves


def is_plain(journal: Journal, plans: Sequence[Plan], error: BaseException | None) -> bool:
    """Whether every exception has one origin, which can be seen from outside; `error` left the app.

    Of a group of several it is anyone's guess which one counts. And of a layer whose response nobody takes any more
    nobody can tell what it raised of its own.
    """
    if any(call.error is not None and is_cut_off(call, plans) for call in journal.calls):
        return False
    return all(len(leaves(each)) < 2 for each in (error, *(call.error for call in journal.calls)))


def was_cut(call: Call) -> bool:
    """Whether the call, or one further in, was cancelled: what it had sent may have been taken or not."""
    return call.cancelled or any(was_cut(inner) for inward in call.inward for inner in inward.calls)


def is_cut_off(call: Call, plans: Sequence[Plan]) -> bool:
    """Whether one of Starlette's helpers further out took less than the whole response, and ended what was left."""
    caller = call.outer.caller if call.outer is not None else None
    if caller is None:
        return False
    whole = caller.body_ended and bool(caller.starts) and caller.starts[0].source is not None
    return (plans[caller.place].form in ("base", "function") and not whole) or is_cut_off(caller, plans)
