"""The app's table. It draws only what is on the screen: a million rows open immediately."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.worker import Worker, WorkerState

from explorer.errors import OperationCancelledError, as_explorer_error
from explorer.progress import Cancellation
from explorer.tui.responsiveness.deferred_import import report
from explorer.tui.rows import (
    NO_ROWS,
    QUICK,
    SORTABLE,
    RowQuery,
    RowSource,
    cells_of,
    choose,
    place_of,
)
from explorer.tui.widgets.columns import (
    GAP,
    ColumnLayout,
    fitting_columns,
    scrolling,
)
from explorer.tui.widgets.styled import Styled

if TYPE_CHECKING:
    from explorer.report import Column, Row

MARK = "› "
"""Stands before the row under the cursor, so that colour is not the only cue."""


class Table(Styled, can_focus=True):
    """Rows under a fixed header, with a cursor, a filter and a sort order."""

    DEFAULT_CSS = """
    Table {
        height: 1fr;
        background: transparent;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
        & > .table--header { color: $text-muted; text-style: bold; }
        & > .table--sorted { color: $text-accent; text-style: bold; }
        & > .table--row { color: $foreground; }
        & > .table--hover { background: $boost; }
        & > .table--cursor { background: $primary 14%; }
        & > .table--cursor-focus { background: $primary 32%; text-style: bold; }
        &:ansi > .table--cursor { background: ansi_default; text-style: underline; }
        &:ansi > .table--cursor-focus { background: ansi_default; text-style: reverse; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"table--{name}" for name in ("header", "sorted", "row", "hover", "cursor", "cursor-focus")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home", "to(0)", "first", show=False),
        Binding("end,G", "to(-1)", "last", show=False),
        Binding("enter", "select", "open", show=True, tooltip="Open the row under the cursor"),
    ]
    HELP = (
        "↑ ↓ (or j k), page up/down, home and end (or G) move; enter opens the row. / filters, "
        "s sorts by the next column, I reverses it; a click on a title sorts, too. y copies."
    )

    cursor: reactive[int] = reactive(0, always_update=True, repaint=False)

    class TableMessage(Message):
        """A message about a table."""

        def __init__(self, table: Table) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> Table:
            """The table, for ``@on`` with a selector."""
            return self.table

    class Highlighted(TableMessage):
        """The cursor is on another row, or the row has changed."""

        def __init__(self, table: Table, row: Row | None) -> None:
            super().__init__(table)
            self.row = row

    class Selected(TableMessage):
        """Enter, or a second click on the row under the cursor."""

        def __init__(self, table: Table, row: Row, number: int) -> None:
            super().__init__(table)
            self.row = row
            self.number = number
            """The row's number in the source."""

    class Changed(TableMessage):
        """The view has changed: other rows, another filter or sort order."""

    def __init__(
        self,
        *,
        fits: bool = True,
        drops: Sequence[str] = (),
        floor: int = 10,
        empty: str = "Nothing here",
        header: bool = True,
        widget_id: str | None = None,
    ) -> None:
        """With ``fits`` the columns share the width, else the table scrolls sideways.

        ``drops``: keys of the columns that are left out first. ``floor``: cells that a growing
        column keeps as long as another one can be left out. ``empty``: what an empty table says,
        as visible text.
        """
        super().__init__(id=widget_id)
        self._top = 1 if header else 0
        """Lines taken by the header."""
        self._fits = fits
        self.drops = tuple(drops)
        self.floor = floor
        self.view_changed: Callable[[], None] | None = None
        """Called when other rows are shown, or the filter has changed."""
        if fits:
            self.styles.overflow_x = "hidden"
        self.empty = empty
        self.way_back = "; esc clears it"
        """What follows the words where no row matches."""
        self.unmatched = ""
        """What is said instead of these words; visible text."""
        self.source: RowSource = NO_ROWS
        self.view: Sequence[int] = range(0)
        self.row_query = RowQuery()
        self._searcher: Worker[Sequence[int] | None] | None = None
        self._stay: str | int | None = None
        self._columns = ColumnLayout((), 0)
        self._fitted = Size()
        """The size of the table that the columns were fitted to."""
        self._hover = -1
        self._cancel = Cancellation()
        self._announced: Row | None = None

    # -- rows --------------------------------------------------------------------------------------

    def show(self, source: RowSource, keep: bool = True) -> None:
        """Show other rows. With ``keep`` the cursor stays on the row with the same key."""
        key = row.key if keep and (row := self.row) is not None else None
        self.source = source
        self._choose(key if key is not None else "" if keep else None)

    def announce_again(self) -> None:
        """Tell of the row under the cursor once more, even if the same is shown again."""
        self._announced = None

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return (
            self.source.row(self.view[self.cursor]) if 0 <= self.cursor < len(self.view) else None
        )

    def rows_in_sight(self) -> list[Row]:
        """The rows on the screen, from the top."""
        return [self.source.row(self.view[place]) for place, _ in self.places_in_sight()]

    def places_in_sight(self) -> list[tuple[int, int]]:
        """The places of the rows on the screen, from the top, and each one's line in the table."""
        first = max(0, round(self.scroll_offset.y))
        end = min(len(self.view), first + max(1, self.size.height - self._top))
        return [(place, place - first + self._top) for place in range(first, end)]

    @property
    def column_keys(self) -> tuple[str, ...]:
        """The keys of the columns that have room."""
        return tuple(column.key for column in self._columns.columns)

    def go_to(self, key: str) -> bool:
        """Put the cursor on the row with this key. False if it is not in the view."""
        number = self.source.index_of(key)
        place = place_of(number, self.view, bool(self.row_query.sorted_by), -1)
        if place >= 0:
            self.cursor = place
        return place >= 0

    # -- filter and sort ---------------------------------------------------------------------------

    def filter(self, words: str) -> None:
        """Show only rows that contain all the words; all rows for an empty string."""
        self.row_query = replace(self.row_query, words=words)
        self._choose(self.view[self.cursor] if 0 <= self.cursor < len(self.view) else "")

    def _choose(self, stay: str | int | None) -> None:
        """Find the rows to show: immediately where there are few, else in a thread.

        ``stay``: the row for the cursor, by its key or its number in the same source; None for the
        first row.
        """
        self._cancel.cancel()
        self._cancel = cancel = Cancellation()
        self._searcher = None
        source, query = self.source, self.row_query
        if len(source) <= QUICK or self._is_quick(query):
            self._accept(choose(source, query, cancel), stay)
            return
        self._stay = stay

        def search() -> Sequence[int] | None:
            try:
                return choose(source, query, cancel)
            except OperationCancelledError:
                return None  # of an error Textual's log would get a traceback, with a key's time

        self._searcher = self.run_worker(
            search,
            group="filter",
            exclusive=True,
            thread=True,
            exit_on_error=False,
        )
        self.refresh()

    def _is_quick(self, query: RowQuery) -> bool:
        """Whether the query does not look through the rows."""
        return not query.words and (not query.sorted_by or len(self.source) > SORTABLE)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Take the result of a long search, unless another one has started."""
        if event.worker is not self._searcher:
            return
        if event.state is WorkerState.SUCCESS and event.worker.result is not None:
            self._searcher = None
            self._accept(event.worker.result, self._stay)
        elif event.state is WorkerState.ERROR and event.worker.error is not None:
            self._searcher = None
            if isinstance(event.worker.error, Exception):
                self.empty = report.visible(str(as_explorer_error(event.worker.error)))
            self._accept((), None)

    def _accept(self, view: Sequence[int], stay: str | int | None) -> None:
        self.view = view
        here = 0 if self.row_query.words else min(self.cursor, max(0, len(view) - 1))
        number = self.source.index_of(stay) if isinstance(stay, str) else stay
        place = 0
        if stay is not None:
            place = place_of(number, view, bool(self.row_query.sorted_by), here)
        self._measure()
        self.refresh()
        self.cursor = place
        self.post_message(self.Changed(self))
        if self.view_changed is not None:
            self.view_changed()

    def sort_by(self, key: str, descending: bool = False) -> None:
        """Sort by a column; an empty key restores the source's own order."""
        if key and len(self.view) > SORTABLE:
            self.app.notify(
                f"Filter first: only up to {SORTABLE:,} rows can be sorted",
                severity="warning",
                markup=False,
            )
            return
        self.row_query = replace(self.row_query, sorted_by=key, descending=descending)
        self._choose(self.view[self.cursor] if 0 <= self.cursor < len(self.view) else "")

    def sort_on_click(self, column: Column) -> None:
        """Sort by a column, or reverse the sort by it."""
        query = self.row_query
        self.sort_by(column.key, column.key == query.sorted_by and not query.descending)

    def sort_next(self) -> None:
        """Sort by the column after the current one; after the last, restore the source's order."""
        keys = ["", *(column.key for column in self._columns.columns if column.title)]
        current = self.row_query.sorted_by
        self.sort_by(keys[(keys.index(current) + 1) % len(keys)] if current in keys else "")

    def reverse_sort(self) -> None:
        """Reverse the sort order."""
        if self.row_query.sorted_by:
            self.sort_by(self.row_query.sorted_by, not self.row_query.descending)

    # -- layout ------------------------------------------------------------------------------------

    def _measure(self) -> None:
        if self.source is NO_ROWS:
            self.virtual_size = self.region.size
            return  # the first frame is drawn before modules that make rows are imported
        self._fit()
        width = self._width()
        total = width if self._fits else max(width, self._columns.total + len(MARK))
        self.virtual_size = Size(total, len(self.view) + self._top)

    def _width(self) -> int:
        # The vertical scrollbar appears only after the size is set: reserve its cell before.
        bar = (
            self.styles.scrollbar_size_vertical
            if len(self.view) + self._top > self.region.height > 0
            else 0
        )
        return max(0, self.region.width - bar)

    def _fit(self) -> None:
        """Find the widths of the columns for the width of the table."""
        self._fitted = self.region.size
        if self._fits:
            room = self._width() - len(MARK)
            self._columns = fitting_columns(
                self.source, self.view, room, drops=self.drops, floor=self.floor
            )
        else:
            self._columns = scrolling(self.source, self.view)

    def on_resize(self) -> None:
        """Fit the columns to the width and keep the cursor in sight."""
        before = self._columns, self._top
        self._measure()
        if before != (self._columns, self._top):  # else its lines were drawn with the layout
            self.refresh()
        self._bring_into_sight()

    def watch_cursor(self, before: int, now: int) -> None:
        """Bring the cursor into sight and tell the screen. Only its two lines are redrawn."""
        self._bring_into_sight()
        row = self.row
        self._draw_rows(before, now)
        if row != self._announced or row is None:
            self._announced = row
            self.post_message(self.Highlighted(self, row))

    def update(self) -> None:
        """Draw the rows again: the source has other cells, but the same rows."""
        if self.row_query.words or self.row_query.sorted_by:
            self.show(self.source)
            return
        self._measure()
        self.refresh()
        if (row := self.row) != self._announced:
            self._announced = row
            self.post_message(self.Highlighted(self, row))

    def draw(self, keys: Collection[str]) -> None:
        """Redraw the rows with these keys that are on the screen: their cells have changed."""
        first = max(0, round(self.scroll_offset.y))
        self._draw_rows(
            *(first + n for n, row in enumerate(self.rows_in_sight()) if row.key in keys)
        )

    def _draw_rows(self, *places: int) -> None:
        """Redraw those of the view's rows that are on the screen."""
        for place in places:
            y = place + self._top - round(self.scroll_offset.y)
            if self._top <= y < self.size.height:
                self.refresh(Region(0, y, self.size.width, 1))

    def validate_cursor(self, value: int) -> int:
        """Keep the cursor inside the view."""
        return max(0, min(value, len(self.view) - 1))

    def reveal(self, place: int) -> None:
        """Put the cursor on a row of the view. If it was out of sight, what follows is in sight."""
        height = self.scrollable_content_region.height - self._top
        top = round(self.scroll_offset.y)
        self.cursor = place
        if height > 0 and not top <= self.cursor < top + height:
            self.scroll_to(y=max(0, self.cursor - 1), animate=False, force=True)

    def _bring_into_sight(self) -> None:
        height = self.scrollable_content_region.height - self._top
        if height <= 0:
            return
        top = round(self.scroll_offset.y)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    # -- drawing -----------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines for the width that the table has: its first frame comes before ``on_resize``."""
        if self._fitted != self.region.size and self.source is not NO_ROWS:
            self._fit()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        width = self.size.width
        row = self._style("row")
        if y < self._top:
            if not self._columns.shown:
                return Strip.blank(width, row)
            return self._header().crop_extend(scroll_x, scroll_x + width, row)
        place = y - self._top + scroll_y
        if place >= len(self.view):
            if self.view or y > self._top:
                return Strip.blank(width, row)
            return self._blank().crop_extend(0, width, row)
        # The highlight ends with the row: behind its last column there is nothing.
        return self._row(place).crop_extend(scroll_x, scroll_x + width, row)

    def _header(self) -> Strip:
        segments = [Segment(" " * len(MARK), self._style("header"))]
        for column, width in self._columns:
            if column.key == self.row_query.sorted_by:
                title, style = (
                    f"{column.title}{'▼' if self.row_query.descending else '▲'}",
                    self._style("sorted"),
                )
            else:
                title, style = column.title, self._style("header")
            segments.append(
                Segment(
                    report.pad(report.clip(title, width), width, column.align) + " " * GAP, style
                )
            )
        return Strip(segments)

    def _row(self, place: int) -> Strip:
        row = self.source.row(self.view[place])
        state: tuple[str, ...] = ()
        if place == self.cursor:
            state = ("cursor-focus" if self.has_focus else "cursor",)
        elif place == self._hover:
            state = ("hover",)
        plain = self._style("row", *state)
        segments = [Segment(MARK if place == self.cursor else " " * len(MARK), plain)]
        keys = {column.key: number for number, column in enumerate(self.source.columns)}
        cells = [(row.cells[keys[column.key]], width) for column, width in self._columns]
        columns = self._columns.columns
        covered = 0
        for number, (cell, width) in enumerate(cells):
            if covered:
                covered -= 1
                continue
            if cell.wide:
                free = list(takewhile(lambda each: not each[0].text, cells[number + 1 :]))
                covered = len(free)
                width += sum(GAP + each for _, each in free)
            style = self._style("row", *state, meaning=cell.style)
            column = columns[number]
            names = number == 0 or column.names_row
            shorten = report.clip_middle if names and self._fits else report.clip
            words = shorten(self._columns.words(column, cell, width), width)
            segments.append(Segment(report.pad(words, width, cell.align), style))
            segments.append(Segment(" " * GAP, plain))
        return Strip(segments)

    def _blank(self) -> Strip:
        if self._searcher is not None:
            message = "searching …"
        elif self.row_query.words and self.unmatched:
            message = self.unmatched
        elif self.row_query.words:
            words = report.visible(self.row_query.words)
            message = f"nothing matches “{words}”"
            if report.cell_width(message + self.way_back) + 2 <= self.size.width:
                message += self.way_back
        else:
            message = self.empty
        return Strip([Segment(f"  {message}", self._style("row", meaning="dim"))])

    # -- keys and mouse ----------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Move by one row."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Move by one page."""
        self.cursor += by * max(1, self.size.height - self._top - 1)

    def action_to(self, place: int) -> None:
        """Move to the first row, or for -1 to the last."""
        self.cursor = place if place >= 0 else len(self.view) - 1

    def action_select(self) -> None:
        """Open the row under the cursor."""
        if (row := self.row) is not None:
            self.post_message(self.Selected(self, row, self.view[self.cursor]))

    def on_click(self, event: events.Click) -> None:
        """A click on a title sorts, on a row moves the cursor, a second click opens the row."""
        if event.y < self._top:
            column = self._columns.at(event.x + round(self.scroll_offset.x) - len(MARK))
            if column is not None:
                self.sort_on_click(column)
            return
        place = event.y - self._top + round(self.scroll_offset.y)
        if place < len(self.view):
            if place == self.cursor and event.chain == 2:
                self.action_select()
            self.cursor = place

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Highlight the row under the mouse."""
        place = event.y - self._top + round(self.scroll_offset.y) if event.y >= self._top else -1
        if place != self._hover:
            before, self._hover = self._hover, place
            self._draw_rows(before, place)

    def on_leave(self) -> None:
        """Remove the highlight."""
        before, self._hover = self._hover, -1
        self._draw_rows(before)

    def on_focus(self) -> None:
        """Draw the cursor stronger."""
        self.refresh()

    def on_blur(self) -> None:
        """Draw the cursor weaker."""
        self.refresh()

    def cells(self) -> list[tuple[str, str]]:
        """Title and full text of each cell under the cursor, for copying."""
        return cells_of(self.row, self.source.columns) if self.row is not None else []
