"""The evidence of one order of the app's user middleware, with who is who in any other order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mwviz.collect.linting import collected
from mwviz.collect.probe.experiment import Subject
from mwviz.collect.probe.order import entry_labels, labels_today, reordered
from mwviz.collect.probe.request import ProbeOptions
from mwviz.model.evidence import Evidence

#: For each layer which registration it is, counted from the outermost at the start; None for layers that are none.
Entries = tuple[int | None, ...]


def names_of(subject: Subject, start: str | None = None) -> tuple[str, ...]:
    """What `--order` calls the app's registrations, outermost first; in the order `start`, if there is one.

    Raises ProbeError for a `start` that does not fit the app.
    """
    today = subject.application.user_middleware
    return tuple(entry_labels(today) if start is None else labels_today(today, reordered(today, start)))


def tried_here(
    subject: Subject, options: ProbeOptions, order: Sequence[int] | None, stuck: Callable[[], None]
) -> tuple[Evidence, Entries]:
    """Send every kind of probe through the registrations in that order. Raises ProbeError.

    `order` counts from the order that `options` give, else from today's; None is that one itself.
    `stuck` is called in another thread, if this one hangs in a call that cannot be interrupted.
    """
    today = list(subject.application.user_middleware)
    if options.order is not None:
        names, today = names_of(subject, options.order), reordered(today, options.order)
    else:
        names = names_of(subject)
    places: dict[int, list[int]] = {}  # one registration may stand in the list twice
    for entry in range(len(today)) if order is None else order:
        places.setdefault(id(today[entry]), []).append(entry)
    if order is not None:
        options = replace(options, order=" > ".join(names[entry] for entry in order))
    experiment, evidence = collected(subject, options, lambda _: stuck())
    left = (places.get(id(each.entry)) if each.entry is not None else None for each in experiment.chain.layers)
    return evidence, tuple(numbers.pop(0) if numbers else None for numbers in left)
