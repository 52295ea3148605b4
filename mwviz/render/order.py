"""What is wrong with an order, as an assertion tells it: expected, observed, which layers, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mwviz.model import Layer, Trace
from mwviz.model.findings import Finding
from mwviz.render import words
from mwviz.render.findings.told import sentence
from mwviz.render.places import where
from mwviz.render.plain import columns, visible

_UNSEEN = (
    "Nobody saw in which lines they were registered, before the test: `pytest --mwviz` sees it, and `mwviz check`."
)
_UNMET = "not reached: the built stack has it here"


def broken(trace: Trace, wanted: str, met: Sequence[Layer], findings: Sequence[Finding]) -> str:
    """Return the whole message for an order that does not hold. `met` are the layers in the order that was held."""
    wrong = {label for finding in findings for label in finding.layers}
    lines = [
        f"The order of {visible(trace.target)} is another one.",
        f"expected  {visible(wanted)}",
        f"observed  {words.request_line(trace, timed=False)}",
        *_rows(trace, met, wrong),
    ]
    for finding in findings:
        lines += ["", sentence(finding.message), f"→ {visible(finding.remedy)}"]
    if any(layer.registered_at is None and layer.origin == "user" for layer in met if layer.label in wrong):
        lines += ["", _UNSEEN]
    return "\n".join(lines)


def unbuilt(trace: Trace) -> str:
    """Return why there is no order to be held: the app's stack could not be built, or its startup failed."""
    error = trace.error
    told = f"{visible(error.type)}: {visible(error.message)}" if error is not None else "nothing was sent"
    failed = "start" if error is not None and error.during == "startup" else "build its stack"
    return f"The order of {visible(trace.target)} was not observed: the app could not {failed}. {told}"


def _rows(trace: Trace, met: Sequence[Layer], wrong: set[str]) -> Iterator[str]:
    turns = words.turns(trace.request_order)
    names, places = [visible(layer.label) for layer in met], [where(layer) for layer in met]
    for layer, name, place in zip(met, _aligned(names), _aligned(places), strict=True):
        passed = layer.index in turns
        mark, turn = "✗" if layer.label in wrong else " ", f"↓ {turns[layer.index]}" if passed else "-"
        yield f"  {mark} {turn:<4}  {name}  {place}  {'' if passed else _UNMET}".rstrip()


def _aligned(texts: Sequence[str]) -> Iterator[str]:
    width = max(map(columns, texts), default=0)
    yield from (text + " " * (width - columns(text)) for text in texts)
