"""An order that a test holds: the use case behind `mwviz.assert_order`."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def assert_order(
    app: object,
    wanted: str,
    /,
    path: str | None = None,
    *,
    factory: bool = False,
    app_dir: str | Path | None = None,
    **options: Any,
) -> None:
    """Probe `app`, an object or an import string, as `mwviz.trace` does, and hold the order that was observed.

    `wanted` names layers, outermost first, as contracts do: `"CORSMiddleware > (GZipMiddleware) > Auth* | RateLimit"`.
    Other layers may stand between; `(A)` may be absent, `A | B` stand in any order, `A#2` is the second of its name.
    A layer that the probe did not reach stands where the built stack has it. Raises AssertionError where the order does
    not hold, MwvizError for the caller's mistakes.
    """
    __tracebackhide__ = True  # pytest shows the line of the test
    from mwviz import api
    from mwviz.analysis.order import compared, parse
    from mwviz.render.order import broken, unbuilt

    names = parse(wanted)
    trace = api.trace(app, path, factory=factory, app_dir=app_dir, **options)
    if trace.error is not None and trace.error.during != "probe":
        raise AssertionError(unbuilt(trace))
    comparison = compared(trace, names)
    if not comparison.holds:
        raise AssertionError(broken(trace, wanted, comparison))
