"""``cache``: what is kept, and getting rid of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from explorer.cli.options import CONTEXT, global_options, json_option
from explorer.cli.output import OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.workbench import Workbench

EXAMPLES = """\b
rr-explorer cache
rr-explorer cache prune --limit 500MB
rr-explorer cache clear"""


@click.command(
    "cache",
    short_help="Show, shrink or clear the cache.",
    context_settings=CONTEXT,
    epilog=EXAMPLES,
)
@click.argument("action", type=click.Choice(["show", "prune", "clear"]), default="show")
@click.option(
    "--limit",
    metavar="SIZE",
    help="For prune: how much to keep, e.g. 500MB.  [default: the setting cache_limit]",
)
@json_option
@global_options
@click.pass_obj
def cache(state: CliState, action: Literal["show", "prune", "clear"], limit: str | None) -> int:
    """Show what is cached, remove what was used least recently, or remove everything."""
    if limit is not None and action != "prune":
        raise UsageError(
            "--limit works with prune only", remedy="rr-explorer cache prune --limit 500MB"
        )
    limit_bytes = None if limit is None else _bytes(limit)

    async def work(workbench: Workbench, output: Output) -> int:
        freed = None
        if action == "prune":
            freed = await workbench.cache_prune(limit_bytes)
        elif action == "clear":
            freed = await workbench.cache_clear()
        await _show(workbench, output, freed)
        return OK

    return in_workbench(state, state.settings(), work)


async def _show(workbench: Workbench, output: Output, freed: int | None) -> None:
    stats, entries = await workbench.cache_stats(), await workbench.cache_entries()
    if output.json:
        from explorer.report.json import cache as as_json

        output.data(as_json(stats, entries, freed, workbench.warnings))
        return
    from explorer.report import human_size
    from explorer.report.tables import CACHE_COLUMNS, cache_facts, cache_row

    if freed is not None:
        output.line(f"{human_size(freed)} freed")
    output.facts(cache_facts(stats))
    if entries:
        output.line("")
        output.table(CACHE_COLUMNS, [cache_row(entry) for entry in entries])


def _bytes(text: str) -> int:
    from explorer.settings import parse_size

    try:
        return parse_size(text)
    except ValueError as error:
        raise UsageError(f"--limit must be {error}", text) from None
