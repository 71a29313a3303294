"""A proof, while it runs and afterwards: commands, output, and whether it agrees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from explorer.report import Cell, Column, Row
from explorer.report.steps import step_row
from explorer.report.tables import progress_line
from explorer.report.verdicts import (
    agrees_cell,
    check_row,
    command_lines,
    not_tested,
    output_lines,
    proof_facts,
    proof_line,
)
from explorer.tui.job_board import Job, JobState
from explorer.tui.render import content, facts, text
from explorer.tui.rows import ListRows
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.prose import Prose, Whole
from explorer.tui.widgets.table import Table
from explorer.workbench import CheckResult, Inspection, Proof, StepResult

OUTPUT_COLUMNS = (Column("line", "", grows=True),)
SHOWN_FACTS = (
    "engine",
    "image",
    "image digest",
    "platform",
    "emulated",
    "ran",
    "exit code",
    "run took",
    "all steps",
    "loader's --list",
)


class ProofView(Vertical):
    """What happens, and below it what the program prints."""

    DEFAULT_CSS = """
    ProofView {
        height: 1fr;
        & > Prose {
            height: auto;
            max-height: 65%;
            padding: 0 1;
            border: round $border-blurred;
        }
        & > Prose:focus { border: round $border; }
        & > Prose.-loud { border: heavy $error; }
        & > Pane { min-height: 5; }
    }
    """
    HELP = (
        "What was run in a container and what came out. v runs it (again), x cancels it, ← → "
        "scroll to the end of a command, y copies it or the output. The container has no network, "
        "no capabilities, no root, and limits on memory, processes, time and output."
    )

    def __init__(self, widget_id: str | None = None) -> None:
        super().__init__(id=widget_id)
        self.box = Prose()
        self.table = Table(fits=False, empty="no output yet", header=False)
        self.frame = Pane(self.table, "Output")

    def compose(self) -> ComposeResult:
        yield self.box
        yield self.frame

    def show_nothing(self) -> None:
        """There is no proof yet."""
        self.box.remove_class("-loud")
        hint = Content.assemble(
            ("v", "bold $footer-key-foreground"),
            (" runs it in a container that is removed afterwards.", ""),
        )
        self.box.say([content(Cell("▢ not proved yet", "dim"), "bold"), hint])
        self._print([])

    def show_job(self, job: Job) -> None:
        """A proof in progress, or one that was cancelled or failed."""
        self.box.remove_class("-loud")
        if job.running:
            step = progress_line(job.progress) if job.progress is not None else "waiting"
            parts = [
                text("▷ verifying", "bold $text-accent"),
                text(step),
                Content.assemble(
                    ("x", "bold $footer-key-foreground"),
                    (" cancels; escape leaves it running", "$text-muted"),
                ),
            ]
        elif job.state is JobState.CANCELLED:
            parts = [
                content(Cell("▢ cancelled: nothing was proved", "dim"), "bold"),
                text("v runs it again", "$text-muted"),
            ]
        else:
            parts = [
                content(Cell("▢ not run: nothing was learned about the binary", "dim"), "bold"),
                text(job.message),
            ]
        self.box.say(parts)
        self._print([Cell(line.expandtabs(8)) for line in list(job.lines)], follow=True)

    def show_proof(self, inspection: Inspection, proof: Proof, now: datetime | None = None) -> None:
        """A finished proof; one on another target than the verdict's says so first."""
        elsewhere = not_tested(inspection)
        disagrees = elsewhere is None and proof.agrees is False
        self.box.set_class(disagrees, "-loud")
        parts: list[Content | Whole] = [] if elsewhere is None else [*_not_tested(elsewhere)]
        parts += [content(proof_line(proof, now), "bold"), text(proof.text)]
        if disagrees:
            parts.insert(0, content(agrees_cell(proof), "bold reverse"))
            warning = "Prediction and observation differ: one of them is wrong. Please report it."
            parts.append(text(warning, "$text-error"))
        if not (proof.result == "failed" and proof.agrees is True):  # else it was to print nothing
            parts += [_check(check) for check in proof.checks]
        parts += [_step(step) for step in proof.deep]
        parts.append(Content(""))
        rows = [row for row in proof_facts(proof) if row.key in SHOWN_FACTS]
        parts += [
            Whole(line) if row.cells[1].style == "code" else line
            for row, line in zip(rows, facts(rows), strict=True)
        ]
        parts.append(Content(""))
        parts += [
            Whole(Content.assemble(("$ ", "$text-muted"), text(line, "$text-primary")))
            for line in command_lines(proof)
        ]
        if older := len(inspection.proofs) - 1:
            kept = "1 other proof is kept" if older == 1 else f"{older} other proofs are kept"
            parts.append(text(kept, "$text-muted"))
        self.box.say(parts)
        self._print_output(proof)

    def _print_output(self, proof: Proof) -> None:
        cells = [
            *output_lines(proof.stdout),
            *(Cell(cell.text, "warn") for cell in output_lines(proof.stderr)),
        ]
        if proof.output_truncated:
            cells.append(Cell("… truncated at the limit", "dim"))
        self.table.empty = "it printed nothing"
        self._print(cells)

    def _print(self, cells: Sequence[Cell], follow: bool = False) -> None:
        """Show lines of output. With ``follow`` a cursor at the end stays at the end."""
        at_end = self.table.cursor >= len(self.table.view) - 1
        rows = [Row(str(number), (cell,)) for number, cell in enumerate(cells)]
        self.table.show(ListRows(OUTPUT_COLUMNS, rows), keep=True)
        if follow and at_end:
            self.table.action_to(-1)


def _not_tested(elsewhere: Cell) -> list[Content]:
    hint = Content.assemble(
        ("v", "bold $footer-key-foreground"), (" tests it there. The newest proof:", "$text-muted")
    )
    return [content(elsewhere, "bold"), hint, Content("")]


def _check(check: CheckResult) -> Content:
    """What was expected and what was seen."""
    ok, name, expected, actual = (content(cell) for cell in check_row(check).cells)
    seen = Content.assemble(", seen ", actual) if actual else text(", nothing seen", "$text-muted")
    return Content.assemble(ok, "  ", name.stylize("bold"), ": expected ", expected, seen)


def _step(step: StepResult) -> Content:
    """A step of a deep proof, and what came out."""
    status, name, why = (content(cell) for cell in step_row(step).cells)
    return Content.assemble(status, "  ", name.stylize("bold"), ": ", why)
