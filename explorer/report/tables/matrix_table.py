"""The matrix on a terminal of some width: what fits, what is left out, and what goes below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explorer.report.cells import EMPTY, Cell, Column, Row
from explorer.report.tables.marks import Mark, MarkForm, matrix_legend
from explorer.report.tables.matrix import fixed_columns, marks_of, matrix_columns, matrix_row
from explorer.report.text import cell_width
from explorer.workbench import Matrix, Role

GAP = 2
"""Cells between two columns."""
_FORMS = (MarkForm.FULL, MarkForm.NAMED, MarkForm.SHORT)
"""From the widest to the narrowest."""


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

    If it does not fit, it loses, in this order: the words of a cell, the plugin's columns (with
    ``everything`` they get a table of their own), the date and what vouches for
    a release; at last there are several tables.
    """
    every = list(range(len(matrix.columns)))
    marks = [marks_of(matrix, row) for row in matrix.rows]
    if room is None:
        return _unbounded(matrix, marks)
    for form in _FORMS:
        table = _table(matrix, marks, every, form, dated=True)
        if _width(table) <= room:
            return MatrixTables((table,), _legend(matrix, marks, [(every, form)]))
    plugins = [n for n in every if matrix.columns[n].kind.role is Role.PLUGIN]
    others = [n for n in every if n not in plugins]
    groups = [
        group for group in ((others, plugins) if everything else (others or plugins,)) if group
    ]
    folded = [part for group in groups for part in _folded(matrix, marks, group, room)]
    legend = _legend(matrix, marks, [(numbers, form) for _, numbers, form in folded])
    if plugins and others and not everything:
        hint = "plugin columns not shown: use --all or a wider terminal"
        legend = (*legend, hint)
    return MatrixTables(tuple(table for table, _, _ in folded), legend)


_Marks = Sequence[Sequence[Mark]]
_Part = tuple[MatrixTable, Sequence[int], MarkForm]


def _unbounded(matrix: Matrix, marks: _Marks) -> MatrixTables:
    columns = matrix_columns(matrix)
    rows = tuple(
        matrix_row(matrix, row, row_marks, MarkForm.FULL)
        for row, row_marks in zip(matrix.rows, marks, strict=True)
    )
    heads = (tuple(Cell(column.title, "dim") for column in columns),)
    every = range(len(matrix.columns))
    legend = _legend(matrix, marks, [(every, MarkForm.FULL)])
    return MatrixTables((MatrixTable(columns, heads, rows),), legend)


def _folded(matrix: Matrix, marks: _Marks, numbers: Sequence[int], room: int) -> list[_Part]:
    """Some columns in one table if they fit, else in as few as it takes."""
    for form, dated in (*((form, True) for form in _FORMS), (MarkForm.SHORT, False)):
        table = _table(matrix, marks, numbers, form, dated)
        if _width(table) <= room:
            return [(table, numbers, form)]
    done: list[_Part] = []
    rest = list(numbers)
    while rest:
        count = len(rest)
        table = _table(matrix, marks, rest, MarkForm.SHORT, dated=False)
        while count > 1 and _width(table) > room:
            count -= 1
            table = _table(matrix, marks, rest[:count], MarkForm.SHORT, dated=False)
        done.append((table, rest[:count], MarkForm.SHORT))
        rest = rest[count:]
    return done


def _table(
    matrix: Matrix, marks: _Marks, numbers: Sequence[int], form: MarkForm, dated: bool
) -> MatrixTable:
    """Some of the platforms; titles on two lines, so that a column is no wider than ``arm64``."""
    columns = matrix_columns(matrix)
    before = len(fixed_columns(matrix))
    fixed = [n for n in range(before) if dated or columns[n].key not in ("date", "trust")]
    chosen = [*(columns[n] for n in fixed), *(columns[before + n] for n in numbers)]
    rows = []
    for row, row_marks in zip(matrix.rows, marks, strict=True):
        cells = matrix_row(matrix, row, [row_marks[n] for n in numbers], form).cells
        shown = [*(cells[n] for n in fixed), *cells[before:]]
        rows.append(Row(row.release.tag, tuple(shown)))
    return MatrixTable(tuple(chosen), _heads(matrix, chosen[: len(fixed)], numbers), tuple(rows))


def _heads(
    matrix: Matrix, fixed: Sequence[Column], numbers: Sequence[int]
) -> tuple[tuple[Cell, ...], ...]:
    lines = [matrix.columns[n].lines for n in numbers]
    blank = (EMPTY,) * len(fixed)
    heads = [
        blank + tuple(Cell(first, "dim") for first, _ in lines),
        tuple(Cell(column.title, "dim") for column in fixed)
        + tuple(Cell(second, "dim") for _, second in lines),
    ]
    plugin = [matrix.columns[n].kind.role is Role.PLUGIN for n in numbers]
    if any(plugin):
        first = plugin.index(True)
        group = (Cell("plugin" if n == first else "", "dim") for n in range(len(numbers)))
        heads.insert(0, blank + tuple(group))
    return tuple(heads)


def _width(table: MatrixTable) -> int:
    lines = [*table.heads, *(row.cells for row in table.rows)]
    widths = [
        max(cell_width(line[place].text) for line in lines) for place in range(len(table.columns))
    ]
    return sum(widths) + GAP * (len(widths) - 1)


def _legend(
    matrix: Matrix, marks: _Marks, parts: Sequence[tuple[Sequence[int], MarkForm]]
) -> tuple[str, ...]:
    """Of all marks in the tables; the narrowest form decides on the words."""
    form = max((form for _, form in parts), key=_FORMS.index, default=MarkForm.FULL)
    shown = (row[n] for row in marks for numbers, _ in parts for n in numbers)
    return matrix_legend(matrix, shown, form)
