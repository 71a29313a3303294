"""What works here and what does not: network, cache, engines, emulation; each with what to do."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Static

from explorer.errors import ExplorerError
from explorer.report import FINDING_COLUMNS, finding_row, visible
from explorer.tui.actions import bindings_for
from explorer.tui.render import content, lines, spaced, text
from explorer.tui.rows import ListRows
from explorer.tui.screens.base import ExplorerScreen
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table
from explorer.workbench import Finding


class Examined(Message):
    """The findings, or why there are none."""

    def __init__(self, findings: tuple[Finding, ...], problem: str = "") -> None:
        super().__init__()
        self.findings = findings
        self.problem = problem


class DoctorScreen(ExplorerScreen):
    """Findings as a table; the one under the cursor in full below."""

    CSS_PATH = "plain.tcss"
    CONTEXT = "doctor"
    BINDINGS: ClassVar = bindings_for("doctor")
    HELP = "What works here: network, cache, container engines, emulation. What does not says what to do. r looks again, y copies."

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
        self.begin(self._examine, "doctor")

    async def _examine(self) -> None:
        try:
            self.post_message(Examined(await self.explorer.away.run(self.explorer.wb.doctor())))
        except ExplorerError as problem:
            self.post_message(Examined((), str(problem)))

    @on(Examined)
    def _examined(self, message: Examined) -> None:
        self.query_one(Pane).retitle("Doctor")
        table = self.query_one(Table)
        table.empty = visible(message.problem) or "nothing was found"
        table.show(
            ListRows(
                FINDING_COLUMNS,
                [finding_row(finding, number) for number, finding in enumerate(message.findings)],
            )
        )

    @on(Table.Highlighted)
    def _highlighted(self, event: Table.Highlighted) -> None:
        detail = self.query_one("#detail", Static)
        if event.row is None:
            detail.update("")
            return
        health, subject, seen, remedy = event.row.cells
        words = [spaced([content(health), content(subject)]), content(seen)]
        if remedy.text:
            words.append(spaced([text("→", "$text-accent"), content(remedy)], " "))
        detail.update(lines(words))

    @on(Table.Selected)
    def _selected(self, event: Table.Selected) -> None:
        self.explorer.show_cells(event.table.cells())
