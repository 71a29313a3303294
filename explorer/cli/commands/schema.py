"""``schema``: the JSON Schema of what ``--json`` prints."""

from __future__ import annotations

import click

from explorer.cli.options import CONTEXT, global_options
from explorer.cli.output import OK
from explorer.cli.state import CliState
from explorer.errors import UsageError

EXAMPLES = "\b\nrr-explorer schema\nrr-explorer schema inspect"


@click.command(
    "schema",
    short_help="Print the JSON Schema of what --json prints.",
    context_settings=CONTEXT,
    epilog=EXAMPLES,
)
@click.argument("command", metavar="[COMMAND]", default="")
@global_options
@click.pass_obj
def schema(state: CliState, command: str) -> int:
    """Print the JSON Schema (2020-12) of every command's --json, or of COMMAND's alone."""
    from explorer.report.json import commands, schema_text

    if command and command not in commands():
        raise UsageError(
            f"There is no schema for {command}",
            f"there are: {', '.join(commands())}",
            "rr-explorer schema prints all",
        )
    state.output().raw(schema_text(command))
    return OK
