"""``rr-explorer`` alone or with a FILE: opens the app, or prints the demo without a terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from explorer.cli.commands.demo import show_demo
from explorer.cli.options import CONTEXT, global_options
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import UsageError
from explorer.logs import start_logging


@click.command("open", hidden=True, context_settings=CONTEXT)
@click.argument("file", metavar="[FILE]", required=False)
@global_options
@click.pass_obj
def open_command(state: CliState, file: str | None) -> int:
    """Open the app, at FILE if one is named."""
    return open_app(state, file)


def open_app(state: CliState, file: str | None) -> int:
    """Open the app on a terminal; without one, print the demo as text.

    Raises:
        UsageError: there is no terminal to draw on.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        if state.given.get("demo") and file is None:
            return in_workbench(state, state.settings(), show_demo)
        raise UsageError(
            "The app needs a terminal",
            "stdin or stdout is not one",
            "Use a command, e.g. rr-explorer releases; rr-explorer --help lists them",
        )
    if state.app is None:
        raise UsageError("There is no app here", remedy="Start rr-explorer itself")
    start_logging(state.log_file)  # stderr is the terminal that the app draws on
    if file is not None and Path(file).is_dir():
        return state.app(state.settings(strict=False, folder=Path(file)), None)
    return state.app(state.settings(strict=False), file)
