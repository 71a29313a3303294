"""What is running, and what has run: progress, and one key to cancel."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from explorer.report import (
    Cell,
    Column,
    Row,
    Style,
    human_duration,
    human_rate,
    human_size,
    percent,
)
from explorer.tui.actions import BY_ID
from explorer.tui.job_board import Job, JobState
from explorer.tui.render import text
from explorer.tui.rows import ListRows
from explorer.tui.screens.base import ExplorerScreen
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table

COLUMNS = (
    Column("kind", "job"),
    Column("title", "about", grows=True),
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


def job_row(job: Job) -> Row:
    """A job as a row."""
    words, style = _STATES[job.state]
    return Row(
        str(job.id),
        (Cell(job.kind.value), Cell(job.title), Cell(words, style), Cell(progress_in_words(job))),
    )


def progress_in_words(job: Job) -> str:
    """``━━━━──── 43 %  10.4 of 24.1 MB  3.2 MB/s  4 s left``; for a finished job how long it took and how it failed."""
    progress = job.progress
    if not job.running:
        return f"{human_duration(job.seconds)}{f': {job.message}' if job.message else ''}"
    if progress is None:
        return "waiting"
    parts: list[str] = [progress.stage]
    if progress.total:
        full = min(BAR, BAR * progress.done // progress.total)
        parts = ["━" * full + "─" * (BAR - full), percent(progress.done, progress.total)]
        if progress.unit == "bytes":
            parts.append(f"{human_size(progress.done)} of {human_size(progress.total)}")
        else:
            parts.append(f"{progress.done:,} of {progress.total:,} {progress.unit}")
    elif progress.done:
        parts.append(
            human_size(progress.done)
            if progress.unit == "bytes"
            else f"{progress.done:,} {progress.unit}"
        )
    if progress.rate and progress.unit == "bytes":
        parts.append(human_rate(progress.rate))
    if (left := progress.seconds_left) is not None:
        parts.append(f"{human_duration(left)} left")
    if progress.detail:
        parts.append(progress.detail)
    return "  ".join(parts)


class JobsScreen(ExplorerScreen, ModalScreen[None]):
    """Every job, newest first. x cancels the one under the cursor, escape leaves."""

    CSS_PATH = "jobs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            BY_ID[name].binding()
            for name in ("cancel", "filter", "sort", "sort-reverse", "copy", "back", "help")
        ),
        Binding("J,q", "dismiss(None)", "close", show=False),
    ]
    HELP = (
        "Every job that runs or has run, newest first. x cancels the one under the cursor; what a download has is kept, and the "
        "next one goes on from there. / filters, s sorts, y copies. Escape leaves; jobs go on."
    )

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = text("Jobs")
            dialog.border_subtitle = text("x cancel · esc leave")
            yield Pane(Table(drops=("kind",), empty="Nothing is running"))
            yield Static(id="detail")

    def on_mount(self) -> None:
        """Follow the jobs."""
        self.explorer.jobs_changed.subscribe(self, lambda _: self._fill())
        self._fill()

    def _fill(self) -> None:
        table = self.query_one(Table)
        table.show(ListRows(COLUMNS, [job_row(job) for job in reversed(self.explorer.board.all)]))
        job = self._job()
        self.query_one("#detail", Static).update(
            text(progress_in_words(job), "$text-muted") if job else ""
        )

    def on_table_highlighted(self) -> None:
        """Show the whole progress line of the job under the cursor."""
        job = self._job()
        self.query_one("#detail", Static).update(
            text(progress_in_words(job), "$text-muted") if job else ""
        )

    def on_table_selected(self, event: Table.Selected) -> None:
        """Show the job in full."""
        self.explorer.show_cells(event.table.cells())

    def _job(self) -> Job | None:
        row = self.query_one(Table).row
        return next(
            (job for job in self.explorer.board.all if row is not None and str(job.id) == row.key),
            None,
        )

    def action_cancel(self) -> None:
        """Cancel the job under the cursor."""
        if (job := self._job()) is not None:
            self.explorer.work.cancel(job)
