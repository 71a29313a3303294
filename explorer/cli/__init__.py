"""The commands: a thin face on the workbench. stdout is data; textual is never imported here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from explorer import __version__
from explorer.cli.base import CONTEXT, CliState, global_options, state_of
from explorer.cli.binary import get, inspect, verify
from explorer.cli.catalogue import assets, releases
from explorer.cli.data import cache, completion, doctor, rules, schema, targets
from explorer.cli.many import advise, matrix, report
from explorer.cli.open import open_app, open_command
from explorer.cli.output import OK, Output, close_quietly, prepare_streams, send
from explorer.errors import ExplorerError, OperationCancelledError, SourceError, UsageError

if TYPE_CHECKING:
    from explorer.settings import Settings

__all__ = ["main", "run"]

EXAMPLES = """\b
rr-explorer                                            the app
rr-explorer latest/roadrunner-2025.1.15-linux-arm64.tar.gz   the app, at that file
rr-explorer inspect latest --platform linux-arm64 --peek     will it run on musl? without a download
rr-explorer verify latest --platform linux-arm64             run it in a container on musl
rr-explorer get latest --platform linux-arm64 -o bin         download, check, unpack

\b
Exit codes: 0 fine; 1 the answer is no, or the proof failed; 2 usage; 3 source or network;
4 integrity; 5 engine; 6 format; 130 cancelled."""


class Commands(click.Group):
    """The group. A first word that is no command is a TARGET for the app, unless it looks like a mistyped command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if self.get_command(ctx, word) is not None:
            return super().resolve_command(ctx, args)
        near = get_close_matches(word, self.list_commands(ctx), 1, 0.7)
        if near and not Path(word).exists():
            raise click.UsageError(f"No such command '{word}'. Did you mean {near[0]}?", ctx)
        return open_command.name, open_command, args


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings=CONTEXT,
    epilog=EXAMPLES,
    options_metavar="[OPTIONS]",
    subcommand_metavar="[COMMAND | TARGET] …",
)
@click.version_option(__version__, message="rr-explorer %(version)s")
@global_options
@click.pass_context
def main(context: click.Context) -> int | None:
    """Which of these release files runs on musl, and how do you know?

    Without a command it opens the app; with a TARGET (a local file, TAG/ASSET, or an asset's name) it opens it there.
    The options below may also stand behind a command's name.
    """
    if context.invoked_subcommand is None:
        return open_app(state_of(context), None)
    return None


for _command in (
    releases,
    assets,
    inspect,
    verify,
    get,
    matrix,
    advise,
    report,
    rules,
    targets,
    cache,
    doctor,
    schema,
    completion,
):
    main.add_command(_command)


def run(words: Sequence[str], app: Callable[[Settings, str | None], int] | None = None) -> int:
    """Run one call of the command line and give its exit code. The only place that catches errors.

    ``app`` opens the app with some settings, at a target; it is called only where a terminal is there to draw on.
    """
    prepare_streams()
    state = CliState(app)
    out, err = sys.stdout, sys.stderr
    try:
        code = main.main(list(words), "rr-explorer", standalone_mode=False, obj=state)
        send(sys.stdout, "", at_once=True)
        return code if isinstance(code, int) else OK
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as wrong:
        return _usage(state, wrong, "--json" in words)
    except (KeyboardInterrupt, click.Abort):
        return state.output().error(OperationCancelledError())
    except ExplorerError as error:
        return state.output().error(error)
    except SystemExit:
        # How click ends where it prints a help text and the reader has gone; before that it wraps both streams.
        if sys.stdout is out:
            raise
        sys.stdout, sys.stderr = out, err
        return OK
    except OSError as error:
        return _unwritable(state, error)
    finally:
        close_quietly()


def _usage(state: CliState, wrong: click.ClickException, as_json: bool) -> int:
    """A wrong word: the usage line, what is wrong, and where help is."""
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    path = context.command_path if context else "rr-explorer"
    output = Output(state.json or as_json)
    if context is not None and not output.json:
        for line in context.get_usage().splitlines():
            output.note(line.strip())
    message = wrong.format_message().rstrip(".")
    return output.error(UsageError(message, remedy=f"{path} --help explains it"))


def _unwritable(state: CliState, error: OSError) -> int:
    place = str(error.filename or "the output")
    return state.output().error(
        SourceError(
            f"{place} cannot be written or read",
            error.strerror or str(error),
            "Check the disk and permissions",
        )
    )
