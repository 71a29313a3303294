"""What is running and what has run, with progress, and one key to cancel."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from explorer.report import (
    Cell,
    Column,
    Row,
    Style,
    human_duration,
)
from explorer.report.tables import progress_words
from explorer.tui.actions import BY_ID
from explorer.tui.job_board import Job, JobState
from explorer.tui.render import text
from explorer.tui.rows import ListRows
from explorer.tui.screens.base import ExplorerScreen
from explorer.tui.screens.dialog import Dialog
from explorer.tui.widgets.columns import SHORT_FORMS
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table

COLUMNS = (
    Column("kind", "job"),
    Column("title", "about", grows=True, names_row=True),
    Column("state", "state", width=9),
    Column("progress", "progress", width=10),
)
_STATES: dict[JobState, tuple[str, Style]] = {
    JobState.RUNNING: ("▶ running", "accent"),
    JobState.DONE: ("✓ done", "good"),
    JobState.FAILED: ("✗ failed", "bad"),
    JobState.CANCELLED: ("– cancelled", "dim"),
}
BAR = 12
"""Cells of a progress bar."""


def board_row(job: Job) -> Row:
    """A job as a row."""
    words, style = _STATES[job.state]
    took = "" if job.running else human_duration(job.seconds)
    progress = Cell(job_progress(job), short=took)
    return Row(str(job.id), (Cell(job.kind.value), Cell(job.title), Cell(words, style), progress))


def job_progress(job: Job) -> str:
    """``━━━━────  43 %  10.4 of 24.1 MB  3.2 MB/s  4 s left``.

    For a job that has ended: how long it took, and how it failed.
    """
    progress = job.progress
    if not job.running:
        return f"{human_duration(job.seconds)}{f': {job.message}' if job.message else ''}"
    if progress is None:
        return "waiting"
    words = progress_words(progress)
    parts = [words.stage, words.done]
    if progress.total:
        full = min(BAR, BAR * progress.done // progress.total)
        bar = "━" * full + "─" * (BAR - full)
        parts = [bar, words.share, f"{words.done} of {words.total}"]
    return "  ".join(part for part in (*parts, words.rate, words.left, words.detail) if part)


class JobsScreen(ExplorerScreen, Dialog[None]):
    """Every job, newest first. x cancels the one under the cursor, escape closes."""

    CSS_PATH = "jobs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            BY_ID[name].binding()
            for name in ("cancel", "filter", "sort", "sort-reverse", "copy", "back", "help")
        ),
        Binding("J,q", "dismiss(None)", "close", show=False),
    ]
    HELP = (
        "Every job that runs or has run, newest first. x cancels the one under the cursor; what a "
        "download has fetched is kept, and the next one resumes there. / filters, s sorts, y "
        "copies. Escape closes the list; jobs go on."
    )

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = text("Jobs")
            dialog.border_subtitle = text("x cancel · esc close")
            yield Pane(Table(drops=(SHORT_FORMS,), empty="Nothing is running"))
            yield Static(id="detail")

    def on_mount(self) -> None:
        """Follow the jobs."""
        self.state.jobs_changed.subscribe(self, lambda _: self._fill())
        self._fill()

    def _fill(self) -> None:
        rows = [board_row(job) for job in reversed(self.state.board.all)]
        self.query_one(Table).show(ListRows(COLUMNS, rows))
        self._show_detail()

    def _show_detail(self) -> None:
        job = self._job()
        detail = text(job_progress(job), "$text-muted") if job else ""
        self.query_one("#detail", Static).update(detail)

    def on_table_highlighted(self) -> None:
        """Show the whole progress line of the job under the cursor."""
        self._show_detail()

    def on_table_selected(self, event: Table.Selected) -> None:
        """Show the job in full."""
        self.explorer.show_cells(event.table.cells())

    def _job(self) -> Job | None:
        row = self.query_one(Table).row
        jobs = self.state.board.all
        return next((job for job in jobs if row is not None and str(job.id) == row.key), None)

    def action_cancel(self) -> None:
        """Cancel the job under the cursor."""
        if (job := self._job()) is not None:
            self.jobs.cancel(job)
