"""The group of commands, and the one place that catches errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from explorer import __version__
from explorer.cli.commands import COMMANDS, load
from explorer.cli.options import CONTEXT, WIDEST_HELP, global_options
from explorer.cli.output import OK, Output, close_quietly, prepare_streams, send
from explorer.cli.state import CliState, OpenApp, state_of
from explorer.errors import (
    ExplorerError,
    OperationCancelledError,
    SourceError,
    UsageError,
    as_explorer_error,
)

EXAMPLES = """\b
rr-explorer                                                  the app
rr-explorer latest/roadrunner-2025.1.15-linux-arm64.tar.gz   the app, at that file
rr-explorer inspect latest --platform linux-arm64 --peek     does it run on musl? no download
rr-explorer verify latest --platform linux-arm64             run it in a container on musl
rr-explorer get latest --platform linux-arm64 -o bin         download, verify, unpack

\b
Exit codes: 0 success; 1 the answer is no, or the proof failed; 2 usage; 3 source or network;
4 integrity; 5 engine; 6 format; 70 a bug in rr-explorer; 130 cancelled."""
MEANT = {
    "audit": "vulns",
    "build": "advise",
    "config": "doctor",
    "diff": "compare",
    "dockerfile": "advise --print dockerfile",
    "download": "get",
    "explain": "rules",
    "export": "report",
    "extract": "get",
    "fetch": "get",
    "files": "assets",
    "info": "inspect",
    "install": "get",
    "list": "releases",
    "ls": "releases",
    "prove": "verify",
    "prune": "cache prune",
    "run": "verify",
    "runs": "where",
    "save": "get",
    "scan": "vulns",
    "runs-on": "where",
    "search": "releases --filter",
    "show": "inspect",
    "status": "doctor",
    "systems": "targets",
    "tags": "releases",
    "test": "verify",
    "unpack": "get",
    "version": "--version",
}
"""What other tools call a command."""


class CommandGroup(click.Group):
    """Takes a first word that is not a command as a FILE for the app, unless it looks mistyped."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name; ``help`` is one, too, and is not listed."""
        return load(cmd_name) if cmd_name in COMMANDS or cmd_name == "help" else None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they are used, not by the alphabet."""
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if self.get_command(ctx, word) is not None:
            return super().resolve_command(ctx, args)
        if (meant := self._meant(ctx, word)) and not Path(word).exists():
            line = " ".join((meant, *args[1:]))
            raise click.UsageError(f"No such command '{word}'. Did you mean {line}?", ctx)
        return "open", load("open"), args

    def _meant(self, ctx: click.Context, word: str) -> str:
        if word in MEANT:
            return MEANT[word]
        from difflib import get_close_matches

        near = get_close_matches(word, [*self.list_commands(ctx), *MEANT], 1, 0.7)
        return MEANT.get(near[0], near[0]) if near else ""


@click.group(
    cls=CommandGroup,
    invoke_without_command=True,
    context_settings=CONTEXT,
    epilog=EXAMPLES,
    options_metavar="[OPTIONS]",
    subcommand_metavar="[COMMAND | FILE] …",
)
@click.version_option(__version__, message="rr-explorer %(version)s")
@click.option("--tour", is_flag=True, help="With --demo: the app shows itself, step by step.")
@click.option("--show-keys", is_flag=True, help="Show pressed keys in a corner of the app.")
@global_options
@click.pass_context
def main(context: click.Context, tour: bool, show_keys: bool) -> int | None:
    """Which of these release files runs on musl, and how do you know?

    Without a command, the app opens; with a FILE (a local file, TAG/ASSET, or an asset's name) it
    opens there. The options below also work after a command's name.
    """
    if show_keys:
        state_of(context).given["show_keys"] = True
    if context.invoked_subcommand is None:
        from explorer.cli.commands.open import open_app

        return open_app(state_of(context), None, tour)
    return None


def help_width() -> int:
    """Cells of a line of help: as click has it, which would import the compressors to ask."""
    try:
        columns = int(os.environ.get("COLUMNS", "0"))
        columns = columns or os.get_terminal_size(sys.__stdout__.fileno()).columns  # type: ignore[union-attr]
    except (ValueError, OSError, AttributeError):
        columns = 0
    return max(min(columns or 80, WIDEST_HELP) - 2, 50)


def run(words: Sequence[str], app: OpenApp | None = None) -> int:
    """Run one call of the command line and return its exit code. Raises no error.

    Args:
        words: the command line without the program's name.
        app: how to open the app; called only if there is a terminal to draw on.
    """
    prepare_streams()
    state = CliState(app, words)
    out, err = sys.stdout, sys.stderr
    try:
        code = main.main(
            list(words),
            "rr-explorer",
            standalone_mode=False,
            obj=state,
            terminal_width=help_width(),
        )
        send(sys.stdout, "", at_once=True)
        return code if isinstance(code, int) else OK
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as wrong:
        return _usage(state, wrong, "--json" in words)
    except (KeyboardInterrupt, click.Abort):
        return state.output().error(OperationCancelledError())
    except SystemExit:
        # How click ends if it prints a help text to a reader that has gone; it wraps both streams.
        if sys.stdout is out:
            raise
        sys.stdout, sys.stderr = out, err
        return OK
    except OSError as error:
        return _unwritable(state, error)
    except Exception as error:  # noqa: BLE001  the last boundary
        return _failed(state, error)
    finally:
        close_quietly()


def _failed(state: CliState, error: Exception) -> int:
    """Report an error; one that no part of rr-explorer raises on purpose asks for a bug report."""
    import logging

    log = logging.getLogger("explorer.cli")
    if isinstance(error, ExplorerError):
        log.info("the command failed: %s: %s", type(error).__name__, error)
    else:
        log.error("the command failed", exc_info=error)
    return state.output().error(as_explorer_error(error))


def _usage(state: CliState, wrong: click.ClickException, as_json: bool) -> int:
    """Print the usage line, what is wrong, and where help is."""
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    path = context.command_path if context else "rr-explorer"
    output = Output(state.json or as_json)
    if context is not None and not output.json:
        for line in context.get_usage().splitlines():
            output.note(line.strip())
    message = wrong.format_message().rstrip(".")
    return output.error(UsageError(message, remedy=f"{path} --help explains it"))


def _unwritable(state: CliState, error: OSError) -> int:
    import logging

    place = str(error.filename or "the output")
    logging.getLogger("explorer.cli").info("reading or writing failed", exc_info=error)
    return state.output().error(
        SourceError(
            f"{place} cannot be written or read",
            error.strerror or str(error),
            "Check the disk and permissions",
        )
    )
