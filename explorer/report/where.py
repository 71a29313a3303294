"""Where a file runs: every target as one table, best first, and the floor in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from explorer.compat import Verdict, floor_of
from explorer.report.answers import verdict_cell
from explorer.report.cells import Cell, Column, Row
from explorer.report.markup import code, in_table, prose
from explorer.report.tables.file_cells import short_names
from explorer.report.text import one_line
from explorer.report.verdicts.words import (
    about_in_words,
    deciding_in_few_words,
    deciding_in_words,
    target_in_words,
)
from explorer.workbench import Inspection, TargetMatrix, TargetRow

__all__ = [
    "WHERE_COLUMNS",
    "by_target_columns",
    "by_target_heads",
    "by_target_markdown",
    "by_target_rows",
    "floor_cell",
    "row_floor",
    "where_markdown",
    "where_rows",
]

WHERE_COLUMNS = (
    Column("system", "system", names_row=True),
    Column("answer", "answer", width=9),
    Column("reason", "because", grows=True),
    Column("target", "--on"),
)


def where_rows(verdicts: Sequence[Verdict]) -> tuple[Row, ...]:
    """One row for each target, best first; targets of one answer keep their order."""
    ordered = sorted(verdicts, key=lambda verdict: verdict_cell(verdict).sort_key)
    return tuple(
        Row(
            verdict.target.name,
            (
                Cell(target_in_words(verdict.target), "strong"),
                verdict_cell(verdict),
                Cell(deciding_in_words(verdict), short=deciding_in_few_words(verdict)),
                Cell(verdict.target.name, "dim"),
            ),
        )
        for verdict in ordered
    )


def floor_cell(verdicts: Sequence[Verdict]) -> Cell:
    """``any Linux on arm64``; ``glibc 2.29 or newer: Debian 11, Ubuntu 20.04, not RHEL 8``."""
    return Cell(one_line(floor_of(verdicts)), "strong")


def where_markdown(inspection: Inspection) -> str:
    """The floor and the table as Markdown, fit for an issue."""
    if about := about_in_words(inspection):
        return f"{code(inspection.subject.name)}: {prose(about)}, not a program\n"
    columns = WHERE_COLUMNS[:3]
    lines = [
        f"{code(inspection.subject.name)}: {prose(floor_cell(inspection.verdicts).text)}",
        "",
        "| " + " | ".join(column.title for column in columns) + " |",
        "|" + " --- |" * len(columns),
    ]
    for row in where_rows(inspection.verdicts):
        cells = (in_table(prose(cell.text)) for cell in row.cells[:3])
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def by_target_columns(matrix: TargetMatrix) -> tuple[Column, ...]:
    """The file, one column for each system, and the floor."""
    systems = (Column(name, name, width=9) for name in matrix.across)
    return (Column("file", "file", names_row=True), *systems, Column("floor", "floor", grows=True))


def by_target_heads(matrix: TargetMatrix) -> tuple[tuple[Cell, ...], ...]:
    """Titles on two lines, so that a column is no wider than ``ubuntu``."""
    halves = [name.rpartition("-") for name in matrix.across]
    upper = [Cell(family, "dim") for family, _, _ in halves]
    lower = [Cell(release, "dim") for _, _, release in halves]
    blank = Cell("")
    return (
        (blank, *upper, blank),
        (Cell("file", "dim"), *lower, Cell("floor", "dim")),
    )


def by_target_rows(matrix: TargetMatrix) -> tuple[Row, ...]:
    """One row for each file; an error instead of a floor where it could not be looked at."""
    several = len({row.release.tag for row in matrix.rows}) > 1
    shorts = {} if several else short_names(row.asset for row in matrix.rows)
    return tuple(_file_row(row, matrix.across, several, shorts) for row in matrix.rows)


def _file_row(
    row: TargetRow, across: Sequence[str], several: bool, shorts: Mapping[str, str]
) -> Row:
    by_name = {verdict.target.name: verdict for verdict in row.verdicts}
    name = f"{row.release.tag}/{row.asset.name}" if several else row.asset.name
    cells = (_system_cell(by_name.get(target)) for target in across)
    file = Cell(name, "strong", short=shorts.get(row.asset.name, ""))
    return Row(f"{row.release.tag}/{row.asset.name}", (file, *cells, row_floor(row)))


def _system_cell(verdict: Verdict | None) -> Cell:
    return verdict_cell(verdict) if verdict is not None else Cell("?", "unknown")


def row_floor(row: TargetRow) -> Cell:
    """The floor of a file, or why it is not known."""
    if row.verdicts:
        return floor_cell(row.verdicts)
    return Cell(one_line(str(row.state.error or "not inspected")), "unknown")


def by_target_markdown(matrix: TargetMatrix) -> str:
    """Files and systems as a Markdown table."""
    columns = by_target_columns(matrix)
    lines = [
        f"{prose(matrix.repo)}, by system",
        "",
        "| " + " | ".join(in_table(prose(column.title)) for column in columns) + " |",
        "|" + " --- |" * len(columns),
    ]
    for row in by_target_rows(matrix):
        written = (code(row.cells[0].text), *(prose(cell.text) for cell in row.cells[1:]))
        lines.append("| " + " | ".join(map(in_table, written)) + " |")
    return "\n".join(lines) + "\n"
