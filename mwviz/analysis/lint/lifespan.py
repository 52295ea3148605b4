"""What of the app's startup a server does not run."""

from __future__ import annotations

from collections.abc import Iterator

from mwviz.analysis.lint.met import Met
from mwviz.model.evidence import Evidence


def never_run(evidence: Evidence) -> Iterator[Met]:
    """MW017: the app has started, and a mounted one's startup was not a part of that."""
    own = evidence.plain[0].trace.lifespan if evidence.plain else None
    if own is None or own.startup != "complete" or own.stopped_at is not None:
        return
    for each in evidence.lifespans:
        if each.ran is not False:
            continue
        yield Met(
            f"The app mounted at {each.path} has a lifespan of its own, which nobody runs: {each.name} is not called.",
            f"Sent lifespan: startup is complete, and {each.name}, with which that of the mounted app begins, was not "
            "called.",
            (),
            "Run it inside of the lifespan of the app around it: `async with mounted.router.lifespan_context(mounted): "
            "yield`.",
            place=each.place,
        )
