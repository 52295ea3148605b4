"""Secrets never leave, and no code of the user's runs to show a value."""

from __future__ import annotations

import enum
import functools
import re
from typing import Any

import pytest

from mwviz.collect import redact


class Hostile:
    """Every way to be shown raises, and so does every look at it."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"touched: {name}")

    def __repr__(self) -> str:
        raise AssertionError("shown")

    __str__ = __hash__ = __repr__  # type: ignore[assignment]


class HostileText(str):
    """A str whose methods are the user's."""

    __slots__ = ()

    def __repr__(self) -> str:
        raise AssertionError("shown")

    __str__ = __len__ = __getitem__ = __repr__  # type: ignore[assignment]


class ApiToken(str):
    """A str that says of itself that it is secret."""

    __slots__ = ()


class Color(enum.Enum):
    """An enum."""

    RED = "red"


def key_function(request: object) -> str:
    """A function is no secret, whatever it is passed as."""
    return ""


ARGUMENTS: tuple[tuple[str, object, str], ...] = (
    ("minimum_size", 500, "500"),
    ("debug", True, "True"),
    ("handler", None, "None"),
    ("ratio", 0.5, "0.5"),
    ("allow_origins", ["*"], "['*']"),
    ("allowed", ("a",), "('a',)"),
    ("names", {"b", "a"}, "{'a', 'b'}"),
    ("names", set("gfedcba"), "{'a', 'b', 'c', 'd', … 3 more}"),
    ("names", frozenset(range(2000)), "{…}"),
    ("nothing", set(), "set()"),
    ("empty", {}, "{}"),
    ("pattern", re.compile("^/api"), "'^/api'"),
    ("raw", b"ab", "b'ab'"),
    ("raw", b"x" * 100, "100 bytes"),
    ("many", list(range(10)), "[0, 1, 2, 3, … 6 more]"),
    ("deep", [[[["x"]]]], "[[[[…]]]]"),
    ("number", 10**5000, "int of 16610 bits"),
    ("text", "x" * 1000, "'" + "x" * 58 + "…"),
    ("handler", Hostile(), "Hostile"),
    ("handler", [Hostile()], "[Hostile]"),
    ("text", HostileText("x"), "HostileText"),
    ("color", Color.RED, "Color"),
    ("cls", Hostile, "Hostile"),
    ("key_func", key_function, "key_function"),
    ("partial", functools.partial(key_function), "partial"),
    ("secret_key", "hunter2", "***"),
    ("secretKey", "hunter2", "***"),
    ("password", "hunter2", "***"),
    ("api_keys", {"a": "b"}, "***"),
    ("jwt", b"x", "***"),
    ("pin", 1234, "***"),
    ("auth_token", key_function, "key_function"),
    ("allow_credentials", True, "True"),
    ("session_cookie", "sid", "'sid'"),
    ("x-session", "hunter2", "***"),
    (
        "endpoint",
        "https://x.example/back#access_token=hunter2&page=1",
        "'https://x.example/back#access_token=***&page=1'",
    ),
    ("options", {"password": "hunter2", "size": 1}, "{'password': ***, 'size': 1}"),
    ("options", [{"nested": {"token": "hunter2"}}], "[{'nested': {'token': ***}}]"),
    ("value", ApiToken("hunter2"), "***"),
    ("url", "redis://me:hunter2@cache/0", "'redis://me:***@cache/0'"),
    ("dsn", "https://hunter2@errors.example/1", "***"),
    ("endpoint", "https://hunter2@errors.example/1", "'https://***@errors.example/1'"),
    ("endpoint", "https://x.example/?api_key=hunter2&page=1", "'https://x.example/?api_key=***&page=1'"),
    ("urls", ["amqp://me:p@ss/w0rd@mq"], "['amqp://me:***@mq']"),
)


@pytest.mark.parametrize(
    ("name", "value", "shown"), ARGUMENTS, ids=[f"{index}-{case[0]}" for index, case in enumerate(ARGUMENTS)]
)
def test_values_are_short_and_harmless(name: str, value: object, shown: str) -> None:
    assert redact.argument(name, value) == shown


def test_a_cycle_ends() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    assert redact.argument("cycle", cycle) == "[[[[…]]]]"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("authorization", "Bearer hunter2", "***"),
        ("Proxy-Authorization", "Basic hunter2", "***"),
        ("cookie", "sid=hunter2", "***"),
        ("set-cookie", "sid=hunter2; path=/", "***"),
        ("X-API-Key", "hunter2", "***"),
        ("x-csrf-token", "hunter2", "***"),
        ("x-amz-security-token", "hunter2", "***"),
        ("location", "https://me:hunter2@x.example/?token=hunter2&a=1", "https://me:***@x.example/?token=***&a=1"),
        ("content-type", "text/html", "text/html"),
        ("www-authenticate", 'Bearer realm="x"', 'Bearer realm="x"'),
        ("access-control-allow-credentials", "true", "true"),
        ("access-control-allow-headers", "authorization", "authorization"),
    ],
)
def test_headers_keep_their_secrets(name: str, value: str, shown: str) -> None:
    assert redact.headers([(name.encode(), value.encode())]) == ((name, shown),)


def test_odd_headers_do_not_break_anything() -> None:
    assert redact.headers([("name", "text"), (b"one",), (b"x", bytearray(b"y")), (b"n", 3)]) == (
        ("name", "text"),
        ("x", "y"),
        ("n", "int"),
    )


def test_a_query_keeps_its_secrets() -> None:
    assert redact.query("page=1&access_token=hunter2&password=&x") == "page=1&access_token=***&password=&x"
