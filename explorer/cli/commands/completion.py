"""``completion``: the completion script for a shell."""

from __future__ import annotations

import click

from explorer.cli.options import CONTEXT, global_options
from explorer.cli.output import OK
from explorer.cli.state import CliState

PLACES = {
    "bash": "~/.local/share/bash-completion/completions/rr-explorer",
    "zsh": "a file _rr-explorer in a directory of $fpath",
    "fish": "~/.config/fish/completions/rr-explorer.fish",
}
EXAMPLES = "\b\n" + "\n".join(
    f"rr-explorer completion {shell} > {place}" for shell, place in PLACES.items()
)


@click.command(
    "completion",
    short_help="Print the completion script for a shell.",
    context_settings=CONTEXT,
    epilog=EXAMPLES,
)
@click.argument("shell", type=click.Choice(list(PLACES)))
@global_options
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the completion script for SHELL."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    assert isinstance(context.obj, CliState)
    root = context.find_root().command
    source = kind(root, {}, "rr-explorer", "_RR_EXPLORER_COMPLETE").source()
    context.obj.output().raw(source if source.endswith("\n") else source + "\n")
    return OK
