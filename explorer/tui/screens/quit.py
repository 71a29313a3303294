"""Asks before the app is left with jobs still running."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from explorer.report import plural
from explorer.tui.job_board import Job, JobKind
from explorer.tui.render import lines, text
from explorer.tui.screens.dialog import Dialog
from explorer.tui.screens.jobs import job_progress

WORTH_ASKING = (JobKind.DOWNLOAD, JobKind.SAVE, JobKind.VERIFY, JobKind.SWEEP, JobKind.PULL)
"""Jobs that a user started and waits for."""
SHOWN = 4
"""Jobs that are named."""


class QuitScreen(Dialog[bool]):
    """Returns whether to quit."""

    CSS_PATH = "command.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+q,y,enter", "dismiss(True)", "quit"),
        Binding("escape,n", "dismiss(False)", "stay"),
    ]
    HELP = (
        "Jobs are still running. Enter or q stops them and quits: containers are removed, and a "
        "download resumes where it stopped. Escape goes back; the jobs go on."
    )

    def __init__(self, jobs: Sequence[Job]) -> None:
        super().__init__()
        self._jobs = tuple(jobs)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            jobs = self._jobs
            verb = "is" if len(jobs) == 1 else "are"
            dialog.border_title = text(f"{plural(len(jobs), 'job')} {verb} still running")
            dialog.border_subtitle = text("enter stop and quit · esc stay")
            named = [
                text(f"{job.kind} of {job.title}: {job_progress(job)}") for job in jobs[:SHOWN]
            ]
            more = len(jobs) - SHOWN
            last = text(f"and {more} more", "$text-muted") if more > 0 else None
            yield Static(lines([*named, *([last] if last else [])]))
            yield Static(
                text("Downloads resume where they stop; containers are removed.", "$text-muted")
            )
