"""Where a file runs: every target as one table, best first, and the floor in words."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.compat import Verdict, floor_of
from explorer.report.cells import Cell, Column, Row, answer_cell
from explorer.report.markup import code, in_table, prose
from explorer.report.text import one_line
from explorer.report.verdicts import deciding_in_words, target_in_words
from explorer.workbench import Inspection

__all__ = ["WHERE_COLUMNS", "floor_cell", "where_markdown", "where_rows"]

WHERE_COLUMNS = (
    Column("system", "system"),
    Column("answer", "answer", width=10),
    Column("reason", "because", grows=True),
    Column("target", "--on"),
)


def where_rows(verdicts: Sequence[Verdict]) -> tuple[Row, ...]:
    """One row for each target, best first; targets of one answer keep their order."""
    ordered = sorted(verdicts, key=lambda verdict: verdict.answer.rank)
    return tuple(
        Row(
            verdict.target.name,
            (
                Cell(target_in_words(verdict.target), "strong"),
                answer_cell(verdict.answer),
                Cell(deciding_in_words(verdict)),
                Cell(verdict.target.name, "dim"),
            ),
        )
        for verdict in ordered
    )


def floor_cell(verdicts: Sequence[Verdict]) -> Cell:
    """``any Linux on arm64``; ``glibc 2.29 or newer: Debian 11, Ubuntu 20.04, not RHEL 8``."""
    return Cell(one_line(floor_of(verdicts)), "accent")


def where_markdown(inspection: Inspection) -> str:
    """The floor and the table as Markdown, fit for an issue."""
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
