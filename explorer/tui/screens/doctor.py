"""What works here and what does not: network, cache, engines, emulation, each with its remedy."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Static

from explorer.errors import ExplorerError, as_explorer_error
from explorer.report.tables import FINDING_COLUMNS, finding_row
from explorer.tui.actions import bindings_for
from explorer.tui.render import content, error, lines, spaced, text
from explorer.tui.rows import ListRows
from explorer.tui.screens.base import ExplorerScreen
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
        "rest. r looks again, y copies."
    )

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Pane(Table(drops=("remedy",), empty="looking …"), "Doctor")
        yield Static(id="detail")
        yield KeyBar()

    def on_mount(self) -> None:
        """Look."""
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
        table.show(ListRows(FINDING_COLUMNS, rows))

    @on(Table.Highlighted)
    def _highlighted(self, event: Table.Highlighted) -> None:
        detail = self.query_one("#detail", Static)
        if event.row is None:
            return
        health, subject, finding, remedy = event.row.cells
        words = [spaced([content(health), content(subject)]), content(finding)]
        if remedy.text:
            words.append(spaced([text("→", "$text-accent"), content(remedy)], " "))
        detail.update(lines(words))

    @on(Table.Selected)
    def _selected(self, event: Table.Selected) -> None:
        self.explorer.show_cells(event.table.cells())
