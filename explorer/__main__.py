"""``rr-explorer`` and ``python -m explorer``: the one place that knows both faces."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.settings import Settings


def open_app(settings: Settings, target: str | None) -> int:
    """Open the app; textual is imported only now."""
    from explorer.tui import run_app

    return run_app(settings, target)


def main() -> None:
    """Run the command line; it opens the app where that is what was asked for."""
    from explorer.cli import run

    sys.exit(run(sys.argv[1:], open_app))


if __name__ == "__main__":
    main()
