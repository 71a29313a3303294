"""How wide the columns are: what fits is shown, what matters least goes first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.tui.late import report
from explorer.tui.rows import RowSource

if TYPE_CHECKING:
    from explorer.report import Column

GAP = 2
"""Cells between two columns."""
SAMPLE = 200
"""Rows that are measured: more than a screenful; a wider cell further down is cut."""
WIDEST = 400
FAIR = 20
"""Cells that a column which does not grow keeps at least, where it is cut at all."""


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """The columns that are shown, each with its width in cells."""

    shown: tuple[tuple[Column, int], ...]
    total: int

    def __iter__(self) -> Iterator[tuple[Column, int]]:
        return iter(self.shown)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Without their widths."""
        return tuple(column for column, _ in self.shown)

    def at(self, x: int) -> Column | None:
        """The column at this cell, counted from the first column's left edge."""
        for column, width in self.shown:
            if 0 <= x < width:
                return column
            x -= width + GAP
        return None


def natural_widths(source: RowSource, view: Sequence[int]) -> dict[str, int]:
    """The width each column would like, from its title, its wish and a sample of its cells."""
    widths = {
        column.key: max(column.width, report.cell_width(column.title) + 1)
        for column in source.columns
    }
    half = SAMPLE // 2
    sample = view if len(view) <= SAMPLE else (*view[:half], *view[-half:])
    for index in sample:
        row = source.row(index)
        for column, cell in zip(source.columns, row.cells, strict=False):
            widths[column.key] = min(WIDEST, max(widths[column.key], report.cell_width(cell.text)))
    return widths


def fit(
    source: RowSource,
    view: Sequence[int],
    room: int,
    *,
    fits: bool,
    drops: Sequence[str],
    floor: int,
) -> ColumnLayout:
    """Give each column its width. Where it does not fit: squeeze what grows, then leave out ``drops``, then squeeze all.

    ``floor``: cells below which a growing column is not squeezed as long as another one can be left out.
    """
    columns = list(source.columns)
    widths = natural_widths(source, view)

    def needed() -> int:
        return sum(widths[column.key] for column in columns) + GAP * max(0, len(columns) - 1)

    if not fits:
        return ColumnLayout(
            tuple((column, widths[column.key]) for column in columns), needed() + GAP
        )

    def least() -> int:
        return sum(
            min(floor, widths[c.key]) if c.grows else widths[c.key] for c in columns
        ) + GAP * max(0, len(columns) - 1)

    for key in drops:
        if least() <= room:
            break
        columns = [column for column in columns if column.key != key]
    growing = [column for column in columns if column.grows] or columns[:1]
    if needed() > room:  # one endless value must not take the room of what it belongs to
        for column in columns:
            if not column.grows:
                widths[column.key] = min(widths[column.key], max(FAIR, room * 2 // 5))
    spare = room - needed()
    if spare > 0 and growing:
        widths[growing[-1].key] += spare
    while needed() > room and growing:
        widest = max(growing, key=lambda column: widths[column.key])
        if widths[widest.key] <= 3:
            if growing == columns:
                break
            growing = columns
            continue
        widths[widest.key] -= 1
    return ColumnLayout(tuple((column, widths[column.key]) for column in columns), needed())
