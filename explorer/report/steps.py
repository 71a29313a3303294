"""The steps of a deep proof as rows."""

from __future__ import annotations

from explorer.report.cells import Cell, Column, Row, Style
from explorer.report.text import one_line
from explorer.verify import StepResult, StepStatus

STEP_COLUMNS = (
    Column("status", "step", width=11),
    Column("name", "what"),
    Column("why", "seen", grows=True),
)
_STEPS: dict[StepStatus, tuple[str, Style]] = {
    StepStatus.PASS: ("✓ pass", "good"),
    StepStatus.FAIL: ("✗ fail", "bad"),
    StepStatus.NOT_APPLICABLE: ("– n/a", "dim"),
    StepStatus.NOT_TRIED: ("▢ not tried", "unknown"),
}


def step_row(step: StepResult) -> Row:
    """One step of a deep proof; what turns a failure into a success stands behind it."""
    word, style = _STEPS[step.status]
    why = f"{step.why}; {step.install} makes it pass" if step.install else step.why
    style = "warn" if step.install else style
    return Row(step.name, (Cell(word, style), Cell(one_line(step.name)), Cell(one_line(why))))
