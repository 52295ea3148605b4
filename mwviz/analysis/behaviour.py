"""What two probes met differently: the answer, its headers, and what each layer did and changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mwviz.model.diff import Behaviour, Change, Deed, Detail

#: What differs from one probe of the same app to the next: ids, times with and without a unit, nonces, dates.
VOLATILE = re.compile(
    r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
    r"|\b0x[0-9a-fA-F]{6,}\b|\b(?=[a-fA-F]*\d)[0-9a-fA-F]{12,}\b|\b\d+\.\d{3,}\b|\b\d{10,}\b"
    r"|\b\d+(?:\.\d+)?\s?(?:ns|[u\u00b5\u03bc]s|ms)\b|\b\d+\.\d{2,}\s?s(?:ec(?:onds?)?)?\b|(?<=\bdur=)\d+(?:\.\d+)?"
    r"|(?<=\bnonce-)[\w+/-]{8,}=*|\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b"
    r"|\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\b"
)


def behaved(old: Behaviour, new: Behaviour) -> Iterator[Change]:
    """Yield a change for the answer, and one for each layer on both sides that did something else.

    A value that no two probes share (an id, a time, a date) is told as `…` and no difference; its header counts.
    """
    answer = tuple(_answer(old, new))
    if answer:
        yield Change("changed", "response", "response", details=answer)
    before = {deed.label: deed for deed in old.deeds}
    for deed in new.deeds:
        details = tuple(_done(before[deed.label], deed)) if deed.label in before else ()
        if details:
            yield Change("changed", deed.label, details=details)


def _answer(old: Behaviour, new: Behaviour) -> Iterator[Detail]:
    status = [None if each.status is None else str(each.status) for each in (old, new)]
    yield from _unless_same("status", *status)
    yield from _unless_same("answered by", old.answered_by, new.answered_by)
    yield from _unless_same("error", old.error, new.error)
    before, after = (_by_name(each.headers) for each in (old, new))
    for name in dict.fromkeys((*before, *after)):
        yield from _unless_same(f"header {name}", before.get(name), after.get(name))


def _by_name(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    held: dict[str, list[str]] = {}
    for name, value in headers:
        held.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(values) for name, values in held.items()}


def _done(old: Deed, new: Deed) -> Iterator[Detail]:
    yield from _unless_same("outcome", old.outcome, new.outcome)
    ways = (
        ("request change", old.request_changes, new.request_changes),
        ("response change", old.response_changes, new.response_changes),
    )
    for what, before, after in ways:
        if before is not None and after is not None:
            had, has = [VOLATILE.sub("…", each) for each in before], [VOLATILE.sub("…", each) for each in after]
            lost, come = [each for each in had if each not in has], [each for each in has if each not in had]
            if lost or come:
                yield Detail(what, ", ".join(lost) or None, ", ".join(come) or None)


def _unless_same(what: str, before: str | None, after: str | None) -> Iterator[Detail]:
    old, new = _steady(before), _steady(after)
    if old != new:
        yield Detail(what, old, new)


def _steady(text: str | None) -> str | None:
    return None if text is None else VOLATILE.sub("…", text)
