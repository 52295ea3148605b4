"""What a layer changed, short and whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mwviz.model import Step
from mwviz.render import changes
from tests.render import traces

LAYER = traces.own("AuthMiddleware", 1)
STEP = traces.step(0)

SHORT = {
    "nothing": ((), (), ""),
    "a key of the scope": (("+ scope session",), (), "↓ +session"),
    "a header each way": (("+ x-a: 1",), ("~ vary: a -> a, b",), "↓ +x-a  ↑ ~vary"),
    "two headers": ((), ("+ x-a: 1", "- x-b"), "↑ +x-a, -x-b"),
    "many headers": ((), ("+ x-a: 1", "+ x-b: 1", "+ x-c: 1", "- server"), "↑ +3 headers, -server"),
    "many keys": (("+ scope a", "+ scope b", "+ scope c", "~ scope path: '/' -> '/x'"), (), "↓ +3 scope keys, ~path"),
    "a body": (("body consumed",), ("status 200 -> 201", "body 17 -> 5 bytes"), "↓ body consumed  ↑ body 17 -> 5"),
    "a hostile name": ((), ("+ x\x1b[31m: 1",), "↑ +x\\x1b[31m"),
}


@pytest.mark.parametrize("case", SHORT)
def test_the_short_form(case: str) -> None:
    inward, outward, expected = SHORT[case]
    step = replace(STEP, request_changes=inward, response_changes=outward)
    assert changes.short(LAYER, step) == expected


def test_a_layer_that_touches_no_message_is_marked_as_that() -> None:
    same = replace(STEP, observed=("same_messages",))
    assert changes.short(LAYER, same) == "messages untouched"
    assert changes.short(LAYER, replace(same, request_changes=("+ scope user",))) == "↓ +user"
    assert changes.short(LAYER, replace(same, outcome="answered")) == ""


def test_the_frameworks_own_changes_are_no_news() -> None:
    step = replace(STEP, request_changes=("+ scope fastapi_astack",))
    assert changes.short(traces.ERRORS, step) == ""
    assert list(changes.whole(step)) == ["request: + scope fastapi_astack"]


def test_the_whole_tells_how_long_the_response_was_held_back() -> None:
    held: Step = replace(STEP, response_changes=("+ vary: x",), held_ns=21_000, held_until="http.response.body")
    assert list(changes.whole(held)) == [
        "response: + vary: x",
        "response: start held back for 21 µs, until http.response.body",
    ]
    assert list(changes.whole(None)) == []
