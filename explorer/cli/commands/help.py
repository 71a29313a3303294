"""``help``: what ``--help`` prints, for those who say it as a word."""

from __future__ import annotations

from difflib import get_close_matches

import click

from explorer.cli.options import CONTEXT


@click.command("help", context_settings=CONTEXT)
@click.argument("command", default="")
@click.pass_context
def help_command(context: click.Context, command: str) -> None:
    """Print the help of rr-explorer, or of one of its commands."""
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    if not command:
        click.echo(root.get_help())
        return
    named = root.command.get_command(root, command)
    if named is None:
        near = get_close_matches(command, root.command.list_commands(root), 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise click.UsageError(f"No such command '{command}'.{hint}", root)
    click.echo(named.get_help(named.make_context(command, [], root, resilient_parsing=True)))
