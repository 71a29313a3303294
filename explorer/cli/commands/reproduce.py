"""``reproduce``: the line that would build a program again, and whether a build is the same."""

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
from explorer.cli.output import NO, OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState

if TYPE_CHECKING:
    from explorer.workbench import Workbench

EXAMPLES = """\b
rr-explorer reproduce latest --platform linux-amd64
rr-explorer reproduce ./rr --built rebuild/rr"""


@click.command(
    "reproduce",
    short_help="Print the line that would rebuild a Go program.",
    context_settings=CONTEXT,
    help="Print the one line that would build a Go program again from its tag, by its build info,"
    " and what nothing in the file tells. With --built, say whether another build is the same"
    f" program.\n\n{FILE_HELP}",
    epilog=EXAMPLES,
)
@click.argument("file", type=WORDS, metavar="FILE", shell_complete=complete_file)
@platform_option
@click.option(
    "--built",
    type=WORDS,
    metavar="OTHER",
    help="Another build: exit with 1 if it is not the same but for the build time.",
)
@json_option
@global_options
@click.pass_obj
def reproduce(state: CliState, file: str, platform: str, built: str | None) -> int:
    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report.comparing import comparison_parts, judgement, rebuild_rows
        from explorer.report.json import reproduce as as_json
        from explorer.workbench import Depth

        subject = await workbench.resolve(file, platform)
        inspection = await workbench.look(subject, depth=Depth.WHOLE, progress=output.progress)
        rebuild = await workbench.rebuild(inspection)
        judged = None
        if built is not None:
            other = await workbench.resolve(built)
            judged = await workbench.compare(subject, other, progress=output.progress)
        code = NO if judged is not None and not judged.same_program else OK
        if output.json:
            output.data(as_json(rebuild, judged, workbench.warnings))
            return code
        if judged is None:
            output.facts(rebuild_rows(rebuild))
            return code
        output.line(judgement(judged))
        part = comparison_parts(judged)[-1]
        output.line(part.note)
        if part.rows:
            output.table(part.columns, part.rows)
        return code

    return in_workbench(state, state.settings(), work)
