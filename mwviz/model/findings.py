"""What a check found: the verdict on each contract, and every break with what mends it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from mwviz.model.stack import Place, Versions
from mwviz.values import dataclass

#: What each code stands for.
RULES = {
    "MW001": "A layer outside of CORS answers the preflight",
    "MW002": "A layer outside of CORS turns requests away",
    "MW003": "The response to an unhandled exception has no CORS headers",
    "MW004": "A layer that needs the session stands outside of the one that loads it",
    "MW005": "A layer needs what another one puts into the scope further in",
    "MW006": "A layer inside of compression divides bodies, so that short ones are compressed, too",
    "MW007": "A layer holds server-sent events back",
    "MW008": "A context variable that is set further in does not get out to who asks for it",
    "MW009": "A request's id is missing on the response to an unhandled exception, or in its handler",
    "MW010": "A layer raises HTTPException where nothing handles it",
    "MW011": "A layer that guards HTTP lets websockets pass",
    "MW012": "The redirect to HTTPS stands outside of the layer that reads proxy headers",
    "MW013": "The redirect to HTTPS stands outside of CORS",
    "MW014": "The same middleware stands twice on one way",
    "MW015": "A preflight lacks the security headers of other responses",
    "MW016": "Middleware is added when the app has started",
    "MW017": "The lifespan of a mounted app is not run",
    "MW018": "A layer fails on websockets, or does not hand the lifespan on",
    "MW019": "A layer logs without the request's id, which one further in sets",
    "MW020": "A layer that goes by the client's address stands outside of the one that reads proxy headers",
    "MW021": "The answer to an oversized body has no CORS headers",
    "MW022": "The built stack holds layers that the app does not list",
    "MW023": "Middleware is registered in two ways, by calls and in a list, whose orders run against each other",
    "MW024": "A layer breaks the protocol: two responses to one request, or none",
    "MW025": "A layer that measures waits for background tasks, too",
    "MW026": "A response header is not exposed to pages of other origins",
    "MW101": "A layer stands on the wrong side of another",
    "MW102": "A layer that a contract names is absent",
    "MW103": "A layer is in the stack that an exhaustive contract does not name",
    "MW104": "Another layer is the outermost",
    "MW105": "Another layer is the innermost",
    "MW106": "A forbidden layer is in the stack",
    "MW107": "A layer stands in the stack more than once",
    "MW108": "No route is left that a contract could be held for",
    "MW109": "A contract could not be held: the app cannot be probed",
    "MW110": "The order is not the accepted one of mwviz.lock",
    "MW111": "A response to a fault lacks a header that another order would keep",
    "MW112": "A header that a contract asks for is in no normal response",
    "MW113": "A response to a fault lacks a header that no order would keep",
}

Severity: TypeAlias = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Site:
    """A layer that a finding is about, by its label, and where it was registered; None where that is not known."""

    layer: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One break. `place` is where it is to be mended, as far as that is known; empty texts have nothing to say.

    `target` and `check` say of which app and which contract it is. `layers` are labels; `sites` tells where each of
    them was registered. `routes` names those that it holds for; it is empty where it holds for the app's own stack.
    `why` says whom it hurts, `link` is where that can be read; of a rule of `lint`, `check` is its code.
    """

    code: str
    severity: Severity
    message: str
    layers: tuple[str, ...]
    place: Place | None
    remedy: str
    evidence: str
    target: str
    check: str
    sites: tuple[Site, ...] = ()
    routes: tuple[str, ...] = ()
    why: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A contract, the lock or a rule, as it was held: `kept` is False where it has an error or a warning to tell.

    `routes` counts the routes that it was held for; None stands for the app's own stack.
    """

    target: str
    name: str
    kind: Literal["contract", "lock", "rule"]
    kept: bool
    routes: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedApp:
    """An app that was checked; `versions` is None where it could not be: then a finding tells why."""

    target: str
    versions: Versions | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was checked, app by app, and all that was found, in the order of the configuration.

    `folder` is where places are relative to, as seen from where the checks ran: `services/shop`, or nothing. `source`
    is the file in it that says what was held: the configuration, or the lock.
    """

    findings: tuple[Finding, ...]
    checks: tuple[Check, ...]
    apps: tuple[CheckedApp, ...]
    folder: str = ""
    source: str = "mwviz.lock"
