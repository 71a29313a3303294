"""How wide the columns of a table are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.tui.responsiveness.deferred_import import report
from explorer.tui.rows import RowSource

if TYPE_CHECKING:
    from explorer.report import Cell, Column, Row, Style

GAP = 2
"""Cells between two columns."""
SAMPLE = 200
"""Rows that are measured, half of them at each end. A wider cell elsewhere is shortened."""
WIDEST = 400
NARROWEST = 3
"""Cells that a column keeps in any case."""
SHORT_FORMS = "short forms"
"""Not a column's key: see ``fitting_columns``."""
FAIR = 20
"""Cells that a column keeps at least: one that grows before it is left out, one that does not where
it has to be shortened."""


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """The columns that are shown, each with its width in cells."""

    shown: tuple[tuple[Column, int], ...]
    total: int
    short: frozenset[tuple[str, Style, str]] = frozenset()
    """Columns' keys, and cells' styles and beginnings: such cells show their short forms."""

    def __iter__(self) -> Iterator[tuple[Column, int]]:
        return iter(self.shown)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns without their widths."""
        return tuple(column for column, _ in self.shown)

    def at(self, x: int) -> Column | None:
        """The column at this cell, counted from the first column's left edge."""
        for column, width in self.shown:
            if 0 <= x < width:
                return column
            x -= width + GAP
        return None

    def words(self, column: Column, cell: Cell, width: int) -> str:
        """What a cell shows that is ``width`` cells wide."""
        if cell.short and (column.key, cell.style, _left_out(cell)) in self.short:
            return cell.short
        return fitting_text(cell, width)


def fitting_text(cell: Cell, width: int) -> str:
    """The cell's text, or its short form where the text is wider than ``width`` cells."""
    return cell.short if cell.short and report.cell_width(cell.text) > width else cell.text


def _left_out(cell: Cell) -> str:
    """The beginning of a name up to what follows the mark in its short form."""
    return cell.text.removesuffix(cell.short.rpartition("…")[2])


def natural_widths(
    source: RowSource, view: Sequence[int], *, short: bool = False
) -> dict[str, int]:
    """The width of each column's title and of a sample of its cells, by the column's key.

    With ``short``, of the cells' short forms.
    """
    widths = {
        column.key: max(column.width, report.cell_width(column.title) + 1)
        for column in source.columns
    }
    for row in _sample(source, view):
        for column, cell in zip(source.columns, row.cells, strict=False):
            if cell.wide:
                continue
            text = (short and cell.short) or cell.text
            widths[column.key] = min(WIDEST, max(widths[column.key], report.cell_width(text)))
    return widths


def _sample(source: RowSource, view: Sequence[int]) -> Iterator[Row]:
    half = SAMPLE // 2
    sample = view if len(view) <= SAMPLE else (*view[:half], *view[-half:])
    return map(source.row, sample)


def scrolling(source: RowSource, view: Sequence[int]) -> ColumnLayout:
    """All columns in their natural width, for a table that scrolls sideways."""
    widths = natural_widths(source, view)
    shown = tuple((column, widths[column.key]) for column in source.columns)
    return ColumnLayout(shown, _total(source.columns, widths) + GAP)


def fitting_columns(
    source: RowSource, view: Sequence[int], room: int, *, drops: Sequence[str], floor: int
) -> ColumnLayout:
    """Columns that fit into ``room`` cells.

    Where room is short, columns that grow are shortened to ``floor`` cells, then the ``drops`` are
    left out one by one, one that grows only where fewer cells do not help, then all columns are
    shortened. ``SHORT_FORMS`` among the drops: from there on, cells show their short forms. Where
    one name needs its short form, all names of its style and beginning show theirs.
    """
    widths, columns, floor = _without_drops(source, view, room, drops, floor)
    if _total(columns, widths) > room:
        _share(columns, widths, room, floor)
    growing = [column for column in columns if column.grows] or columns[:1]
    spare = room - _total(columns, widths)
    if spare > 0 and growing:
        widths[growing[-1].key] += spare
    _shorten(columns, growing, widths, room)
    shown = tuple((column, widths[column.key]) for column in columns)
    return ColumnLayout(shown, _total(columns, widths), _short_names(source, view, widths))


def _short_names(
    source: RowSource, view: Sequence[int], widths: dict[str, int]
) -> frozenset[tuple[str, Style, str]]:
    return frozenset(
        (column.key, cell.style, _left_out(cell))
        for row in _sample(source, view)
        for column, cell in zip(source.columns, row.cells, strict=False)
        if column.names_row and cell.short and report.cell_width(cell.text) > widths[column.key]
    )


def _total(columns: Sequence[Column], widths: dict[str, int]) -> int:
    """Cells that the columns take, with the gaps between them."""
    return sum(widths[column.key] for column in columns) + GAP * max(0, len(columns) - 1)


def _least(columns: Sequence[Column], widths: dict[str, int], floor: int) -> dict[str, int]:
    """The widths, with columns that grow no wider than ``floor``."""
    return {c.key: min(floor, widths[c.key]) if c.grows else widths[c.key] for c in columns}


def _without_drops(
    source: RowSource, view: Sequence[int], room: int, drops: Sequence[str], floor: int
) -> tuple[dict[str, int], list[Column], int]:
    """Widths by key, the columns without as many of ``drops`` as it takes to fit, the new floor."""
    kept = list(source.columns)
    growing = {column.key for column in kept if column.grows}
    widths = natural = natural_widths(source, view)
    for key in drops:
        if _total(kept, _least(kept, widths, floor)) <= room:
            break
        if key in growing and _total(kept, _least(kept, widths, min(floor, FAIR))) <= room:
            floor = min(floor, FAIR)
            break
        kept = [column for column in kept if column.key != key or column.names_row]
        if key == SHORT_FORMS:
            widths = natural_widths(source, view, short=True)
    for column in kept:  # what is left over gives cells their full text back
        spare = room - _total(kept, widths)
        if spare > 0 and not column.grows:
            widths[column.key] = min(natural[column.key], widths[column.key] + spare)
    return widths, kept, floor


def _share(columns: Sequence[Column], widths: dict[str, int], room: int, floor: int) -> None:
    """Leave room beside one endless value; what the others do not need, it gets back.

    What names a row may leave the others no more than their floor.
    """
    wanted = dict(widths)
    least = _least(columns, widths, floor)
    firm = [column for column in columns if not column.grows]
    for column in firm:
        share = room * 2 // 5
        if column.names_row:
            share = max(room // 2, room - _total(columns, least) + least[column.key])
        widths[column.key] = min(widths[column.key], max(FAIR, share))
    for column in firm:
        spare = room - _total(columns, widths)
        if spare > 0:
            widths[column.key] = min(wanted[column.key], widths[column.key] + spare)


def _shorten(
    columns: Sequence[Column], growing: Sequence[Column], widths: dict[str, int], room: int
) -> None:
    """Shorten the widest of the growing columns cell by cell; then the widest of all."""
    excess = _total(columns, widths) - room
    for candidates in (growing, columns):
        while excess > 0 and candidates:
            widest = max(candidates, key=lambda column: widths[column.key])
            if widths[widest.key] <= NARROWEST:
                break
            widths[widest.key] -= 1
            excess -= 1
