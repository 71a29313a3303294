"""``doctor``: what works on this machine and what does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from explorer.cli.options import CONTEXT, global_options, json_option
from explorer.cli.output import NO, OK, Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState

if TYPE_CHECKING:
    from explorer.workbench import Finding, Workbench

MARK = 11
"""Cells of the column with the state."""


@click.command(
    "doctor", short_help="Check settings, network, engines and emulation.", context_settings=CONTEXT
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if something is bad.")
@json_option
@global_options
@click.pass_obj
def doctor(state: CliState, exit_code: bool) -> int:
    """Check settings, cache, network, token, container engines and emulation."""
    settings = state.settings(strict=False)

    async def work(workbench: Workbench, output: Output) -> int:
        from explorer.report.json import doctor as as_json
        from explorer.workbench import Finding, Health

        problems = (
            Finding("settings", Health.BAD, problem, "Correct or remove it")
            for problem in settings.problems
        )
        findings = (*problems, *await workbench.doctor())
        if output.json:
            output.data(as_json(findings))
        else:
            _show(output, findings)
        return NO if exit_code and any(one.health is Health.BAD for one in findings) else OK

    return in_workbench(state, settings, work)


def _show(output: Output, findings: Sequence[Finding]) -> None:
    from explorer.report import Cell
    from explorer.report.tables import finding_row

    for number, finding in enumerate(findings):
        health, subject, text, remedy = finding_row(finding, number).cells
        output.line(health, " " * max(1, MARK - len(health.text)), subject, ": ", text)
        if remedy.text:
            output.line(" " * MARK, Cell(f"→ {remedy.text}", "accent"))
