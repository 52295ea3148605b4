"""What cannot be told from outside of the layers, by nobody: requests and calls that are not compared."""

from __future__ import annotations

from collections.abc import Sequence

from tests.collect.journal import ENDPOINT, Call, Journal, Plan, leaves, same


def is_plain(journal: Journal, plans: Sequence[Plan], error: BaseException | None) -> bool:
    """Whether every exception has one origin, which can be seen from outside; `error` left the app.

    Of a group of several it is anyone's guess which one counts. And a layer that raises another exception when its
    `send` did not come back looks as if `send` had raised it; so does one whose response nobody takes any more.
    """
    if any(call.error is not None and is_cut_off(call, plans) for call in journal.calls):
        return False
    alone = all(len(leaves(each)) < 2 for each in (error, *(call.error for call in journal.calls)))
    return alone and not any(_is_mistakable(call, journal) for call in journal.calls)


def _is_mistakable(call: Call, journal: Journal) -> bool:
    if call.sending and call.error is not None and not any(same(call.error, each) for each in call.refusals):
        return True
    own = any(place == call.place and same(call.error, made) for made, place in journal.made)
    outer = [made for made, place in journal.made if ENDPOINT < place < call.place]
    return own and any(same(inward.error, made) for inward in call.inward for made in outer)


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
