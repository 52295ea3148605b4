"""What a name in an order or a contract means: a label, a qualified name, or a glob over either."""

from __future__ import annotations

from fnmatch import fnmatchcase

from mwviz.model import Layer


def fits(name: str, layer: Layer) -> bool:
    """Whether `name` names the layer: `GZipMiddleware`, `GZipMiddleware#2`, `shop.auth.AuthMiddleware`, `Auth*`.

    A glob means layers that somebody chose: never one of the framework's own.
    """
    if name in (layer.label, layer.qualified_name):
        return True
    return layer.origin != "framework" and any(fnmatchcase(each, name) for each in (layer.label, layer.qualified_name))


def is_exact(name: str, layer: Layer) -> bool:
    """Whether `name` names this layer outright, and not by a glob."""
    return name in (layer.label, layer.qualified_name)
