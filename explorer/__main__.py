"""``rr-explorer`` and ``python -m explorer``: the one place that knows both faces."""

from __future__ import annotations

import gc
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.settings import Settings

YOUNG_OBJECTS = 50_000
"""New objects between two collections of a command: imports make many, and none is garbage."""
AT_ONCE: dict[tuple[str, ...], dict[str, object]] = {(): {}, ("--demo",): {"demo": True}}
"""Calls that open the app in a terminal without importing the command line's parser."""


def open_app(settings: Settings, target: str | None, tour: bool = False) -> int:
    """Open the app. textual is imported only here."""
    from explorer.tui import run_app

    return run_app(settings, target, tour)


def settings_at_once() -> Settings | None:
    """The settings of a call that only opens the app; None if the command line must parse it."""
    given = AT_ONCE.get(tuple(sys.argv[1:]))
    logs = os.environ.get("RR_EXPLORER_LOG")
    if given is None or logs or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    from explorer.errors import ExplorerError
    from explorer.settings import load

    try:
        return load(given, strict=False)
    except ExplorerError:
        return None  # the command line meets the same error, and prints it


def fill_closed_streams() -> None:
    """Open standard streams that the caller has closed (``>&-``) on the null device.

    Python has None there, and the next file that is opened would get their number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(null, mode, encoding="utf-8", closefd=False))


def main() -> None:
    """Open the app, or run the command line."""
    fill_closed_streams()
    try:
        code = _called()
        gc.freeze()  # or the interpreter looks through every object once more before it ends
        sys.exit(code)
    except KeyboardInterrupt:  # while modules are imported; later, each command handles it
        sys.exit(130)


def _print_version() -> bool:
    """Print the version without the command line's parser; False leaves it to that."""
    from explorer import __version__

    try:
        os.write(sys.stdout.fileno(), f"rr-explorer {__version__}\n".encode())
    except (OSError, ValueError):
        return False
    return True


def _called() -> int:
    if sys.argv[1:] == ["--version"] and _print_version():
        return 0
    settings = settings_at_once()
    if settings is not None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # as the command line does
        return open_app(settings, None)
    gc.set_threshold(YOUNG_OBJECTS)
    from explorer.cli import run

    return run(sys.argv[1:], open_app)


if __name__ == "__main__":
    main()
