"""Another order of the user's middleware, as `--order "A > B > C"` asks for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from mwviz.collect.stack import describe
from mwviz.errors import ProbeError, closest

#: `<lambda>` is a name, too.
_SEPARATOR = re.compile(r"(?<!<lambda)>")


def entry_labels(entries: Sequence[object]) -> list[str]:
    """The names by which registrations are told apart, in their order."""
    return describe.labels([describe.name(describe.subject(entry, None)) for entry in entries])


def labels_today(today: Sequence[object], entries: Sequence[object]) -> list[str]:
    """What `--order` calls `entries`, which are `today`'s in another order: `X#2` stays that wherever it stands.

    Where they are others, since startup changed them, they have the names that they have there.
    """
    if Counter(map(id, today)) != Counter(map(id, entries)):
        return entry_labels(entries)
    names: dict[int, list[str]] = {}  # one registration may stand in the list twice
    for label, entry in zip(entry_labels(today), today, strict=True):
        names.setdefault(id(entry), []).append(label)
    return [names[id(entry)].pop(0) for entry in entries]


def reordered(entries: Sequence[object], wanted: str) -> list[object]:
    """The entries with the named ones in the wanted order, outermost first; the others keep their places.

    Raises ProbeError for a name that is not there or comes twice.
    """
    labels = entry_labels(entries)
    names = [_meant(name.strip(), labels) for name in _SEPARATOR.split(wanted)]
    for name in names:
        if name not in labels:
            raise ProbeError(_unknown(name, labels))
        if names.count(name) > 1:
            raise ProbeError(f"--order names {name} {names.count(name)} times: once is enough.")
    by_label = dict(zip(labels, entries, strict=True))
    moved = iter(names)
    return [by_label[next(moved) if label in names else label] for label in labels]


def _meant(name: str, labels: Sequence[str]) -> str:
    # `X#2` may be the second one only with a layer of the framework's, or a wrapper outside, counted.
    bare = name.partition("#")[0]
    return bare if name not in labels and bare in labels and f"{bare}#2" not in labels else name


def _unknown(name: str, labels: Sequence[str]) -> str:
    if not labels:
        return "--order has nothing to order: the app has no user middleware."
    if not name:
        return f"--order wants names with '>' between them, outermost first, such as \"{' > '.join(labels)}\"."
    close = closest(name, labels)
    hint = f"did you mean {close}?" if close else f"it has {', '.join(labels)}."
    return f"--order names {name}, but the app has no user middleware of that name: {hint}"
