"""What changed between two files or two releases: a sentence, and one table with sections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Static

from explorer.errors import ExplorerError
from explorer.report import Cell
from explorer.report.comparing import (
    ComparedPart,
    comparison_columns,
    comparison_headline,
    comparison_markdown,
    comparison_parts,
    comparison_rows,
    download_words,
    unread,
)
from explorer.report.comparing_releases import release_headline, release_parts, unread_files
from explorer.tui.actions import bindings_for
from explorer.tui.copying import Copy, command_copy
from explorer.tui.job_board import Job
from explorer.tui.messages import JobFailed
from explorer.tui.render import content, error, lines, text
from explorer.tui.rows import NO_ROWS, ListRows
from explorer.tui.screens.base import ExplorerScreen, file_mark
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.tui.widgets.columns import SHORT_FORMS
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table
from explorer.workbench import AssetPair, FileComparison, Inspection, ReleaseComparison

if TYPE_CHECKING:
    from explorer.tui.app_state import CompareMark


class Compared(Message):
    """The result."""

    def __init__(self, comparison: FileComparison | ReleaseComparison) -> None:
        super().__init__()
        self.comparison = comparison


class CompareScreen(ExplorerScreen):
    """A sentence above, every change below."""

    CSS_PATH = "plain.tcss"
    CONTEXT = "compare"
    BINDINGS: ClassVar = bindings_for("compare")
    AUTO_FOCUS = "Table"
    HELP = (
        "What changed between two files or two releases, section by section; what is the same is "
        "left out. Two builds of one source are recognised by where they differ. Enter on a file "
        "that two releases have compares it with the one before it, and shows any other row in "
        "full; / finds a module, a section, a system; y copies it all as Markdown. What is not "
        "here is compared by its first bytes; d downloads it, for the rest."
    )

    def __init__(self, first: CompareMark, second: CompareMark) -> None:
        super().__init__()
        self._marks = first, second
        self._job: Job | None = None
        self._headline = Cell("")
        self._parts: tuple[ComparedPart, ...] = ()
        self._inspections: tuple[Inspection, ...] = ()
        self._pairs: dict[str, AssetPair] = {}
        self._missing = ""
        self.about_a_release = first.subject is None or first.subject.asset is not None

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Static(id="detail")
        table = Table(floor=20, drops=(SHORT_FORMS, "change"), empty="comparing …")
        yield Pane(table, "what changed")
        yield KeyBar()

    def on_mount(self) -> None:
        """Compare."""
        self.state.job_failed.subscribe(self, self._job_failed)
        self.state.jobs_changed.subscribe(self, lambda _: self.refresh_bindings())
        self.action_refresh()

    def on_unmount(self) -> None:
        """Stop comparing."""
        if self._job is not None:
            self.jobs.cancel(self._job)

    def action_refresh(self) -> None:
        """Compare (again), without a download."""
        self._compare()

    def action_download(self) -> None:
        """Download what is compared and not here, and compare all of it."""
        self._compare(download=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the download where there is something to download."""
        if action == "download":
            return bool(self._missing) and self.is_mounted
        return super().check_action(action, parameters)

    def _compare(self, *, download: bool = False) -> None:
        self._missing = ""
        self.refresh_bindings()
        names = " → ".join(mark.name for mark in self._marks)
        waiting = text("reading both …", "$text-muted")
        self.query_one("#detail", Static).update(lines([text(names, "bold"), waiting]))

        def show(comparison: FileComparison | ReleaseComparison) -> None:
            self.post_message(Compared(comparison))

        self._job = self.jobs.compare(*self._marks, show, download=download)

    def _job_failed(self, message: JobFailed) -> None:
        if message.job is self._job:
            self.query_one("#detail", Static).update(error(message.error))
            self._show_none(message.error)

    def _show_none(self, problem: ExplorerError) -> None:
        table = self.query_one(Table)
        table.empty = "nothing was compared" if problem.title else ""
        table.show(NO_ROWS)

    def shows_failure(self, message: JobFailed) -> bool:
        """The error is shown in place of the sentence."""
        return message.job is self._job

    @on(Compared)
    def _compared(self, message: Compared) -> None:
        comparison = message.comparison
        if isinstance(comparison, FileComparison):
            self._missing = download_words(unread(comparison))
            self._headline = comparison_headline(comparison)
            self._parts = comparison_parts(comparison)
            self._inspections = comparison.before, comparison.after
            for inspection in self._inspections:
                self.state.learn(inspection)
        else:
            self._missing = download_words(unread_files(comparison))
            self._pairs = {f"pairs {pair.after.name}": pair for pair in comparison.pairs}
            self._headline = release_headline(comparison)
            self._parts = release_parts(comparison)
        names = " → ".join(mark.name for mark in self._marks)
        words = [content(self._headline)]
        if not self._headline.text.startswith(names):
            words.insert(0, text(names, "bold"))
        if self._missing:
            words.append(text(self._missing, "$text-muted"))
        self.query_one("#detail", Static).update(lines(words))
        columns = comparison_columns(self._parts)
        self.query_one(Table).show(ListRows(columns, comparison_rows(self._parts)))
        self.refresh_bindings()

    @on(Table.Selected)
    def _selected(self, event: Table.Selected) -> None:
        pair = self._pairs.get(event.row.key)
        if pair is None:
            self.explorer.show_cells(event.table.cells())
            return
        subjects = [self.state.wb.subject(each) for each in (pair.before, pair.after)]
        self.app.push_screen(CompareScreen(*map(file_mark, subjects)))

    def inspections(self) -> Sequence[Inspection]:
        """Of both files."""
        return self._inspections

    def copies(self) -> list[Copy]:
        """The row, all of it as Markdown, and the command."""
        copies = super().copies()
        if self._parts:
            whole = comparison_markdown(self._headline, self._parts)
            copies.insert(0, Copy("the comparison as Markdown", whole))
        names = [mark.name for mark in self._marks]
        return [*copies, command_copy(self.state.settings, "compare", *names)]
