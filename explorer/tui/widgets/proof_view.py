"""A proof, while it runs and afterwards: what is run, what it prints, what that means, and whether it agrees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from explorer.report import (
    Cell,
    Column,
    Row,
    agrees_cell,
    cell_width,
    check_row,
    command_lines,
    output_lines,
    progress_line,
    proof_facts,
    proof_line,
)
from explorer.tui.job_board import Job, JobState
from explorer.tui.render import content, lines, text
from explorer.tui.rows import ListRows
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table
from explorer.workbench import Proof

OUTPUT_COLUMNS = (Column("line", "", grows=True),)
KEPT_FACTS = (
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
    """Above what happens, below what the program prints."""

    DEFAULT_CSS = """
    ProofView {
        height: 1fr;
        & > VerticalScroll {
            height: auto;
            max-height: 65%;
            padding: 0 1;
            border: round $border-blurred;
            scrollbar-size-vertical: 1;
        }
        & > VerticalScroll:focus { border: round $border; }
        & > VerticalScroll.-loud { border: heavy $error; }
        & > Pane { min-height: 5; }
    }
    """
    HELP = (
        "What was run in a container and what came out. v runs it (again), x cancels it, y copies the command lines or the "
        "output. The container has no network, no capabilities, no root, and limits on memory, processes, time and output."
    )

    def __init__(self, widget_id: str | None = None) -> None:
        super().__init__(id=widget_id)
        self.words = Static()
        self.box = VerticalScroll(self.words)
        self.table = Table(fits=False, empty="it has printed nothing yet", header=False)
        self.frame = Pane(self.table, "Output")

    def compose(self) -> ComposeResult:
        yield self.box
        yield self.frame

    def show_nothing(self, why: str = "") -> None:
        """Nothing was run yet."""
        self.box.remove_class("-loud")
        hint = Content.assemble(
            ("v", "bold $footer-key-foreground"),
            (" runs it on musl, in a container that is thrown away.", ""),
        )
        self.words.update(
            lines([content(Cell("▢ not proved yet", "dim"), "bold"), text(why) if why else hint])
        )
        self._print([])

    def show_job(self, job: Job) -> None:
        """A proof on its way, or one that came to nothing."""
        self.box.remove_class("-loud")
        if job.running:
            step = progress_line(job.progress) if job.progress is not None else "waiting"
            parts = [text("▷ proving", "bold $text-accent"), text(step)]
            parts.append(
                Content.assemble(
                    ("x", "bold $footer-key-foreground"),
                    (" cancels; escape leaves it running", "$text-muted"),
                )
            )
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
        self.words.update(lines(parts))
        self._print([Cell(line.expandtabs(8)) for line in list(job.lines)], follow=True)

    def show_proof(self, proof: Proof, now: datetime | None = None, more: int = 0) -> None:
        """A finished proof; ``more`` older ones are kept."""
        loud = proof.agrees is False
        self.box.set_class(loud, "-loud")
        parts = [content(proof_line(proof, now), "bold"), text(proof.text)]
        if loud:
            parts.insert(0, content(agrees_cell(proof), "bold reverse"))
            parts.append(
                text(
                    "Prediction and observation differ: one of the two is wrong. Please report it.",
                    "$text-error",
                )
            )
        parts += self._checks(proof)
        parts.append(Content(""))
        parts += self._facts([row for row in proof_facts(proof) if row.key in KEPT_FACTS])
        parts.append(Content(""))
        parts += [
            Content.assemble(("$ ", "$text-muted"), text(line, "$text-primary"))
            for line in command_lines(proof)
        ]
        if more:
            parts.append(text(f"and {more} older ones are kept", "$text-muted"))
        self.words.update(lines(parts))
        rows = [
            *output_lines(proof.stdout),
            *(Cell(cell.text, "warn") for cell in output_lines(proof.stderr)),
        ]
        if proof.output_truncated:
            rows.append(Cell("… cut at the limit", "dim"))
        self.table.empty = "it printed nothing"
        self._print(rows)

    @staticmethod
    def _checks(proof: Proof) -> list[Content]:
        found = []
        for check in proof.checks:
            ok, name, expected, seen = check_row(check).cells
            found.append(
                Content.assemble(
                    content(ok),
                    "  ",
                    content(name, "bold"),
                    ": expected ",
                    content(expected),
                    ", seen ",
                    content(seen),
                )
            )
        return found

    @staticmethod
    def _facts(rows: Sequence[Row]) -> list[Content]:
        width = max((cell_width(row.cells[0].text) for row in rows), default=0)
        return [
            Content.assemble(
                content(row.cells[0]),
                " " * (width - cell_width(row.cells[0].text) + 2),
                content(row.cells[1]),
            )
            for row in rows
        ]

    def _print(self, cells: Sequence[Cell], follow: bool = False) -> None:
        at_end = self.table.cursor >= len(self.table.view) - 1
        self.table.show(
            ListRows(
                OUTPUT_COLUMNS, [Row(str(number), (cell,)) for number, cell in enumerate(cells)]
            ),
            keep=True,
        )
        if follow and at_end:
            self.table.action_to(-1)
