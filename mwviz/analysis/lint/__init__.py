"""Known misorderings, each judged by what probes showed: a rule is a function of the evidence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from mwviz.analysis.lint import body, context, cors, exposed, lifespan, measures, proxy, stack, state, websocket
from mwviz.analysis.lint.met import Met, got, stopped
from mwviz.analysis.lint.stories import STORIES
from mwviz.errors import SelectionError, closest
from mwviz.model.evidence import Evidence
from mwviz.model.findings import RULES as TITLES
from mwviz.model.findings import Check, CheckedApp, Finding, Findings, Severity, Site
from mwviz.model.story import Story
from mwviz.values import dataclass

__all__ = ["OF_RESPONSES", "RULES", "UNORDERED", "Rule", "chosen", "lint", "story"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `default` is False where only a `--select` turns it on."""

    code: str
    severity: Severity
    judge: Callable[[Evidence], Iterator[Met]]
    default: bool = True


RULES = (
    Rule("MW001", "error", cors.answered_preflight),
    Rule("MW002", "warning", cors.turned_away),
    Rule("MW003", "info", cors.lost_on_crash),
    Rule("MW004", "error", state.needs_session),
    Rule("MW005", "error", state.needs_scope),
    Rule("MW006", "warning", body.divided_body),
    Rule("MW007", "info", body.held_stream),
    Rule("MW008", "warning", context.cut_off),
    Rule("MW009", "warning", context.lost),
    Rule("MW010", "error", state.raised_http_exception),
    Rule("MW011", "warning", websocket.unguarded_websocket),
    Rule("MW012", "error", proxy.redirected_again),
    Rule("MW013", "warning", cors.redirected_preflight),
    Rule("MW014", "warning", stack.doubled),
    Rule("MW015", "info", cors.bare_preflight),
    Rule("MW016", "error", stack.added_late),
    Rule("MW017", "warning", lifespan.never_run),
    Rule("MW018", "warning", websocket.failed_protocol, default=False),
    Rule("MW019", "warning", context.logged_without, default=False),
    Rule("MW020", "warning", proxy.met_the_proxy, default=False),
    Rule("MW021", "info", cors.lost_on_oversize),
    Rule("MW022", "info", stack.unlisted),
    Rule("MW023", "info", stack.registered_both_ways),
    Rule("MW024", "error", stack.broken_protocol, default=False),
    Rule("MW025", "info", measures.measured_late, default=False),
    Rule("MW026", "warning", exposed.unexposed),
)
_ALL = "ALL"
#: Judged by what becomes of a response of the endpoint's.
OF_RESPONSES = ("MW003", "MW006", "MW007", "MW009", "MW015", "MW021", "MW026")

#: About no order of layers: none causes or mends such a finding. Some findings of other rules say so themselves.
UNORDERED = frozenset(
    {"MW007", "MW010", "MW011", "MW014", "MW016", "MW017", "MW018", "MW022", "MW023", "MW024", "MW025", "MW026"}
)


def chosen(select: Collection[str], ignore: Collection[str]) -> tuple[Rule, ...]:
    """The rules that are on, by codes and their beginnings; the longer one wins, and of two alike the `ignore`.

    Without `select` those are that are on by default. What is off by default is only turned on by its whole code, or by
    `ALL`. Raises SelectionError for what begins no code.
    """
    for given in (*select, *ignore):
        _known(given)
    wanted = [each.upper() for each in select]
    unwanted = [each.upper() for each in ignore]
    return tuple(rule for rule in RULES if _weight(rule, wanted) > _weight_of(rule.code, unwanted))


def _weight(rule: Rule, wanted: Collection[str]) -> int:
    """How exactly a rule is selected; -1 for not at all."""
    if not wanted:
        return 0 if rule.default else -1
    if not rule.default and rule.code not in wanted and _ALL not in wanted:
        return -1
    return _weight_of(rule.code, wanted) if _weight_of(rule.code, wanted) >= 0 else -1


