"""The closing report of a suite, made of hand-made sums, and the sums of several processes."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from mwviz.analysis.suite import merged
from mwviz.model.suite import Suite, SuiteApp, Way
from mwviz.plugins import pytest_plugin
from mwviz.render.suite import SUITE_FORMATS, SuiteFormat, text
from tests.render import traces

LAYERS = traces.numbered(traces.SHOP[:3])
APP = SuiteApp("shop.main:app", 1, LAYERS, (Way((0, 1, 2), 5), Way((0, 1), 2)), (), ())
SUITE = Suite(7, 0, (APP,), ())


def test_table_enum_and_endings_agree() -> None:
    assert set(SUITE_FORMATS) == set(get_args(SuiteFormat)) == {ending[1:] for ending in pytest_plugin._ENDINGS}


@pytest.mark.parametrize(
    ("suite", "expected"),
    [
        (
            SUITE,
            [
                "mwviz: 7 requests through 1 app, 2 request orders",
                "  shop.main:app: 7 requests",
                "    5  TrustedHostMiddleware > RequestIdMiddleware",
                "    2  TrustedHostMiddleware, no further",
            ],
        ),
        (Suite(0, 0, (), ()), ["mwviz: no request went through a Starlette or FastAPI app"]),
        (
            Suite(
                3,
                1,
                (replace(APP, ways=(Way((0,), 2),), never_reached=(1,), unwatched=(2,)),),
                ("lost",),
                ("edge",),
                ("routes",),
            ),
            [
                "mwviz: 3 requests (1 not ended) through 1 app, 1 request order",
                "  shop.main:app: 2 requests",
                "    2  the framework's own layers alone",
                "    never reached: TrustedHostMiddleware (shop/main.py:20)",
                "    not observable: RequestIdMiddleware",
                "  contract broken: edge",
                "  contract not held: routes",
                "  not observed: lost",
            ],
        ),
    ],
)
def test_the_report_in_text(suite: Suite, expected: list[str]) -> None:
    assert text.render(suite).splitlines() == expected


def test_of_many_apps_and_orders_the_most_frequent_are_told() -> None:
    apps = tuple(replace(APP, name=f"app{number}", ways=(Way((0, 1), 50 - number),)) for number in range(12))
    lines = text.render(merged([Suite(1, 0, apps, ())])).splitlines()
    assert [line for line in lines if "app0:" in line or "app9:" in line]
    assert not any("app10:" in line for line in lines)
    assert lines[-1] == "  and 2 apps more: --mwviz-report FILE.html tells of all"


def test_what_several_processes_saw_is_added_up() -> None:
    other = replace(APP, stacks=2, ways=(Way((0, 1), 4),), never_reached=(2,))
    unlike = replace(APP, layers=LAYERS[:2], ways=(Way((0, 1), 1),))
    whole = merged([SUITE, Suite(5, 1, (other, unlike), ("lost",)), Suite(0, 0, (), ("lost",))])
    assert (whole.requests, whole.unfinished, whole.problems) == (12, 1, ("lost",))
    first, second = whole.apps
    assert (first.stacks, first.ways, first.never_reached) == (3, (Way((0, 1), 6), Way((0, 1, 2), 5)), ())
    assert second == unlike
