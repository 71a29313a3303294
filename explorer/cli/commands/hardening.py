"""``hardening``: which protections a program was built with."""

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
rr-explorer hardening ./rr
rr-explorer hardening latest --platform linux-arm64 --peek"""


@click.command(
    "hardening",
    short_help="List the protections that a program was built with.",
    context_settings=CONTEXT,
    help="List the protections that a program was built with: yes, partly, no, or why the question "
    f"does not apply.\n\n{FILE_HELP}",
    epilog=EXAMPLES,
)
@click.argument("file", type=WORDS, metavar="FILE", shell_complete=complete_file)
@platform_option
@click.option(
    "--peek", is_flag=True, help="Read only the first bytes from the server; no download."
)
@json_option
@global_options
@click.pass_obj
def hardening(state: CliState, file: str, platform: str, peek: bool) -> int:
    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report.binaries import HARDENING_COLUMNS, hardening_rows
        from explorer.report.json import hardening as as_json
        from explorer.workbench import Depth

        subject = await workbench.resolve(file, platform)
        depth = Depth.AVAILABLE if peek else Depth.WHOLE
        inspection = await workbench.look(subject, depth=depth, progress=output.progress)
        if output.json:
            output.data(as_json(inspection, workbench.warnings))
            return OK
        rows = hardening_rows(inspection.binary)
        if isinstance(rows, MISSING):
            raise UsageError(
                f"{inspection.file.name} has none of these protections",
                rows.why,
                "Name an ELF program",
            )
        output.table(HARDENING_COLUMNS, rows)
        return OK

    return in_workbench(state, state.settings(), work)
