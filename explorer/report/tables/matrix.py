"""The matrix of releases and platforms as rows and Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from explorer.errors import ExplorerError
from explorer.facts import MISSING
from explorer.report.cells import Cell, Column, Row
from explorer.report.golang import vulnerable_cell
from explorer.report.markup import code, in_table, prose
from explorer.report.story import story_of
from explorer.report.tables.marks import Mark, MarkForm, mark_cell, mark_of, matrix_legend
from explorer.report.trust import trust_cell
from explorer.report.units import iso_date, plural
from explorer.report.verdicts.words import target_in_words
from explorer.workbench import Matrix, MatrixRow, Role


def fixed_columns(matrix: Matrix) -> tuple[Column, ...]:
    """What stands before the platforms: release, date, what vouches for it, vulnerabilities."""
    columns = [Column("tag", "release"), Column("date", "date", width=10)]
    if matrix.shows_trust:
        columns.append(Column("trust", "trust"))
    if matrix.vulnerabilities is not None:
        columns.append(Column("vulns", "vulns", "right"))
    return tuple(columns)


def matrix_columns(matrix: Matrix) -> tuple[Column, ...]:
    """The fixed columns and one for each platform; the plugin's are marked."""
    platforms = (
        Column(c.key, f"{c.title} ·p" if c.kind.role is Role.PLUGIN else c.title, width=9)
        for c in matrix.columns
    )
    return (*fixed_columns(matrix), *platforms)


def matrix_row(matrix: Matrix, row: MatrixRow, marks: Sequence[Mark], form: MarkForm) -> Row:
    """One release; ``marks`` are those of its cells."""
    release = row.release
    date = "?" if isinstance(release.published_at, MISSING) else iso_date(release.published_at)
    mark = " pre" if release.prerelease else ""
    tag = Cell(release.tag + mark, "dim" if mark else "strong")
    fixed = [tag, Cell(date, "dim")]
    if matrix.shows_trust:
        fixed.append(trust_cell(matrix, row))
    if matrix.vulnerabilities is not None:
        fixed.append(vulnerable_cell(matrix, row))
    return Row(release.tag, (*fixed, *(mark_cell(m, form) for m in marks)))


def marks_of(matrix: Matrix, row: MatrixRow) -> tuple[Mark, ...]:
    """The mark of each cell of a release."""
    return tuple(mark_of(matrix, cell) for cell in row.cells)


def matrix_markdown(matrix: Matrix) -> str:
    """The matrix as Markdown tables, plugins apart, fit for an issue."""
    own = [n for n, c in enumerate(matrix.columns) if c.kind.role is not Role.PLUGIN]
    plugins = [n for n, c in enumerate(matrix.columns) if c.kind.role is Role.PLUGIN]
    places = {
        matrix.columns[numbers[0]].kind.value: numbers for numbers in (own, plugins) if numbers
    }
    every = [marks_of(matrix, row) for row in matrix.rows]
    rows = [
        matrix_row(matrix, row, marks, MarkForm.FULL)
        for row, marks in zip(matrix.rows, every, strict=True)
    ]
    parts = [f"{prose(matrix.repo)} on {prose(target_in_words(matrix.target))}"]
    if story := story_of(matrix).text:
        parts.append(prose(story))
    fixed = fixed_columns(matrix)
    for kind, numbers in places.items():
        if numbers:
            parts += [f"**{kind}**"] if len([n for n in places.values() if n]) > 1 else []
            parts.append(
                _markdown_table(
                    [*(c.title for c in fixed), *(matrix.columns[n].title for n in numbers)],
                    [_picked(row, numbers, len(fixed)) for row in rows],
                )
            )
    legend = matrix_legend(matrix, (mark for marks in every for mark in marks))
    return "\n\n".join([*parts, *(f"<sub>{prose(line)}</sub>" for line in legend)]) + "\n"


def _picked(row: Row, numbers: Sequence[int], fixed: int) -> tuple[Cell, ...]:
    """The fixed cells, and those of some platforms."""
    return (*row.cells[:fixed], *(row.cells[fixed + number] for number in numbers))


def _markdown_table(titles: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> str:
    lines = [
        "| " + " | ".join(in_table(prose(title)) for title in titles) + " |",
        "|" + " --- |" * len(titles),
    ]
    written = ([code(cells[0].text), *(prose(cell.text) for cell in cells[1:])] for cells in rows)
    lines += ["| " + " | ".join(map(in_table, cells)) + " |" for cells in written]
    return "\n".join(lines)


def matrix_errors(matrix: Matrix, most: int = 3) -> tuple[str, ...]:
    """Why files could not be inspected, each reason once."""
    return error_lines((s.error for s in matrix.known.values() if s.error), most)


def error_lines(errors: Iterable[ExplorerError], most: int = 3) -> tuple[str, ...]:
    """Why files could not be inspected: each reason once, with the number of files."""
    reasons = Counter(str(error) for error in errors)
    lines = [
        f"{plural(count, 'file was', 'files were')} not inspected: {reason}"
        for reason, count in reasons.most_common(most)
    ]
    more = len(reasons) - most
    return (*lines, *([f"and {plural(more, 'other reason')}"] if more > 0 else []))
