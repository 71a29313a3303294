"""``where``: every system that a file can be judged for, best first, and the floor in words."""

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
    peek_option,
    platform_option,
)
from explorer.cli.output import OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.workbench import Workbench

EXAMPLES = """\b
rr-explorer where latest --platform linux-arm64 --peek
rr-explorer where ./rr --json | jq -r .floor"""


@click.command(
    "where",
    short_help="Say where a file runs: every system, best first.",
    context_settings=CONTEXT,
    help=f"Say where a file runs: every system, best first.\n\n{FILE_HELP}",
    epilog=EXAMPLES,
)
@click.argument("file", type=WORDS, metavar="FILE", shell_complete=complete_file)
@platform_option
@peek_option
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@json_option
@global_options
@click.pass_obj
def where(state: CliState, file: str, platform: str, peek: bool, markdown: bool) -> int:
    if state.json and markdown:
        raise UsageError("--json and --markdown exclude each other", remedy="Choose one")

    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report import Cell
        from explorer.report.json import where as as_json
        from explorer.report.verdicts import verdict_banner
        from explorer.report.where import (
            WHERE_COLUMNS,
            floor_cell,
            where_markdown,
            where_rows,
        )
        from explorer.workbench import Depth

        names = [target.name for target in workbench.plain_targets()]
        subject = await workbench.resolve(file, platform)
        depth = Depth.AVAILABLE if peek else Depth.WHOLE
        inspection = await workbench.look(subject, on=names, depth=depth, progress=output.progress)
        if output.json:
            output.data(as_json(inspection, workbench.warnings))
        elif markdown:
            output.raw(where_markdown(inspection))
        elif inspection.about is not None:
            output.line(Cell(inspection.subject.name, "strong"))
            output.line(verdict_banner(inspection).headline)
        else:
            output.line(Cell(inspection.subject.name, "strong"))
            output.line(Cell("floor  ", "dim"), floor_cell(inspection.verdicts))
            output.line("")
            output.table(WHERE_COLUMNS, where_rows(inspection.verdicts))
        return OK

    return in_workbench(state, state.settings(), work)
