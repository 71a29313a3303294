"""The programs of one release on many systems, with the least that each needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Static

from explorer.errors import ExplorerError, as_explorer_error
from explorer.report import plural
from explorer.report.where import by_target_columns, by_target_rows, row_floor
from explorer.tui.actions import bindings_for
from explorer.tui.copying import Copy, command_copy
from explorer.tui.matrix_rows import legend_of
from explorer.tui.render import content, error, lines, text
from explorer.tui.rows import NO_ROWS, ListRows
from explorer.tui.screens.base import AssetScreen
from explorer.tui.widgets.banner import Detail
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.tui.widgets.columns import SHORT_FORMS
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table
from explorer.workbench import Asset, TargetMatrix, TargetRow

FLOOR = 24
"""Cells that the floor keeps as long as a system can be left out instead: ``glibc 2.17 or newer``.
"""


class LookedAt(Message):
    """The files on every target, or why they are not known."""

    def __init__(self, matrix: TargetMatrix | ExplorerError) -> None:
        super().__init__()
        self.matrix = matrix


class ByTargetScreen(AssetScreen):
    """A table of files and systems; below it, the floor of the file under the cursor."""

    CSS_PATH = "plain.tcss"
    CONTEXT = "by-target"
    BINDINGS: ClassVar = bindings_for("by-target")
    AUTO_FOCUS = "Table"
    HELP = (
        "The programs of one release down, systems across. Each cell is the verdict on the file "
        "for that system, from its first bytes or from the file on disk; the last column is the "
        "least that the file needs. Enter opens the file at all systems."
    )

    def __init__(self, tag: str) -> None:
        super().__init__()
        self._tag = tag
        self._rows: dict[str, TargetRow] = {}
        self._across: Sequence[str] = ()
        """The systems for which there are columns, if there is room."""
        self._texts: Sequence[str] = ()
        """What their cells say."""

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Pane(Table(floor=FLOOR, empty="looking at the files …"), f"{self._tag} by system")
        yield Detail(id="detail")
        yield KeyBar()

    def on_mount(self) -> None:
        """Look."""
        self.action_refresh()

    @property
    def asset(self) -> Asset | None:
        """The file under the cursor."""
        row = self.query_one(Table).row
        known = self._rows.get(row.key) if row is not None else None
        return known.asset if known is not None else None

    @property
    def tag(self) -> str:
        """The release's tag."""
        return self._tag

    def action_refresh(self) -> None:
        """Look at the files again."""
        self.start_worker(self._look, "by-target")

    async def _look(self) -> None:
        state = self.state
        try:
            matrix = await state.background.run(state.wb.matrix_by_target((self._tag,)))
            self.post_message(LookedAt(matrix))
        except Exception as exception:  # noqa: BLE001 - the last boundary
            self.post_message(LookedAt(as_explorer_error(exception)))

    @on(LookedAt)
    def _looked_at(self, message: LookedAt) -> None:
        table, matrix = self.query_one(Table), message.matrix
        if isinstance(matrix, ExplorerError):
            table.empty = "nothing is known"
            table.show(NO_ROWS)
            self.query_one("#detail", Static).update(error(matrix))
            return
        rows = by_target_rows(matrix)
        self._rows = dict(zip((row.key for row in rows), matrix.rows, strict=True))
        table.empty = "the release has no program for Linux"
        table.drops = (SHORT_FORMS, *reversed(matrix.across[1:]))
        table.show(ListRows(by_target_columns(matrix), rows))
        self._across, self._texts = (
            matrix.across,
            [cell.text for row in rows for cell in row.cells[1:-1] if cell.style != "unknown"],
        )
        self._show_legend()
        self.refresh_bindings()

    def on_resize(self) -> None:
        """Say how many systems have no room now."""
        self.call_after_refresh(self._show_legend)

    def _show_legend(self) -> None:
        """What the marks mean, and which way leads to the systems that have no room."""
        hidden = [name for name in self._across if name not in self.query_one(Table).column_keys]
        more = f"{plural(len(hidden), 'more system')}: enter shows all" if hidden else ""
        marks = legend_of(self._texts, self.app.size.width)
        self.query_one(Pane).explain("  ".join(part for part in (more, marks) if part))

    @on(Table.Highlighted)
    def _highlighted(self, event: Table.Highlighted) -> None:
        known = self._rows.get(event.row.key) if event.row is not None else None
        if known is not None:
            name = text(known.asset.name, "bold")
            self.query_one("#detail", Static).update(lines([name, content(row_floor(known))]))
        self.refresh_bindings()

    @on(Table.Selected)
    def _selected(self) -> None:
        self.action_where()

    def copies(self) -> list[Copy]:
        """The command that prints this table."""
        words = ("matrix", self._tag, "--by", "target")
        return [command_copy(self.state.settings, *words, title="command line of the table")]
