"""Remedies carried out, one after the other, on source that is run before and afterwards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from mwviz.analysis.chains import Chain
from mwviz.analysis.contracts import Held, hold
from mwviz.collect.find.registration import Registrations, watched
from mwviz.model import Layer, Place
from mwviz.model.contracts import Contract, Name
from mwviz.model.findings import Finding

NAMES = "ABCDEFG"
_CALL = r"line \d+ \((\w)(?:, once that has moved)?\)"
_ENTRY = f"the entry of {_CALL}"
#: What a remedy may say, and whether it takes from the list and puts into it.
_MOVES: tuple[tuple[str, bool, bool], ...] = (
    (f"move {_CALL} (below|above) {_CALL}", False, False),
    (f"move {_ENTRY} (before|behind) {_ENTRY}", True, True),
    (f"take {_ENTRY} out of the list, and add it with add_middleware (below) {_CALL}", True, False),
    (f"take {_CALL} into the list, (behind) {_ENTRY}", False, True),
)


@dataclass
class Source:
    """An app: the entries of its list, its calls in their order, and how many lines each of them takes."""

    entries: list[str]
    calls: list[str]
    long: frozenset[str]
    begins_alone: bool

    def text(self) -> str:
        """One entry or call to a line, or three lines; a list may begin in the line of the app."""
        lines = ["app = Starlette(", "    middleware=["] if self.begins_alone else ["app = Starlette(middleware=["]
        for number, name in enumerate(self.entries):
            text = [f"Middleware({name}),"] if name not in self.long else ["Middleware(", f"    {name},", "),"]
            lines += text if self.begins_alone or number else [lines.pop() + text[0], *text[1:]]
        lines += ["])"] if self.entries or self.begins_alone else [lines.pop() + "])"]
        for name in self.calls:
            long = ["app.add_middleware(", f"    {name},", ")"]
            lines += long if name in self.long else [f"app.add_middleware({name})"]
        return "\n".join(lines) + "\n"

    def layers(self) -> tuple[Layer, ...]:
        """What comes of it when it is run, outermost first."""
        registrations = Registrations()
        head = "from starlette.applications import Starlette\nfrom starlette.middleware import Middleware\n"
        namespace = {name: type(name, (), {"__init__": lambda self, app: None}) for name in NAMES}
        namespace["__name__"] = "main"  # type: ignore[assignment]
        with watched(registrations):
            exec(compile(head + self.text(), "main.py", "exec"), namespace)
        made = []
        for index, entry in enumerate(namespace["app"].user_middleware):  # type: ignore[attr-defined]
            seen, name = registrations.find(entry), entry.cls.__name__
            assert seen is not None
            place = Place("main.py", seen.line)
            made.append(Layer(index, name, name, f"main.{name}", "user", "app", "asgi", {}, None, place, seen.by))
        return tuple(made)

    def carry_out(self, remedy: str) -> None:
        """Do what it says, or fail where that cannot be done."""
        matches = ((re.match(f"In main.py, {told}: ", remedy), ways) for told, *ways in _MOVES)
        found = [(match.groups(), ways) for match, ways in matches if match is not None]
        assert len(found) == 1, remedy
        ((moved, way, beside), ways) = found[0]
        source, goal = (self.entries if each else self.calls for each in ways)
        source.remove(moved)
        goal.insert(goal.index(beside) + (way in ("below", "behind")), moved)


def broken(groups: Sequence[Sequence[str]], layers: tuple[Layer, ...]) -> tuple[Finding, ...]:
    contract = Contract("c", "there", layers=tuple(tuple(map(Name, group)) for group in groups))
    return hold(contract, [Chain(layers)], layers, "app").findings


@settings(max_examples=500, deadline=None)
@given(
    names=st.permutations(NAMES),
    ranks=st.lists(st.integers(0, 6), min_size=5, max_size=5),
    listed=st.integers(0, 7),
    long=st.sets(st.sampled_from(NAMES)),
    begins_alone=st.booleans(),
)
def test_remedies_carried_out_in_their_order_mend_the_contract(
    names: list[str], ranks: list[int], listed: int, long: set[str], begins_alone: bool
) -> None:
    groups = [[name for name, at in zip(NAMES, ranks, strict=False) if at == rank] for rank in range(7)]
    held_to = [group for group in groups if group]
    source = Source(names[:listed], names[listed:], frozenset(long), begins_alone)
    layers = source.layers()
    begin = {
        name: line for line, text in enumerate(source.text().split("\n"), 3) for name in _begun(text, source, line)
    }

    findings = broken(held_to, layers)

    for finding in findings:
        for line, name in re.findall(r"line (\d+) \((\w)", finding.remedy):
            assert begin[name] == int(line)
        source.carry_out(finding.remedy)
    assert not broken(held_to, source.layers())
    # one less would not do: what was not moved is as long as it can be
    met = [ranks[NAMES.index(each.name)] for each in layers if each.name in NAMES[:5]]
    assert len(findings) == len(met) - longest(met)


def _begun(text: str, source: Source, line: int) -> str:
    """The name of what begins in a line: its name stands there, or in the next line."""
    ahead = source.text().split("\n")[line - 3 + 1 : line - 3 + 2]
    whole = text + (ahead[0] if text.endswith(("Middleware(", "middleware(")) else "")
    found = re.search(r"[Mm]iddleware\(\s*(\w)\b", whole)
    return found[1] if found else ""


def longest(ranks: Sequence[int]) -> int:
    """The length of the longest run that does not fall, found by trying every one."""
    runs: set[tuple[int, ...]] = {()}
    for rank in ranks:
        runs |= {(*run, rank) for run in runs if not run or run[-1] <= rank}
    return max(map(len, runs))


@settings(max_examples=300, deadline=None)
@given(
    order=st.permutations("ABCDE"),
    held=st.permutations("ABCDE"),
    pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(lambda pair: pair[0] < pair[1]), max_size=5),
    ends=st.sampled_from(["", "o", "i", "oi"]),
)
def test_remedies_that_go_together_mend_all_and_the_others_say_so(
    order: list[str], held: list[str], pairs: list[tuple[int, int]], ends: str
) -> None:
    source = Source([], order[::-1], frozenset(), begins_alone=True)
    contract = Contract(
        "c",
        "there",
        outermost=(Name(held[0]),) if "o" in ends else (),
        innermost=(Name(held[-1]),) if "i" in ends else (),
        pairs=tuple(tuple((Name(held[at]),) for at in pair) for pair in pairs),
    )

    def checked() -> Held:
        layers = source.layers()
        return hold(contract, [Chain(layers)], layers, "app")

    before = checked()
    for finding in before.findings:
        met = [layer.label for layer in source.layers()]
        outward = finding.code == "MW104" or finding.message.startswith(f"{finding.layers[0]} must stand outside")
        # an earlier one may have done it already
        if (met.index(finding.layers[0]) < met.index(finding.layers[-1])) != outward:
            source.carry_out(finding.remedy)
    after = checked()
    assert after.check.kept != bool(before.check.notes)
    # and one at a time is always an end
    for _ in range(40):
        if after.check.kept:
            break
        source.carry_out(after.findings[0].remedy)
        after = checked()
    assert after.check.kept
