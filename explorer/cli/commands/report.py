"""``report``: what was inspected, predicted and verified, as a document."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import click

from explorer.cli.completions import complete_file
from explorer.cli.options import (
    CONTEXT,
    FILE_HELP,
    WORDS,
    global_options,
    json_option,
    on_option,
    peek_option,
    platform_option,
)
from explorer.cli.output import OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.workbench import Inspection, Workbench

EXAMPLES = """\b
rr-explorer report latest --platform linux-arm64 > report.md
rr-explorer report ./rr ./other --format html > report.html
rr-explorer report ./rr --on alpine-3.24 --format badge > badge.svg"""


@click.command(
    "report",
    short_help="Export a report, fit for a GitHub issue.",
    context_settings=CONTEXT,
    help="Export a report, fit for a GitHub issue.\n\n"
    f"{FILE_HELP} Proofs are those that verify has made.",
    epilog=EXAMPLES,
)
@click.argument(
    "files", type=WORDS, metavar="FILE...", nargs=-1, required=True, shell_complete=complete_file
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "json", "html", "svg", "badge", "table"]),
    help="badge is an SVG picture and table a Markdown table, for a README.  [default: markdown]",
)
@platform_option
@on_option(many=True)
@peek_option
@json_option
@global_options
@click.pass_obj
def report(
    state: CliState,
    files: tuple[str, ...],
    form: Literal["markdown", "json", "html", "svg", "badge", "table"] | None,
    platform: str,
    targets: tuple[str, ...],
    peek: bool,
) -> int:
    if state.json and form not in (None, "json"):
        raise UsageError(f"--json and --format {form} exclude each other", remedy="Choose one")
    state.json |= form == "json"
    settings = state.settings()

    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report.documents import report as written
        from explorer.workbench import Depth

        for name in targets:
            workbench.target(name)
        gate = asyncio.Semaphore(settings.downloads)
        depth = Depth.AVAILABLE if peek else Depth.WHOLE

        async def one(file: str) -> Inspection:
            async with gate:
                subject = await workbench.resolve(file, platform)
                return await workbench.look(
                    subject, on=targets, depth=depth, progress=output.progress
                )

        inspections = [await one(files[0])]  # the list of releases is fetched once
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(file)) for file in files[1:]]
        inspections += [task.result() for task in tasks]
        form_or_json = "json" if output.json else form or "markdown"
        output.raw(written(inspections, form_or_json, warnings=workbench.warnings))
        return OK

    return in_workbench(state, settings, work)
