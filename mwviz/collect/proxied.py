"""Heeds transparent proxies: agents put wrapt's around methods of frameworks, classes and layers of middleware."""

from __future__ import annotations

from typing import Any

#: A proxy around a proxy is common (two agents), a longer row is a loop.
_MOST = 8
#: What the proxies of lazy-object-proxy and wrapt have that make their object when it is first asked for: not by us.
_LAZY = ("__factory__", "__wrapped_factory__")


def behind(value: Any) -> Any:
    """What a transparent proxy stands for; anything else as it is."""
    for _ in range(_MOST):
        if not _is_proxy(type(value)):
            break
        try:
            value = value.__wrapped__
        except Exception:  # a local that stands for nothing at present, or a proxy that was never given anything
            break
    return value


def bound(method: Any, instance: object) -> Any:
    """The method of `instance`, as the attribute gives it, when `method` is what stands in its class."""
    # Called with the instance as first argument, as a function might be, a wrapper takes it for an argument.
    bind = getattr(type(method), "__get__", None)
    return method if bind is None else bind(method, instance, type(instance))


def _is_proxy(kind: type) -> bool:
    # A proxy answers for what it wraps, also when it is asked for its class: `isinstance` cannot tell.
    names = [vars(cls).keys() for cls in kind.__mro__[:-1]]
    lazy = any(name in each for each in names for name in _LAZY)
    return not lazy and any("__wrapped__" in each and "__class__" in each for each in names)
