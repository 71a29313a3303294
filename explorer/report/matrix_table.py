"""The matrix for a terminal of some width: what fits beside each other, and what is left out or put below, said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explorer.report.cells import EMPTY, Cell, Column, Row
from explorer.report.matrix import (
    CACHED,
    PUBLISHED,
    PUBLISHED_SHORT,
    matrix_columns,
    matrix_legend,
    matrix_row,
)
from explorer.report.text import cell_width
from explorer.workbench import Matrix

GAP = 2
"""Cells between two columns."""
_SHORT = {
    PUBLISHED: PUBLISHED_SHORT,
    "? unknown": "?",
    "◐ yes-if": "◐ if",
    "↳ unknown": "↳ ?",
    "↳ yes-if": "↳ if",
}
_WORDS = ("full", "named", "short")
"""How a cell is written: with its words; with glyphs, but naming the file that serves; with glyphs alone."""


@dataclass(frozen=True, slots=True)
class MatrixTable:
    """One table: ``heads`` are the lines above the rows, in the columns' order."""

    columns: tuple[Column, ...]
    heads: tuple[tuple[Cell, ...], ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class MatrixTables:
    """What to draw, and the sentences below it."""

    tables: tuple[MatrixTable, ...]
    legend: tuple[str, ...]


def matrix_tables(matrix: Matrix, room: int | None, everything: bool = False) -> MatrixTables:
    """The matrix in ``room`` cells of width (None: as wide as it likes).

    Where it does not fit it gives way in this order: the words of a cell, the plugin's columns (kept with ``everything``,
    in a table of their own), the date, and at last one table below the other.
    """
    every = list(range(len(matrix.columns)))
    if room is None:
        wide = [matrix_row(matrix, row, full=True) for row in matrix.rows]
        heads = (tuple(Cell(column.title, "dim") for column in matrix_columns(matrix)),)
        return MatrixTables(
            (MatrixTable(matrix_columns(matrix), heads, tuple(wide)),), _legend(matrix, wide)
        )
    for words in _WORDS:
        table = _table(matrix, every, words, dated=True)
        if _width(table) <= room:
            return MatrixTables((table,), _legend(matrix, table.rows))
    plugins = [n for n in every if matrix.columns[n].kind.value == "plugin"]
    others = [n for n in every if n not in plugins]
    groups = [
        group for group in ((others, plugins) if everything else (others or plugins,)) if group
    ]
    tables = tuple(table for group in groups for table in _folded(matrix, group, room))
    legend = _legend(matrix, [row for table in tables for row in table.rows])
    if plugins and others and not everything:
        legend = (
            *legend,
            "the plugin's columns are left out: --all shows them, and so does a wider terminal",
        )
    return MatrixTables(tables, legend)


def _folded(matrix: Matrix, numbers: Sequence[int], room: int) -> list[MatrixTable]:
    """Some columns in one table if they fit, else in as few as it takes."""
    for words, dated in (*((words, True) for words in _WORDS), ("short", False)):
        table = _table(matrix, numbers, words, dated)
        if _width(table) <= room:
            return [table]
    done: list[MatrixTable] = []
    rest = list(numbers)
    while rest:
        count = len(rest)
        while count > 1 and _width(_table(matrix, rest[:count], "short", dated=False)) > room:
            count -= 1
        done.append(_table(matrix, rest[:count], "short", dated=False))
        rest = rest[count:]
    return done


def _table(matrix: Matrix, numbers: Sequence[int], words: str, dated: bool) -> MatrixTable:
    """Some of the platforms; titles on two lines, so that a column is no wider than ``arm64``."""
    fixed = 2 if dated else 1
    columns = matrix_columns(matrix)
    chosen = (*columns[:fixed], *(columns[2 + n] for n in numbers))
    halves = [matrix.columns[n].title.partition("-") for n in numbers]
    heads = [
        (EMPTY,) * fixed + tuple(Cell(first, "dim") for first, _, _ in halves),
        tuple(Cell(column.title, "dim") for column in columns[:fixed])
        + tuple(Cell(second, "dim") for _, _, second in halves),
    ]
    plugin = [matrix.columns[n].kind.value == "plugin" for n in numbers]
    if any(plugin):
        first = plugin.index(True)
        heads.insert(
            0,
            (EMPTY,) * fixed
            + tuple(Cell("plugin" if n == first else "", "dim") for n in range(len(numbers))),
        )
    rows = []
    for row in matrix.rows:
        cells = matrix_row(matrix, row, full=words != "short").cells
        picked = (*cells[:fixed], *(cells[2 + n] for n in numbers))
        rows.append(
            Row(
                row.release.tag,
                picked if words == "full" else tuple(_short(cell) for cell in picked),
            )
        )
    return MatrixTable(tuple(chosen), tuple(heads), tuple(rows))


def _short(cell: Cell) -> Cell:
    bare = cell.text.removesuffix(CACHED)
    return (
        Cell(_SHORT[bare] + cell.text[len(bare) :], cell.style, sort=cell.sort)
        if bare in _SHORT
        else cell
    )


def _width(table: MatrixTable) -> int:
    lines = [*table.heads, *(row.cells for row in table.rows)]
    widths = [
        max(cell_width(line[place].text) for line in lines) for place in range(len(table.columns))
    ]
    return sum(widths) + GAP * (len(widths) - 1)


def _legend(matrix: Matrix, rows: Sequence[Row]) -> tuple[str, ...]:
    return matrix_legend(matrix, [cell for row in rows for cell in row.cells])
