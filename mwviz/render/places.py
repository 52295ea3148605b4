"""Places as they may be committed: relative to the project, and of code outside of it the module alone."""

from __future__ import annotations

from mwviz.model import Layer, Place
from mwviz.render.plain import visible


def where(layer: Layer) -> str:
    """Return where a layer was registered, else defined; of code outside the project only the module is told.

    An absolute path would tie a committed diagram to one machine.
    """
    for place in (layer.registered_at, layer.defined_at):
        if place is not None and inside(place):
            return visible(f"{place.file}:{place.line}")
    return visible(layer.qualified_name.rpartition(".")[0])


def inside(place: Place) -> bool:
    """Tell whether a place lies in the project: only then is it the same on every machine."""
    absolute = place.file.startswith(("/", "\\")) or place.file[1:2] == ":"
    return not absolute and ".." not in place.file.split("/") and "site-packages" not in place.file
