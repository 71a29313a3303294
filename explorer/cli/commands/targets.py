"""``targets``: the systems that a binary can be judged for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from explorer.cli.options import CONTEXT, global_options, json_option
from explorer.cli.output import OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState

if TYPE_CHECKING:
    from explorer.workbench import Workbench


@click.command(
    "targets",
    short_help="List the systems that a binary can be judged for.",
    context_settings=CONTEXT,
)
@json_option
@global_options
@click.pass_obj
def targets(state: CliState) -> int:
    """List the systems that a binary can be judged for: the names that --on takes."""

    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report.json import targets as as_json
        from explorer.report.verdicts import TARGET_COLUMNS, target_row

        default = await workbench.default_target()
        if output.json:
            output.data(as_json(workbench.targets(), default.name))
            return OK
        output.table(TARGET_COLUMNS, [target_row(target) for target in workbench.targets()])
        output.note(f"default: {default.name}")
        return OK

    return in_workbench(state, state.settings(), work)
