"""A table with a cursor on a cell. The first column is fixed, the others scroll, in groups."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.strip import Strip

from explorer.tui.responsiveness.deferred_import import report
from explorer.tui.widgets.columns import ColumnLayout, fitting_text
from explorer.tui.widgets.table import MARK, Table

if TYPE_CHECKING:
    from explorer.report import Column

HEADER = 3
"""Lines above the rows: the group and a title in two parts. On a low screen the group stands
beside the title."""
LOW = 8
"""Lines of the widget up to which the screen counts as low."""
FIRST = 10
"""Cells that the first column always keeps: ``v2025.1.15``."""
GAP = 1
"""Cells between two columns, where brackets stand."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a column, as visible text."""

    group: str
    """Adjacent columns of the same group share one title."""
    upper: str
    lower: str


class Grid(Table):
    """Rows and columns of answers.

    The cell under the cursor is in brackets, so that colour is not the only cue.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "across(-1)", "left", show=False),
        Binding("right,l", "across(1)", "right", show=False),
        Binding("ctrl+home,ctrl+left", "edge(0)", "first column", show=False),
        Binding("ctrl+end,ctrl+right", "edge(-1)", "last column", show=False),
    ]
    HELP = (
        "↑ ↓ ← → (or h j k l) move from cell to cell, page up/down, home and end through the rows, "
        "ctrl+← and ctrl+→ to the first and the last column; enter opens the cell's file. "
        "/ filters the rows. y copies."
    )

    column: reactive[int] = reactive(0, always_update=True, repaint=False)
    """Number of the column under the cursor, without the fixed one."""

    class Moved(Table.TableMessage):
        """The cursor is on another cell."""

    def __init__(self, *, empty: str = "Nothing here", widget_id: str | None = None) -> None:
        super().__init__(fits=False, empty=empty, widget_id=widget_id)
        self._top = HEADER
        self.headings: Sequence[Heading] = ()
        """One for each column except the first."""

    # -- the cursor --------------------------------------------------------------------------------

    def action_across(self, by: int) -> None:
        """Move by one column."""
        self.column += by

    def action_edge(self, place: int) -> None:
        """Move to the first column, or for -1 to the last."""
        self.column = place if place >= 0 else len(self.headings) - 1

    def validate_column(self, value: int) -> int:
        """Keep the cursor inside the columns."""
        return max(0, min(value, len(self.headings) - 1))

    def watch_column(self) -> None:
        """Bring the cell into sight and tell the screen."""
        self._bring_into_sight()
        self.refresh(Region(0, 0, self.size.width, self._top))
        self._draw_rows(self.cursor)
        self.post_message(self.Moved(self))

    def watch_cursor(self, before: int, now: int) -> None:
        super().watch_cursor(before, now)
        self.post_message(self.Moved(self))

    def _spans(self) -> list[tuple[int, int]]:
        """Start and width of each column in the part that scrolls."""
        spans: list[tuple[int, int]] = []
        x = 0
        for _, width in self._columns.shown[1:]:
            spans.append((x, width))
            x += width + GAP
        return spans

    @property
    def _fixed(self) -> int:
        """Cells that do not scroll: the mark, the first column, and the gap for a bracket."""
        return len(MARK) + (self._columns.shown[0][1] + GAP if self._columns.shown else 0)

    def _bring_into_sight(self) -> None:
        super()._bring_into_sight()
        spans = self._spans()
        if not 0 <= self.column < len(spans):
            return
        left = round(self.scroll_offset.x)
        wanted = self._aligned(left)
        if wanted != left:
            # At once: put off, it would be applied to columns that have been measured again.
            self.scroll_to(x=wanted, animate=False, force=True, immediate=True)

    def _aligned(self, left: int) -> int:
        """How far to scroll, at most a little away from ``left``.

        The cursor's column is then in sight, and the leftmost one is not cut, whatever widths the
        columns had when the table was scrolled.
        """
        spans = self._spans()
        start, width = spans[self.column]
        whole = max(first for first, _ in spans if first <= max(0, left))
        if start <= whole:
            return start
        fits = start + width + 1 <= whole + self._room
        return whole if fits else self._left_of(self.column, self._room)

    @property
    def _room(self) -> int:
        """Cells of the part that scrolls."""
        return max(0, self.scrollable_content_region.width - self._fixed)

    def _left_of(self, column: int, room: int) -> int:
        """How far to scroll so that the column is in sight and the leftmost one is not cut."""
        spans = self._spans()
        start, width = spans[column]
        return next((left for left, _ in spans[:column] if left >= start + width + 1 - room), start)

    def columns_in_sight(self) -> range:
        """The numbers of the columns on the screen.

        One that does not fit at the right edge is not drawn, unless it is the only one.
        """
        left = round(self.scroll_offset.x)
        right = left + self._room
        spans = list(enumerate(self._spans()))
        visible = [number for number, (start, width) in spans if start < right]
        visible = [number for number in visible if sum(spans[number][1]) > left]
        if len(visible) > 1 and sum(spans[visible[-1]][1]) > right:
            visible.pop()
        return range(visible[0], visible[-1] + 1) if visible else range(0)

    def _measure(self) -> None:
        """Give each column its own width: arriving results must not move the columns."""
        self._top = HEADER if self.region.height > LOW else HEADER - 1
        shown = [(column, column.width) for column in self.source.columns]
        if shown:
            shown[0] = (shown[0][0], max(FIRST, min(shown[0][1], self.region.width // 3)))
            room = max(1, self.region.width - len(MARK) - shown[0][1] - 2 * GAP - 1)
            shown[1:] = [(column, min(width, room)) for column, width in shown[1:]]
        self._columns = ColumnLayout(tuple(shown), sum(width + GAP for _, width in shown))
        # The vertical scrollbar appears only after the size is set: reserve its cell before.
        bar = (
            self.styles.scrollbar_size_vertical
            if len(self.view) + self._top >= self.region.height
            else 0
        )
        width = max(0, self.region.width - bar)
        spans, room = self._spans(), width - self._fixed
        if spans and sum(spans[-1]) + 1 > room:
            width += self._left_of(len(spans) - 1, room)
        self.virtual_size = Size(width, len(self.view) + self._top)

    # -- drawing -----------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        place = y - self._top + self.scroll_offset.y
        if not self._columns.shown or (y >= self._top and place >= len(self.view)):
            return super().render_line(y)
        fixed, rest = self._heading(y) if y < self._top else self._cells(place)
        plain = self._style("row")
        left = round(self.scroll_offset.x)
        room = max(0, width - self._fixed)
        shown = self.columns_in_sight()
        end = sum(self._spans()[shown[-1]]) + GAP if shown else 0
        moving = Strip(rest).crop(left, min(end, left + room)).extend_cell_length(room, plain)
        if y + HEADER == self._top:
            fixed, moving = self._name_hidden(fixed, moving, shown)
        return Strip.join([Strip(fixed).crop_extend(0, min(width, self._fixed), plain), moving])

    def _name_hidden(
        self, fixed: list[Segment], moving: Strip, shown: range
    ) -> tuple[list[Segment], Strip]:
        """The line of groups, with the number of columns beyond each edge."""
        style = self._style("header")
        before, after = shown.start, len(self._columns.shown) - 1 - shown.stop
        if before:
            fixed = [Segment(f"{f'← {before} more':>{self._fixed - GAP}} ", style)]
        if after:
            words = f" {after} more →"
            room = max(0, self._room - len(words))  # the scrollbar covers the last cell
            names = moving.crop(0, room).text
            if re.fullmatch(r"\w\w", moving.text[room - 1 : room + 1]):
                names = re.sub(r"\w+$", "", names).ljust(room)
            moving = Strip([Segment(names, style), Segment(words, style)])
        return fixed, moving

    def _heading(self, y: int) -> tuple[list[Segment], list[Segment]]:
        style = self._style("header")
        line = y + HEADER - self._top
        if line == 0:
            return [Segment(" " * self._fixed, style)], self._groups(style)
        first, width = self._columns.shown[0]
        words = first.title if line == HEADER - 1 else ""
        if line == 1 and self._top < HEADER and 0 <= self.column < len(self.headings):
            words = self.headings[self.column].group
        fixed = [Segment(" " * len(MARK) + report.pad(report.clip(words, width), width), style)]
        cells: list[Segment] = []
        for number, ((_, width), heading) in enumerate(
            zip(self._columns.shown[1:], self.headings, strict=False)
        ):
            here = self._style("sorted") if number == self.column and self.has_focus else style
            words = heading.upper if line == 1 else heading.lower
            cells += [
                Segment(report.pad(report.clip(words, width), width), here),
                Segment(" " * GAP, style),
            ]
        return fixed, cells

    def _groups(self, style: RichStyle) -> list[Segment]:
        """Each group's title and a line over the columns of the group that are in sight."""
        segments: list[Segment] = []
        left = round(self.scroll_offset.x)
        start, spans = 0, self._spans()
        for number, heading in enumerate(self.headings[: len(spans)]):
            last = (
                number + 1 >= len(self.headings) or self.headings[number + 1].group != heading.group
            )
            if not last:
                continue
            width = spans[number][0] + spans[number][1] - spans[start][0]
            hidden = min(width, max(0, left - spans[start][0]))
            title = report.clip(heading.group, width - hidden)
            segments.append(
                Segment(
                    "─" * hidden + f"{title} ".ljust(width, "─")[: width - hidden]
                    if title
                    else " " * width,
                    style,
                )
            )
            segments.append(Segment(" " * GAP, style))
            start = number + 1
        return segments

    def _cells(self, place: int) -> tuple[list[Segment], list[Segment]]:
        row = self.source.row(self.view[place])
        at_cursor = place == self.cursor
        state = ("cursor",) if at_cursor else ("hover",) if place == self._hover else ()
        focus = "cursor-focus" if self.has_focus else "cursor"
        plain = self._style("row", *state)
        (_, width), *others = self._columns.shown
        name = report.pad(report.clip_middle(row.cells[0].text, width), width)
        fixed = [
            Segment(MARK if at_cursor else " " * len(MARK), plain),
            Segment(name, self._style("row", *state, meaning=row.cells[0].style)),
        ]
        marked = self._style("row", focus)
        at_edge = (
            at_cursor
            and self.column < len(others)
            and self._spans()[self.column][0] == round(self.scroll_offset.x)
        )
        fixed.append(Segment("[", marked) if at_edge else Segment(" ", plain))
        cells: list[Segment] = []
        for number, ((_, width), cell) in enumerate(zip(others, row.cells[1:], strict=False)):
            here = at_cursor and number == self.column
            style = self._style("row", *((focus,) if here else state), meaning=cell.style)
            cells.append(
                Segment(
                    report.pad(report.clip(fitting_text(cell, width), width), width, cell.align),
                    style,
                )
            )
            after = "]" if here else "[" if at_cursor and number + 1 == self.column else " "
            cells.append(Segment(after, plain if after == " " else marked))
        return fixed, cells

    # -- mouse -------------------------------------------------------------------------------------

    def _column_at(self, x: int) -> int:
        """The column at this cell of the widget; -1 for the fixed one and behind the last."""
        if x < self._fixed:
            return -1
        x += round(self.scroll_offset.x) - self._fixed
        return next(
            (
                number
                for number, (start, width) in enumerate(self._spans())
                if start <= x < start + width + GAP
            ),
            -1,
        )

    def on_click(self, event: events.Click) -> None:
        """A click on a title sorts, on a cell moves the cursor, a second click opens the cell."""
        event.prevent_default()  # the table's own handler knows only rows
        number = self._column_at(event.x)
        if event.y < self._top:
            column = self._title(number, event.x)
            if column is not None:
                self.sort_on_click(column)
            return
        place = event.y - self._top + round(self.scroll_offset.y)
        if place >= len(self.view):
            return
        if place == self.cursor and number in (self.column, -1) and event.chain == 2:
            self.action_select()
        self.cursor = place
        if number >= 0:
            self.column = number

    def _title(self, number: int, x: int) -> Column | None:
        if number >= 0:
            return self._columns.columns[number + 1]
        return self._columns.columns[0] if x < self._fixed and self._columns.shown else None
