"""The process: `python -m mwviz`, and the console script."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line. No garbage is collected until the app is imported: imports make none."""
    gc.disable()
    from mwviz import cli

    cli.main()


if __name__ == "__main__":
    main()
