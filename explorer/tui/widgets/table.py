"""The one table of the app. It draws what is on the screen and nothing else: a million rows open at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.worker import Worker, WorkerState

from explorer.errors import ExplorerError
from explorer.progress import Cancellation
from explorer.tui.late import report
from explorer.tui.rows import NO_ROWS, QUICK, SORTABLE, RowSource, Wish, cells_of, choose, place_of
from explorer.tui.widgets.columns import GAP, ColumnLayout, fit
from explorer.tui.widgets.styled import Styled

if TYPE_CHECKING:
    from explorer.report import Row

MARK = "› "
"""Before the row under the cursor, so that colour is not the only cue."""


class Table(Styled, can_focus=True):
    """Rows under a fixed header, with a cursor, a filter and an order."""

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
        Binding("enter", "select", "open", show=True, tooltip="Open what is highlighted"),
    ]
    HELP = (
        "↑ ↓ move, page up/down, home and end; enter opens the row. / filters, s sorts by the next column, S turns the order "
        "round; a click on a column's title sorts by it. y copies."
    )

    cursor: reactive[int] = reactive(0, always_update=True, repaint=False)

    class About(Message):
        """Something about a table."""

        def __init__(self, table: Table) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> Table:
            """The table, for ``@on`` with a selector."""
            return self.table

    class Highlighted(About):
        """The cursor stands on another row, or on another content of it."""

        def __init__(self, table: Table, row: Row | None) -> None:
            super().__init__(table)
            self.row = row

    class Selected(About):
        """Enter, or a second click on the row under the cursor."""

        def __init__(self, table: Table, row: Row) -> None:
            super().__init__(table)
            self.row = row

    class Changed(About):
        """The view has changed: other rows, filter or order."""

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
        """``fits``: columns share the width; else the table scrolls sideways. ``drops``: keys of columns left out first.

        ``floor``: cells a growing column keeps as long as another can be left out.
        """
        super().__init__(id=widget_id)
        self._top = 1 if header else 0
        """Lines taken by the header."""
        self._fits = fits
        self._drops = tuple(drops)
        self.floor = floor
        if fits:
            self.styles.overflow_x = "hidden"
        self.empty = empty
        """What an empty table says: visible words, drawn as they are."""
        self.source: RowSource = NO_ROWS
        self.view: Sequence[int] = range(0)
        self.wish = Wish()
        self._searcher: Worker[Sequence[int]] | None = None
        self._stay: str | int | None = None
        self._columns = ColumnLayout((), 0)
        self._hover = -1
        self._cancel = Cancellation()
        self._announced: Row | None = None

    # -- rows ---------------------------------------------------------------------------------------------------------

    def show(self, source: RowSource, keep: bool = True) -> None:
        """Show other rows; with ``keep`` the cursor stays on the row with the same key, else it goes to the first."""
        key = row.key if keep and (row := self.row) is not None else None
        self.source = source
        self._choose(key if key is not None else "" if keep else None)

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return (
            self.source.row(self.view[self.cursor]) if 0 <= self.cursor < len(self.view) else None
        )

    def rows_in_sight(self) -> list[Row]:
        """The rows on the screen, from the top."""
        first = max(0, round(self.scroll_offset.y))
        return [
            self.source.row(self.view[index])
            for index in range(
                first, min(len(self.view), first + max(1, self.size.height - self._top))
            )
        ]

    def go_to(self, key: str) -> bool:
        """Put the cursor on the row with this key; False where it is not in the view."""
        for place, index in enumerate(self.view):
            if self.source.row(index).key == key:
                self.cursor = place
                return True
        return False

    # -- filter and order ---------------------------------------------------------------------------------------------

    def filter(self, words: str) -> None:
        """Show only rows that hold all the words; none shows everything."""
        self.wish = replace(self.wish, words=words)
        self._choose(self.view[self.cursor] if 0 <= self.cursor < len(self.view) else "")

    def _choose(self, stay: str | int | None) -> None:
        """Find the rows to show: at once where there are few, else in a thread.

        ``stay``: the key or, of the same source, the number of the row on which the cursor shall stand; None for the first.
        """
        self._cancel.cancel()
        self._cancel = cancel = Cancellation()
        self._searcher = None
        source, wish = self.source, self.wish
        if len(source) <= QUICK or wish == Wish() or not (wish.words or len(source) <= SORTABLE):
            self._accept(choose(source, wish, cancel), stay)
            return
        self._stay = stay
        self._searcher = self.run_worker(
            lambda: choose(source, wish, cancel),
            group="filter",
            exclusive=True,
            thread=True,
            exit_on_error=False,
        )
        self.refresh()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Take the result of a long search, unless another one has begun."""
        if event.worker is not self._searcher:
            return
        if event.state is WorkerState.SUCCESS and event.worker.result is not None:
            self._searcher = None
            self._accept(event.worker.result, self._stay)
        elif event.state is WorkerState.ERROR and event.worker.error is not None:
            self._searcher = None
            self._accept((), None)
            if not isinstance(event.worker.error, ExplorerError):
                raise event.worker.error
            self.empty = report.visible(str(event.worker.error))

    def _accept(self, view: Sequence[int], stay: str | int | None) -> None:
        self.view = view
        here = 0 if self.wish.words else min(self.cursor, max(0, len(view) - 1))
        place = 0 if stay is None else here
        if isinstance(stay, int):
            place = place_of(stay, self.view, bool(self.wish.sorted_by), here)
        elif stay and len(view) <= QUICK:
            place = next(
                (n for n, index in enumerate(view) if self.source.row(index).key == stay), here
            )
        self._measure()
        self.cursor = place
        self.post_message(self.Changed(self))

    def sort_by(self, key: str, descending: bool = False) -> None:
        """Order by a column; an empty key goes back to the source's own order."""
        if key and len(self.view) > SORTABLE:
            self.app.notify(
                f"Filter first: more than {SORTABLE:,} rows are not sorted",
                severity="warning",
                markup=False,
            )
            return
        self.wish = replace(self.wish, sorted_by=key, descending=descending)
        self._choose(self.view[self.cursor] if 0 <= self.cursor < len(self.view) else "")

    def sort_next(self) -> None:
        """Order by the column after the one it is ordered by; after the last one, as the source has it."""
        keys = ["", *(column.key for column in self._columns.columns if column.title)]
        self.sort_by(
            keys[(keys.index(self.wish.sorted_by) + 1) % len(keys)]
            if self.wish.sorted_by in keys
            else ""
        )

    def sort_turn(self) -> None:
        """Turn the order round."""
        if self.wish.sorted_by:
            self.sort_by(self.wish.sorted_by, not self.wish.descending)

    # -- layout -------------------------------------------------------------------------------------------------------

    def _measure(self) -> None:
        if self.source is NO_ROWS:
            self.virtual_size = self.region.size
            self.refresh()
            return  # the first frame, which does without what draws rows
        # The vertical scrollbar only appears after the size is known: count with it where it will.
        bar = (
            self.styles.scrollbar_size_vertical
            if len(self.view) + self._top > self.region.height > 0
            else 0
        )
        width = max(0, self.region.width - bar)
        self._columns = fit(
            self.source,
            self.view,
            width - len(MARK),
            fits=self._fits,
            drops=self._drops,
            floor=self.floor,
        )
        total = width if self._fits else max(width, self._columns.total + len(MARK))
        self.virtual_size = Size(total, len(self.view) + self._top)
        self.refresh()

    def on_resize(self) -> None:
        """Other width, other columns; and the cursor stays in sight where the height has changed."""
        self._measure()
        self._bring_into_sight()

    def watch_cursor(self, before: int, now: int) -> None:
        """Bring the cursor into sight and tell the screen. Only its two lines are drawn anew: a matrix full of cells takes 20 ms."""
        self._bring_into_sight()
        row = self.row
        self._draw_rows(before, now)
        if row != self._announced or row is None:
            self._announced = row
            self.post_message(self.Highlighted(self, row))

    def draw(self, keys: Collection[str]) -> None:
        """Draw the rows with these keys anew, those of them that are on the screen: their source has other cells now."""
        first = max(0, round(self.scroll_offset.y))
        self._draw_rows(
            *(first + n for n, row in enumerate(self.rows_in_sight()) if row.key in keys)
        )

    def _draw_rows(self, *places: int) -> None:
        """Draw rows of the view anew, those of them that are on the screen."""
        for place in places:
            y = place + self._top - round(self.scroll_offset.y)
            if self._top <= y < self.size.height:
                self.refresh(Region(0, y, self.size.width, 1))

    def validate_cursor(self, value: int) -> int:
        """Never outside the view."""
        return max(0, min(value, len(self.view) - 1))

    def _bring_into_sight(self) -> None:
        height = self.scrollable_content_region.height - self._top
        if height <= 0:
            return
        top = round(self.scroll_offset.y)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    # -- drawing ------------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        width = self.size.width
        base = self.rich_style
        if y < self._top:
            if not self._columns.shown:
                return Strip.blank(width, base)
            return self._header().crop_extend(scroll_x, scroll_x + width, base)
        place = y - self._top + scroll_y
        if place >= len(self.view):
            if self.view or y > self._top:
                return Strip.blank(width, base)
            return self._blank().crop_extend(0, width, base)
        return self._row(place).crop_extend(scroll_x, scroll_x + width, self._row_style(place))

    def _header(self) -> Strip:
        segments = [Segment(" " * len(MARK), self._style("header"))]
        for column, width in self._columns:
            if column.key == self.wish.sorted_by:
                title, style = (
                    f"{column.title}{'▼' if self.wish.descending else '▲'}",
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

    def _row_style(self, place: int) -> RichStyle:
        if place == self.cursor and 0 <= place < len(self.view):
            return self._style("row", "cursor-focus" if self.has_focus else "cursor")
        return (
            self._style("row", "hover")
            if place == self._hover and place < len(self.view)
            else self._style("row")
        )

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
        for number, (column, width) in enumerate(self._columns):
            cell = row.cells[keys[column.key]]
            style = self._style("row", *state, meaning=cell.style)
            shorten = report.clip_middle if number == 0 and self._fits else report.clip
            words = cell.short if cell.short and report.cell_width(cell.text) > width else cell.text
            segments.append(Segment(report.pad(shorten(words, width), width, cell.align), style))
            segments.append(Segment(" " * GAP, plain))
        return Strip(segments)

    def _blank(self) -> Strip:
        if self._searcher is not None:
            message = "searching …"
        elif self.wish.words:
            message = (
                f"nothing matches “{report.visible(self.wish.words)}”; escape clears the filter"
            )
        else:
            message = self.empty
        return Strip([Segment(f"  {message}", self._style("row", meaning="dim"))])

    # -- keys and mouse -----------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """One row up or down."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """One screenful up or down."""
        self.cursor += by * max(1, self.size.height - self._top - 1)

    def action_to(self, place: int) -> None:
        """To the first row, or to the last."""
        self.cursor = place if place >= 0 else len(self.view) - 1

    def action_select(self) -> None:
        """Open the row under the cursor."""
        if (row := self.row) is not None:
            self.post_message(self.Selected(self, row))

    def on_click(self, event: events.Click) -> None:
        """A title sorts, a row takes the cursor, the row under the cursor opens."""
        if event.y < self._top:
            column = self._columns.at(event.x + round(self.scroll_offset.x) - len(MARK))
            if column is not None:
                self.sort_by(
                    column.key, column.key == self.wish.sorted_by and not self.wish.descending
                )
            return
        place = event.y - self._top + round(self.scroll_offset.y)
        if place < len(self.view):
            if place == self.cursor and event.chain == 2:
                self.action_select()
            self.cursor = place

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the mouse."""
        place = event.y - self._top + round(self.scroll_offset.y) if event.y >= self._top else -1
        if place != self._hover:
            before, self._hover = self._hover, place
            self._draw_rows(before, place)

    def on_leave(self) -> None:
        """The mouse has gone."""
        before, self._hover = self._hover, -1
        self._draw_rows(before)

    def on_focus(self) -> None:
        """The cursor is drawn stronger."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor is drawn weaker."""
        self.refresh()

    def cells(self) -> list[tuple[str, str]]:
        """Title and full text of each cell under the cursor, for copying."""
        return cells_of(self.row, self.source.columns) if self.row is not None else []
