"""``rr-explorer`` alone or with a FILE: opens the app, or prints the demo without a terminal."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from explorer.cli.commands.demo import show_demo
from explorer.cli.options import CONTEXT, global_options
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import ExplorerError, UsageError
from explorer.logs import start_logging

if TYPE_CHECKING:
    from explorer.settings import Settings


@click.command("open", hidden=True, context_settings=CONTEXT)
@click.argument("file", metavar="[FILE]", required=False)
@global_options
@click.pass_obj
def open_command(state: CliState, file: str | None) -> int:
    """Open the app, at FILE if one is named, or at a project: OWNER/NAME or a GitHub address."""
    return open_app(state, _words(state, file) if file is not None else None)


def _words(state: CliState, word: str) -> str | None:
    """The FILE or TAG to open; a repository that ``word`` names becomes the one in force."""
    from explorer.workbench import is_repository, parse_address

    if Path(word).exists():
        return word
    address = parse_address(word, state.settings(strict=False).api_url)
    if address is not None:
        state.use_address(address)
        return address.words or None
    if is_repository(word) and not asyncio.run(_is_file(state.settings(strict=False), word)):
        state.use_repository(word)
        return None
    return word


async def _is_file(settings: Settings, word: str) -> bool:
    """Whether ``word`` is TAG/ASSET of the repository in force, as far as is known offline."""
    from explorer.workbench import Workbench

    if word.startswith("latest/"):
        return True
    workbench = Workbench(settings)
    try:
        catalogue = await workbench.catalogue_at_hand()
        return catalogue is not None and catalogue.split(word)[0] is not None
    except ExplorerError:
        return False
    finally:
        await workbench.aclose()


def open_app(state: CliState, file: str | None, tour: bool = False) -> int:
    """Open the app on a terminal; without one, print the demo as text.

    Raises:
        UsageError: there is no terminal to draw on, or a tour was asked for without the demo.
    """
    if tour and not state.given.get("demo"):
        raise UsageError("The tour leads through the demo", remedy="rr-explorer --demo --tour")
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
        return state.app(state.settings(strict=False, folder=Path(file)), None, False)
    return state.app(state.settings(strict=False), file, tour)
