"""The steps of a deep proof as rows."""

from __future__ import annotations

from collections.abc import Sequence

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


def steps_in_words(steps: Sequence[StepResult]) -> str:
    """``7 of 8 steps pass``, of those that were tried; empty if no step was."""
    tried = [step for step in steps if step.status in (StepStatus.PASS, StepStatus.FAIL)]
    if not tried:
        return ""
    passed = sum(step.status is StepStatus.PASS for step in tried)
    return f"{passed} of {len(tried)} steps pass"
