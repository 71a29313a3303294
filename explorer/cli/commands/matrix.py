"""``matrix``: what is published against what runs, release by platform."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from explorer.cli.completions import complete_tag
from explorer.cli.options import CONTEXT, WORDS, global_options, json_option, on_option
from explorer.cli.output import OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.workbench import Matrix, Workbench

EXAMPLES = """\b
rr-explorer matrix --latest 10
rr-explorer matrix v2025.1.15 v1.6.2 --markdown
rr-explorer matrix latest --by target"""


class MatrixOptions(TypedDict):
    """The options of ``matrix``."""

    latest: int | None
    everything: bool
    by: str
    markdown: bool
    on: str


@click.command(
    "matrix",
    short_help="Show what would run, release by platform.",
    context_settings=CONTEXT,
    epilog=EXAMPLES,
)
@click.argument("tags", type=WORDS, metavar="[TAG]...", nargs=-1, shell_complete=complete_tag)
@click.option(
    "--latest",
    type=click.IntRange(1),
    metavar="N",
    help="The newest N releases.  [default: 10, unless a TAG is given]",
)
@click.option(
    "--all", "everything", is_flag=True, help="Plugin columns too, if the terminal is narrow."
)
@click.option(
    "--by",
    type=click.Choice(["platform", "target"]),
    default="platform",
    help="Platforms across, or systems across: where each file runs.  [default: platform]",
)
@click.option("--markdown", is_flag=True, help="Print Markdown tables.")
@on_option()
@json_option
@global_options
@click.pass_obj
def matrix(state: CliState, tags: tuple[str, ...], **options: Unpack[MatrixOptions]) -> int:
    """Show, release by platform, what would run. Reads first bytes only; downloads nothing."""
    latest, markdown, on = options["latest"], options["markdown"], options["on"]
    if state.json and markdown:
        raise UsageError("--json and --markdown exclude each other", remedy="Choose one")
    if options["by"] == "target":
        if on:
            raise UsageError("--by target shows every system", f"--on {on}", "Leave one out")
        return _by_target(state, tags, latest, markdown)

    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report.json import matrix as as_json
        from explorer.report.tables import matrix_errors, matrix_markdown
        from explorer.report.trust import lost_warnings

        count = latest or (None if tags else 10)
        result = await workbench.matrix(tags, count, on, progress=output.progress)
        if output.json:
            output.data(as_json(result))
            return OK
        output.warnings(result.warnings)
        if markdown:
            output.raw(matrix_markdown(result))
            return OK
        output.warnings(matrix_errors(result))
        output.warnings(lost_warnings(result))
        for line in show_matrix(output, result, options["everything"]):
            output.note(line)
        output.note(f"{len(result.rows)} of {result.total} releases on {result.target.title}")
        return OK

    return in_workbench(state, state.settings(), work)


def _by_target(state: CliState, tags: tuple[str, ...], latest: int | None, markdown: bool) -> int:
    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report.json import matrix_by_target as as_json
        from explorer.report.where import (
            by_target_columns,
            by_target_heads,
            by_target_markdown,
            by_target_rows,
        )

        matrix = await workbench.matrix_by_target(tags, latest, progress=output.progress)
        if output.json:
            output.data(as_json(matrix))
            return OK
        output.warnings(matrix.warnings)
        if markdown:
            output.raw(by_target_markdown(matrix))
            return OK
        columns, heads = by_target_columns(matrix), by_target_heads(matrix)
        spare = tuple(reversed(matrix.across))
        output.table(columns, by_target_rows(matrix), heads, spare)
        return OK

    return in_workbench(state, state.settings(), work)


def show_matrix(
    output: Output, matrix: Matrix, everything: bool = False, width: int | None = None
) -> tuple[str, ...]:
    """Draw the matrix, in ``width`` cells if there is no terminal.

    Returns:
        The sentences that explain its marks.
    """
    from explorer.report.story import story_of
    from explorer.report.tables import matrix_tables

    story = story_of(matrix)
    if story.text:
        output.line(story.cell)
        output.line("")
    drawn = matrix_tables(matrix, output.room() or width, everything)
    for place, table in enumerate(drawn.tables):
        if place:
            output.line("")
        output.table(table.columns, table.rows, table.heads)
    return drawn.legend
