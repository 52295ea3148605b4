from __future__ import annotations

from dataclasses import replace

import pytest

from mwviz.model import Trace
from mwviz.model.state import Carried
from mwviz.render import timeline
from mwviz.render.plain import columns
from mwviz.render.terminal import ascii_only
from tests.render import traces

LAYERS = {layer.label: layer.index for layer in traces.healthy().layers}
CORS, AUTH = LAYERS["CORSMiddleware"], LAYERS["AuthMiddleware"]


def carried(name: str, **given: object) -> Carried:
    whole: dict[str, object] = {"kind": "context", "module": None, "set_by": (), "seen_in": (), "seen_out": (), **given}
    return Carried(name=name, **whole)  # type: ignore[arg-type]


def shown(*items: Carried, width: int = 80, verbose: bool = False, trace: Trace | None = None) -> list[str]:
    """The lines of the section."""
    whole = timeline.render(
        replace(trace or traces.healthy(), state=items), width=width, color=False, verbose=verbose
    ).splitlines()
    if "State, and who can see it:" not in whole:
        return []
    section = whole[whole.index("State, and who can see it:") :]
    return section[: next(n for n, line in enumerate(section) if line.startswith("The request went"))]


def signs(lines: list[str], name: str) -> list[str]:
    """The signs below a name, from the outermost place to the innermost."""
    head = next(line for line in lines if name in line.split())
    rows = lines[lines.index(head) + 2 :]
    return [row[head.index(name)] for row in rows[: rows.index("")]]


def test_nothing_is_said_where_nothing_was_carried_or_nobody_asked() -> None:
    assert shown() == []
    assert "State, and" not in timeline.render(traces.healthy(), width=80, color=False, verbose=False)


def test_a_lane_shows_who_sets_and_who_sees() -> None:
    inner = tuple(index for index in LAYERS.values() if index > CORS)
    lines = shown(
        carried("lane", set_by=(CORS,), seen_in=(*inner, "endpoint"), seen_out=(*inner, "endpoint", CORS, 0)),
    )
    found = signs(lines, "lane")
    assert found[: CORS + 1] == ["↑", *"·" * (CORS - 1), "●"]
    assert set(found[CORS + 1 :]) == {"│"}
    assert "  ● sets it   │ sees it   ↑ only on the way out" in lines


def test_what_is_cut_off_is_told_in_a_sentence() -> None:
    lines = shown(
        carried("kept", set_by=("endpoint",), seen_out=("endpoint",), cut_by=(AUTH,)),
        carried("too", set_by=("endpoint",), seen_out=("endpoint",), cut_by=(AUTH,)),
        carried("key", kind="scope", set_by=("endpoint",), seen_out=("endpoint",), cut_by=(CORS,)),
    )
    assert signs(lines, "kept")[AUTH] == signs(lines, "key")[CORS] == "┬"
    told = " ".join(line.strip() for line in lines)
    assert "AuthMiddleware runs what is inside of it in another task: kept and too are not seen further out." in told
    assert "CORSMiddleware hands a copy of the scope inward: key is not seen further out." in told


def test_what_a_worker_thread_sets_stays_there() -> None:
    where = "dependency get_user"
    lines = shown(carried("alone", set_by=(where,), cut_by=(where,)))
    assert any(line.startswith(f"  {where} ") and "●" in line for line in lines)
    told = " ".join(line.strip() for line in lines)
    assert f"{where} runs in a worker thread, with a copy of the context: alone is seen nowhere else." in told


def test_who_could_not_be_told_is_no_place() -> None:
    lines = shown(carried("whose", set_by=(None,), seen_out=(0,)))
    assert "●" not in "".join(lines)
    assert "  Who set whose could not be observed every time." in lines


def test_keys_of_the_router_are_for_who_wants_all() -> None:
    item = carried("path_params", kind="scope", set_by=("router",), seen_in=("endpoint",))
    assert shown(item) == []
    assert any("path_params" in line for line in shown(item, verbose=True))


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_section_fits(width: int) -> None:
    items = [
        carried(f"a_variable_of_some_length_{number}", module="a.package.of.some.length.state", set_by=(CORS,))
        for number in range(7)
    ]
    lines = shown(*items, carried("x" * 40, cut_by=(AUTH,), set_by=("endpoint",)), width=width)
    assert max(map(columns, lines)) <= width
    assert sum(line.count("a_variable_of_s") for line in lines) == 7
    assert sum(line.count("length.state") for line in lines) == 7
    assert ascii_only("\n".join(lines)).replace("…", "").isascii()


def test_foreign_names_stay_harmless() -> None:
    lines = shown(carried("\x1b[31mred", module="a\nb", set_by=("dependency \x1b[2J",), cut_by=("dependency \x1b[2J",)))
    assert "\x1b" not in "".join(lines)
    assert any("\\x1b[31mred" in line for line in lines)
