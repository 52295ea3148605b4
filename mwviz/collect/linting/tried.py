"""The evidence of one order of the app's user middleware, with who is who in any other order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mwviz.collect.linting import collected
from mwviz.collect.probe.experiment import Subject
from mwviz.collect.probe.order import entry_labels
from mwviz.collect.probe.request import ProbeOptions
from mwviz.model.evidence import Evidence

#: For each layer which registration of today's it is, counted from the outermost; None for layers that are none.
Entries = tuple[int | None, ...]


def names_of(subject: Subject) -> tuple[str, ...]:
    """What `--order` calls the app's registrations, outermost first."""
    return tuple(entry_labels(subject.application.user_middleware))


def tried_here(
    subject: Subject, options: ProbeOptions, order: Sequence[int] | None, stuck: Callable[[], None]
) -> tuple[Evidence, Entries]:
    """Send every kind of probe through the registrations in that order (None: today's). Raises ProbeError.

    `stuck` is called in another thread, if this one hangs in a call that cannot be interrupted.
    """
    today = list(subject.application.user_middleware)
    places: dict[int, list[int]] = {}  # one registration may stand in the list twice
    for entry in range(len(today)) if order is None else order:
        places.setdefault(id(today[entry]), []).append(entry)
    if order is not None:
        names = names_of(subject)
        options = replace(options, order=" > ".join(names[entry] for entry in order))
    experiment, evidence = collected(subject, options, lambda _: stuck())
    left = (places.get(id(each.entry)) if each.entry is not None else None for each in experiment.chain.layers)
    return evidence, tuple(numbers.pop(0) if numbers else None for numbers in left)
