"""Names of layers as users write them: in contracts, filters and orders."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from mwviz.errors import closest
from mwviz.model import Layer


def fits(name: str, label: str) -> bool:
    """Tell whether `name` is that label, or a glob that it fits."""
    return label == name or fnmatchcase(label, name)


def fits_layer(name: str, layer: Layer) -> bool:
    """The same for a layer, by its label or its qualified name; `pkg.mod.GZip#2` is its second one.

    No glob fits a layer of the framework's: these differ by version, and who means one names it.
    """
    names = _names(layer)
    return name in names or (layer.origin != "framework" and any(fits(name, each) for each in names))


def is_exact(name: str, layer: Layer) -> bool:
    """Tell whether `name` is the layer's own, and no glob."""
    return name in _names(layer)


def _names(layer: Layer) -> tuple[str, ...]:
    number = layer.label[len(layer.name) :]
    return layer.label, layer.qualified_name, layer.qualified_name + number


def hint(name: str, labels: Sequence[str]) -> str:
    """Return `did you mean X?` for a name that fits none of the labels, else what there is."""
    own = tuple(dict.fromkeys(labels))
    last = name.rpartition(".")[2]
    part = (each for each in own if last and last.lower() in each.lower())
    close = closest(name, own) or closest(last, own) or next(part, None)
    there = f"there are {', '.join(own)}." if own else "there is none beside the framework's own."
    return f"did you mean {close}?" if close is not None else there
