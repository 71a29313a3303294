"""What works here and what does not: network, cache, engines, emulation, each with its remedy."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from explorer.errors import ExplorerError, as_explorer_error
from explorer.report.tables import FINDING_COLUMNS, finding_row, progress_line
from explorer.tui.actions import ENTER, SHOW, Action, bindings_for
from explorer.tui.job_board import Job, JobKind, JobState
from explorer.tui.messages import JobFailed
from explorer.tui.render import content, error, lines, spaced, text
from explorer.tui.rows import ListRows
from explorer.tui.screens.base import ExplorerScreen
from explorer.tui.widgets.banner import Detail
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table
from explorer.workbench import Finding


class Examined(Message):
    """The findings, or why there are none."""

    def __init__(self, findings: tuple[Finding, ...] | ExplorerError) -> None:
        super().__init__()
        self.findings = findings


class DoctorScreen(ExplorerScreen):
    """Findings as a table; the one under the cursor in full below."""

    CSS_PATH = "plain.tcss"
    CONTEXT = "doctor"
    BINDINGS: ClassVar = bindings_for("doctor")
    HELP = (
        "What works here: network, cache, container engines, emulation; and what to do about the "
        "rest. r looks again, y copies. p pulls the image that proofs run in, where it is missing."
    )

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Pane(Table(drops=("remedy",), empty="looking …"), "Doctor")
        yield Detail(id="detail")
        yield KeyBar()

    def here(self, action: Action) -> Action:
        """Enter shows a finding."""
        return SHOW if action is ENTER and self.focused is self.table() else super().here(action)

    def on_mount(self) -> None:
        """Look, and follow pulls."""
        self._findings: dict[str, Finding] = {}
        """By the keys of their rows."""
        self._failures: dict[str, ExplorerError] = {}
        """Why the last pull for a platform failed."""
        self.state.jobs_changed.subscribe(self, self._job_changed)
        self.state.job_failed.subscribe(self, self._job_failed)
        self.action_refresh()

    def action_refresh(self) -> None:
        """Look again."""
        self.query_one(Pane).retitle("Doctor · looking …")
        self.start_worker(self._examine, "doctor")

    async def _examine(self) -> None:
        state = self.state
        try:
            self.post_message(Examined(await state.background.run(state.wb.doctor())))
        except Exception as exception:  # noqa: BLE001 - the last boundary
            self.post_message(Examined(as_explorer_error(exception)))

    @on(Examined)
    def _examined(self, message: Examined) -> None:
        self.query_one(Pane).retitle("Doctor")
        table = self.query_one(Table)
        table.empty = "nothing found"
        if isinstance(message.findings, ExplorerError):
            table.show(ListRows(FINDING_COLUMNS, ()))
            self.query_one("#detail", Static).update(error(message.findings))
            return
        rows = [finding_row(finding, number) for number, finding in enumerate(message.findings)]
        self._findings = dict(zip((row.key for row in rows), message.findings, strict=True))
        table.show(ListRows(FINDING_COLUMNS, rows))

        self._explain()

    @property
    def _finding(self) -> Finding | None:
        """What the cursor is on."""
        row = self.query_one(Table).row
        return self._findings.get(row.key) if row is not None else None

    @on(Table.Highlighted)
    def _explain(self) -> None:
        """Show the row under the cursor in full, and how far a pull is."""
        row, finding = self.query_one(Table).row, self._finding
        if row is None or finding is None:
            return
        health, subject, sentence, remedy = row.cells
        words = [spaced([content(health), content(subject)]), content(sentence)]
        job = self.state.board.find(JobKind.PULL, f"image {finding.pulls}")
        if job is not None and job.running:
            step = progress_line(job.progress) if job.progress is not None else "waiting"
            words.insert(1, text(f"▷ {step}  ·  x cancels", "$text-accent"))
        elif failure := self._failures.get(finding.pulls):
            words = [words[0], error(failure)]
        elif finding.pulls:
            key = ("p", "bold $footer-key-foreground")
            words.insert(1, Content.assemble(key, " pulls it: ", content(remedy)))
        elif remedy.text:
            words.append(spaced([text("→", "$text-accent"), content(remedy)], " "))
        self.query_one("#detail", Static).update(lines(words))
        self.refresh_bindings()

    # -- pulling -----------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to pull an image only on the row of a missing one."""
        if action == "pull_image" and self.is_mounted:
            return self._finding is not None and bool(self._finding.pulls)
        return super().check_action(action, parameters)

    def action_pull_image(self) -> None:
        """Pull the missing image of the row under the cursor."""
        if self._finding is not None and self._finding.pulls:
            self._failures.pop(self._finding.pulls, None)
            self.jobs.pull_image(self._finding.pulls)

    def _job_changed(self, job: Job) -> None:
        if job.kind is JobKind.PULL:
            self._explain()
            if job.state is JobState.DONE:
                self.action_refresh()

    def _job_failed(self, message: JobFailed) -> None:
        if message.job.kind is JobKind.PULL:
            self._failures[message.job.about.removeprefix("image ")] = message.error
            self._explain()

    def shows_failure(self, message: JobFailed) -> bool:
        """A failed pull is shown below the table."""
        return message.job.kind is JobKind.PULL

    @on(Table.Selected)
    def _selected(self, event: Table.Selected) -> None:
        self.explorer.show_cells(event.table.cells())
