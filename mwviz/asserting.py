"""An order that a test holds: the use case behind `mwviz.assert_order`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mwviz.errors import SelectionError

if TYPE_CHECKING:
    from mwviz.model.contracts import Sequence


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
    from mwviz.analysis import chains, contracts
    from mwviz.model.contracts import Contract
    from mwviz.render.order import broken, unbuilt

    held_to = Contract("assert_order", "the order", layers=_read(wanted))
    trace = api.trace(app, path, factory=factory, app_dir=app_dir, **options)
    if trace.error is not None and trace.error.during != "probe":
        raise AssertionError(unbuilt(trace))
    chain = chains.of_request(trace)
    findings = contracts.hold(held_to, [chain], trace.layers, trace.target).findings
    if options.get("order") is not None:
        findings = contracts.unmoved(findings, "This is the order that `order` gives: correct it there.")
    if findings:
        raise AssertionError(broken(trace, wanted, chain.layers, findings))


def _read(wanted: str) -> Sequence:
    from mwviz.config.grammar import Malformed, order

    try:
        return order(wanted)
    except Malformed as error:
        raise SelectionError(
            f"The order '{wanted}' {error} An order is names with '>' between them, outermost first; '(A)' may be "
            "absent, 'A | B' stand in any order."
        ) from error
