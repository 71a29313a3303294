"""A tab with a table, and a line or a few facts above it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from explorer.errors import ExplorerError
from explorer.report import EMPTY, visible
from explorer.tui.render import content, error, facts, lines
from explorer.tui.rows import NO_ROWS, ListRows, RowSource
from explorer.tui.tabs import TabContent, TabSpec
from explorer.tui.widgets.banner import WIDE
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
        self.table = Table(fits=spec.fits, drops=spec.drops, floor=spec.floor, empty="reading …")
        self.frame = Pane(self.table)
        self.summary = Static()

    def compose(self) -> ComposeResult:
        yield self.summary
        yield self.frame

    def show(self, tab: TabContent, offer: Content | None = None) -> None:
        """Show facts, and above them the ``offer`` to read more of the file."""
        words = facts(tab.summary, short=self.app.size.width < WIDE)
        if offer is not None:
            words.insert(0, offer)
            if not tab.rows:
                self._show_summary(words)
                self._show_frame(False)
                self.table.show(NO_ROWS)
                return
        if tab.note is not EMPTY and tab.note.text and (tab.rows or not tab.summary):
            words.insert(0, content(tab.note))
        self._show_summary(words)
        self._show_frame(bool(tab.columns) and bool(tab.rows or not tab.summary))
        empty = "nothing to list" if tab.note.text else "none"
        self._show_rows(ListRows(tab.columns, tab.rows), empty)

    def show_error(self, problem: ExplorerError) -> None:
        """Show why there is no table: title, detail and remedy."""
        self._show_summary([error(problem)])
        self._show_frame(False)
        self.table.show(NO_ROWS)

    def show_rows(self, source: RowSource, empty: str, summary: Content | None = None) -> None:
        """Show rows from any source. ``empty`` is what the table says without any."""
        self._show_summary([summary] if summary is not None else [])
        self._show_frame(True)
        self._show_rows(source, empty)

    def explain(self, summary: Content) -> None:
        """Change the line above the table."""
        self._show_summary([summary])

    def _show_rows(self, source: RowSource, empty: str) -> None:
        self.table.empty = visible(empty)
        self.table.show(source)

    def _show_summary(self, words: list[Content]) -> None:
        self.summary.update(lines(words))
        self.summary.display = bool(words)

    def _show_frame(self, display: bool) -> None:
        if not display and self.table.has_focus:
            # A hidden table that kept the focus would open a hidden filter line.
            self.screen.set_focus(None)
        self.frame.display = display
