"""A tab with a table: a line or a few facts above it where there is something to say."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from explorer.report import EMPTY, cell_width, visible
from explorer.tui.render import content, lines
from explorer.tui.rows import ListRows, RowSource
from explorer.tui.tabs import TabContent, TabSpec
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table


class TabTable(Vertical):
    """The summary and the table of one tab."""

    DEFAULT_CSS = """
    TabTable {
        height: 1fr;
        & > Static { height: auto; max-height: 40%; padding: 0 1; display: none; }
    }
    """

    def __init__(self, spec: TabSpec) -> None:
        super().__init__(id=spec.id)
        self.help_words = f"{spec.help} {Table.HELP}"
        self.table = Table(fits=spec.fits, drops=spec.drops, empty="reading …")
        self.frame = Pane(self.table)
        self.summary = Static()

    def compose(self) -> ComposeResult:
        yield self.summary
        yield self.frame

    def show(self, what: TabContent) -> None:
        """Show facts."""
        width = max((cell_width(row.cells[0].text) for row in what.summary), default=0)
        words = [
            Content.assemble(
                content(row.cells[0]),
                " " * (width - cell_width(row.cells[0].text) + 2),
                content(row.cells[1]),
            )
            for row in what.summary
        ]
        if what.note is not EMPTY and what.note.text and (what.rows or not what.summary):
            words.insert(0, content(what.note))
        self.summary.update(lines(words))
        self.summary.display = bool(words)
        self.table.empty = "none" if not what.note.text else "nothing to list"
        listed = bool(what.columns) and bool(what.rows or not what.summary)
        if not listed and self.table.has_focus:
            self.screen.set_focus(
                None
            )  # a hidden table that still had it would open a hidden filter line
        self.frame.display = listed
        self.show_rows(ListRows(what.columns, what.rows))

    def show_rows(self, source: RowSource, note: str = "") -> None:
        """Show rows from anywhere."""
        if note:
            self.table.empty = visible(note)
        self.table.show(source)
