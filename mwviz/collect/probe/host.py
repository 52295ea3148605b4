"""Which Host header an app accepts."""

from __future__ import annotations

from collections.abc import Iterable

from mwviz.collect.compat import accepted_hosts


def accepted_host(layers: Iterable[object], usual: str) -> str:
    """The host that all TrustedHostMiddleware among the layers accept, the usual one if they do or if there is none."""
    patterns = [accepted for layer in layers if (accepted := accepted_hosts(layer))]
    candidates = [usual, *(_example(pattern, usual) for each in patterns for pattern in each)]
    for candidate in candidates:
        if all(any(_matches(candidate, pattern) for pattern in each) for each in patterns):
            return candidate
    return usual


def _example(pattern: str, usual: str) -> str:
    return usual if pattern == "*" else pattern.replace("*", usual, 1)


def _matches(host: str, pattern: str) -> bool:
    return pattern in ("*", host) or (pattern.startswith("*") and host.endswith(pattern[1:]))
