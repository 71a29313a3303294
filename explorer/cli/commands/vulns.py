"""``vulns``: which known vulnerabilities a Go program holds, and which it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
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
from explorer.cli.output import NO, OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState

if TYPE_CHECKING:
    from explorer.workbench import Vulnerabilities, Workbench

EXAMPLES = """\b
rr-explorer vulns ./rr
rr-explorer vulns latest --platform linux-arm64 --format openvex
rr-explorer vulns ./rr --db vulndb.zip --offline"""
FORMATS = ("text", "markdown", "openvex", "sarif")


@click.command(
    "vulns",
    short_help="List the known vulnerabilities of a Go program.",
    context_settings=CONTEXT,
    help="Say which known vulnerabilities a Go program holds, from its table of functions: exact"
    f" in stripped programs too.\n\n{FILE_HELP}",
    epilog=EXAMPLES,
)
@click.argument("file", type=WORDS, metavar="FILE", shell_complete=complete_file)
@platform_option
@click.option(
    "--db",
    "database",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A vulndb.zip, or a folder with its content, instead of the official one, which is"
    " downloaded when needed.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if the program is affected.")
@json_option
@global_options
@click.pass_obj
def vulns(
    state: CliState, file: str, platform: str, database: Path | None, form: str, exit_code: bool
) -> int:
    settings = state.settings(vulndb=database)

    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.facts import MISSING
        from explorer.workbench import AdvisoryStatus, Depth

        subject = await workbench.resolve(file, platform)
        # Before the file, which may be large: without a database nothing can be said.
        database = await workbench.find_database(progress=output.progress)
        progress = output.progress
        inspection = await workbench.look(subject, depth=Depth.AVAILABLE, progress=progress)
        result = None
        if not inspection.recorded and not isinstance(inspection.binary.go, MISSING):
            result = await workbench.vulnerabilities(inspection, database)
        if result is None or (inspection.path is None and result.matches):
            # Which are in the program only its functions tell.
            inspection = await workbench.look(subject, depth=Depth.WHOLE, progress=progress)
            result = await workbench.vulnerabilities(inspection, database)
        _show(output, result, form, workbench.warnings)
        return NO if exit_code and result.count(AdvisoryStatus.AFFECTED) else OK

    return in_workbench(state, settings, work)


def _show(output: Output, result: Vulnerabilities, form: str, warnings: tuple[str, ...]) -> None:
    from explorer.report.golang import (
        ADVISORY_COLUMNS,
        advisories_sentence,
        advisory_rows,
        as_markdown,
        as_openvex,
        as_sarif,
        database_cell,
    )
    from explorer.report.json import vulns as as_json

    if output.json:
        output.data(as_json(result, warnings))
    elif form == "openvex":
        output.raw(as_openvex(result, datetime.now(UTC)))
    elif form == "sarif":
        output.raw(as_sarif(result))
    elif form == "markdown":
        output.raw(as_markdown(result))
    else:
        output.line(advisories_sentence(result))
        output.line(database_cell(result))
        output.table(ADVISORY_COLUMNS, advisory_rows(result))
