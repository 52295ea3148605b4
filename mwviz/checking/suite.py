"""The contracts of the configuration, held for every order that a test suite's requests took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mwviz import config
from mwviz.analysis import chains
from mwviz.analysis.contracts import hold
from mwviz.config import Config
from mwviz.errors import ConfigError
from mwviz.model.contracts import Contract
from mwviz.model.suite import Suite, SuiteApp


def held(suite: Suite, directory: Path) -> Suite:
    """The suite with a sentence for each break and its number of requests, and one for each contract not held here."""
    try:
        settings = config.find(directory)
    except ConfigError as error:
        return replace(suite, unheld=(*suite.unheld, f"none of the configuration: {error}"))
    counts: Counter[str] = Counter()
    unheld: list[str] = []
    for app in suite.apps:
        for contract in dict.fromkeys(_contracts(app, settings)):  # two configured apps may have one name
            if (reason := _unobserved(contract)) is None:
                counts.update(_breaks(contract, app))
            else:
                unheld.append(f"{app.name}, {contract.name}: {reason}")
    broken = (f"{told} ({count} request{'' if count == 1 else 's'})" for told, count in counts.items())
    return replace(suite, broken=(*suite.broken, *broken), unheld=(*suite.unheld, *dict.fromkeys(unheld)))


def _unobserved(contract: Contract) -> str | None:
    """Why the requests of a suite cannot tell whether a contract is kept; None for one that they can."""
    if contract.on_faults:
        return "`on_faults` is for faults that mwviz makes itself, and in a suite it makes none"
    if contract.of_routes:
        return "it is for routes, and layers of mounts and routes are not observed here: `mwviz check` holds it"
    return None


def _contracts(app: SuiteApp, settings: Config) -> Iterator[Contract]:
    named = [(settings.app, settings.contracts)] if settings.app is not None or not settings.apps else []
    named += [(each.app, (*settings.contracts, *each.contracts)) for each in settings.apps]
    for name, contracts in named:
        if name is None or _module(name) == _module(app.name):
            yield from contracts


def _module(app: str) -> str:
    """An app by module and attribute, however it was named: `shop/main.py:app` is `shop.main:app`."""
    file, colon, attribute = app.partition(":")
    return f"{file.removesuffix('.py').replace('/', '.')}{colon}{attribute}"


def _breaks(contract: Contract, app: SuiteApp) -> Counter[str]:
    counts: Counter[str] = Counter()
    for way in app.ways:
        chain = chains.of_order(app.layers, way.order)
        for finding in hold(contract, [chain], app.layers, app.name).findings:
            counts[f"{app.name}, {contract.name}: {finding.message.rstrip('.')}"] += way.requests
    return counts
