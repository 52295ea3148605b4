"""The contracts of the configuration, held for every order that a test suite's requests took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mwviz import config
from mwviz.analysis import chains
from mwviz.analysis.contracts import hold
from mwviz.config import Config
from mwviz.errors import ConfigError
from mwviz.model.contracts import Contract
from mwviz.model.suite import Suite, SuiteApp


def broken(suite: Suite, directory: Path) -> tuple[str, ...]:
    """A sentence for each break, with the number of requests that took such an order, and for a bad configuration.

    Contracts that are for routes are left out: a request order does not tell its route.
    """
    try:
        settings = config.find(directory)
    except ConfigError as error:
        return (f"No contract was held: {error}",)
    counts: Counter[str] = Counter()
    for app in suite.apps:
        for contract in _contracts(app, settings):
            counts.update(_breaks(contract, app))
    return tuple(f"{told} ({count} request{'' if count == 1 else 's'})" for told, count in counts.items())


def _contracts(app: SuiteApp, settings: Config) -> Iterator[Contract]:
    named = [(settings.app, settings.contracts)] if settings.app is not None or not settings.apps else []
    named += [(each.app, (*settings.contracts, *each.contracts)) for each in settings.apps]
    for name, contracts in named:
        if name is None or _module(name) == _module(app.name):
            yield from (each for each in contracts if not each.of_routes and not each.on_faults)


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
