"""How a line of a terminal is broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwviz.render.plain import columns
from mwviz.render.terminal import fold


def folded(text: str, width: int, indent: int = 0) -> list[str]:
    return ["".join(part for part, _ in line) for line in fold([(text, "")], width, indent)]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("passed on, held back", 12, ["passed on, ", "held back"]),
        ("samples/shop_misordered.py:33", 22, ["samples/", "shop_misordered.py:33"]),
        ("↑ +x-process-time", 15, ["↑ +x-process-", "time"]),
        ("+strict_transport_security", 20, ["+strict_transport_", "security"]),
        ("ServerErrorMiddleware", 18, ["ServerError", "Middleware"]),
        ("x-requestidentification", 20, ["x-requestidentificat", "ion"]),
    ],
)
def test_a_line_is_broken_where_a_reader_would(text: str, width: int, lines: list[str]) -> None:
    assert folded(text, width) == lines


@given(st.text(st.sampled_from("abC-_./ 漢"), max_size=60), st.integers(4, 30), st.integers(0, 2))
def test_no_line_is_wider_than_asked_and_no_letter_is_lost(text: str, width: int, indent: int) -> None:
    lines = folded(text, width, indent)

    assert all(columns(line.rstrip()) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