def _weight_of(code: str, given: Collection[str]) -> int:
    return max(
        (1 + (0 if each == _ALL else len(each)) for each in given if each == _ALL or code.startswith(each)), default=-1
    )


def _known(given: str) -> None:
    codes = [rule.code for rule in RULES]
    asked = given.upper()
    if asked == _ALL or (asked and any(code.startswith(asked) for code in codes)):
        return
    raise SelectionError(f"'{given}' is no rule of `mwviz lint`, nor the beginning of one: {_hint(asked)}")


def story(code: str) -> Story:
    """The story of a rule. Raises SelectionError for a code that is none."""
    asked = code.strip().upper()
    rule = next((rule for rule in RULES if rule.code == asked), None)
    if rule is None:
        raise SelectionError(f"'{code}' is no rule of `mwviz lint`: {_hint(asked)}")
    told = STORIES[rule.code]
    title = TITLES[rule.code]
    return Story(rule.code, title, rule.severity, rule.default, told.why, told.link, told.broken, told.mended)


def _hint(asked: str) -> str:
    codes = [rule.code for rule in RULES]
    close = closest(asked, codes)
    return f"did you mean {close}?" if close else f"there are {', '.join(codes)}."


def lint(evidence: Evidence, rules: Iterable[Rule], target: str) -> Findings:
    """What the rules have to say of one app, which is called `target`; the notes tell what they could not judge."""
    rules = tuple(rules)
    found = tuple(
        _finding(rule, met, target) for rule in rules for met in sorted(rule.judge(evidence), key=_place_in_stack)
    )
    checks = tuple(
        Check(target, rule.code, "rule", not any(each.code == rule.code and each.severity != "info" for each in found))
        for rule in rules
    )
    met = {each.code for each in found}
    notes = (*evidence.notes, *_unjudged(evidence, [rule.code for rule in rules if rule.code not in met]))
    return Findings(found, checks, (CheckedApp(target, evidence.versions, notes),))


def _place_in_stack(met: Met) -> tuple[int, ...]:
    return tuple(layer.index for layer in reversed(met.layers))


def _finding(rule: Rule, met: Met, target: str) -> Finding:
    sites = tuple(Site(layer.label, layer.registered_at) for layer in met.layers)
    return Finding(
        code=rule.code,
        severity=met.severity or rule.severity,
        message=met.message,
        layers=tuple(layer.label for layer in met.layers),
        place=met.place or next((site.place for site in sites if site.place is not None), None),
        remedy=met.remedy,
        evidence=met.evidence,
        target=target,
        check=rule.code,
        sites=sites,
        routes=met.routes,
        why=STORIES[rule.code].why,
        link=STORIES[rule.code].link,
    )


def _unjudged(evidence: Evidence, codes: Collection[str]) -> Iterator[str]:
    """What could not be seen of these rules: without a lifespan, or where no plain request came to the endpoint."""
    ran = evidence.startup is not None or any(attempt.trace.lifespan is not None for attempt in evidence.plain)
    if "MW017" in codes and not ran and (unseen := [each.path for each in evidence.lifespans]):
        yield (
            f"{'The app' if len(unseen) == 1 else 'Each app'} mounted at {' and '.join(unseen)} has a lifespan of its "
            "own. Whether anybody runs it was not judged (MW017): --lifespan runs the app's, as a server would."
        )
    blind = [code for code in OF_RESPONSES if code in codes]
    if not blind:
        return
    left_out = f"what only a response from further in would show was not judged ({', '.join(blind)})."
    for attempt, index in list(stopped(evidence.plain))[:1]:
        layer = attempt.trace.layers[index].label
        raised = attempt.trace.steps[index].raised is not None and not attempt.trace.probe.lifespan
        start = "--lifespan, " if raised else ""
        yield (
            f"{layer} let the request no further ({got(attempt.trace)}): {left_out} "
            f"Give {start}-H, or PATH, so that it passes."
        )
        return
    late = cors.kept_from_endpoint(evidence)
    if late is not None:
        yield f"Later requests came no further ({late}): {left_out}"
