"""``rr-explorer`` and ``python -m explorer``: the one place that knows both faces."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.settings import Settings

AT_ONCE: dict[tuple[str, ...], dict[str, object]] = {(): {}, ("--demo",): {"demo": True}}
"""Calls with nothing to parse: in a terminal they open the app without the command line's parser, a fifth of the time until
the first frame."""


def open_app(settings: Settings, target: str | None) -> int:
    """Open the app; textual is imported only now."""
    from explorer.tui import run_app

    return run_app(settings, target)


def settings_at_once() -> Settings | None:
    """The settings of a call that only opens the app; None where the command line has to look at it."""
    given = AT_ONCE.get(tuple(sys.argv[1:]))
    if given is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    from explorer.errors import ExplorerError
    from explorer.settings import load

    try:
        return load(given, strict=False)
    except ExplorerError:
        return None  # the command line meets the same and says it


def fill_closed_streams() -> None:
    """Open what the caller has closed (``>&-``) on nothing: Python has None there, and the next file would take its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(
                sys,
                name,
                os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False),
            )


def main() -> None:
    """Open the app where that is all that was asked for; else run the command line, which opens it too."""
    fill_closed_streams()
    try:
        sys.exit(_called())
    except KeyboardInterrupt:  # while modules are imported: what takes longer ends in its own way
        sys.exit(130)


def _called() -> int:
    settings = settings_at_once()
    if settings is not None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # as the command line does
        return open_app(settings, None)
    from explorer.cli import run

    return run(sys.argv[1:], open_app)


if __name__ == "__main__":
    main()
