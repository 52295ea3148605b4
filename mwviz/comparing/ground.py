"""Where an app is probed, and whether its code came from there: a revision's must not come from the working tree."""

from __future__ import annotations

import atexit
import json
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

from mwviz.collect import redact
from mwviz.values import dataclass

#: Characters: more than the longest path of most systems.
_UNCUT = 5000


@dataclass(frozen=True, slots=True)
class Ground:
    """Where an app is probed: the working directory and the configuration's folder there, and what is importable, too.

    Of a revision, `working_tree` is the user's own, from which nothing may come, `tree` the one checked out, and places
    are told relative to `base`; all None where the working tree is itself probed.
    """

    directory: Path
    folder: Path
    roots: tuple[str, ...] = ()
    working_tree: Path | None = None
    tree: Path | None = None
    base: Path | None = None

    def is_foreign(self, file: Path) -> bool:
        """Whether a source file lies in the user's working tree, and not with what is installed."""
        if self.working_tree is None or self.tree is None or self.base is None or not is_own(file):
            return False
        file = self.base / file
        return within(file, self.working_tree) and not within(file, self.tree)

    def at_home(self, text: str) -> str:
        """The text of an argument with a path beside the configuration's folder as the working tree would tell it."""
        if self.tree is None or str(self.folder) in text:
            return text
        return text.replace(str(self.tree), str(self.working_tree))

    @property
    def told(self) -> str:
        """The file in which a process tells which modules it has loaded; empty where nobody asks."""
        return "" if self.tree is None else str(self.tree.parent / "modules.json")

    def foreign_modules(self) -> dict[str, str]:
        """The modules that the last process took from the user's working tree, with their files."""
        try:
            loaded: dict[str, str] = json.loads(Path(self.told).read_text("utf-8"))
        except FileNotFoundError:  # it did not come to its end
            return {}
        return {name: file for name, file in loaded.items() if self.is_foreign(Path(file))}


def prepare(file: str) -> None:
    """Make this process one that probes a side: it tells of its modules in `file`, and arguments uncut.

    Paths are written otherwise before they are cut: two folders of different length would leave different parts.
    """
    redact.keep(_UNCUT)
    if file:
        atexit.register(_tell, Path(file))


def _tell(file: Path) -> None:
    """Write which modules this process has loaded: all but the interpreter's and ours."""
    own = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")]
    loaded = {}
    modules: list[tuple[str, object]] = list(sys.modules.items())  # whatever was put there
    for name, module in modules:
        # the namespace itself: a lazy module would be loaded by being asked
        source = vars(module).get("__file__") if isinstance(module, ModuleType) else None
        ours = name.partition(".")[0] == __name__.partition(".")[0]
        if isinstance(source, str) and not ours and not any(within(Path(source), prefix) for prefix in own):
            loaded[name] = source
    file.write_text(json.dumps(loaded), "utf-8")


def within(path: Path, folder: Path) -> bool:
    """Tell whether a path lies in a folder, or is that one."""
    return folder in (path.resolve(), *path.resolve().parents)


def is_own(folder: Path) -> bool:
    """Tell whether a path is none of what is installed."""
    return not {"site-packages", "dist-packages"} & set(folder.parts)
