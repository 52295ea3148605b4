"""The fault matrix for some headers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from mwviz.errors import SelectionError, closest
from mwviz.model.faults import Fault, Faults, Normal


def narrowed(faults: Faults, globs: Sequence[str]) -> Faults:
    """The same matrix for the headers that fit one of the globs. Raises SelectionError for one that fits none."""
    if not globs:
        return faults
    wanted = tuple(glob.lower() for glob in globs)
    sides = [faults, *([faults.before] if faults.before is not None else [])]
    known = tuple(dict.fromkeys(name for side in sides for name in (*side.headers, *side.preflight_headers)))
    for glob in wanted:
        if not any(fnmatchcase(name, glob) for name in known):
            close = closest(glob, known)
            there = f"it has {', '.join(known)}." if known else "it has none beside those of its body."
            hint = f"did you mean {close}?" if close else there
            raise SelectionError(f"No header of the normal response fits '{glob}': {hint}")
    before = _narrowed(faults.before, wanted) if faults.before is not None else None
    return replace(_narrowed(faults, wanted), before=before)


def _narrowed(faults: Faults, globs: Sequence[str]) -> Faults:
    def kept(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if any(fnmatchcase(name, glob) for glob in globs))

    def normal(each: Normal) -> Normal:
        return replace(each, headers=tuple(added for added in each.headers if kept([added.name])))

    def row(each: Fault) -> Fault:
        asked = each.preflight
        told = replace(asked, present=kept(asked.present), missing=kept(asked.missing)) if asked is not None else None
        return replace(each, present=kept(each.present), missing=kept(each.missing), preflight=told)

    return replace(
        faults,
        headers=kept(faults.headers),
        preflight_headers=kept(faults.preflight_headers),
        normal=normal(faults.normal),
        preflight=normal(faults.preflight) if faults.preflight is not None else None,
        rows=tuple(map(row, faults.rows)),
    )
