"""The use case of `suggest`: an order with fewer findings that keeps every contract, tried before it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic

from mwviz import checking, config, linting
from mwviz.analysis.suggest.judged import Judged, is_mendable, judged
from mwviz.analysis.suggest.moves import Order, moved
from mwviz.analysis.suggest.search import Better, Search
from mwviz.api import Target
from mwviz.collect import ProbeOptions, Subject
from mwviz.collect.linting.tried import names_of, tried_here
from mwviz.comparing import lockfile
from mwviz.errors import ConfigError, MwvizError, ProbeError
from mwviz.model.evidence import Evidence
from mwviz.model.findings import Finding
from mwviz.model.suggestion import Left, Line, Move, Reason, Suggestion
from mwviz.suggesting.writing import written
from mwviz.values import dataclass

#: Orders that may fail, and seconds for all tries, before the search ends.
MOST_FAILED, MOST_SECONDS = 2, 60.0
#: What is told where a request of a tried order could not be ended.
_STUCK = "A request hung in a call that cannot be interrupted: the search ended there."


@dataclass(frozen=True, slots=True)
class Asked:
    """One app, with the rules that lint judges it by, and the contracts (and the lock) that it is held to."""

    rules: linting.Job
    contracts: checking.Job


def asked(target: Target, select: tuple[str, ...], ignore: tuple[str, ...]) -> Asked:
    """What lint and what `check` hold for the app. Raises ConfigError where several apps are configured."""
    rules = linting.jobs(target, select, ignore)
    if len(rules) > 1:
        names = ", ".join(each.name or str(each.target.app) for each in rules)
        raise ConfigError(
            f"An order is suggested for one app at a time, and {len(rules)} are configured: name {names}."
        )
    settings = config.find(target.directory, target.config)
    held = checking.configured(target, settings)[0]
    locked = (settings.folder / lockfile.NAME).is_file()
    return Asked(rules[0], replace(held, lock=settings.folder if locked else None))


class _Trials:
    """The orders of one opened app, tried one after the other. `best` may be asked for at any time, from any thread."""

    def __init__(self, subject: Subject, asked: Asked, options: ProbeOptions, stuck: Callable[[], None]) -> None:
        self._subject = subject
        self._rules, self._contracts = asked.rules, replace(asked.contracts, lock=None)
        self._options = options
        self._stuck = stuck
        self.names = names_of(subject, options.order)
        self.evidence, self.before = self._lint(None)
        self.broken = self._broken(None)
        self.search = Search(self.before, len(self.names), self._contracts.contracts, self.broken)
        self.failed: list[str] = []
        self.asked = options.order is not None

    def run(self) -> None:
        """Try what the search asks for, as long as every request can be sent, and one order however long it takes."""
        began = monotonic()
        while self.before.whole and (order := self.search.next()) is not None:
            if len(self.failed) == MOST_FAILED or (self.search.tried and monotonic() - began > MOST_SECONDS):
                self.search.stop()
                return
            try:
                _, after = self._lint(order)
                broken = self._broken(order) if after.whole else frozenset[str]()
            except MwvizError as error:
                self.failed.append(f"{self.called(order)} could not be tried: {str(error).splitlines()[0]}")
                self.search.learn(order, None)
                continue
            if not after.whole:
                self.failed.append(f"{self.called(order)} could not be judged: not every request came to its end.")
            self.search.learn(order, after if after.whole else None, broken)

    def called(self, order: Order) -> str:
        """An order as `--order` takes it."""
        return " > ".join(self.names[entry] for entry in order)

    def _lint(self, order: Order | None) -> tuple[Evidence, Judged]:
        evidence, entries = tried_here(self._subject, self._options, order, self._stuck)
        found = linting.judged(self._subject, self._rules, self._options, evidence)
        return evidence, judged(found.findings, evidence, entries, found.apps[0].notes)

    def _broken(self, order: Order | None) -> frozenset[str]:
        if not self._contracts.contracts:
            return frozenset()
        options = self._options if order is None else replace(self._options, order=self.called(order))
        held = checking.check(self._subject, self._contracts, options, stuck=lambda _: self._stuck())
        return frozenset(check.name for check in held.checks if not check.kept)


def suggest(
    subject: Subject,
    asked: Asked,
    options: ProbeOptions,
    *,
    stuck: Callable[[Suggestion | ProbeError], None],
) -> Suggestion:
    """Search an order of an opened app's own middleware, in this thread. Raises MwvizError.

    It is to be better than the order that `options` give, else than the code's.
    `stuck` gets what was found so far, in another thread, where the app cannot be interrupted, or why nothing was.
    """
    trials: list[_Trials] = []

    def give_up() -> None:
        stuck(_told(subject, asked, trials[0], _STUCK) if trials else ProbeError(_STUCK))

    trials.append(_Trials(subject, asked, options, give_up))
    trials[0].run()
    return _told(subject, asked, trials[0])


def _told(subject: Subject, asked: Asked, trials: _Trials, *said: str) -> Suggestion:
    before, best, search = trials.before, trials.search.best, trials.search
    return Suggestion(
        target=asked.rules.name or trials.evidence.target,
        versions=trials.evidence.versions,
        today=trials.names,
        asked=trials.asked,
        order=None if best is None else tuple(trials.names[entry] for entry in best.order),
        moves=() if best is None else tuple(_moves(best.order, trials.names)),
        gone=() if best is None else best.change.gone,
        left=tuple(_left(before, best)),
        new=() if best is None else _there(best.change.new, best),
        revealed=() if best is None else _there(best.change.revealed, best),
        lines=() if best is None else _lines(subject, trials, best),
        broken=tuple(sorted(trials.broken)),
        mended=() if best is None else tuple(sorted(trials.broken - best.broken)),
        against=search.against,
        tried=search.tried,
        cut=search.cut,
        notes=tuple(dict.fromkeys((*before.notes, *trials.failed, *_unwhole(before), *_locked(asked, best), *said))),
    )


def _moves(order: Order, names: tuple[str, ...]) -> Iterator[Move]:
    for entry in moved(order):
        yield Move(names[entry], entry, order.index(entry))


def _left(before: Judged, best: Better | None) -> Iterator[Left]:
    for finding in before.findings:
        if best is None or finding not in best.change.gone:
            yield Left(finding, _reason(finding, before, best))


def _there(found: tuple[Finding, ...], best: Better) -> tuple[Finding, ...]:
    """Findings of the suggested order; how lines of today's would have to move for another one says nothing there."""
    return tuple(replace(each, remedy="") if is_mendable(each, best.judged) else each for each in found)


def _reason(finding: Finding, before: Judged, best: Better | None) -> Reason:
    if not is_mendable(finding, before):
        return "fixed"
    return "unseen" if best is not None and finding in best.change.unseen else "kept"


def _lines(subject: Subject, trials: _Trials, best: Better) -> tuple[Line, ...]:
    layers = {entry: layer for layer, entry in zip(trials.before.layers, trials.before.entries, strict=True)}
    return written([layers[entry] for entry in best.order if entry in layers], subject.base)


def _unwhole(before: Judged) -> Iterator[str]:
    if not before.whole:
        yield "Not every request of lint came to its end, so no other order was tried."


def _locked(asked: Asked, best: Better | None) -> Iterator[str]:
    if best is not None and asked.contracts.lock is not None:
        yield f"{lockfile.NAME} holds today's order: `mwviz lock` accepts the new one."
