"""Holds contracts against the order that was traced: the app's own stack, or the chains of its routes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from mwviz.analysis import orders
from mwviz.analysis.chains import Chain
from mwviz.analysis.names import fits_layer, hint
from mwviz.analysis.orders import Break, matched
from mwviz.analysis.remedies import move
from mwviz.model import Layer
from mwviz.model.contracts import Contract, Group
from mwviz.model.findings import Check, Finding, Site
from mwviz.values import dataclass

_NAMED_AT_MOST = 3
#: Codes of findings that a move mends.
_MOVES = ("MW101", "MW104", "MW105", "MW111")


@dataclass(frozen=True, slots=True)
class Held:
    """The verdict on one contract, and what broke it."""

    check: Check
    findings: tuple[Finding, ...]


def hold(contract: Contract, chains: Sequence[Chain], known: Sequence[Layer], target: str) -> Held:
    """Hold one contract for each of the chains: that of the app's own stack, or those of the routes it is for.

    `known` are all layers of the app, which tell a wrong name from a layer that is missing here. One break of several
    chains is one finding that names their routes.
    """
    if not chains:
        return could_not(
            contract,
            target,
            "MW108",
            f"No route fits {_filter(contract)}",
            "Correct the filter: `mwviz routes` lists the paths.",
        )
    found: dict[object, tuple[Break, list[Chain]]] = {}
    for chain in chains:
        for each in _breaks(contract, chain, known):
            found.setdefault(_key(each), (each, []))[1].append(chain)
    findings = tuple(_finding(contract, target, each, where, len(chains)) for each, where in found.values())
    routes = len(chains) if contract.of_routes else None
    check = Check(target, contract.name, "contract", not findings, routes, tuple(_notes(contract, chains)))
    return Held(check, findings)


def _key(found: Break) -> object:
    """By which two breaks are the same."""
    return found.code, found.message, tuple(layer.label for layer in found.layers)


def could_not(contract: Contract, target: str, code: str, message: str, remedy: str) -> Held:
    """The verdict on a contract that nothing could be held against: it is broken, and the message says why."""
    finding = Finding(code, "error", f"{message}.", (), None, remedy, "", target, contract.name)
    return Held(Check(target, contract.name, "contract", kept=False), (finding,))


def unmoved(findings: Sequence[Finding], remedy: str) -> tuple[Finding, ...]:
    """The findings with another remedy for each that a move mends, where lines of source are not what is to move."""
    return tuple(replace(each, remedy=remedy) if each.code in _MOVES else each for each in findings)


def _breaks(contract: Contract, chain: Chain, known: Sequence[Layer]) -> Iterator[Break]:
    groups: Iterable[Group] = (group for order in (contract.layers, *contract.pairs) for group in order)
    named = [name.text for group in groups for name in group if not name.optional]
    for group in (contract.outermost, contract.innermost):
        if group and not any(name.optional or _any_fits(name.text, chain) for name in group):
            named += [name.text for name in group]
    absent = [name for name in dict.fromkeys((*named, *contract.once)) if not _any_fits(name, chain)]
    yield from (_absent(contract, name, chain, known) for name in absent)
    for order in (contract.layers, *contract.pairs):
        yield from orders.breaks(order, chain)
    if contract.exhaustive:
        yield from _extra(contract, chain)
    yield from _ends(contract, chain)
    for name in contract.forbidden:
        yield from (_forbidden(layer) for layer in chain.layers if _is_one_of(name, layer))
    for name in contract.once:
        yield from _repeated(name, chain)


def _any_fits(name: str, chain: Chain) -> bool:
    return any(fits_layer(name, layer) for layer in chain.layers)


def _is_one_of(name: str, layer: Layer) -> bool:
    return name == layer.name or fits_layer(name, layer)


def _absent(contract: Contract, name: str, chain: Chain, known: Sequence[Layer]) -> Break:
    for layer in chain.skipped:
        if fits_layer(name, layer):
            told = f"{layer.label} is skipped: no websocket meets a BaseHTTPMiddleware"
            return Break("MW102", told, (layer,), f"Make {layer.label} an ASGI middleware that heeds websockets, too.")
    elsewhere = [layer for layer in known if fits_layer(name, layer)]
    if elsewhere and chain.route is not None:
        return Break("MW102", f"{name} is not passed", (), f"Register {name} where these routes pass it.")
    if elsewhere:
        where = ", ".join(dict.fromkeys(layer.within for layer in elsewhere))
        told = f"{name} is not in the app's own stack: it belongs to {where}"
        return Break("MW102", told, (), "Hold it for the routes there: give the contract `paths`.")
    labels = [layer.label for layer in known if layer.origin != "framework"]
    told = f"No layer of the app fits '{name}': {hint(name, labels)}".rstrip(".")
    ways = "or add the layer" if name in contract.once else f"or add the layer; '({name})' may be absent"
    return Break("MW102", told, (), f"Correct the name in {contract.place}, {ways}.", everywhere=True)


def _extra(contract: Contract, chain: Chain) -> Iterator[Break]:
    named = {layer.label for _, layer in matched(contract.layers, chain.layers)}
    for layer in chain.own():
        if layer.label not in named:
            told = f"{layer.label} is not named in `layers`, which is exhaustive"
            yield Break("MW103", told, (layer,), f"Add it to `layers` in {contract.place}, or take it out of the app.")


def _ends(contract: Contract, chain: Chain) -> Iterator[Break]:
    own, there = chain.own(), list(chain.own())
    ends: tuple[tuple[str, str, Group, Callable[[Sequence[Layer]], Layer]], ...] = (
        ("MW104", "outermost", contract.outermost, lambda layers: layers[0]),
        ("MW105", "innermost", contract.innermost, lambda layers: layers[-1]),
    )
    for code, end, group, at in ends:
        fitting = [layer for layer in chain.layers if any(fits_layer(name.text, layer) for name in group)]
        # not `own`: what the remedy for the other end has moved is in nobody's way here
        if fitting and there and at(there) not in fitting:
            wanted, other = at(fitting), at(there)
            told = f"{wanted.label} must be the {end} layer, but {at(own).label} is"
            outward = end == "outermost"
            remedy = move(wanted, other, chain.layers, outward=outward)
            yield Break(
                code, told, (wanted, other) if at(own) is other else (wanted, at(own), other), remedy, outward=outward
            )
            if wanted in there:
                there.remove(wanted)
                there.insert(0 if outward else len(there), wanted)


def _forbidden(layer: Layer) -> Break:
    return Break("MW106", f"{layer.label} is forbidden", (layer,), f"Take {layer.label} out{_at(layer)}.")


def _repeated(name: str, chain: Chain) -> Iterator[Break]:
    fitting = tuple(layer for layer in chain.layers if _is_one_of(name, layer))
    if len(fitting) > 1:
        told = f"{name} must stand in the stack once, but {len(fitting)} layers fit"
        choice = " or ".join(f"{layer.label}{_at(layer)}" for layer in fitting)
        yield Break("MW107", told, fitting, f"Keep one of them: take out {choice}.")


def _at(layer: Layer) -> str:
    place = layer.registered_at
    return f" ({place.file}:{place.line})" if place is not None else ""


def _finding(contract: Contract, target: str, found: Break, chains: Sequence[Chain], held_for: int) -> Finding:
    routes = () if found.everywhere else tuple(chain.route for chain in chains if chain.route is not None)
    where = f"On the way to {_listed(routes, held_for)}: " if routes else ""
    end = "" if found.message.endswith("?") else "."
    own = " > ".join(layer.label for layer in chains[0].own())
    of = f"{routes[0]} passes" if routes else "The order is"
    return Finding(
        code=found.code,
        severity="error",
        message=f"{where}{found.message}{end}",
        layers=tuple(layer.label for layer in found.layers),
        place=next((layer.registered_at for layer in found.layers if layer.registered_at is not None), None),
        remedy=found.remedy,
        evidence=f"{of} {own or 'no layer of your own'}",
        target=target,
        check=contract.name,
        sites=tuple(Site(layer.label, layer.registered_at) for layer in found.layers),
        routes=routes,
    )


def _listed(routes: Sequence[str], held_for: int) -> str:
    if len(routes) == held_for > _NAMED_AT_MOST:
        return f"all {held_for} routes"
    more = len(routes) - _NAMED_AT_MOST
    named = ", ".join(routes[:_NAMED_AT_MOST])
    return f"{named} and {more} more" if more > 0 else named


def _filter(contract: Contract) -> str:
    given = (("paths", contract.paths), ("methods", contract.methods))
    return " and ".join(f"`{key}` ({', '.join(values)})" for key, values in given if values)


def _notes(contract: Contract, chains: Sequence[Chain]) -> Iterator[str]:
    """Say where remedies know nothing of each other, and which of the layers concerned no probe reached."""
    if not all(_mended(contract, chain) for chain in chains):
        yield "These changes do not go together well: check again after the first one."
    judged: dict[str, list[str]] = {}
    for chain in chains:
        names = [layer.label for layer in chain.layers if layer.label in chain.built and _is_about(contract, layer)]
        if names:
            judged.setdefault(", ".join(names), []).append(chain.route or "")
    for labels, routes in judged.items():
        where = f" ({_listed(routes, len(chains))})" if any(routes) else ""
        yield f"The probe did not reach {labels}: judged by the built stack{where}."


def _mended(contract: Contract, chain: Chain) -> bool:
    """Whether all orders hold once all remedies are carried out: what mends one may break another."""
    told: dict[object, Break] = {}
    for each in _misplaced(contract, chain):
        told.setdefault(_key(each), each)
    after = replace(chain, layers=orders.carried_out(chain.layers, [*told.values()]))
    return not any(_misplaced(contract, after))


def _misplaced(contract: Contract, chain: Chain) -> Iterator[Break]:
    for order in (contract.layers, *contract.pairs):
        yield from orders.breaks(order, chain)
    yield from _ends(contract, chain)


def _is_about(contract: Contract, layer: Layer) -> bool:
    groups = (*contract.layers, *(group for pair in contract.pairs for group in pair))
    named = [name.text for group in (*groups, contract.outermost, contract.innermost) for name in group]
    return any(_is_one_of(name, layer) for name in (*named, *contract.once, *contract.forbidden))
