"""Tables and banners as data, and back. A door of ``report`` that imports nothing else of it.

What comes back is checked like any untrusted file: it makes cells, which are safe, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from explorer.report.cells import Align, Banner, Cell, Column, Row, Style

MOST_ROWS = 2000
_LONGEST = 4096
"""Characters of one text."""
_STYLES = frozenset(get_args(Style))
_ALIGNS = frozenset(get_args(Align))


def cell_data(cell: Cell) -> list[object]:
    """A cell as a list; what it leaves open is not in it."""
    data: list[object] = [cell.text, cell.style, cell.align, cell.sort, cell.short]
    for usual in ("", None, "left", ""):
        if data[-1] != usual:
            break
        data.pop()
    return data


def cell_from(data: Any) -> Cell:
    """The cell that ``cell_data`` made a list of.

    Raises:
        ValueError, TypeError: it is not one.
    """
    _expect(type(data) is list and all(type(each) is str for each in (*data[:3], *data[4:])))
    _expect(len(data) < 2 or data[1] in _STYLES)
    _expect(len(data) < 3 or data[2] in _ALIGNS)
    _expect(len(data) < 4 or data[3] is None or type(data[3]) in (str, int, float))
    _expect(len(data[0]) <= _LONGEST)
    return Cell(*data)


def table_data(columns: Sequence[Column], rows: Sequence[Row]) -> dict[str, object]:
    """A table as data."""
    return {
        "columns": [[c.key, c.title, c.align, c.width, c.grows, c.names_row] for c in columns],
        "rows": [[row.key, *map(cell_data, row.cells)] for row in rows],
    }


def table_from(data: Any) -> tuple[tuple[Column, ...], tuple[Row, ...]]:
    """The columns and rows of ``table_data``.

    Raises:
        ValueError, TypeError, KeyError: it is not a table.
    """
    columns = tuple(_column(*column) for column in data["columns"])
    rows = tuple(_row(key, cells, len(columns)) for key, *cells in data["rows"])
    _expect(len(columns) > 0 and len(rows) <= MOST_ROWS)
    return columns, rows


def _column(key: Any, title: Any, align: Any, width: Any, grows: Any, names_row: Any) -> Column:
    _expect(type(key) is type(title) is str and align in _ALIGNS)
    _expect(type(width) is int and 0 <= width <= 200 and type(grows) is type(names_row) is bool)
    return Column(key, Cell(title).text, align, width, grows, names_row)


def _row(key: Any, cells: Sequence[Any], count: int) -> Row:
    _expect(type(key) is str and len(cells) == count)
    return Row(key, tuple(map(cell_from, cells)))


def banner_data(banner: Banner) -> list[object]:
    """A banner as data."""
    parts = (banner.headline, banner.because, banner.evidence, banner.remedy, banner.proof)
    notes = [cell_data(note) for note in banner.notes]
    return [[cell_data(cell) for cell in parts], notes, list(banner.ways)]


def banner_from(data: Any) -> Banner:
    """The banner that ``banner_data`` was given.

    Raises:
        ValueError, TypeError: it is not one.
    """
    parts, notes, ways = data
    _expect(type(ways) is list and all(type(end) is int for end in ways))
    headline, because, evidence, remedy, proof = map(cell_from, parts)
    cells = tuple(map(cell_from, notes))
    return Banner(headline, because, evidence, remedy, proof, cells, tuple(ways))


def text_from(data: Any) -> str:
    """A line of text, made visible.

    Raises:
        ValueError: it is not text.
    """
    _expect(type(data) is str and len(data) <= _LONGEST)
    return Cell(data).text


def _expect(ok: bool) -> None:
    if not ok:
        raise ValueError("not what was kept")
