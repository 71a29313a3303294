"""``verify --all``: every program of some releases on every chosen target, as results come."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.cli.output import Output
from explorer.cli.running import in_workbench
from explorer.cli.state import CliState
from explorer.errors import SourceError

if TYPE_CHECKING:
    from explorer.settings import Settings
    from explorer.workbench import SweepRequest, SweepResult, SweepSummary, Workbench


def verify_all(
    state: CliState, settings: Settings, request: SweepRequest, junit: Path | None
) -> int:
    """Run the sweep; a line for each result, and the sum with the disagreements first."""

    async def work(workbench: Workbench, output: Output) -> int:
        proved = 0

        def swept(result: SweepResult) -> None:
            nonlocal proved
            proved += result.proof is not None
            _show(output, result)

        try:
            summary = await workbench.sweep(request, swept, progress=output.progress)
        except asyncio.CancelledError:
            if not output.json:
                output.note(f"stopped: {proved} proved and kept; the same command goes on there")
            raise
        if junit is not None:
            _write(junit, workbench, summary)
        _sum_up(output, summary, workbench.warnings)
        return summary.exit_code

    return in_workbench(state, settings, work)


def _show(output: Output, result: SweepResult) -> None:
    if output.json:
        from explorer.report.json import sweep

        output.data_line(sweep(result))
        return
    from explorer.report.sweeps import sweep_line

    output.line(*sweep_line(result))
    output.flush()


def _sum_up(output: Output, summary: SweepSummary, warnings: tuple[str, ...]) -> None:
    if output.json:
        from explorer.report.json import sweep

        output.data_line(sweep(summary, warnings))
        return
    from explorer.report.sweeps import (
        left_out_sentence,
        sweep_line,
        sweep_sentence,
        sweep_trouble,
    )

    output.line("")
    trouble = sweep_trouble(summary)
    for result in trouble:
        output.line(*sweep_line(result))
    if trouble:
        output.line("")
    output.line(sweep_sentence(summary))
    if left_out := left_out_sentence(summary):
        output.note(left_out)


def _write(path: Path, workbench: Workbench, summary: SweepSummary) -> None:
    """Write the JUnit file.

    Raises:
        SourceError: it cannot be written.
    """
    from explorer.report.documents import sweep_junit

    try:
        path.write_text(sweep_junit(workbench.settings.repo, summary), encoding="utf-8")
    except OSError as error:
        raise SourceError(f"Cannot write {path}", error.strerror or str(error)) from None
