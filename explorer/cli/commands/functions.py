"""``functions``: what a Go program is made of, by size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from explorer.cli.completions import complete_file
from explorer.cli.options import (
    CONTEXT,
    FILE_HELP,
    WORDS,
    global_options,
    json_option,
    platform_option,
)
from explorer.cli.output import OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import UsageError
from explorer.facts import MISSING

if TYPE_CHECKING:
    from explorer.workbench import Workbench

EXAMPLES = """\b
rr-explorer functions ./rr
rr-explorer functions ./rr --each --filter net/http"""
SHOWN = 40
"""Rows that are printed; --all prints every one."""


@click.command(
    "functions",
    short_help="List the packages of a Go program by size.",
    context_settings=CONTEXT,
    help=f"List the packages of a Go program by size, stripped or not.\n\n{FILE_HELP}",
    epilog=EXAMPLES,
)
@click.argument("file", type=WORDS, metavar="FILE", shell_complete=complete_file)
@platform_option
@click.option("--each", is_flag=True, help="List functions instead of packages.")
@click.option("--filter", "words", default="", metavar="TEXT", help="Only names with this text.")
@click.option("--all", "every", is_flag=True, help=f"Print every row, not only {SHOWN}.")
@json_option
@global_options
@click.pass_obj
def functions(
    state: CliState, file: str, platform: str, each: bool, words: str, every: bool
) -> int:
    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report import Cell
        from explorer.report.golang import (
            FUNCTION_COLUMNS,
            PACKAGE_COLUMNS,
            function_rows,
            package_rows,
        )
        from explorer.report.json import functions as as_json
        from explorer.workbench import Depth

        subject = await workbench.resolve(file, platform)
        inspection = await workbench.look(subject, depth=Depth.WHOLE, progress=output.progress)
        table = await workbench.go_table(inspection)
        if isinstance(table, MISSING):
            raise UsageError(
                f"{inspection.file.name} names no functions",
                table.why,
                "Functions are known for Go programs that are not obfuscated",
            )
        if output.json:
            output.data(as_json(inspection, table, workbench.warnings))
            return OK
        rows = function_rows(table) if each else package_rows(table)
        kept = [row for row in rows if words.casefold() in row.cells[0].text.casefold()]
        shown = kept if every else kept[:SHOWN]
        output.table(FUNCTION_COLUMNS if each else PACKAGE_COLUMNS, shown)
        if len(shown) < len(kept):
            output.line(Cell(f"… and {len(kept) - len(shown):,} more: --all prints them", "dim"))
        return OK

    return in_workbench(state, state.settings(), work)
